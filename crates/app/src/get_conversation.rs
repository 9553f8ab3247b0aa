//! One conversation as one member sees it.

use crate::api::{ConversationView, Failure, GroupView, ReadMark};
use crate::as_now::Place;
use crate::deletions;
use crate::directory::failure;
use crate::fan_out::LOOKED_UP_MAX;
use crate::mentions;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use crate::recalls;
use crate::rows::{key, member, relation};
use std::sync::Arc;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::member::{Member, Role};
use stonechat_domain::unread::unread;
use stonechat_log::packed;
use stonechat_log::store::PageLimit;
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

const ONE: PageLimit = PageLimit { items: 1, bytes: PAGE_BYTES };

/// The conversation.
pub(crate) async fn view(node: &Node, reader: &Reader, id: ConversationId) -> Result<ConversationView, Failure> {
    let (state, me) = node.membership(reader, id).await?;
    let head = me.visible_upto(state.head).min(state.head);
    let head_ordinal = if me.is_active() { state.ordinal } else { ordinal_at(node, &state, head).await? };
    let removed = deletions::of(node, reader, id).await?;
    let shown = removed.deletions.newest_kept(head_ordinal);
    let last = node.log.messages(reader.app, id, shown, shown, ONE).await.map_err(failure)?;
    let mut last = last.events;
    last.retain(|event| me.sees(event.header.seq));
    let place = Place { node, reader, state: &state, me: &me };
    let last_message = place.messages(&last).await?.pop().map(Arc::new);
    let peer = match other(&state, reader) {
        Some(peer) => Some(node.user_view(reader.app, peer.no, &peer.id).await?),
        None => None,
    };
    let unread = if me.is_active() {
        let upto = (state.head, state.ordinal);
        let recalled = recalls::above(node, (reader.app, state.no), (reader.user.no, me.floor()), upto).await?;
        let gone =
            deletions::above(node, reader, (&state, &me), (&removed.deletions, (state.head, state.ordinal))).await?;
        unread(&me, state.ordinal, recalled).saturating_sub(gone)
    } else {
        0
    };
    let unread_mentions =
        if unread > 0 { mentions::unread(node, reader, (&state, &me), &removed.deletions).await? } else { 0 };
    // Who is no member any more sees the conversation as it was when he went.
    let active_at = match (me.is_active(), &last_message) {
        (true, _) => node.log.activity().get(reader.app, state.no).recency,
        (false, Some(message)) => message.event.sent_at,
        (false, None) => Timestamp::default(),
    };
    Ok(ConversationView {
        id,
        title: if me.is_active() { state.title.clone() } else { me.parting_title.clone() },
        peer,
        role: me.is_active().then_some(me.role),
        member_count: if me.is_active() { state.members } else { 0 },
        head,
        head_ordinal,
        read: me.read_seq,
        read_ordinal: me.read_ordinal,
        unread,
        unread_mentions,
        removals_version: removed.version,
        active_at,
        last_message,
        visible_from: me.visible_from(),
        floor_ordinal: me.join_ordinal,
        read_marks: read_marks(node, reader, &state, &me).await?,
        group: group(&state, &me),
    })
}

/// The conversation, with what is announced in it.
pub(crate) async fn view_one(node: &Node, reader: &Reader, id: ConversationId) -> Result<ConversationView, Failure> {
    let mut view = view(node, reader, id).await?;
    if let Some(group) = view.group.as_mut().filter(|group| group.announcement > Seq::ZERO) {
        // It is a part of the group, as the title is: also for those who came later.
        let (at, before) = (group.announcement, Seq(group.announcement.0 - 1));
        let found = node.log.events(reader.app, id, before, at, ONE).await.map_err(failure)?;
        group.announced = found.events.first().map(|event| node.open(event)).transpose().map_err(failure)?;
    }
    Ok(view)
}

fn group(state: &Conversation, me: &Member) -> Option<Box<GroupView>> {
    (state.kind() != ConversationKind::Direct && me.is_active()).then(|| {
        Box::new(GroupView {
            info: state.info.clone(),
            settings: state.settings,
            announcement: state.announcement,
            dissolved: state.dissolved,
            muted_until: me.muted_until,
            nickname: me.nickname.clone(),
            links: if me.role >= Role::Admin { state.links.clone() } else { Vec::new() },
            announced: None,
        })
    })
}

/// The other user of a direct conversation.
fn other<'a>(state: &'a Conversation, reader: &Reader) -> Option<&'a stonechat_domain::member::UserRef> {
    if state.kind() != ConversationKind::Direct {
        return None;
    }
    if state.creator.no == reader.user.no { state.peer.as_ref().or(Some(&state.creator)) } else { Some(&state.creator) }
}

/// The ordinal at a seq that is not the head.
pub(crate) async fn ordinal_at(node: &Node, state: &Conversation, seq: Seq) -> Result<Ordinal, Failure> {
    if seq == Seq::ZERO {
        return Ok(Ordinal::ZERO);
    }
    let page = node.log.events(state.app, state.id, Seq(seq.0 - 1), seq, ONE).await.map_err(failure)?;
    Ok(page.events.first().map_or(Ordinal::ZERO, |event| event.header.ordinal))
}

/// Whether one of the two of a direct conversation blocks the other: nobody is told then how far the other is.
pub(crate) async fn is_blocked(node: &Node, state: &Conversation) -> Result<bool, Failure> {
    if state.kind() != ConversationKind::Direct {
        return Ok(false);
    }
    let row = node.row(key::relation(state.app, state.id)).await?;
    let relation = row.as_deref().map(relation::decode).transpose().map_err(failure)?;
    Ok(relation.is_some_and(|relation| relation.is_blocked()))
}

async fn read_marks(node: &Node, reader: &Reader, state: &Conversation, me: &Member) -> Result<Vec<ReadMark>, Failure> {
    let is_told = u64::from(state.members) <= LOOKED_UP_MAX && me.is_active() && state.settings.tells_receipts();
    if !is_told || is_blocked(node, state).await? {
        return Ok(Vec::new());
    }
    let Some(roster) = node.row(key::roster(reader.app, state.no)).await? else { return Ok(Vec::new()) };
    let mut keys = Vec::new();
    for entry in packed::entries(&roster) {
        let (user, _) = entry.map_err(|error| failure(stonechat_log::store::LogError::Corrupt(error.to_string())))?;
        if user != reader.user.no.0.to_be_bytes() {
            let mut row = key::member(reader.app, state.no, Default::default()).to_vec();
            let at = row.len() - user.len();
            row[at..].copy_from_slice(user);
            keys.push(row.into());
        }
    }
    let rows = node.log.load(keys).await.map_err(failure)?;
    let mut marks = Vec::new();
    for row in rows.into_iter().flatten() {
        let member = member::decode(&row).map_err(failure)?;
        let (read, delivered) = (member.read_seq, member.delivered());
        if delivered > Seq::ZERO {
            marks.push(ReadMark { user: member.user.id, read, delivered });
        }
    }
    Ok(marks)
}
