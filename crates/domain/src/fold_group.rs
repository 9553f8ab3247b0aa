//! What a change of a group does to its state.

use crate::conversation::Conversation;
use crate::decide::Facts;
use crate::fold::{Stamp, end, join, set_role};
use crate::group::{Asking, GroupChange};
use crate::member::{Member, Role, UserRef};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// A change by `sender`, when there were `before` messages.
pub fn fold_group(
    (state, members): (&mut Conversation, &mut Facts),
    sender: &UserRef,
    change: &GroupChange,
    stamp: &Stamp,
    before: Ordinal,
) {
    match change {
        GroupChange::InfoChanged(info) => state.info.clone_from(info),
        GroupChange::SettingsChanged(settings) => state.settings = *settings,
        GroupChange::OwnerChanged(user) => {
            set_role(state, members, user, Role::Owner);
            set_role(state, members, sender, Role::Admin);
        }
        GroupChange::OwnerLeft(user) => {
            set_role(state, members, user, Role::Owner);
            end(state, members, sender, stamp.seq);
        }
        GroupChange::Dissolved => state.dissolved = true,
        GroupChange::Muted(measure) => {
            if let Some(member) = members.get_mut(&measure.user.no) {
                member.muted_until = measure.until;
            }
        }
        GroupChange::Unmuted(user) => {
            if let Some(member) = members.get_mut(&user.no) {
                member.muted_until = Timestamp::default();
            }
        }
        GroupChange::Banned { measure, .. } => {
            end(state, members, &measure.user, stamp.seq);
            let user = &measure.user;
            let member = members.entry(user.no).or_insert_with(|| Member::stranger(user.clone()));
            state.bans += u32::from(member.banned_until == Timestamp::default());
            member.banned_until = measure.until;
            ask(state, members, user, Asking::Nothing);
        }
        GroupChange::BanLifted(user) => {
            if let Some(member) = members.get_mut(&user.no) {
                state.bans -= u32::from(member.banned_until > Timestamp::default());
                member.banned_until = Timestamp::default();
            }
        }
        GroupChange::NicknameChanged(nickname) => {
            if let Some(member) = members.get_mut(&sender.no) {
                member.nickname.clone_from(nickname);
            }
        }
        GroupChange::Announced(text) => state.announcement = if text.is_some() { stamp.seq } else { Seq::ZERO },
        GroupChange::Joined(link) => {
            join(state, members, sender, Role::Member, stamp.seq, before);
            if let Some(link) = link.and_then(|id| state.links.iter_mut().find(|link| link.id == id)) {
                link.left = link.left.map(|left| left.saturating_sub(1));
            }
        }
        GroupChange::Applied => ask(state, members, sender, Asking::Applied),
        GroupChange::Invited(user) => ask(state, members, user, Asking::Invited),
        GroupChange::ApplicationDeclined(user) => ask(state, members, user, Asking::Nothing),
        GroupChange::InvitationDeclined => ask(state, members, sender, Asking::Nothing),
        GroupChange::LinkMade(link) => {
            state.links.retain(|link| link.is_good(stamp.sent_at));
            state.links.push(*link);
        }
        GroupChange::LinkRevoked(id) => state.links.retain(|link| link.id != *id),
    }
}

/// Notes what a user who is no member asks, or is asked.
fn ask(state: &mut Conversation, members: &mut Facts, user: &UserRef, asking: Asking) {
    let member = members.entry(user.no).or_insert_with(|| Member::stranger(user.clone()));
    for (which, count) in [(Asking::Applied, &mut state.applications), (Asking::Invited, &mut state.invitations)] {
        *count -= u32::from(member.asking == which);
        *count += u32::from(asking == which);
    }
    member.asking = asking;
}
