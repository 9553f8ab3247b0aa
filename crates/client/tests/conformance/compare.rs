//! What a device has and shows, in the words of a script.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use stonechat_client::content::{Attributes, Entity, EntityKind, RichText};
use stonechat_client::core::command::{Command, Reply};
use stonechat_client::core::rows::{ConversationRow, EventRow, MessageRow, OutboxRow};
use stonechat_client::core::timeline::TimelineModel;
use stonechat_client::preferences::Preferences;
use stonechat_client::state::{Content, Quote, Reaction, ReadMark, SendState, TimelineItem, TimelineItemKind};
use stonechat_client::store::{MessageQuery, Reader as _, group};
use stonechat_client::system_event::{SystemEvent, SystemEventKind};
use stonechat_client::timeline::TimelineOptions;
use stonechat_domain::group::Who;
use stonechat_types::id::UserId;
use stonechat_wire::v1::{Frame, frame::Body};

use crate::{Device, conversation, text};

/// Whether a value has everything that the expected one names; `null` means absent.
pub fn names(expected: &Value, actual: &Value) -> bool {
    let (Value::Object(expected), Value::Object(actual)) = (expected, actual) else { return expected == actual };
    expected.iter().all(|(key, value)| match (value, actual.get(key)) {
        (Value::Null, found) => found.is_none_or(Value::is_null),
        (value, Some(found)) => names(value, found),
        (_, None) => false,
    })
}

fn base64(bytes: &[u8]) -> Value {
    STANDARD.encode(bytes).into()
}

fn reactions(reactions: &[Reaction]) -> Value {
    reactions.iter().map(|it| json!([it.emoji, it.count, it.own])).collect()
}

fn message(row: &MessageRow) -> Value {
    json!({
        "conversation_id": row.conversation.to_string(),
        "seq": row.seq,
        "ordinal": row.ordinal,
        "client_msg_id": row.client_msg_id.map(|id| base64(&id.0)),
        "sender": row.sender.as_str(),
        "sent_at": row.sent_at.as_millis(),
        "body_type": row.body_type,
        "body": base64(&row.body),
        "state": match (&row.recalled, row.corrupt) {
            (Some(_), _) => "recalled",
            (None, true) => "corrupt",
            (None, false) => "ok",
        },
        "changed_seq": row.changed,
        "edits": row.edits,
        "reactions": reactions(&row.reactions),
        "pinned": row.pinned,
        "attributes": row.attributes.as_deref().map(attributes),
    })
}

fn attributes(it: &Attributes) -> Value {
    json!({
        "reply_to": it.reply_to.map(|reply| [reply.seq.get(), reply.ordinal.get()]),
        "mentions": it.mentions.iter().map(UserId::as_str).collect::<Vec<_>>(),
        "mention_all": it.mention_all,
        "silent": it.silent,
        "priority": it.priority,
        "extension": base64(&it.extension),
        "forwarded": it.forwarded.as_ref().map(|it| json!([it.author.as_str(), it.sent_at.as_millis()])),
    })
}

/// The stretches of a text in characters, as the wire counts them: the first, how many, what, and of some which.
fn entities(text: &RichText) -> Value {
    let count = |upto: usize| text.as_str()[..upto].chars().count();
    let entity = |entity: &Entity| {
        let (first, end) = (count(entity.range.start), count(entity.range.end));
        match &entity.kind {
            EntityKind::Mention(user) => json!([first, end - first, "mention", user.as_str()]),
            EntityKind::MentionAll => json!([first, end - first, "mention_all"]),
            EntityKind::Link(address) => json!([first, end - first, "link", address]),
            EntityKind::Bold => json!([first, end - first, "bold"]),
            EntityKind::Italic => json!([first, end - first, "italic"]),
            EntityKind::Strikethrough => json!([first, end - first, "strikethrough"]),
            EntityKind::Code => json!([first, end - first, "code"]),
            EntityKind::CodeBlock(language) => json!([first, end - first, "code_block", language]),
            EntityKind::Quote => json!([first, end - first, "quote"]),
        }
    };
    text.entities().iter().map(entity).collect()
}

fn quote(quote: &Quote) -> Value {
    json!({
        "seq": quote.seq.get(),
        "sender": quote.says.as_ref().map(|says| says.sender.as_str()),
        "text": quote.says.as_ref().map(|says| says.text.as_str()),
    })
}

fn preferences(it: &Preferences) -> Value {
    json!({
        "pinned": it.pinned_at.is_some(),
        "muted_until": it.muted_until.map(|until| until.as_millis()),
        "marked_unread": it.marked_unread,
        "archived": it.archived,
        "folders": it.folders.iter().map(|folder| folder.as_str()).collect::<Vec<_>>(),
        "draft": it.draft.as_ref().map(|draft| &*draft.text),
        "cleared_upto": it.cleared_upto.get(),
        "hidden_upto": it.hidden_upto.get(),
        "fields": it.fields.iter().map(|(name, value)| (name.to_owned(), value.into())).collect::<serde_json::Map<_, _>>(),
    })
}

