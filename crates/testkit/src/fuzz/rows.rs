//! Rows of the index: the application's, those of personal state, and the engine's own.
//!
//! A row that is read is written as the same bytes again, so a decoder neither passes over rubbish nor takes two forms
//! for one. What is no row is `Corrupt`, by name.

use super::tape::Tape;
use bytes::Bytes;
use std::fmt::Debug;
use stonechat_app::rows::column::Column;
use stonechat_app::rows::{
    attributes, change, column, conversation, dedup, follower, key, member, message, personal, profile, relation, user,
};
use stonechat_domain::event::{Change, Command, MessageCommand};
use stonechat_domain::group::{For, GroupChange, GroupCommand, Measure};
use stonechat_domain::kind::EventKind;
use stonechat_log::packed::{self, Patches};
use stonechat_log::personal as stored;
use stonechat_log::record::PersonalWrite;
use stonechat_log::row::RowWrite;
use stonechat_log::store::LogError;
use stonechat_log_segment::blocks;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, ConversationNo, LanePosition, UserNo};

/// The first byte says which kind of row the rest is.
pub fn run(bytes: &[u8]) {
    let mut tape = Tape::new(bytes);
    match tape.below(22) {
        0 => conversation_row(tape.all()),
        1 => same(tape.all(), member::decode, member::encode),
        2 => same(tape.all(), dedup::decode, dedup::encode),
        3 => same(tape.all(), user::decode, user::encode),
        4 => change_row(&mut tape),
        5 => personal_row(&mut tape),
        6 => columns(&mut tape),
        7 => packed_row(&mut tape),
        8 => stored_value(tape.all()),
        9 => run_of_events(&mut tape),
        10 => activity(tape.all()),
        11 => checkpoint(tape.all()),
        12 => numbers(tape.all()),
        13 => keys(tape.all()),
        14 => same(tape.all(), follower::decode, |position| follower::encode(*position)),
        15 => same(tape.all(), message::decode, message::encode),
        16 => same(tape.all(), message::decode_own, |own| message::encode_own(own)),
        17 => recalls(tape.all()),
        18 => same(tape.all(), profile::decode, profile::encode),
        19 => same(tape.all(), relation::decode, relation::encode),
        20 => same(tape.all(), attributes::decode, attributes::encode),
        _ => same(tape.all(), message::decode_changed, |(seq, ordinal)| message::encode_changed(*seq, *ordinal)),
    }
}

/// A packed row: each entry is written as it was read.
fn recalls(row: &[u8]) {
    match message::decode_recalled(row) {
        Ok(found) => {
            let values: Vec<_> = packed::entries(row).filter_map(Result::ok).map(|(_, value)| value).collect();
            assert_eq!(found.len(), values.len());
            for (recalled, value) in found.iter().zip(values) {
                assert_eq!(message::encode_recalled(recalled.by, recalled.author), value);
            }
        }
        Err(LogError::Corrupt(text)) => assert!(!text.is_empty()),
        Err(error) => panic!("a row that cannot be read is damage, not {error:?}"),
    }
}

fn same<T: Debug + PartialEq>(row: &[u8], decode: impl Fn(&[u8]) -> Result<T, LogError>, encode: impl Fn(&T) -> Bytes) {
    match decode(row) {
        Ok(value) => {
            let written = encode(&value);
            if written.first() == row.first() {
                assert_eq!(&written[..], row, "{value:?} is written in another way");
            } else {
                // A row of an older version is written as one of the newest.
                assert_eq!(decode(&written), Ok(value));
            }
        }
        Err(LogError::Corrupt(text)) => assert!(!text.is_empty()),
        Err(error) => panic!("a row that cannot be read is damage, not {error:?}"),
    }
}

fn conversation_row(row: &[u8]) {
    let id = ConversationId::from_slice(&[1; 16]).expect("the first byte is a kind");
    same(row, |row| conversation::decode(AppId::DEFAULT, id, row), conversation::encode);
}

fn change_row(tape: &mut Tape<'_>) {
    let kind = EventKind::ALL[tape.below(EventKind::ALL.len())];
    same(
        tape.all(),
        |row| change::decode(kind, row),
        |change| {
            assert_eq!(change.kind(), kind);
            command_of(change);
            change::encode(change)
        },
    );
}

