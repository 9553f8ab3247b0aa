//! Rows of SQLite as our rows, and back.

use std::sync::Arc;

use bytes::Bytes;
use prost::Message as _;
use rusqlite::{Row, params};
use serde_json::{Value, json};
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_wire::v1::{self, Frame, frame::Body};

use crate::content::{self, Attributes};
use crate::core::rows::{ConversationRow, MessageRow, OutboxRow, QueuedCommand, Recall};
use crate::core::translate;
use crate::error::StoreError;
use crate::state::{Preview, Reaction, ReadMark, Role, SendFailure};
use crate::store::{Result, group};

/// Bytes and texts that a store of ours cannot have.
pub fn corrupt(what: &str) -> StoreError {
    StoreError::Corrupt(format!("a {what} is not what it should be"))
}

/// SQLite's integers are signed; seqs and ordinals stay far below.
pub fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn unsigned(row: &Row<'_>, column: &str) -> Result<u64> {
    let number: i64 = row.get(column).map_err(|_| corrupt(column))?;
    u64::try_from(number).map_err(|_| corrupt(column))
}

fn text(row: &Row<'_>, column: &str) -> Result<String> {
    row.get(column).map_err(|_| corrupt(column))
}

fn optional_text(row: &Row<'_>, column: &str) -> Result<Option<String>> {
    row.get(column).map_err(|_| corrupt(column))
}

fn conversation_id(row: &Row<'_>) -> Result<ConversationId> {
    text(row, "conversation_id")?.parse().map_err(|_| corrupt("conversation_id"))
}

fn user(text: &str) -> Result<UserId> {
    UserId::new(text).map_err(|_| corrupt("user id"))
}

fn client_msg_id(bytes: &[u8]) -> Result<ClientMsgId> {
    ClientMsgId::from_slice(bytes).map_err(|_| corrupt("client_msg_id"))
}

fn kind(text: &str) -> Result<ConversationKind> {
    use ConversationKind::{Channel, Direct, Group, Room, Support};
    let kinds = [Direct, Group, Channel, Room, Support];
    kinds.into_iter().find(|kind| kind.as_str() == text).ok_or_else(|| corrupt("kind"))
}

fn role(number: i64) -> Role {
    match number {
        1 => Role::Member,
        2 => Role::Admin,
        3 => Role::Owner,
        _ => Role::None,
    }
}

fn preview_to_json(preview: &Preview) -> String {
    json!({
        "sender": preview.sender.as_str(),
        "text": preview.text,
        "body_type": preview.body_type,
        "sent_at": preview.sent_at.as_millis(),
        "seq": preview.seq.get(),
        "recalled": preview.recalled,
    })
    .to_string()
}

fn preview_from_json(text: &str) -> Option<Preview> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(Preview {
        sender: UserId::new(value["sender"].as_str()?).ok()?,
        text: value["text"].as_str()?.to_owned(),
        body_type: value["body_type"].as_str()?.to_owned(),
        sent_at: Timestamp(value["sent_at"].as_i64()?),
        seq: Seq(value["seq"].as_u64()?),
        recalled: value["recalled"].as_bool().unwrap_or(false),
    })
}

fn marks_to_json(marks: &[ReadMark]) -> String {
    let all: Vec<_> =
        marks.iter().map(|mark| json!([mark.user.as_str(), mark.upto.get(), mark.delivered.get()])).collect();
    Value::from(all).to_string()
}

fn marks_from_json(text: &str) -> Option<Vec<ReadMark>> {
    // Before schema 10 without what was delivered.
    let pairs = || -> Option<Vec<(String, u64)>> { serde_json::from_str(text).ok() };
    let all: Vec<(String, u64, u64)> = match serde_json::from_str(text) {
        Ok(all) => all,
        Err(_) => pairs()?.into_iter().map(|(user, upto)| (user, upto, upto)).collect(),
    };
    let mark = |(user, upto, delivered): (String, u64, u64)| {
        Some(ReadMark { user: UserId::new(&user).ok()?, upto: Seq(upto), delivered: Seq(delivered) })
    };
    all.into_iter().map(mark).collect()
}

fn seqs_to_json(seqs: &[u64]) -> String {
    Value::from(seqs.to_vec()).to_string()
}

fn seqs_from_json(text: &str) -> Option<Vec<u64>> {
    serde_json::from_str(text).ok()
}