fn unsent(row: &OutboxRow) -> Value {
    json!({
        "conversation_id": row.conversation.to_string(),
        "client_msg_id": base64(&row.client_msg_id.0),
        "peer_id": row.peer.as_ref().map(UserId::as_str),
        "body_type": row.body_type,
        "body": base64(&row.body),
        "read_upto": row.read_upto,
        "written": u8::from(row.written),
        "command": row.command.as_ref().map(|command| call(&command.call)),
        "about": row.command.as_ref().and_then(|command| command.about).map(|id| base64(&id.0)),
    })
}

/// A call as the JSON mirror has it.
fn call(call: &Body) -> Value {
    let frame = Frame { id: 0, body: Some(call.clone()) };
    serde_json::from_str(&stonechat_wire::json::encode(&frame)).unwrap()
}

fn row(row: &ConversationRow) -> Value {
    json!({
        "conversation_id": row.id.to_string(),
        "kind": row.kind.as_str(),
        "title": row.title,
        "peer_id": row.peer.as_ref().map(UserId::as_str),
        "peer_name": row.peer_name,
        "role": row.role as u8,
        "member": u8::from(row.member),
        "member_count": row.member_count,
        "head_seq": row.head_seq,
        "head_ordinal": row.head_ordinal,
        "read_seq": row.read_seq,
        "read_ordinal": row.read_ordinal,
        "read_unconfirmed": row.read_unconfirmed,
        "delivered_unconfirmed": row.delivered_unconfirmed,
        "plays_unconfirmed": row.plays_unconfirmed,
        "read_marks": row.marks.iter().map(mark).collect::<Vec<_>>(),
        "floor_ordinal": row.floor_ordinal,
        "unread": row.unread,
        "unread_mentions": row.unread_mentions,
        "active_at": row.active_at,
        "last_seq": row.last_seq,
        "last_ordinal": row.last_ordinal,
        "about": serde_json::from_str::<Value>(&group::to_json(&row.group)).unwrap(),
        "extension": base64(&row.group.extension),
    })
}

fn mark(mark: &ReadMark) -> Value {
    json!([mark.user.as_str(), mark.upto.get(), mark.delivered.get()])
}

fn line(item: TimelineItem) -> Value {
    match item.kind {
        TimelineItemKind::Message(item) => {
            let text = match &item.message.content {
                Content::Text(text) => text.as_str().to_owned(),
                Content::Recalled { .. } => String::new(),
                other => format!("{other:?}"),
            };
            let marked = match &item.message.content {
                Content::Text(text) => entities(text),
                _ => json!([]),
            };
            let recalled_by = match &item.message.content {
                Content::Recalled { by, .. } => by.as_ref().map(UserId::as_str),
                _ => None,
            };
            json!({
                "text": text,
                "recalled_by": recalled_by,
                "sender": item.message.sender.as_str(),
                "seq": item.message.id.map(|id| id.seq.get()),
                "state": item.state.as_ref().map(state_name),
                "edited": item.message.edited_at.is_some(),
                "reactions": reactions(&item.message.reactions),
                "entities": marked,
                "pinned": item.message.pinned,
                "starred": item.starred,
                "quote": item.quote.as_ref().map(quote),
                "read_by": item.read_by,
                "delivered_to": item.delivered_to,
                "played_by_me": item.played_by_me,
                "played_by_others": item.played_by_others,
                "waiting": item.pending.iter().map(|pending| state_name(&pending.state)).collect::<Vec<_>>(),
            })
        }
        TimelineItemKind::Event(event) => happened(&event),
        TimelineItemKind::Gap { after, missing } => json!({"gap_after": after.get(), "missing": missing}),
        TimelineItemKind::Start => json!("start"),
        TimelineItemKind::ReadMarker => json!("read_marker"),
        TimelineItemKind::DateDivider(_) => json!("day"),
    }
}

fn happened(event: &SystemEvent) -> Value {
    let (text, role) = match &event.kind {
        SystemEventKind::Renamed(text) | SystemEventKind::Announced(text) => (Some(text), None),
        SystemEventKind::RoleChanged(_, role) => (None, Some(*role as u8)),
        _ => (None, None),
    };
    let about = match event.kind {
        SystemEventKind::Pinned(seq) => Some(seq.get()),
        _ => None,
    };
    let speak = match &event.kind {
        SystemEventKind::SettingsChanged(settings) => {
            Some(if settings.speak == Who::Admins { "admins" } else { "everybody" })
        }
        _ => None,
    };
    json!({
        "event": event.kind.name(),
        "seq": event.seq.get(),
        "by": event.by.as_str(),
        "at": event.at.as_millis(),
        "users": event.kind.users().iter().map(UserId::as_str).collect::<Vec<_>>(),
        "text": text,
        "role": role,
        "about": about,
        "speak": speak,
    })
}

