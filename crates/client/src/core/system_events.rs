//! What happened to a conversation: kept beside its messages, in the order of the log.

use stonechat_domain::group::Settings;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1::{Event, event::Change as Wire};

use crate::core::change::Change;
use crate::core::machine::Core;
use crate::core::rows::{EventRow, StoreOp};
use crate::core::translate;
use crate::system_event::{SystemEvent, SystemEventKind};

impl Core {
    /// Keeps those events that timelines show.
    pub(super) fn keep_events<'a>(&mut self, id: ConversationId, events: impl IntoIterator<Item = &'a Event>) {
        let rows: Vec<_> = events.into_iter().filter_map(event_row).filter(|row| row.conversation == id).collect();
        for row in &rows {
            self.journal.write(StoreOp::PutEvent(Box::new(row.clone())));
        }
        if !rows.is_empty() {
            self.journal.tell(Change::Events(id, rows));
        }
    }
}

/// The row of an event; `None` when timelines do not show it.
#[must_use]
pub fn event_row(event: &Event) -> Option<EventRow> {
    let row = EventRow {
        conversation: event.conversation_id.parse().ok()?,
        seq: event.seq,
        // It is held with the message before it; with the first one where there is none.
        ordinal: event.ordinal.max(1),
        event: event.clone(),
    };
    system_event(&row).is_some().then_some(row)
}

/// What a row says; `None` when it is nothing that timelines show.
#[must_use]
pub fn system_event(row: &EventRow) -> Option<SystemEvent> {
    let event = &row.event;
    let kind = kind(event.change.as_ref()?, &event.sender_id, row.conversation.kind())?;
    Some(SystemEvent { seq: Seq(row.seq), by: UserId::new(&event.sender_id).ok()?, at: Timestamp(event.sent_at), kind })
}

fn kind(change: &Wire, by: &str, conversation: ConversationKind) -> Option<SystemEventKind> {
    let user = |id: &str| UserId::new(id).ok();
    let users = |ids: &[String]| ids.iter().filter(|id| *id != by).filter_map(|id| user(id)).collect();
    Some(match change {
        // That two talk to each other is no news to them.
        Wire::Created(_) if conversation == ConversationKind::Direct => return None,
        Wire::Created(created) => SystemEventKind::Created(users(&created.members)),
        Wire::MembersAdded(added) => SystemEventKind::MembersAdded(users(&added.user_ids)),
        Wire::Joined(_) => SystemEventKind::Joined,
        Wire::MemberRemoved(removed) => SystemEventKind::MemberRemoved(user(&removed.user_id)?),
        Wire::MemberBanned(banned) if banned.removed => SystemEventKind::MemberBanned(user(&banned.user_id)?),
        Wire::MemberLeft(_) => SystemEventKind::MemberLeft,
        Wire::OwnerLeft(left) => SystemEventKind::OwnerLeft(user(&left.user_id)?),
        Wire::OwnerChanged(changed) => SystemEventKind::OwnerChanged(user(&changed.user_id)?),
        Wire::RoleChanged(changed) => {
            SystemEventKind::RoleChanged(user(&changed.user_id)?, translate::role(changed.role))
        }
        Wire::MemberMuted(muted) => SystemEventKind::MemberMuted(user(&muted.user_id)?, Timestamp(muted.until)),
        Wire::MemberUnmuted(unmuted) => SystemEventKind::MemberUnmuted(user(&unmuted.user_id)?),
        Wire::Renamed(renamed) => SystemEventKind::Renamed(renamed.title.clone()),
        Wire::InfoChanged(_) => SystemEventKind::InfoChanged,
        Wire::SettingsChanged(changed) => {
            let settings = translate::settings(changed.settings.as_ref()?, Settings::of(conversation));
            SystemEventKind::SettingsChanged(settings)
        }
        Wire::Announced(announced) => SystemEventKind::Announced(announced.text.clone()),
        Wire::Pinned(pinned) if !pinned.removed => SystemEventKind::Pinned(Seq(pinned.seq)),
        Wire::Dissolved(_) => SystemEventKind::Dissolved,
        Wire::MemberBanned(_)
        | Wire::Pinned(_)
        | Wire::Edited(_)
        | Wire::Reacted(_)
        | Wire::Recalled(_)
        | Wire::BanLifted(_)
        | Wire::NicknameChanged(_)
        | Wire::Applied(_)
        | Wire::ApplicationDeclined(_)
        | Wire::Invited(_)
        | Wire::InvitationDeclined(_)
        | Wire::LinkMade(_)
        | Wire::LinkRevoked(_) => return None,
    })
}