fn reactions_to_json(reactions: &[Reaction]) -> String {
    let all: Vec<_> = reactions.iter().map(|it| json!([it.emoji, it.count, it.own])).collect();
    Value::from(all).to_string()
}

fn reactions_from_json(text: &str) -> Option<Vec<Reaction>> {
    let all: Vec<(String, u32, bool)> = serde_json::from_str(text).ok()?;
    Some(all.into_iter().map(|(emoji, count, own)| Reaction { emoji, count, own }).collect())
}

fn failure_from_json(text: &str) -> Option<SendFailure> {
    let value: Value = serde_json::from_str(text).ok()?;
    Some(SendFailure {
        code: value["code"].as_str()?.to_owned(),
        text: value["text"].as_str()?.to_owned(),
        recoverable: value["recoverable"].as_bool()?,
    })
}

fn encoded(attributes: Option<&Attributes>) -> Option<Vec<u8>> {
    attributes.map(|attributes| content::attributes_to_wire(attributes).encode_to_vec())
}

fn attributes(row: &Row<'_>) -> Result<Option<Box<Attributes>>> {
    let bytes: Option<Vec<u8>> = row.get("attributes").map_err(|_| corrupt("attributes"))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let wire = v1::Attributes::decode(&bytes[..]).map_err(|_| corrupt("attributes"))?;
    Ok(content::attributes(&wire))
}

/// Writes a conversation.
pub fn put_conversation(db: &rusqlite::Connection, row: &ConversationRow) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached(
        "INSERT OR REPLACE INTO conversations (conversation_id, kind, title, peer_id, peer_name, role, member,
            member_count, head_seq, head_ordinal, read_seq, read_ordinal, read_unconfirmed, floor_ordinal,
            visible_from_seq, unread, unread_stale, active_at, preview, last_seq, last_ordinal, read_marks, stale_from,
            about, extension, unread_mentions, delivered_unconfirmed, plays_unconfirmed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22,
            ?23, ?24, ?25, ?26, ?27, ?28)",
    )?;
    put.execute(params![
        row.id.to_string(),
        row.kind.as_str(),
        row.title,
        row.peer.as_ref().map(UserId::as_str),
        row.peer_name,
        row.role as i64,
        row.member,
        row.member_count,
        signed(row.head_seq),
        signed(row.head_ordinal),
        signed(row.read_seq),
        signed(row.read_ordinal),
        signed(row.read_unconfirmed),
        signed(row.floor_ordinal),
        signed(row.visible_from_seq),
        signed(row.unread),
        row.unread_stale,
        row.active_at,
        row.preview.as_ref().map(preview_to_json),
        signed(row.last_seq),
        signed(row.last_ordinal),
        marks_to_json(&row.marks),
        signed(row.stale_from),
        group::to_json(&row.group),
        &row.group.extension[..],
        signed(row.unread_mentions),
        signed(row.delivered_unconfirmed),
        seqs_to_json(&row.plays_unconfirmed),
    ])?;
    Ok(())
}

/// Reads a conversation.
pub fn conversation(row: &Row<'_>) -> Result<ConversationRow> {
    let number = |column: &str| row.get::<_, i64>(column).map_err(|_| corrupt(column));
    let kind = kind(&text(row, "kind")?)?;
    let extension: Vec<u8> = row.get("extension").map_err(|_| corrupt("extension"))?;
    let group = group::from_json(kind, &text(row, "about")?, extension).ok_or_else(|| corrupt("about"))?;
    Ok(ConversationRow {
        id: conversation_id(row)?,
        kind,
        title: text(row, "title")?,
        peer: optional_text(row, "peer_id")?.as_deref().map(user).transpose()?,
        peer_name: text(row, "peer_name")?,
        role: role(number("role")?),
        member: number("member")? != 0,
        member_count: u32::try_from(number("member_count")?).map_err(|_| corrupt("member_count"))?,
        head_seq: unsigned(row, "head_seq")?,
        head_ordinal: unsigned(row, "head_ordinal")?,
        read_seq: unsigned(row, "read_seq")?,
        read_ordinal: unsigned(row, "read_ordinal")?,
        read_unconfirmed: unsigned(row, "read_unconfirmed")?,
        delivered_unconfirmed: unsigned(row, "delivered_unconfirmed")?,
        plays_unconfirmed: seqs_from_json(&text(row, "plays_unconfirmed")?)
            .ok_or_else(|| corrupt("plays_unconfirmed"))?,
        floor_ordinal: unsigned(row, "floor_ordinal")?,
        visible_from_seq: unsigned(row, "visible_from_seq")?,
        unread: unsigned(row, "unread")?,
        unread_mentions: unsigned(row, "unread_mentions")?,
        unread_stale: number("unread_stale")? != 0,
        active_at: number("active_at")?,
        preview: optional_text(row, "preview")?
            .map(|json| preview_from_json(&json).ok_or_else(|| corrupt("preview")))
            .transpose()?,
        last_seq: unsigned(row, "last_seq")?,
        last_ordinal: unsigned(row, "last_ordinal")?,
        marks: marks_from_json(&text(row, "read_marks")?).ok_or_else(|| corrupt("read_marks"))?,
        stale_from: unsigned(row, "stale_from")?,
        group: Arc::new(group),
    })
}