/// A command has other bytes than its change, so that one is never taken for the other.
fn command_of(change: &Change) {
    let command = match change {
        Change::Edited { content: None, .. } => return,
        Change::Edited { target, content: Some(content) } => {
            let command = MessageCommand::Edit(content.clone());
            return assert_ne!(change::encode_message_command(*target, &command), change::encode(change));
        }
        Change::Reacted { target, emoji, added } => {
            let command = MessageCommand::React { emoji: emoji.clone(), add: *added };
            return assert_ne!(change::encode_message_command(*target, &command), change::encode(change));
        }
        Change::Pinned { target, pinned, .. } => {
            let command = change::encode_message_command(*target, &MessageCommand::Pin(*pinned));
            return assert_ne!(command, change::encode(change));
        }
        Change::Recalled { target, .. } => {
            let command = change::encode_message_command(*target, &MessageCommand::Recall);
            return assert_ne!(command, change::encode(change));
        }
        Change::Commanded(content) => Command::Command(content.clone()),
        Change::Created { title, members } => Command::Create { title: title.clone(), members: members.clone() },
        Change::MembersAdded(users) => Command::AddMembers(users.clone()),
        Change::MemberRemoved(user) => Command::RemoveMember(user.clone()),
        Change::MemberLeft => Command::Leave,
        Change::Renamed(title) => Command::Rename(title.clone()),
        Change::RoleChanged(user, role) => Command::SetRole(user.clone(), *role),
        Change::Group(change) => match group_command(change) {
            Some(command) => Command::Group(command),
            None => return,
        },
    };
    assert_ne!(change::encode_command(&command), change::encode(change));
}

/// The command that says the same as a change; of those that say what a patch led to there is none.
fn group_command(change: &GroupChange) -> Option<GroupCommand> {
    let lasting = |it: &Measure| For { user: it.user.clone(), lasts_ms: None, reason: it.reason.clone() };
    Some(match change {
        GroupChange::InfoChanged(_) | GroupChange::SettingsChanged(_) => return None,
        GroupChange::OwnerChanged(user) => GroupCommand::TransferOwner(user.clone()),
        GroupChange::OwnerLeft(user) => GroupCommand::LeaveTo(user.clone()),
        GroupChange::Dissolved => GroupCommand::Dissolve,
        GroupChange::Muted(it) => GroupCommand::Mute(lasting(it)),
        GroupChange::Unmuted(user) => GroupCommand::Unmute(user.clone()),
        GroupChange::Banned { measure, .. } => GroupCommand::Ban(lasting(measure)),
        GroupChange::BanLifted(user) => GroupCommand::LiftBan(user.clone()),
        GroupChange::NicknameChanged(it) => GroupCommand::SetNickname(it.clone()),
        GroupChange::Announced(it) => GroupCommand::Announce(it.clone()),
        GroupChange::Joined(link) => GroupCommand::Join(*link),
        GroupChange::Applied => GroupCommand::Apply(None),
        GroupChange::ApplicationDeclined(user) => GroupCommand::DeclineApplication(user.clone()),
        GroupChange::Invited(user) => GroupCommand::Invite(user.clone()),
        GroupChange::InvitationDeclined => GroupCommand::DeclineInvitation,
        GroupChange::LinkMade(link) => GroupCommand::MakeLink { id: link.id, lasts_ms: None, uses: link.left },
        GroupChange::LinkRevoked(id) => GroupCommand::RevokeLink(*id),
    })
}

fn personal_row(tape: &mut Tape<'_>) {
    let length = tape.below(80);
    let (key, value) = (tape.take(length), tape.all());
    match personal::decode(key, value) {
        Ok(Some(item)) => {
            let (written_key, written) = personal::encode(&item);
            assert_eq!(&written_key[..], key, "{item:?} is another row");
            // What an older version wrote is read, and written as it is now.
            let is_older = value.first() < written.first();
            assert!(is_older || written == value, "{item:?} is written in another way: {written:?} and not {value:?}");
            assert_eq!(personal::decode(key, &written), Ok(Some(item)), "it is not read as it was written");
        }
        Ok(None) => {}
        Err(error) => assert!(matches!(error, LogError::Corrupt(_)), "{error:?}"),
    }
}

fn columns(tape: &mut Tape<'_>) {
    let chunk = u32::from(tape.u16()) % (1 << 22);
    let row = tape.all();
    let key = key::column(AppId::DEFAULT, UserNo(7), ConversationNo(chunk << column::CHUNK_BITS));
    let mut out = Vec::new();
    match column::decode_chunk(&key, row, &mut out) {
        Ok(()) => {
            assert!(out.len() <= row.len() / 29, "an entry of a column has 31 bytes");
            for Column { no, .. } in &out {
                assert_eq!(no.0 >> column::CHUNK_BITS, chunk, "a conversation of another chunk");
            }
        }
        Err(error) => assert!(matches!(error, LogError::Corrupt(_)), "{error:?}"),
    }
}

