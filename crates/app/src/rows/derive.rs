//! The rows that follow from a message. The executor hands them to the log with each send, and the log asks for them
//! again when it recovers: both by the same function, from the header alone.

use super::key::Called;
use super::{column, conversation, dedup, group, key, member};
use bytes::Bytes;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::fold::{Stamp, fold_message};
use stonechat_domain::group::{Asking, GroupChange};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Member, UserRef};
use stonechat_domain::message::Message;
use stonechat_log::record::EventHeader;
use stonechat_log::row::RowWrite;
use stonechat_log::store::{Derive, LogError, RowReader};
use stonechat_types::emoji::Emoji;
use stonechat_types::number::{AppId, ConversationNo, Seq, Timestamp, UserNo};

/// The stamp of a header.
#[must_use]
pub fn stamp(header: &EventHeader) -> Stamp {
    Stamp {
        seq: header.seq,
        ordinal: header.ordinal,
        sent_at: header.sent_at,
        key: header.key,
        read_upto: header.read_upto,
        read_upto_ordinal: header.read_upto_ordinal,
    }
}

/// The header of an event that was folded into the state.
#[must_use]
pub fn header(
    state: &Conversation,
    sender: &UserRef,
    kind: EventKind,
    stamp: &Stamp,
    body_hmac: [u8; 16],
) -> EventHeader {
    EventHeader {
        app: state.app,
        conversation: state.id,
        conversation_no: state.no,
        seq: stamp.seq,
        ordinal: stamp.ordinal,
        kind,
        sender: sender.id.clone(),
        sender_no: sender.no,
        sent_at: stamp.sent_at,
        key: stamp.key,
        body_hmac,
        read_upto: stamp.read_upto,
        read_upto_ordinal: stamp.read_upto_ordinal,
    }
}

/// The rows of a conversation and its sender after a message was folded into both.
#[must_use]
pub fn after_message(state: &Conversation, sender: &Member, header: &EventHeader) -> Vec<RowWrite> {
    vec![conversation_row(state), member_row(state, sender), column_row(state, sender), dedup_row(header)]
}

/// The row of a conversation.
#[must_use]
pub fn conversation_row(state: &Conversation) -> RowWrite {
    RowWrite::Put { key: key::conversation(state.app, state.id), value: conversation::encode(state) }
}

/// The row of a membership.
#[must_use]
pub fn member_row(state: &Conversation, of: &Member) -> RowWrite {
    RowWrite::Put { key: key::member(state.app, state.no, of.user.no), value: member::encode(of) }
}

/// The column of a membership; none when it has ended.
#[must_use]
pub fn column_row(state: &Conversation, of: &Member) -> RowWrite {
    RowWrite::Patch {
        key: key::column(state.app, of.user.no, state.no),
        entry: column::entry_key(state.no),
        value: of.is_active().then(|| column::encode(state.id, of)),
    }
}

/// The entry of a membership in the roster; none when it has ended.
#[must_use]
pub fn roster_row(state: &Conversation, of: &Member) -> RowWrite {
    RowWrite::Patch {
        key: key::roster(state.app, state.no),
        entry: Bytes::copy_from_slice(&of.user.no.0.to_be_bytes()),
        value: of.is_active().then(|| roster_entry(of)),
    }
}

/// The row of one who asks to be let in, or is asked to come in; none when he is not any more.
#[must_use]
pub fn asker_row(place: (AppId, ConversationNo), asker: &group::Asker) -> RowWrite {
    let key = key::asker(place.0, place.1, asker.user.no);
    if asker.asking == Asking::Nothing {
        return RowWrite::Delete { key };
    }
    RowWrite::Put { key, value: group::encode_asker(asker) }
}

fn roster_entry(of: &Member) -> Bytes {
    let role = super::codec::role_byte(of.role);
    // Whoever looks for the muted finds them here.
    if of.muted_until > Timestamp::default() {
        Bytes::copy_from_slice(&[role, 1])
    } else {
        Bytes::copy_from_slice(&[role])
    }
}

/// The rows of a change of a group besides those of the conversation and of its members.
#[must_use]
pub fn group_rows(
    place: (AppId, ConversationNo),
    change: &GroupChange,
    by: &UserRef,
    at: Timestamp,
) -> Option<RowWrite> {
    let (app, no) = place;
    match change {
        GroupChange::Banned { measure, .. } => {
            let ban = group::Ban { measure: measure.clone(), by: by.clone(), at };
            Some(RowWrite::Put { key: key::ban(app, no, measure.user.no), value: group::encode_ban(&ban) })
        }
        GroupChange::BanLifted(user) => Some(RowWrite::Delete { key: key::ban(app, no, user.no) }),
        _ => None,
    }
}

