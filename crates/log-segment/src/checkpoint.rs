//! Checkpoints: write the frozen part of the tail to the index, with absolute values, and drop it.

use crate::blocks::{self, Anchor, Entry};
use crate::config::REOPEN_ROOM_BYTES;
use crate::folder;
use crate::index::{Index, IndexWrite};
use crate::replay::Replay;
use crate::rows::RowState;
use crate::state::Store;
use crate::tail::{Generation, is_personal_value};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};
use stonechat_log::activity::{ActivityTable, CHUNK};
use stonechat_log::personal;
use stonechat_log::row::RowKey;
use stonechat_log::store::LogError;
use stonechat_types::number::{AppId, ConversationNo, UserNo};
use tracing::{info, warn};

/// How a checkpoint makes room for others.
#[derive(Clone, Copy)]
pub struct Pace<'a> {
    /// Bytes after which it pauses.
    pub slice_bytes: usize,
    /// A pause.
    pub pause: &'a dyn Fn(),
}

/// How checkpoints have gone.
#[derive(Default)]
pub struct Health {
    /// Why the last one failed.
    trouble: Option<LogError>,
    /// Whether the index has to be opened again before the next one.
    worn: bool,
    /// Whether it was said that the index is made again.
    rebuilding: bool,
}

/// Writes one checkpoint if the tail has anything; whether it did. It pauses after each slice. When it fails it is
/// to be called again: what the index had is read as before, over it the tail, and appends go on.
///
/// # Errors
/// When the index fails.
pub fn run(store: &Store, pause: &dyn Fn()) -> Result<bool, LogError> {
    let pace = Pace { slice_bytes: store.config.checkpoint_slice_bytes, pause };
    let mut health = store.checkpointing.lock().unwrap_or_else(PoisonError::into_inner);
    let done = attempt(store, &mut health, pace);
    match (&done, &health.trouble) {
        (Err(error), None) => warn!(%error, "A checkpoint failed; reads and appends go on until one is written"),
        (Ok(_), Some(_)) => info!("Checkpoints are written again"),
        (Ok(_), None) | (Err(_), Some(_)) => {}
    }
    health.trouble = done.as_ref().err().cloned();
    health.worn |= done.is_err();
    health.rebuilding &= done.is_err();
    done
}

fn attempt(store: &Store, health: &mut Health, pace: Pace<'_>) -> Result<bool, LogError> {
    if store.index().is_err() {
        reopen(store, health, pace)?;
    } else if health.worn {
        // An index that can be read is closed only when there is room to open it again. What an attempt left behind
        // goes when it is opened.
        match folder::find_room(&**store.disk(), REOPEN_ROOM_BYTES) {
            Ok(()) => reopen(store, health, pace)?,
            Err(error) if health.trouble.is_some() => return Err(error),
            Err(_) => {}
        }
    }
    let index = store.index()?;
    let Some(frozen) = store.change_tail(|tail| tail.freeze()) else { return Ok(false) };
    write(&frozen, &*index, &store.activity, store.history_id, pace)?;
    store.change_tail(|tail| tail.thaw(frozen.end));
    health.worn |= index.is_worn();
    Ok(true)
}

/// Writes a part of the tail.
///
/// # Errors
/// When the index fails.
pub fn write(
    part: &Generation,
    index: &dyn Index,
    activity: &ActivityTable,
    history_id: [u8; 16],
    pace: Pace<'_>,
) -> Result<(), LogError> {
    let rows = row_writes(part, index)?;
    let (runs, ordinals) = event_writes(part);
    let positions = part.marks.iter().map(|(position, location)| IndexWrite {
        key: blocks::position_key(*position).into(),
        value: Some(blocks::encode_number(location.packed())),
    });
    let chunks = part.chunks.iter().map(|(app, chunk)| activity_write(activity, *app, *chunk));
    let upto = blocks::encode_checkpoint(&part.end, history_id);
    let says = |key| IndexWrite { key: Bytes::from_static(key), value: Some(upto.clone()) };
    let (begun, checkpoint) = (says(blocks::BEGUN_KEY), says(blocks::CHECKPOINT_KEY));
    let resolved = rows.into_iter().map(|(key, state)| resolve(index, key, state));
    let rest = runs.into_iter().chain(ordinals).chain(positions).chain(chunks).chain([checkpoint]);
    let mut slice = 0;
    let mut writes = [Ok(begun)].into_iter().chain(resolved).chain(rest.map(Ok)).inspect(|write| {
        if let Ok(write) = write {
            slice += write.key.len() + write.value.as_ref().map_or(0, Bytes::len);
        }
        if slice >= pace.slice_bytes {
            slice = 0;
            (pace.pause)();
        }
    });
    index.ingest(&mut writes)?;
    index.sync()
}

