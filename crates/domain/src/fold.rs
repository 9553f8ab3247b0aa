//! What an event does to the state: after the commit, at recovery, and in every client, the same.

use crate::conversation::Conversation;
use crate::decide::Facts;
use crate::event::Change;
use crate::fold_group::fold_group;
use crate::group::Asking;
use crate::kind::EventKind;
use crate::member::{Member, Role, UserRef};
use stonechat_types::id::ConversationKind;
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// The clear facts of an event that folding needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stamp {
    /// Its seq.
    pub seq: Seq,
    /// Its ordinal.
    pub ordinal: Ordinal,
    /// Its time.
    pub sent_at: Timestamp,
    /// Its `client_msg_id` or `command_id`.
    pub key: [u8; 16],
    /// The composer's last seq.
    pub read_upto: Seq,
    /// Ordinal at `read_upto`.
    pub read_upto_ordinal: Ordinal,
}

/// The stamp of the next event of a kind.
#[must_use]
pub fn next_stamp(state: &Conversation, kind: EventKind, sent_at: Timestamp, key: [u8; 16]) -> Stamp {
    let ordinal = if kind.countable() { state.ordinal.next() } else { state.ordinal };
    Stamp { seq: state.head.next(), ordinal, sent_at, key, read_upto: Seq::ZERO, read_upto_ordinal: Ordinal::ZERO }
}

fn advance(state: &mut Conversation, stamp: &Stamp) {
    state.head = stamp.seq;
    state.ordinal = stamp.ordinal;
    state.last_sent_at = stamp.sent_at;
}

/// A message of `sender`. Says whether the cursor was moved only because it has too many own messages above it.
pub fn fold_message(state: &mut Conversation, sender: &mut Member, stamp: &Stamp) -> bool {
    advance(state, stamp);
    if stamp.read_upto > Seq::ZERO {
        sender.read(stamp.read_upto, stamp.read_upto_ordinal);
    }
    sender.sent(stamp.seq, stamp.ordinal, stamp.key)
}

/// A change by `sender`. Touched memberships are changed or added in `members`.
pub fn fold_change(state: &mut Conversation, members: &mut Facts, sender: &UserRef, change: &Change, stamp: &Stamp) {
    let before = state.ordinal;
    advance(state, stamp);
    match change {
        Change::Created { title, members: users } => {
            state.title.clone_from(title);
            let direct = state.kind() == ConversationKind::Direct;
            if direct {
                state.peer = users.iter().find(|user| **user != state.creator).cloned();
            }
            for user in users {
                let role = if *user == state.creator && !direct { Role::Owner } else { Role::Member };
                join(state, members, user, role, stamp.seq, before);
            }
        }
        Change::MembersAdded(users) => {
            for user in users {
                join(state, members, user, Role::Member, stamp.seq, before);
            }
        }
        Change::MemberRemoved(user) => end(state, members, user, stamp.seq),
        Change::MemberLeft => end(state, members, sender, stamp.seq),
        Change::Renamed(title) => state.title = Some(title.clone()),
        Change::RoleChanged(user, role) => {
            set_role(state, members, user, *role);
        }
        // What they change is the message: see [`crate::message`].
        Change::Edited { .. } | Change::Reacted { .. } | Change::Recalled { .. } | Change::Pinned { .. } => {}
        Change::Commanded(_) => {}
        Change::Group(change) => fold_group((state, members), sender, change, stamp, before),
    }
    if let Some(member) = members.get_mut(&sender.no) {
        member.largest_key = member.largest_key.max(stamp.key);
    }
}

/// Gives a member another role.
pub(crate) fn set_role(state: &mut Conversation, members: &mut Facts, user: &UserRef, role: Role) {
    if let Some(member) = members.get_mut(&user.no).filter(|member| member.is_active()) {
        state.owners -= u32::from(member.role == Role::Owner);
        state.owners += u32::from(role == Role::Owner);
        member.role = role;
    }
}

/// Lets a user in. A newcomer sees what was before, where the settings say so; what is unread begins at the join all the
/// same. Who comes back sees what he saw, and what comes now: nobody spoke to him meanwhile.
pub(crate) fn join(
    state: &mut Conversation,
    members: &mut Facts,
    user: &UserRef,
    role: Role,
    seq: Seq,
    ordinal: Ordinal,
) {
    let member = members.entry(user.no).or_insert_with(|| Member::stranger(user.clone()));
    if member.is_active() {
        return;
    }
    let is_new = member.intervals.is_empty();
    match std::mem::take(&mut member.asking) {
        Asking::Nothing => {}
        Asking::Applied => state.applications -= 1,
        Asking::Invited => state.invitations -= 1,
    }
    member.rejoin(role, seq, ordinal);
    if is_new && state.settings.history {
        member.sees_all();
    } else {
        state.last_join = seq;
    }
    state.members += 1;
    state.owners += u32::from(role == Role::Owner);
}

/// Lets a user out.
pub(crate) fn end(state: &mut Conversation, members: &mut Facts, user: &UserRef, seq: Seq) {
    let Some(member) = members.get_mut(&user.no).filter(|member| member.is_active()) else { return };
    member.end(seq, state.title.clone());
    state.members -= 1;
    state.owners -= u32::from(member.role == Role::Owner);
}
