//! Where people write, and how their events stand in a history.

use crate::black_box::history::Event;
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1;
use stonechat_wire::v1::event::Change;

/// A conversation that people write to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Its id.
    pub id: String,
    /// The other user, when it is direct.
    pub peer: Option<String>,
}

/// The groups that everybody knows of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Groups {
    /// Nobody comes or goes.
    pub steady: String,
    /// People are added, removed, and leave.
    pub restless: String,
}

/// A text form of 16 bytes; `None` for those that the server made by itself.
#[must_use]
pub fn id_text(bytes: &[u8]) -> Option<String> {
    let id = ClientMsgId::from_slice(bytes).ok().filter(|id| id.0 != [0; 16])?;
    Some(id.to_string())
}

/// An event as a history has it.
#[must_use]
pub fn event(event: &v1::Event) -> Event {
    Event {
        conversation: event.conversation_id.clone(),
        seq: event.seq,
        ordinal: event.ordinal,
        kind: event.kind.clone(),
        sender: event.sender_id.clone(),
        id: id_text(&event.client_msg_id),
    }
}

/// Whom an event adds or takes away.
#[must_use]
pub fn named(event: &v1::Event) -> Vec<String> {
    match &event.change {
        Some(Change::Created(created)) => created.members.clone(),
        Some(Change::MembersAdded(added)) => added.user_ids.clone(),
        Some(Change::MemberRemoved(removed)) => vec![removed.user_id.clone()],
        Some(Change::MemberBanned(banned)) => vec![banned.user_id.clone()],
        Some(Change::Joined(_)) => vec![event.sender_id.clone()],
        Some(
            Change::MemberLeft(_)
            | Change::Renamed(_)
            | Change::RoleChanged(_)
            | Change::Edited(_)
            | Change::Reacted(_)
            | Change::Pinned(_)
            | Change::Recalled(_)
            | Change::InfoChanged(_)
            | Change::SettingsChanged(_)
            | Change::OwnerChanged(_)
            | Change::OwnerLeft(_)
            | Change::Dissolved(_)
            | Change::MemberMuted(_)
            | Change::MemberUnmuted(_)
            | Change::BanLifted(_)
            | Change::NicknameChanged(_)
            | Change::Announced(_)
            | Change::Applied(_)
            | Change::ApplicationDeclined(_)
            | Change::Invited(_)
            | Change::InvitationDeclined(_)
            | Change::LinkMade(_)
            | Change::LinkRevoked(_),
        )
        | None => Vec::new(),
    }
}

/// How many acknowledgements there were, for whoever wants to know that something moves.
#[derive(Clone, Default)]
pub struct Progress(Arc<Mutex<u64>>);

impl Progress {
    /// One more.
    pub fn step(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) += 1;
    }

    /// So many.
    #[must_use]
    pub fn count(&self) -> u64 {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