/// All rows of the part, and the removal of change rows whose numbers were older than the tail.
fn row_writes<'a>(part: &'a Generation, index: &dyn Index) -> Result<BTreeMap<RowKey, Option<&'a RowState>>, LogError> {
    let mut rows: BTreeMap<RowKey, Option<&RowState>> =
        part.rows.iter().map(|(key, state)| (key.clone(), Some(state))).collect();
    for key in part.rows.keys().filter(|key| is_personal_value(key)) {
        let Some((old, _)) = index.get(key)?.as_ref().and_then(personal::decode_value) else { continue };
        let Some((app, user_no)) = owner(key) else { continue };
        rows.entry(personal::change_key(app, user_no, old)).or_insert(None);
    }
    Ok(rows)
}

fn owner(key: &RowKey) -> Option<(AppId, UserNo)> {
    let word = |at: usize| key.get(at..at + 4).and_then(|b| b.try_into().ok()).map(u32::from_be_bytes);
    Some((AppId(word(1)?), UserNo(word(5)?)))
}

fn resolve(index: &dyn Index, key: RowKey, state: Option<&RowState>) -> Result<IndexWrite, LogError> {
    let Some(state) = state else { return Ok(IndexWrite { key, value: None }) };
    let below = if state.is_whole() { None } else { index.get(&key)? };
    let value = match state.clone().resolve(&key, below.clone()) {
        Ok(value) => value,
        Err(error) => {
            // The row was not packed where it was patched. It stays as it is; the checkpoint must not stop for it.
            warn!(%error, "A patched row is not in its form; its patches are dropped");
            below
        }
    };
    Ok(IndexWrite { key, value })
}

/// The runs of all conversations, and their ordinal rows, each in order.
fn event_writes(part: &Generation) -> (Vec<IndexWrite>, Vec<IndexWrite>) {
    let mut conversations: Vec<_> = part.events.iter().collect();
    conversations.sort_unstable_by_key(|(key, _)| **key);
    let (mut runs, mut ordinals) = (Vec::new(), Vec::new());
    for ((app, conversation), entries) in conversations {
        let same_block = |a: &Entry, b: &Entry| blocks::block_start(a.seq) == blocks::block_start(b.seq);
        for run in entries.chunk_by(same_block) {
            let Some(first) = run.first() else { continue };
            let key = blocks::events_key(*app, *conversation, first.seq).into();
            runs.push(IndexWrite { key, value: Some(blocks::encode_run(run)) });
            if let Some(countable) = run.iter().find(|entry| entry.countable) {
                let key = blocks::ordinals_key(*app, *conversation, countable.ordinal).into();
                ordinals.push(IndexWrite { key, value: Some(blocks::encode_number(first.seq.0)) });
            }
        }
    }
    (runs, ordinals)
}

/// The whole chunk as it is now. It may be ahead of the part; replaying what follows the part then leads to the same.
fn activity_write(activity: &ActivityTable, app: AppId, chunk: u32) -> IndexWrite {
    let reader = activity.reader(app);
    let first = chunk * CHUNK as u32;
    let entries = (0..CHUNK as u32).map(|place| reader.get(ConversationNo(first + place)));
    IndexWrite { key: blocks::activity_key(app, chunk).into(), value: Some(blocks::encode_activity(entries)) }
}

/// Opens the index again. What it has must be the last checkpoint, or that of the frozen part, whose writing may have
/// come to its end; else it is wiped and made again from the segments.
fn reopen(store: &Store, health: &mut Health, pace: Pace<'_>) -> Result<(), LogError> {
    let (base, frozen_end) = {
        let tail = store.tail();
        (tail.base, tail.frozen.as_ref().map(|frozen| frozen.end))
    };
    let opened = store.reopen_index(|index| {
        let anchor = blocks::complete_upto(index, store.history_id)?;
        Ok(anchor.is_some_and(|anchor| anchor == base || Some(anchor) == frozen_end))
    });
    let unusable = match opened {
        Ok(true) => None,
        Ok(false) => Some("it is not that of the last checkpoint".to_owned()),
        // It is as it was, and opens once there is room.
        Err(LogError::StorageFull) => return Err(LogError::StorageFull),
        Err(error) if store.index().is_ok() => return Err(error),
        Err(error) => Some(error.to_string()),
    };
    if let Some(reason) = unusable {
        if !std::mem::replace(&mut health.rebuilding, true) {
            warn!(reason, "The index cannot be used; it is made again from the segments");
        }
        store.set_index(rebuild(store, &base, pace)?);
    }
    health.worn = false;
    Ok(())
}

/// Makes the index again, up to the last checkpoint.
fn rebuild(store: &Store, base: &Anchor, pace: Pace<'_>) -> Result<Arc<dyn Index>, LogError> {
    store.indexes.wipe()?;
    let index = store.indexes.open()?;
    let activity = ActivityTable::default();
    let mut replay = Replay {
        segments: &store.segments,
        derive: &*store.derive,
        index: index.clone(),
        activity: &activity,
        history_id: store.history_id,
        checkpoint_bytes: store.config.checkpoint_bytes,
        tail: crate::tail::Tail::default(),
        damaged: 0,
    };
    replay.run(base.position, pace)?;
    replay.checkpoint(pace)?;
    Ok(index)
}