/// The rows of a message that an event changed; `before` is the event that changed it before.
#[must_use]
pub fn message_rows((app, no): (AppId, ConversationNo), before: Seq, message: &Message) -> Vec<RowWrite> {
    let key = key::message(app, no, message.seq);
    let mut rows = vec![RowWrite::Put { key, value: super::message::encode(message) }];
    if before > message.seq {
        rows.push(RowWrite::Delete { key: key::changed(app, no, before) });
    }
    let value = super::message::encode_changed(message.seq, message.ordinal);
    rows.push(RowWrite::Put { key: key::changed(app, no, message.changed), value });
    rows
}

/// The rows of a message that was taken back, besides those of a changed message.
#[must_use]
pub fn recalled_rows((app, no): (AppId, ConversationNo), message: &Message) -> Vec<RowWrite> {
    let entry = RowWrite::Patch {
        key: key::recalled(app, no, message.ordinal),
        entry: Bytes::copy_from_slice(&message.ordinal.0.to_be_bytes()),
        value: Some(super::message::encode_recalled(message.changed, message.author.no)),
    };
    vec![entry, RowWrite::Delete { key: key::reactions(app, no, message.seq) }]
}

/// The entry of a message among those that are pinned in its conversation; none when it is not.
#[must_use]
pub fn pinned_row((app, no): (AppId, ConversationNo), message: &Message) -> RowWrite {
    RowWrite::Patch {
        key: key::pinned(app, no),
        entry: Bytes::copy_from_slice(&message.seq.0.to_be_bytes()),
        value: message.pinned.then(|| super::message::encode_changed(message.changed, message.ordinal)),
    }
}

/// The rows of a message that calls users or is sent silently.
#[must_use]
pub fn attributed_rows(
    (app, no): (AppId, ConversationNo),
    header: &EventHeader,
    called: &[Called],
    silent: bool,
) -> Vec<RowWrite> {
    let entry = Bytes::copy_from_slice(&header.ordinal.0.to_be_bytes());
    // Both are a place and its author.
    let value = super::message::encode_recalled(header.seq, header.sender_no);
    let patch = |key| RowWrite::Patch { key, entry: entry.clone(), value: Some(value.clone()) };
    let mut rows: Vec<_> = called.iter().map(|it| patch(key::mentions(app, no, *it, header.ordinal))).collect();
    if silent {
        rows.push(patch(key::recalled(app, no, header.ordinal)));
    }
    rows
}

/// The entry of a user in the reactions of a message; none when nothing is left.
#[must_use]
pub fn reactions_row((app, no): (AppId, ConversationNo), seq: Seq, user: UserNo, own: &[Emoji]) -> RowWrite {
    RowWrite::Patch {
        key: key::reactions(app, no, seq),
        entry: Bytes::copy_from_slice(&user.0.to_be_bytes()),
        value: (!own.is_empty()).then(|| super::message::encode_own(own)),
    }
}

/// The remembered acknowledgement of an event.
#[must_use]
pub fn dedup_row(header: &EventHeader) -> RowWrite {
    let remembered = dedup::Remembered {
        seq: header.seq,
        ordinal: header.ordinal,
        sent_at: header.sent_at,
        body_hmac: header.body_hmac,
    };
    remembered_row((header.app, header.conversation_no, header.sender_no), header.key, &remembered)
}

/// What is remembered under an id of a sender in a conversation.
#[must_use]
pub fn remembered_row(
    (app, conversation, sender): (AppId, ConversationNo, UserNo),
    id: [u8; 16],
    remembered: &dedup::Remembered,
) -> RowWrite {
    RowWrite::Patch {
        key: key::dedup(app, conversation, sender, &id),
        entry: Bytes::copy_from_slice(&id),
        value: Some(dedup::encode(remembered)),
    }
}

/// Derives at recovery. Events that are not messages have their rows in their records.
pub struct MessageRows;

impl Derive for MessageRows {
    fn derive(&self, header: &EventHeader, rows: &dyn RowReader) -> Result<Vec<RowWrite>, LogError> {
        if header.kind != EventKind::Message {
            return Ok(Vec::new());
        }
        let missing = |what: &str| {
            LogError::Corrupt(format!("message {} of {} has no row of its {what}", header.seq, header.conversation))
        };
        let row = rows.get(&key::conversation(header.app, header.conversation))?;
        let row = row.ok_or_else(|| missing("conversation"))?;
        let mut state = conversation::decode(header.app, header.conversation, &row)?;
        let row = rows.get(&key::member(header.app, header.conversation_no, header.sender_no))?;
        let mut sender = member::decode(&row.ok_or_else(|| missing("sender"))?)?;
        fold_message(&mut state, &mut sender, &stamp(header));
        Ok(after_message(&state, &sender, header))
    }
}