/// Writes a message.
pub fn put_message(db: &rusqlite::Connection, row: &MessageRow) -> rusqlite::Result<()> {
    let mut put = db.prepare_cached(
        "INSERT INTO messages (conversation_id, seq, ordinal, client_msg_id, sender, sent_at, body_type, body, state,
            changed_seq, edits, edited_at, reactions, recalled_by, recalled_at, attributes, pinned, searched)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18)
         ON CONFLICT DO UPDATE SET ordinal = excluded.ordinal, client_msg_id = excluded.client_msg_id,
            sender = excluded.sender, sent_at = excluded.sent_at, body_type = excluded.body_type,
            body = excluded.body, state = excluded.state, changed_seq = excluded.changed_seq,
            edits = excluded.edits, edited_at = excluded.edited_at, reactions = excluded.reactions,
            recalled_by = excluded.recalled_by, recalled_at = excluded.recalled_at,
            attributes = excluded.attributes, pinned = excluded.pinned, searched = excluded.searched
         WHERE excluded.changed_seq >= messages.changed_seq",
    )?;
    put.execute(params![
        row.conversation.to_string(),
        signed(row.seq),
        signed(row.ordinal),
        row.client_msg_id.as_ref().map(|id| &id.0[..]),
        row.sender.as_str(),
        row.sent_at.as_millis(),
        row.body_type,
        &row.body[..],
        match (&row.recalled, row.corrupt) {
            (Some(_), _) => "recalled",
            (None, true) => "corrupt",
            (None, false) => "ok",
        },
        signed(row.changed),
        row.edits,
        row.edited_at.as_millis(),
        reactions_to_json(&row.reactions),
        row.recalled.as_ref().and_then(|recall| recall.by.as_ref()).map(UserId::as_str),
        row.recalled.as_ref().map_or(0, |recall| recall.at.as_millis()),
        encoded(row.attributes.as_deref()),
        row.pinned,
        translate::searched(row),
    ])?;
    Ok(())
}

/// Writes what the messages that are there are found by. What cannot be read is told to whoever reads it.
pub fn fill_searched(db: &rusqlite::Connection) -> rusqlite::Result<()> {
    let mut all = db.prepare("SELECT * FROM messages WHERE state = 'ok'")?;
    let mut put = db.prepare("UPDATE messages SET searched = ?3 WHERE conversation_id = ?1 AND seq = ?2")?;
    let mut rows = all.query([])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        if let Ok(message) = message(row) {
            let text = translate::searched(&message);
            found.push((message.conversation.to_string(), signed(message.seq), text));
        }
    }
    for (conversation, seq, text) in found {
        put.execute(params![conversation, seq, text])?;
    }
    Ok(())
}

fn recall(row: &Row<'_>) -> Result<Option<Recall>> {
    if text(row, "state")? != "recalled" {
        return Ok(None);
    }
    let by = optional_text(row, "recalled_by")?.as_deref().map(user).transpose()?;
    let at = Timestamp(row.get("recalled_at").map_err(|_| corrupt("recalled_at"))?);
    Ok(Some(Recall { by, at }))
}