fn system_event(row: &EventRow) -> Value {
    json!({
        "conversation_id": row.conversation.to_string(),
        "seq": row.seq,
        "ordinal": row.ordinal,
        "kind": row.event.kind,
    })
}

fn state_name(state: &SendState) -> &'static str {
    match state {
        SendState::Queued => "queued",
        SendState::Sending => "sending",
        SendState::Sent(_) => "sent",
        SendState::Failed(_) => "failed",
        SendState::Done(_) => "done",
        SendState::Cancelled => "cancelled",
    }
}

fn check_rows(what: &str, expected: &Value, actual: &[Value]) {
    let expected = expected.as_array().unwrap_or_else(|| panic!("{what} is a list"));
    let same = expected.len() == actual.len() && expected.iter().zip(actual).all(|(want, row)| names(want, row));
    assert!(same, "{what}\nexpected {expected:#?}\nfound {actual:#?}");
}

impl Device {
    pub fn check_store(&self, expected: &Value) {
        let tables = self.store.tables();
        let intervals = tables.intervals.iter().flat_map(|(id, all)| all.iter().map(move |held| (id, held)));
        let interval = |(id, (from, upto)): (_, &(u64, u64))| {
            let id: &stonechat_types::id::ConversationId = id;
            json!({"conversation_id": id.to_string(), "from_ordinal": from, "upto_ordinal": upto})
        };
        let rows = BTreeMap::from([
            ("messages", tables.messages.values().map(message).collect::<Vec<_>>()),
            ("system_events", tables.system_events.values().map(system_event).collect()),
            ("intervals", intervals.map(interval).collect()),
            ("outbox", tables.outbox.values().map(unsent).collect()),
            ("conversations", tables.conversations.values().map(row).collect()),
        ]);
        for (table, expected) in expected.as_object().unwrap() {
            match rows.get(table.as_str()) {
                Some(rows) => check_rows(table, expected, rows),
                None => {
                    assert_eq!(table, "position");
                    assert_eq!(expected, &base64(&tables.device.position), "position");
                }
            }
        }
    }

    pub fn check_list(&self, expected: &Value) {
        let mut list: Vec<_> = self.summaries.values().collect();
        list.sort_by_key(|summary| (Reverse(summary.active_at), summary.id));
        let rows = list.into_iter().map(|summary| {
            json!({
                "conversation_id": summary.id.to_string(),
                "title": summary.title,
                "unread": summary.unread,
                "member": summary.member,
                "preview": summary.preview.as_ref().map(|preview| &preview.text),
                "preferences": preferences(&summary.preferences),
                "hidden": summary.hidden,
            })
        });
        check_rows("list", expected, &rows.collect::<Vec<_>>());
    }

    pub fn check_timeline(&mut self, expected: &Value) {
        let id = conversation(expected);
        let options = TimelineOptions { date_dividers: false, ..TimelineOptions::default() };
        let mut model = TimelineModel::new(self.settings.me.clone(), id, options);
        for reply in self.command(Command::Open(id)) {
            if let Reply::Opened(opened) = reply {
                model.begin(opened);
            }
        }
        let all = MessageQuery { conversation: id, from: 0, upto: u64::MAX, limit: u32::MAX };
        model.merge(self.store.page(all).unwrap(), 1);
        check_rows("timeline", &expected["items"], &model.items().into_iter().map(line).collect::<Vec<_>>());
    }

    pub fn check_presence(&self, expected: &Value) {
        let all = self.presences.iter().map(|(user, presence)| {
            let mut it = serde_json::Map::new();
            it.insert("availability".into(), presence.availability.name().into());
            if let Some(at) = presence.last_seen {
                it.insert("last_seen".into(), at.as_millis().into());
            }
            if let Some(status) = &presence.status {
                it.insert("status".into(), format!("{} {}", status.emoji, status.text).trim().into());
            }
            (user.to_string(), Value::from(it))
        });
        assert_eq!(Value::from(all.collect::<serde_json::Map<_, _>>()), *expected);
    }

    pub fn check_state(&self, expected: &Value) {
        let id = text(expected, "client_msg_id").parse().unwrap();
        let state = self.sends.get(&id).unwrap_or_else(|| panic!("no send {id}"));
        let mut actual = json!({"client_msg_id": id.to_string(), "state": state_name(state)});
        match state {
            SendState::Sent(mark) => {
                actual["seq"] = mark.seq.get().into();
                actual["ordinal"] = mark.ordinal.get().into();
                actual["deduplicated"] = mark.deduplicated.into();
                actual["conflict"] = mark.conflict.into();
            }
            SendState::Failed(failure) => {
                actual["code"] = failure.code.clone().into();
                actual["recoverable"] = failure.recoverable.into();
            }
            SendState::Done(seq) => actual["seq"] = seq.get().into(),
            SendState::Queued | SendState::Sending | SendState::Cancelled => {}
        }
        assert!(names(expected, &actual), "expected {expected:#}\nfound {actual:#}");
    }
}
