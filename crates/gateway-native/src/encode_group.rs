//! What the application says of groups, as frames.

use crate::encode::{display_name, event, role, text};
use bytes::Bytes;
use stonechat_app::api::{AskerView, AskersPage, AskingView, BanView, BansPage, GroupView, MemberView, MembersPage};
use stonechat_domain::group::{Asking, GroupChange, JoinMode, Link, Measure, Settings, Who};
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason, Title};
use stonechat_wire::v1::{self, event::Change};

/// A change of a group.
#[must_use]
pub fn change(change: &GroupChange) -> Change {
    match change {
        GroupChange::InfoChanged(info) => Change::InfoChanged(v1::InfoChanged {
            description: maybe(info.description.as_ref().map(Description::as_str)),
            avatar: maybe(info.avatar.as_ref().map(AvatarRef::as_str)),
            extension: info.extension.clone(),
        }),
        GroupChange::SettingsChanged(it) => {
            Change::SettingsChanged(v1::SettingsChanged { settings: Some(settings(it)) })
        }
        GroupChange::OwnerChanged(user) => Change::OwnerChanged(v1::OwnerChanged { user_id: text(&user.id) }),
        GroupChange::OwnerLeft(user) => Change::OwnerLeft(v1::OwnerLeft { user_id: text(&user.id) }),
        GroupChange::Dissolved => Change::Dissolved(v1::Dissolved {}),
        GroupChange::Muted(Measure { user, until, reason }) => Change::MemberMuted(v1::MemberMuted {
            user_id: text(&user.id),
            until: until.0,
            reason: maybe(reason.as_ref().map(Reason::as_str)),
        }),
        GroupChange::Unmuted(user) => Change::MemberUnmuted(v1::MemberUnmuted { user_id: text(&user.id) }),
        GroupChange::Banned { measure: Measure { user, until, reason }, removed } => {
            Change::MemberBanned(v1::MemberBanned {
                user_id: text(&user.id),
                until: until.0,
                reason: maybe(reason.as_ref().map(Reason::as_str)),
                removed: *removed,
            })
        }
        GroupChange::BanLifted(user) => Change::BanLifted(v1::BanLifted { user_id: text(&user.id) }),
        GroupChange::NicknameChanged(it) => {
            Change::NicknameChanged(v1::NicknameChanged { nickname: maybe(it.as_ref().map(Nickname::as_str)) })
        }
        GroupChange::Announced(it) => {
            Change::Announced(v1::Announced { text: maybe(it.as_ref().map(Announcement::as_str)) })
        }
        GroupChange::Joined(id) => {
            Change::Joined(v1::Joined { link: id.map(|id| Bytes::copy_from_slice(&id.0)).unwrap_or_default() })
        }
        GroupChange::Applied => Change::Applied(v1::Applied {}),
        GroupChange::ApplicationDeclined(user) => {
            Change::ApplicationDeclined(v1::ApplicationDeclined { user_id: text(&user.id) })
        }
        GroupChange::Invited(user) => Change::Invited(v1::Invited { user_id: text(&user.id) }),
        GroupChange::InvitationDeclined => Change::InvitationDeclined(v1::InvitationDeclined {}),
        GroupChange::LinkMade(it) => Change::LinkMade(v1::LinkMade { link: Some(link(it)) }),
        GroupChange::LinkRevoked(id) => Change::LinkRevoked(v1::LinkRevoked { link: Bytes::copy_from_slice(&id.0) }),
    }
}

/// A group besides its members.
#[must_use]
pub fn state(view: &GroupView) -> v1::GroupState {
    v1::GroupState {
        description: maybe(view.info.description.as_ref().map(Description::as_str)),
        avatar: maybe(view.info.avatar.as_ref().map(AvatarRef::as_str)),
        extension: view.info.extension.clone(),
        settings: Some(settings(&view.settings)),
        announcement_seq: view.announcement.0,
        dissolved: view.dissolved,
        muted_until: view.muted_until.0,
        nickname: maybe(view.nickname.as_ref().map(Nickname::as_str)),
        announcement: view.announced.as_ref().map(event),
        links: view.links.iter().map(link).collect(),
    }
}

/// A page of members.
#[must_use]
pub fn members(page: &MembersPage) -> v1::Members {
    let member = |member: &MemberView| v1::Member {
        user_id: text(&member.user.id),
        display_name: display_name(&member.user),
        role: role(member.role).into(),
        nickname: maybe(member.nickname.as_ref().map(Nickname::as_str)),
        muted_until: member.muted_until.0,
    };
    v1::Members {
        members: page.members.iter().map(member).collect(),
        next_page: page.next.clone(),
        as_of_seq: page.as_of.0,
    }
}

/// A page of those who are kept out.
#[must_use]
pub fn bans(page: &BansPage) -> v1::Bans {
    let ban = |ban: &BanView| v1::Ban {
        user_id: text(&ban.user.id),
        display_name: display_name(&ban.user),
        until: ban.until.0,
        reason: maybe(ban.reason.as_ref().map(Reason::as_str)),
        by_id: text(&ban.by),
        at: ban.at.0,
    };
    v1::Bans { bans: page.bans.iter().map(ban).collect(), next_page: page.next.clone() }
}

/// A page of those who ask to be let in, or are asked to come in.
#[must_use]
pub fn askers(page: &AskersPage) -> v1::Askers {
    let asker = |asker: &AskerView| v1::Asker {
        user_id: text(&asker.user.id),
        display_name: display_name(&asker.user),
        message: maybe(asker.message.as_ref().map(Reason::as_str)),
        by_id: text(&asker.by),
        at: asker.at.0,
    };
    v1::Askers { askers: page.askers.iter().map(asker).collect(), next_page: page.next.clone() }
}

/// What the user asks of a group, or is asked.
#[must_use]
pub fn asking(view: &AskingView) -> v1::Asking {
    let state = match view.asking {
        Asking::Nothing => v1::AskingState::Unspecified,
        Asking::Applied => v1::AskingState::Applied,
        Asking::Invited => v1::AskingState::Invited,
    };
    v1::Asking {
        conversation_id: view.conversation.to_string(),
        state: state.into(),
        title: maybe(view.title.as_ref().map(Title::as_str)),
        by_id: text(&view.by),
        at: view.at.0,
    }
}

fn link(link: &Link) -> v1::Link {
    v1::Link { link: Bytes::copy_from_slice(&link.id.0), until: link.until.0, left: link.left }
}

fn settings(settings: &Settings) -> v1::GroupSettings {
    let who = |who: Who| -> i32 {
        match who {
            Who::Everybody => v1::Who::Everybody,
            Who::Admins => v1::Who::Admins,
        }
        .into()
    };
    let switch = |on: bool| -> i32 { if on { v1::Switch::On } else { v1::Switch::Off }.into() };
    v1::GroupSettings {
        speak: who(settings.speak),
        invite: who(settings.invite),
        edit_info: who(settings.edit_info),
        mention_all: who(settings.mention_all),
        pin: who(settings.pin),
        join: match settings.join {
            JoinMode::Invitation => v1::JoinMode::Invitation,
            JoinMode::Approval => v1::JoinMode::Approval,
            JoinMode::Open => v1::JoinMode::Open,
        }
        .into(),
        history: switch(settings.history),
        receipts: switch(settings.receipts),
        members_hidden: switch(settings.members_hidden),
    }
}

fn maybe(text: Option<&str>) -> String {
    text.unwrap_or_default().to_owned()
}
