//! From one committed event to every session that should see it now.

use crate::api::Outbound;
use crate::api::PersonalItem;
use crate::executor::poke;
use crate::live::LiveEvent;
use crate::map::Map;
use crate::mutant::Mutant;
use crate::node::Node;
use crate::session::Session;
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

/// Up to this many members each is looked up; above, the members who are online are found by intersection.
pub const LOOKED_UP_MAX: u64 = 64;
/// Up to this many members every session gets every event; above, only those that have the conversation in focus.
pub const FULL_DELIVERY_MAX: u64 = 500;

/// The fan-out of one executor.
#[derive(Default)]
pub(crate) struct FanOut {
    heads: Map<(AppId, ConversationId), Head>,
    /// Positions that may not be told before the heads are.
    held: Vec<LanePosition>,
}

struct Head {
    seq: Seq,
    ordinal: Ordinal,
    recipients: Arc<RoaringBitmap>,
}

impl FanOut {
    /// Fans out an event.
    pub fn event(
        &mut self,
        node: &Node,
        app: AppId,
        live: &Arc<LiveEvent>,
        recipients: &Arc<RoaringBitmap>,
        also: Option<UserNo>,
    ) {
        let conversation = live.event.id.conversation;
        let large = recipients.len() > FULL_DELIVERY_MAX;
        let mut behind = false;
        each(node, app, recipients, |session| {
            if large && !session.in_focus(conversation) {
                behind = true;
                return;
            }
            offer(node, session, Outbound::Event(live.clone()));
        });
        if let Some(user) = also {
            node.registry.each(app, user, |session| offer(node, session, Outbound::Event(live.clone())));
        }
        if behind {
            let head = Head { seq: live.event.id.seq, ordinal: live.event.ordinal, recipients: recipients.clone() };
            self.heads.insert((app, conversation), head);
        }
    }

    /// Tells the members of a conversation something that is not of the log.
    pub fn ephemeral(&self, node: &Node, app: AppId, recipients: &RoaringBitmap, but: UserNo, what: &Outbound) {
        each(node, app, recipients, |session| {
            if session.user.no != but {
                session.offer_ephemeral(what.clone());
            }
        });
    }

    /// These records are on their way to every session, or in a head that is about to be.
    pub fn complete(&mut self, node: &Node, positions: impl Iterator<Item = LanePosition>) {
        if self.heads.is_empty() {
            node.watermark.complete(positions);
        } else {
            self.held.extend(positions);
            node.watermark.wake();
        }
    }

    /// Tells the heads of large groups that moved.
    pub fn flush_heads(&mut self, node: &Node) {
        for ((app, conversation), head) in std::mem::take(&mut self.heads) {
            let outbound = Outbound::Head { conversation, seq: head.seq, ordinal: head.ordinal };
            // Also to those who have it in focus by now: the event itself may have passed them by.
            each(node, app, &head.recipients, |session| offer(node, session, outbound.clone()));
        }
        node.watermark.complete(self.held.drain(..));
    }
}

/// Tells a user's sessions of a change of his personal state.
pub(crate) fn tell_personal(node: &Node, app: AppId, user: UserNo, seq: PersonalSeq, item: &PersonalItem) {
    node.registry.each(app, user, |session| {
        if session.offer_personal(seq, item.clone()) {
            poke(node, session);
        }
    });
    let renews = match item {
        PersonalItem::Relation(_) => !node.options.mutants.is(Mutant::SightNotRenewed),
        item => matches!(item, PersonalItem::Presence(_)),
    };
    if renews {
        node.presence.changed(node, app, user);
    }
}

/// Offers a session something of the log, and pokes it when that was too much.
pub(crate) fn offer(node: &Node, session: &Session, outbound: Outbound) {
    node.metrics.deliveries.inc();
    if session.offer_log(outbound) {
        poke(node, session);
    }
}

/// Calls `with` for each session of the members.
pub(crate) fn each(node: &Node, app: AppId, recipients: &RoaringBitmap, mut with: impl FnMut(&Arc<Session>)) {
    if recipients.len() <= LOOKED_UP_MAX {
        recipients.iter().for_each(|user| node.registry.each(app, UserNo(user), &mut with));
    } else {
        let online = node.registry.online_of(app, recipients);
        online.iter().for_each(|user| node.registry.each(app, UserNo(user), &mut with));
    }
}