/// Patches, each of an entry, then a row. A row in order is the same when nothing is patched, and has what was patched.
fn packed_row(tape: &mut Tape<'_>) {
    let mut patches = Patches::new();
    for _ in 0..tape.below(8) {
        let (entry, kind) = (tape.below(8), tape.below(24));
        let entry = Bytes::copy_from_slice(tape.take(entry));
        let value = (kind > 8).then(|| Bytes::copy_from_slice(tape.take(kind - 9)));
        patches.insert(entry, value);
    }
    let row = tape.all();
    let read: Result<Vec<_>, _> = packed::entries(row).collect();
    let Ok(entries) = read else {
        let error = packed::apply(row, &patches).expect_err("a damaged row is not patched");
        assert!(error.0 <= row.len());
        return;
    };
    assert_eq!(entries.iter().map(|(key, value)| 3 + key.len() + value.len()).sum::<usize>(), row.len());
    let patched = packed::apply(row, &patches).expect("every entry can be read");
    if !entries.is_sorted_by(|a, b| a.0 < b.0) {
        return;
    }
    assert_eq!(packed::apply(row, &Patches::new()).as_deref(), Ok(row), "nothing was patched");
    for (key, value) in &patches {
        assert_eq!(packed::get(&patched, key), Ok(value.as_deref()), "a patched entry");
    }
    for (key, value) in entries.iter().filter(|(key, _)| !patches.contains_key(*key)) {
        assert_eq!(packed::get(&patched, key), Ok(Some(*value)), "an entry that was not patched");
    }
    assert!(packed::entries(&patched).map_while(Result::ok).is_sorted_by(|a, b| a.0 < b.0));
}

fn stored_value(row: &[u8]) {
    let row = Bytes::copy_from_slice(row);
    let Some((seq, value)) = stored::decode_value(&row) else { return };
    let write = PersonalWrite { app: AppId::DEFAULT, user_no: UserNo(3), key: Bytes::from_static(b"key"), value };
    let written = stored::rows(&write, seq, None);
    let key = stored::value_key(write.app, write.user_no, &write.key);
    assert!(written.contains(&RowWrite::Put { key, value: row }), "the row is written in another way");
}

fn run_of_events(tape: &mut Tape<'_>) {
    let first = tape.u64();
    let row = tape.all();
    let key = first.to_be_bytes();
    let Some(entries) = blocks::decode_run(&key, row) else { return };
    assert!(entries.len() <= row.len() / 4, "an entry has four bytes and more");
    for entry in &entries {
        assert_eq!(entry.seq.0 / blocks::BLOCK, first / blocks::BLOCK, "an event of another block");
    }
    assert_eq!(&blocks::encode_run(&entries)[..], row, "a run is written in another way");
}

fn activity(row: &[u8]) {
    let Some(entries) = blocks::decode_activity(row) else { return };
    assert!(entries.len() <= stonechat_log::activity::CHUNK, "more than a chunk");
    let written = blocks::encode_activity(entries.iter().copied());
    // Entries behind the last that is used are left out.
    assert!(row.starts_with(&written), "a chunk is written in another way");
    assert!(row[written.len()..].iter().all(|byte| *byte == 0));
}

fn checkpoint(row: &[u8]) {
    let history: [u8; 16] = row.get(1..17).and_then(|id| id.try_into().ok()).unwrap_or_default();
    let Some(anchor) = blocks::decode_checkpoint(row, history) else { return };
    assert_eq!(&blocks::encode_checkpoint(&anchor, history)[..], row);
    let mut other = history;
    other[0] ^= 1;
    assert_eq!(blocks::decode_checkpoint(row, other), None, "a checkpoint of another history");
}

fn numbers(row: &[u8]) {
    if let Some(number) = blocks::decode_number(row) {
        assert_eq!(&blocks::encode_number(number)[..], row);
        assert_eq!(blocks::position_key(LanePosition(number)).len(), 9);
    }
    let last = stored::decode_last(Some(row));
    assert!(row.len() == 8 || last.0 == 0);
}

fn keys(key: &[u8]) {
    if let Some((app, chunk)) = blocks::decode_activity_key(key) {
        assert_eq!(blocks::activity_key(app, chunk)[1..], key[1..], "the key of another chunk");
    }
}
