//! Who may do what: one table for direct conversations, groups and channels. `fixtures/permissions.csv` says the same by
//! hand, and a test compares every cell.

use crate::conversation::Conversation;
use crate::decide::Rejection;
use crate::group::{Asking, JoinMode, Who};
use crate::member::{Member, Role};
use stonechat_types::id::ConversationKind;
use stonechat_types::number::Timestamp;

macro_rules! actions {
    ($($variant:ident = $name:literal, $meaning:literal;)*) => {
        /// Something that a user may or may not do in a conversation.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Action { $(#[doc = $meaning] $variant,)* }

        impl Action {
            /// Every action.
            pub const ALL: &'static [Action] = &[$(Action::$variant,)*];

            /// The stable name in documents and in the table.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(Action::$variant => $name,)* } }
        }
    };
}

actions! {
    Send = "send", "Write a message.";
    EditOwn = "edit_own", "Say something else in a message of one's own.";
    React = "react", "Add an emoji to a message, or take it back.";
    RecallOwn = "recall_own", "Take a message of one's own back.";
    RecallOther = "recall_other", "Take the message of another back.";
    MentionAll = "mention_all", "Mention everybody at once.";
    Pin = "pin", "Pin a message for everybody.";
    ListMembers = "list_members", "See who the members are.";
    AddMember = "add_member", "Let others join.";
    RemoveMember = "remove_member", "Remove a member.";
    RemoveAdmin = "remove_admin", "Remove an admin or an owner.";
    SetRole = "set_role", "Give a member another role.";
    TransferOwner = "transfer_owner", "Give the group to another member.";
    Leave = "leave", "Leave.";
    EditInfo = "edit_info", "Change the title, the description, the avatar or the extension.";
    ChangeSettings = "change_settings", "Change settings.";
    MuteMember = "mute_member", "Let a member not write, or write again.";
    MuteAdmin = "mute_admin", "Let an admin or an owner not write, or write again.";
    BanMember = "ban_member", "Keep a member or a stranger out.";
    BanAdmin = "ban_admin", "Keep an admin or an owner out.";
    LiftBan = "lift_ban", "Keep a user out no longer.";
    ListBans = "list_bans", "See who is kept out.";
    SetNickname = "set_nickname", "Be called something else here.";
    Announce = "announce", "Tell all members something.";
    Dissolve = "dissolve", "End the group.";
    Join = "join", "Become a member by oneself.";
    Apply = "apply", "Ask to be let in.";
    DecideApplication = "decide_application", "Let in who asks for it, or not, and see who asks.";
    DeclineInvitation = "decline_invitation", "Not come in when one is asked to.";
    MakeLink = "make_link", "Make a link by which one joins.";
    RevokeLink = "revoke_link", "Let nobody join by a link any more.";
}

/// The least role that an action needs; `None` when the kind of conversation has no such action.
#[must_use]
fn needs(state: &Conversation, action: Action) -> Option<Role> {
    let by = |who| Some(if who == Who::Admins { Role::Admin } else { Role::Member });
    let settings = &state.settings;
    let is_direct = state.kind() == ConversationKind::Direct;
    match action {
        Action::EditOwn | Action::React | Action::RecallOwn | Action::ListMembers if is_direct => Some(Role::Member),
        Action::Send => by(settings.speak),
        Action::MentionAll => by(settings.mention_all),
        Action::Pin => by(settings.pin),
        // It is there, and nobody may.
        Action::RecallOther if is_direct => Some(Role::Owner),
        _ if is_direct => None,
        Action::EditOwn => by(settings.speak),
        Action::React
        | Action::RecallOwn
        | Action::Leave
        | Action::SetNickname
        | Action::Join
        | Action::Apply
        | Action::DeclineInvitation => Some(Role::Member),
        Action::ListMembers if settings.members_hidden => Some(Role::Admin),
        Action::ListMembers => Some(Role::Member),
        Action::AddMember | Action::MakeLink => by(settings.invite),
        Action::EditInfo => by(settings.edit_info),
        Action::RecallOther
        | Action::RemoveMember
        | Action::MuteMember
        | Action::BanMember
        | Action::LiftBan
        | Action::ListBans
        | Action::DecideApplication
        | Action::RevokeLink
        | Action::Announce
        | Action::ChangeSettings => Some(Role::Admin),
        Action::RemoveAdmin
        | Action::MuteAdmin
        | Action::BanAdmin
        | Action::SetRole
        | Action::TransferOwner
        | Action::Dissolve => Some(Role::Owner),
    }
}