/// Reads a message.
pub fn message(row: &Row<'_>) -> Result<MessageRow> {
    let id: Option<Vec<u8>> = row.get("client_msg_id").map_err(|_| corrupt("client_msg_id"))?;
    let body: Vec<u8> = row.get("body").map_err(|_| corrupt("body"))?;
    Ok(MessageRow {
        conversation: conversation_id(row)?,
        seq: unsigned(row, "seq")?,
        ordinal: unsigned(row, "ordinal")?,
        client_msg_id: id.as_deref().map(client_msg_id).transpose()?,
        sender: user(&text(row, "sender")?)?,
        sent_at: Timestamp(row.get("sent_at").map_err(|_| corrupt("sent_at"))?),
        body_type: text(row, "body_type")?,
        body: Bytes::from(body),
        attributes: attributes(row)?,
        corrupt: text(row, "state")? == "corrupt",
        recalled: recall(row)?,
        pinned: row.get("pinned").map_err(|_| corrupt("pinned"))?,
        // Rows of the first schema have no changes.
        changed: unsigned(row, "changed_seq")?.max(unsigned(row, "seq")?),
        edits: row.get("edits").map_err(|_| corrupt("edits"))?,
        edited_at: Timestamp(row.get("edited_at").map_err(|_| corrupt("edited_at"))?),
        reactions: reactions_from_json(&text(row, "reactions")?).ok_or_else(|| corrupt("reactions"))?,
    })
}

/// Writes a message of the outbox.
pub fn put_outbox(db: &rusqlite::Connection, row: &OutboxRow) -> rusqlite::Result<()> {
    let failure = row.failure.as_ref().map(|failure| {
        json!({"code": failure.code, "text": failure.text, "recoverable": failure.recoverable}).to_string()
    });
    let mut put = db.prepare_cached(
        "INSERT OR REPLACE INTO outbox (number, conversation_id, peer_id, client_msg_id, body_type, body, read_upto,
            created_at, written, failure, command, about, attributes)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    put.execute(params![
        signed(row.order),
        row.conversation.to_string(),
        row.peer.as_ref().map(UserId::as_str),
        &row.client_msg_id.0[..],
        row.body_type,
        &row.body[..],
        signed(row.read_upto),
        row.created_at.as_millis(),
        row.written,
        failure,
        row.command.as_ref().map(|command| call_to_bytes(&command.call)),
        row.command.as_ref().and_then(|command| command.about.as_ref()).map(|id| &id.0[..]),
        encoded(row.attributes.as_deref()),
    ])?;
    Ok(())
}

/// Reads a message of the outbox.
pub fn outbox(row: &Row<'_>) -> Result<OutboxRow> {
    let id: Vec<u8> = row.get("client_msg_id").map_err(|_| corrupt("client_msg_id"))?;
    let body: Vec<u8> = row.get("body").map_err(|_| corrupt("body"))?;
    Ok(OutboxRow {
        order: unsigned(row, "number")?,
        conversation: conversation_id(row)?,
        peer: optional_text(row, "peer_id")?.as_deref().map(user).transpose()?,
        client_msg_id: client_msg_id(&id)?,
        body_type: text(row, "body_type")?,
        body: Bytes::from(body),
        attributes: attributes(row)?,
        read_upto: unsigned(row, "read_upto")?,
        created_at: Timestamp(row.get("created_at").map_err(|_| corrupt("created_at"))?),
        written: row.get("written").map_err(|_| corrupt("written"))?,
        failure: optional_text(row, "failure")?
            .map(|json| failure_from_json(&json).ok_or_else(|| corrupt("failure")))
            .transpose()?,
        command: command(row)?.map(Box::new),
    })
}

fn call_to_bytes(call: &Body) -> Vec<u8> {
    Frame { id: 0, body: Some(call.clone()) }.encode_to_vec()
}

fn command(row: &Row<'_>) -> Result<Option<QueuedCommand>> {
    let bytes: Option<Vec<u8>> = row.get("command").map_err(|_| corrupt("command"))?;
    let about: Option<Vec<u8>> = row.get("about").map_err(|_| corrupt("about"))?;
    let Some(bytes) = bytes else { return Ok(None) };
    let frame = Frame::decode(&bytes[..]).map_err(|_| corrupt("command"))?;
    let call = frame.body.ok_or_else(|| corrupt("command"))?;
    Ok(Some(QueuedCommand { call, about: about.as_deref().map(client_msg_id).transpose()? }))
}
