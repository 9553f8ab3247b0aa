//! A conversation as one member sees it, in JSON.

use crate::message_body::MessageBody;
use crate::user_body::UserBody;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use stonechat_app::api::{Content, ConversationView, EventView, GroupView, ReadMark};
use stonechat_domain::event::Change;
use stonechat_domain::group::{FOR_GOOD, GroupChange, JoinMode, Link, Settings, Who};
use stonechat_types::number::{Seq, Timestamp};

/// The conversation; what does not apply to it is left out.
#[derive(Serialize)]
pub(crate) struct ConversationBody {
    conversation: String,
    kind: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    /// The other of a direct one.
    #[serde(skip_serializing_if = "Option::is_none")]
    peer: Option<UserBody>,
    /// While he is a member.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'static str>,
    member_count: u32,
    head_seq: u64,
    head_ordinal: u64,
    read_seq: u64,
    read_ordinal: u64,
    unread: u64,
    unread_mentions: u32,
    active_at: i64,
    visible_from_seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    last_message: Option<MessageBody>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    read_marks: Vec<Mark>,
    /// For its members.
    #[serde(skip_serializing_if = "Option::is_none")]
    group: Option<GroupBody>,
}

/// How far another member is.
#[derive(Serialize)]
struct Mark {
    user: String,
    read_seq: u64,
    delivered_seq: u64,
}

#[derive(Serialize)]
struct GroupBody {
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    avatar: Option<String>,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
    settings: SettingsBody,
    #[serde(skip_serializing_if = "Option::is_none")]
    announcement: Option<AnnouncementBody>,
    dissolved: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    nickname: Option<String>,
    /// Until when he may not write; -1 is for good.
    #[serde(skip_serializing_if = "Option::is_none")]
    muted_until: Option<i64>,
    /// For admins.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    links: Vec<LinkBody>,
}

#[derive(Serialize)]
struct SettingsBody {
    speak: &'static str,
    invite: &'static str,
    edit_info: &'static str,
    mention_all: &'static str,
    pin: &'static str,
    join: &'static str,
    history: bool,
    receipts: bool,
    members_hidden: bool,
}

/// What is announced; only its seq where many conversations are listed.
#[derive(Serialize)]
struct AnnouncementBody {
    seq: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    by: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<i64>,
}

#[derive(Serialize)]
struct LinkBody {
    /// Base64: its name, by which it is taken back, and nobody joins.
    link: String,
    /// -1 is for good.
    until: i64,
    /// How many may still join by it; left out for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    uses_left: Option<u32>,
}

/// A time, as it is told: -1 is for good.
pub(crate) fn until(until: Timestamp) -> i64 {
    if until == FOR_GOOD { -1 } else { until.as_millis() }
}

impl From<&ConversationView> for ConversationBody {
    fn from(view: &ConversationView) -> Self {
        let mark = |it: &ReadMark| Mark {
            user: it.user.to_string(),
            read_seq: it.read.get(),
            delivered_seq: it.delivered.get(),
        };
        Self {
            conversation: view.id.to_string(),
            kind: view.id.kind().as_str(),
            title: view.title.as_ref().map(|title| title.as_str().to_owned()),
            peer: view.peer.as_ref().map(UserBody::from),
            role: view.role.map(|role| role.as_str()),
            member_count: view.member_count,
            head_seq: view.head.get(),
            head_ordinal: view.head_ordinal.get(),
            read_seq: view.read.get(),
            read_ordinal: view.read_ordinal.get(),
            unread: view.unread,
            unread_mentions: view.unread_mentions,
            active_at: view.active_at.as_millis(),
            visible_from_seq: view.visible_from.get(),
            last_message: view.last_message.as_deref().map(MessageBody::from),
            read_marks: view.read_marks.iter().map(mark).collect(),
            group: view.group.as_deref().map(GroupBody::from),
        }
    }
}

impl From<&GroupView> for GroupBody {
    fn from(view: &GroupView) -> Self {
        let (info, extension) = (&view.info, &view.info.extension);
        Self {
            description: info.description.as_ref().map(|text| text.as_str().to_owned()),
            avatar: info.avatar.as_ref().map(|text| text.as_str().to_owned()),
            extension: (!extension.is_empty()).then(|| STANDARD.encode(extension)),
            settings: SettingsBody::from(&view.settings),
            announcement: (view.announcement > Seq::ZERO)
                .then(|| announcement(view.announcement, view.announced.as_ref())),
            dissolved: view.dissolved,
            nickname: view.nickname.as_ref().map(|name| name.as_str().to_owned()),
            muted_until: Some(view.muted_until).filter(|until| *until > Timestamp::default()).map(until),
            links: view.links.iter().map(link).collect(),
        }
    }
}

impl From<&Settings> for SettingsBody {
    fn from(settings: &Settings) -> Self {
        let who = |who| match who {
            Who::Everybody => "everybody",
            Who::Admins => "admins",
        };
        Self {
            speak: who(settings.speak),
            invite: who(settings.invite),
            edit_info: who(settings.edit_info),
            mention_all: who(settings.mention_all),
            pin: who(settings.pin),
            join: match settings.join {
                JoinMode::Invitation => "invitation",
                JoinMode::Approval => "approval",
                JoinMode::Open => "open",
            },
            history: settings.history,
            receipts: settings.receipts,
            members_hidden: settings.members_hidden,
        }
    }
}

fn announcement(seq: Seq, event: Option<&EventView>) -> AnnouncementBody {
    let text = match event.map(|event| &event.content) {
        Some(Content::Change(Change::Group(GroupChange::Announced(text)))) => text.as_ref(),
        _ => None,
    };
    AnnouncementBody {
        seq: seq.get(),
        text: text.map(|text| text.as_str().to_owned()),
        by: event.map(|event| event.sender.to_string()),
        at: event.map(|event| event.sent_at.as_millis()),
    }
}

fn link(link: &Link) -> LinkBody {
    LinkBody { link: STANDARD.encode(link.id.0), until: until(link.until), uses_left: link.left }
}