/// Whether whoever may not write may not do this either.
const fn is_speech(action: Action) -> bool {
    matches!(action, Action::Send | Action::EditOwn | Action::React | Action::MentionAll | Action::Announce)
}

/// Whether it may still be done after the group has ended: what was said stays, and so may its author take it back.
const fn outlives(action: Action) -> bool {
    matches!(action, Action::RecallOwn | Action::ListMembers | Action::Leave)
}

/// Whether a user may do something now. What a command says besides (who is named, what would change) is `decide`'s.
///
/// # Errors
/// [`Rejection`], by the table.
pub fn check(state: &Conversation, me: Option<&Member>, action: Action, now: Timestamp) -> Result<(), Rejection> {
    // Who never was a member does not learn that it exists, but where anybody may join.
    let known = me.filter(|me| !me.intervals.is_empty());
    if !state.exists() {
        return Err(Rejection::NotFound);
    }
    if is_of_outsiders(action) && !known.is_some_and(Member::is_active) {
        return outside(state, me, action, now);
    }
    let Some(me) = known else { return Err(Rejection::NotFound) };
    if !me.is_active() {
        return Err(Rejection::NotAMember);
    }
    let Some(needed) = needs(state, action) else { return Err(Rejection::WrongKind) };
    if state.dissolved && !outlives(action) {
        return Err(Rejection::Dissolved);
    }
    if is_speech(action) && me.is_muted(now) {
        return Err(Rejection::Muted);
    }
    if me.role >= needed {
        return Ok(());
    }
    // A group whose members are silent is silent for a while; a channel always is.
    let silent = matches!(action, Action::Send | Action::EditOwn) && state.kind() == ConversationKind::Group;
    Err(if silent { Rejection::Muted } else { Rejection::Forbidden })
}

/// Whether it is for those who are no members.
const fn is_of_outsiders(action: Action) -> bool {
    matches!(action, Action::Join | Action::Apply | Action::DeclineInvitation)
}

/// What somebody who is no member may do. He learns that the group exists where it lets people in, where he was a member,
/// and where he was asked to come in.
fn outside(state: &Conversation, me: Option<&Member>, action: Action, now: Timestamp) -> Result<(), Rejection> {
    let was_here = me.is_some_and(|me| !me.intervals.is_empty());
    let is_invited = me.is_some_and(|me| me.asking == Asking::Invited);
    let is_direct = state.kind() == ConversationKind::Direct;
    let lets_in = state.settings.join != JoinMode::Invitation && !is_direct && !state.has_ended();
    if !was_here && !is_invited && !lets_in {
        return Err(Rejection::NotFound);
    }
    if is_direct {
        return Err(Rejection::WrongKind);
    }
    // An invitation outlives its group on the devices of who was asked, and can be put away.
    if state.has_ended() && !(is_invited && action == Action::DeclineInvitation) {
        return Err(Rejection::Dissolved);
    }
    if me.is_some_and(|me| me.is_banned(now)) {
        return Err(Rejection::Banned);
    }
    let may = match action {
        Action::Join => is_invited || state.settings.join == JoinMode::Open,
        Action::Apply => state.settings.join == JoinMode::Approval,
        // One that was not made, or was taken back, is declined already.
        _ => true,
    };
    if may { Ok(()) } else { Err(Rejection::Forbidden) }
}
