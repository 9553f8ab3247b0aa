//! What a client asks of a group, checked once.

use crate::parse::{invalid, malformed, user};
use bytes::Bytes;
use std::fmt::Display;
use stonechat_app::api::{ChangeRequest, Failure};
use stonechat_domain::group::{For, GroupCommand, InfoPatch, JoinMode, LinkId, SettingsPatch, Who};
use stonechat_types::id::UserId;
use stonechat_types::limits::{EXTENSION_BYTES_MAX, LINK_TOKEN_BYTES_MAX, LINK_TOKEN_BYTES_MIN};
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason, TextError};
use stonechat_wire::v1::{self, change_conversation::Change};

/// Reads a change of a group that is not one of its members.
///
/// # Errors
/// The answer that the client gets.
pub fn command(change: Change) -> Result<ChangeRequest, Failure> {
    let command = match change {
        Change::SetInfo(set) => GroupCommand::SetInfo(info_patch(set)?),
        Change::ChangeSettings(change) => {
            let settings = change.settings.ok_or_else(|| invalid("settings", "are missing"))?;
            GroupCommand::ChangeSettings(settings_patch(&settings)?)
        }
        Change::TransferOwner(transfer) => GroupCommand::TransferOwner(user(&transfer.user_id)?),
        Change::LeaveTo(leave) => GroupCommand::LeaveTo(user(&leave.user_id)?),
        Change::Dissolve(v1::Dissolve {}) => GroupCommand::Dissolve,
        Change::MuteMember(it) => GroupCommand::Mute(lasting(&it.user_id, it.lasts_ms, &it.reason)?),
        Change::UnmuteMember(it) => GroupCommand::Unmute(user(&it.user_id)?),
        Change::BanMember(it) => GroupCommand::Ban(lasting(&it.user_id, it.lasts_ms, &it.reason)?),
        Change::LiftBan(it) => GroupCommand::LiftBan(user(&it.user_id)?),
        Change::SetNickname(it) => GroupCommand::SetNickname(text("nickname", &it.nickname, Nickname::new)?),
        Change::Announce(it) => GroupCommand::Announce(text("text", &it.text, Announcement::new)?),
        Change::Join(v1::Join {}) => GroupCommand::Join(None),
        Change::Apply(it) => GroupCommand::Apply(text("message", &it.message, Reason::new)?),
        Change::AcceptApplication(it) => GroupCommand::AcceptApplication(user(&it.user_id)?),
        Change::DeclineApplication(it) => GroupCommand::DeclineApplication(user(&it.user_id)?),
        Change::Invite(it) => GroupCommand::Invite(user(&it.user_id)?),
        Change::DeclineInvitation(v1::DeclineInvitation {}) => GroupCommand::DeclineInvitation,
        Change::MakeLink(it) => GroupCommand::MakeLink {
            id: link(&it.link)?,
            lasts_ms: (it.lasts_ms > 0).then_some(it.lasts_ms),
            uses: (it.uses > 0).then_some(it.uses),
        },
        Change::RevokeLink(it) => GroupCommand::RevokeLink(link(&it.link)?),
        Change::JoinByLink(it) => {
            if !(LINK_TOKEN_BYTES_MIN..=LINK_TOKEN_BYTES_MAX).contains(&it.token.len()) {
                return Err(invalid("token", "has not 16 to 64 bytes"));
            }
            return Ok(ChangeRequest::JoinByLink(it.token));
        }
        Change::AddMembers(_)
        | Change::RemoveMember(_)
        | Change::Leave(_)
        | Change::Rename(_)
        | Change::SetRole(_)
        | Change::Command(_) => {
            return Err(malformed("the change is not one of the group"));
        }
    };
    Ok(ChangeRequest::Group(command))
}

fn link(bytes: &[u8]) -> Result<LinkId, Failure> {
    bytes.try_into().map(LinkId).map_err(|_| invalid("link", "has not 16 bytes"))
}

/// A text that may be empty, which is none.
fn text<T>(field: &str, text: &str, check: impl FnOnce(&str) -> Result<T, TextError>) -> Result<Option<T>, Failure> {
    if text.is_empty() { Ok(None) } else { check(text).map(Some).map_err(|error| invalid(field, error)) }
}

fn lasting(user_id: &str, lasts_ms: u64, reason: &str) -> Result<For<UserId>, Failure> {
    let (user, reason) = (user(user_id)?, text("reason", reason, Reason::new)?);
    Ok(For { user, lasts_ms: (lasts_ms > 0).then_some(lasts_ms), reason })
}

fn info_patch(set: v1::SetInfo) -> Result<InfoPatch, Failure> {
    let v1::SetInfo { description, avatar, extension } = set;
    let too_long = |extension: &Bytes| extension.len() > EXTENSION_BYTES_MAX;
    if extension.as_ref().is_some_and(too_long) {
        return Err(invalid("extension", format_args!("is longer than {EXTENSION_BYTES_MAX} bytes")));
    }
    Ok(InfoPatch {
        description: description.map(|it| text("description", &it, Description::new)).transpose()?,
        avatar: avatar.map(|it| text("avatar", &it, AvatarRef::new)).transpose()?,
        extension,
    })
}

fn known<T: TryFrom<i32>>(field: &str, number: i32) -> Result<T, Failure> {
    T::try_from(number).map_err(|_| invalid(field, not_known()))
}

fn not_known() -> impl Display {
    "has a value that this server does not know"
}

fn settings_patch(settings: &v1::GroupSettings) -> Result<SettingsPatch, Failure> {
    let who = |field: &str, number: i32| {
        Ok(match known(field, number)? {
            v1::Who::Unspecified => None,
            v1::Who::Everybody => Some(Who::Everybody),
            v1::Who::Admins => Some(Who::Admins),
        })
    };
    let switch = |field: &str, number: i32| {
        Ok(match known(field, number)? {
            v1::Switch::Unspecified => None,
            v1::Switch::On => Some(true),
            v1::Switch::Off => Some(false),
        })
    };
    Ok(SettingsPatch {
        speak: who("speak", settings.speak)?,
        invite: who("invite", settings.invite)?,
        edit_info: who("edit_info", settings.edit_info)?,
        mention_all: who("mention_all", settings.mention_all)?,
        pin: who("pin", settings.pin)?,
        join: match known("join", settings.join)? {
            v1::JoinMode::Unspecified => None,
            v1::JoinMode::Invitation => Some(JoinMode::Invitation),
            v1::JoinMode::Approval => Some(JoinMode::Approval),
            v1::JoinMode::Open => Some(JoinMode::Open),
        },
        history: switch("history", settings.history)?,
        receipts: switch("receipts", settings.receipts)?,
        members_hidden: switch("members_hidden", settings.members_hidden)?,
    })
}
