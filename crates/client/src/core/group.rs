//! What an event makes of a group besides its members. The rules are those of `domain`.

use stonechat_types::id::UserId;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1::{Event, event::Change};

use crate::core::translate;
use crate::group::Group;

/// Changes a group by an event that is newer than it.
pub fn fold(group: &mut Group, event: &Event, me: &UserId) {
    let is_mine = event.sender_id == me.as_str();
    match &event.change {
        Some(Change::InfoChanged(info)) => {
            group.description.clone_from(&info.description);
            group.avatar.clone_from(&info.avatar);
            group.extension.clone_from(&info.extension);
        }
        Some(Change::SettingsChanged(changed)) => {
            if let Some(settings) = &changed.settings {
                group.settings = translate::settings(settings, group.settings);
            }
        }
        Some(Change::Dissolved(_)) => group.dissolved = true,
        Some(Change::MemberMuted(muted)) if muted.user_id == me.as_str() => {
            group.muted_until = Timestamp(muted.until);
        }
        Some(Change::MemberUnmuted(unmuted)) if unmuted.user_id == me.as_str() => {
            group.muted_until = Timestamp::default();
        }
        Some(Change::NicknameChanged(changed)) if is_mine => group.nickname.clone_from(&changed.nickname),
        Some(Change::Announced(announced)) => {
            group.announcement = if announced.text.is_empty() { Seq::ZERO } else { Seq(event.seq) };
        }
        // Of members, and of messages: see `apply`.
        _ => {}
    }
}
