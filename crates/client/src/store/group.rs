//! A group besides its members, as JSON.

use bytes::Bytes;
use serde_json::{Value, json};
use stonechat_domain::group::{JoinMode, Settings, Who};
use stonechat_types::id::ConversationKind;
use stonechat_types::number::{Seq, Timestamp};

use crate::group::{Group, join_name, who_name};

/// Writes one, but for the app's own data.
#[must_use]
pub fn to_json(group: &Group) -> String {
    let Settings { speak, invite, edit_info, mention_all, pin, join, history, receipts, members_hidden } =
        group.settings;
    json!({
        "description": group.description,
        "avatar": group.avatar,
        "settings": {
            "speak": who_name(speak),
            "invite": who_name(invite),
            "edit_info": who_name(edit_info),
            "mention_all": who_name(mention_all),
            "pin": who_name(pin),
            "join": join_name(join),
            "history": history,
            "receipts": receipts,
            "members_hidden": members_hidden,
        },
        "announcement": group.announcement.get(),
        "dissolved": group.dissolved,
        "muted_until": group.muted_until.as_millis(),
        "nickname": group.nickname,
    })
    .to_string()
}

/// Reads one; `None` when it is not what it should be.
#[must_use]
pub fn from_json(kind: ConversationKind, text: &str, extension: Vec<u8>) -> Option<Group> {
    if text.is_empty() {
        return Some(Group::of(kind));
    }
    let value: Value = serde_json::from_str(text).ok()?;
    let settings = &value["settings"];
    let who = |name: &str| {
        let text = settings[name].as_str()?;
        [Who::Everybody, Who::Admins].into_iter().find(|who| who_name(*who) == text)
    };
    let join = settings["join"].as_str()?;
    let modes = [JoinMode::Invitation, JoinMode::Approval, JoinMode::Open];
    Some(Group {
        description: value["description"].as_str()?.to_owned(),
        avatar: value["avatar"].as_str()?.to_owned(),
        extension: Bytes::from(extension),
        settings: Settings {
            speak: who("speak")?,
            invite: who("invite")?,
            edit_info: who("edit_info")?,
            mention_all: who("mention_all")?,
            pin: who("pin")?,
            join: modes.into_iter().find(|mode| join_name(*mode) == join)?,
            history: settings["history"].as_bool()?,
            receipts: settings["receipts"].as_bool()?,
            members_hidden: settings["members_hidden"].as_bool()?,
        },
        announcement: Seq(value["announcement"].as_u64()?),
        dissolved: value["dissolved"].as_bool()?,
        muted_until: Timestamp(value["muted_until"].as_i64()?),
        nickname: value["nickname"].as_str()?.to_owned(),
    })
}
