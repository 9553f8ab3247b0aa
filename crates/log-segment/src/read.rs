//! Reads of an open store: the tail first, then the index, then the segments. When a part of the tail was frozen or
//! dropped between the first two, they are read again, so that a joined value never mixes two times.

use crate::blocks::{self, Entry};
use crate::codec::FIXED_BYTES;
use crate::disk::ReadAt;
use crate::reader::Raw;
use crate::rows::RowState;
use crate::segment::Location;
use crate::state::{Store, disk_error};
use crate::tail::{TailEvents, Wanted};
use crate::walk::{Step, Walk};
use bytes::Bytes;
use std::collections::BTreeMap;
use stonechat_log::personal;
use stonechat_log::record::{FeedRecord, StoredBody};
use stonechat_log::row::RowKey;
use stonechat_log::store::{EventPage, LogError, PageLimit, PersonalChange, PersonalPage, RowReader};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, PersonalSeq, Seq, UserNo};

/// Rows of the tail that one round of a scan takes.
const SCAN_ROUND_ROWS: usize = 512;
/// Runs of the index that are read at once.
const RUNS_AT_ONCE: usize = 16;
/// Records that are read at once.
const RECORDS_AT_ONCE: usize = 64;
/// Personal changes that are read at once.
const CHANGES_AT_ONCE: usize = 128;

impl Store {
    /// The values of rows at one time.
    pub fn load(&self, keys: &[RowKey]) -> Result<Vec<Option<Bytes>>, LogError> {
        loop {
            let (epoch, states) = {
                let tail = self.tail();
                (tail.epoch, keys.iter().map(|key| tail.row(key)).collect::<Vec<_>>())
            };
            let values = keys.iter().zip(states).map(|(key, state)| self.join(key, state));
            let values = values.collect::<Result<Vec<_>, _>>();
            if self.tail().epoch == epoch {
                return values;
            }
        }
    }

    fn join(&self, key: &RowKey, state: Option<RowState>) -> Result<Option<Bytes>, LogError> {
        let state = state.unwrap_or_default();
        let below = if state.is_whole() { None } else { self.index()?.get(key)? };
        state.resolve(key, below)
    }

    /// Rows whose keys start with `prefix` and are greater than `after`, ascending, at most `limit`.
    pub fn scan(
        &self,
        prefix: &RowKey,
        after: Option<&RowKey>,
        limit: usize,
    ) -> Result<Vec<(RowKey, Bytes)>, LogError> {
        let mut out = Vec::new();
        let mut from = match after {
            Some(after) if after >= prefix => key_after(after),
            _ => prefix.clone(),
        };
        while out.len() < limit {
            let (rows, next) = self.scan_round(prefix, &from, limit - out.len())?;
            out.extend(rows);
            match next {
                Some(next) => from = next,
                None => break,
            }
        }
        out.truncate(limit);
        Ok(out)
    }

    /// Some rows from a key on, and where the next round begins.
    fn scan_round(&self, prefix: &RowKey, from: &RowKey, limit: usize) -> Result<ScanRound, LogError> {
        loop {
            let (epoch, (states, more_states)) = {
                let tail = self.tail();
                (tail.epoch, tail.rows_from(prefix, from, SCAN_ROUND_ROWS))
            };
            // One more than may be needed, since rows of the tail can hide as many.
            let wanted = limit.saturating_add(states.len() + 1).min(SCAN_ROUND_ROWS);
            let below = self.index()?.scan(prefix, from, wanted)?;
            if self.tail().epoch != epoch {
                continue;
            }
            let last_state = if more_states { states.last_key_value().map(|(key, _)| key.clone()) } else { None };
            let last_below = if below.len() == wanted { below.last().map(|(key, _)| key.clone()) } else { None };
            // Both sides are known up to here only.
            let upto = match (last_state, last_below) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (end, None) | (None, end) => end,
            };
            let mut joined: BTreeMap<RowKey, (Option<RowState>, Option<Bytes>)> = BTreeMap::new();
            for (key, value) in below {
                joined.entry(key).or_default().1 = Some(value);
            }
            for (key, state) in states {
                joined.entry(key).or_default().0 = Some(state);
            }
            let mut rows = Vec::new();
            for (key, (state, below)) in joined {
                if upto.as_ref().is_some_and(|upto| key > *upto) {
                    break;
                }
                if let Some(value) = state.unwrap_or_default().resolve(&key, below)? {
                    rows.push((key, value));
                }
            }
            return Ok((rows, upto.map(|upto| key_after(&upto))));
        }
    }

    /// Where the wanted events of a conversation stand, ascending, at most `limit`.
    pub fn entries(
        &self,
        app: AppId,
        conversation: ConversationId,
        wanted: Wanted,
        limit: usize,
    ) -> Result<Vec<Entry>, LogError> {
        loop {
            let (epoch, tail) = {
                let tail = self.tail();
                (tail.epoch, tail.events(app, conversation, &wanted, limit))
            };
            let below = self.entries_below(app, conversation, wanted, &tail, limit)?;
            if self.tail().epoch != epoch {
                continue;
            }
            let mut entries = below;
            let room = limit - entries.len();
            entries.extend(tail.entries.into_iter().take(room));
            return Ok(entries);
        }
    }

    /// Those of them that the index has and the tail has not.
    fn entries_below(
        &self,
        app: AppId,
        conversation: ConversationId,
        wanted: Wanted,
        tail: &TailEvents,
        limit: usize,
    ) -> Result<Vec<Entry>, LogError> {
        let start = match wanted {
            Wanted::Seqs { after, .. } => {
                if tail.first.is_some_and(|first| first <= after.next()) {
                    return Ok(Vec::new());
                }
                blocks::block_start(after.next())
            }
            Wanted::Ordinals { from, .. } => {
                if tail.first_ordinal.is_some_and(|first| first <= from) {
                    return Ok(Vec::new());
                }
                let prefix = blocks::ordinals_prefix(app, conversation);
                let row = self.index()?.last_upto(&prefix, &blocks::ordinals_key(app, conversation, from))?;
                row.and_then(|(_, value)| blocks::decode_number(&value)).map_or(Seq::ZERO, Seq)
            }
        };
        let index = self.index()?;
        let prefix = blocks::events_prefix(app, conversation);
        let mut from = Bytes::from(blocks::events_key(app, conversation, start));
        let mut entries = Vec::new();
        loop {
            let runs = index.scan(&prefix, &from, RUNS_AT_ONCE)?;
            for (key, value) in &runs {
                let run = blocks::decode_run(key, value)
                    .ok_or_else(|| LogError::Corrupt(format!("a run of {conversation} in the index")))?;
                for entry in run {
                    if entries.len() == limit || wanted.is_after(&entry) || tail.first.is_some_and(|t| entry.seq >= t) {
                        return Ok(entries);
                    }
                    if wanted.takes(&entry) {
                        entries.push(entry);
                    }
                }
            }
            match runs.last() {
                Some((key, _)) if runs.len() == RUNS_AT_ONCE => from = key_after(key),
                _ => return Ok(entries),
            }
        }
    }

    /// A page of the wanted events.
    pub fn page(
        &self,
        app: AppId,
        conversation: ConversationId,
        wanted: Wanted,
        limit: PageLimit,
    ) -> Result<EventPage, LogError> {
        let entries = self.entries(app, conversation, wanted, limit.items.max(1).saturating_add(1))?;
        let mut page = EventPage::default();
        let mut bytes = 0;
        let mut rest = &entries[..];
        while !rest.is_empty() {
            // Records are read only as far as the page can take them, and one more.
            let mut planned = bytes;
            let fits = |entry: &&Entry| {
                let fits = planned < limit.bytes;
                planned += entry.length as usize;
                fits
            };
            let count = rest.iter().take(RECORDS_AT_ONCE).take_while(fits).count().max(1);
            let (group, after) = rest.split_at(count);
            rest = after;
            for (entry, raw) in group.iter().zip(self.records(group)?) {
                let enough = page.events.len() >= limit.items || bytes >= limit.bytes;
                if enough && !page.events.is_empty() {
                    page.more = true;
                    return Ok(page);
                }
                let event = raw.stored_event().filter(|event| {
                    let header = &event.header;
                    header.conversation == conversation && header.seq == entry.seq && header.app == app
                });
                let Some(event) = event else { return Err(not_there(entry.location)) };
                if let StoredBody::Sealed(sealed) = &event.body {
                    bytes += sealed.len();
                }
                page.events.push(event);
            }
        }
        Ok(page)
    }

    pub fn records(&self, entries: &[Entry]) -> Result<Vec<Raw>, LogError> {
        let mut reads = Vec::with_capacity(entries.len());
        for entry in entries {
            let file = self.segments.file(entry.location.segment);
            let file = file.map_err(|error| disk_error("open a segment", &error))?;
            let length = (entry.length as usize).max(FIXED_BYTES);
            reads.push(ReadAt { file, offset: u64::from(entry.location.offset), buffer: vec![0; length] });
        }
        self.disk().read_many(&mut reads).map_err(|error| disk_error("read a segment", &error))?;
        let parse = |(entry, read): (&Entry, ReadAt)| {
            let (file, length) = (read.file.clone(), read.buffer.len());
            let raw = Raw::parse(entry.location, &read.buffer.into()).map_err(|_| not_there(entry.location))?;
            if raw.sealed_intact {
                return Ok(raw);
            }
            // It may have been scrubbed while it was read: then the flag is there by now.
            let mut again = vec![0; length];
            let read = file.read_at(u64::from(entry.location.offset), &mut again);
            read.map_err(|error| disk_error("read a segment", &error))?;
            Raw::parse(entry.location, &again.into()).map_err(|_| not_there(entry.location))
        };
        entries.iter().zip(reads).map(parse).collect()
    }

    /// A page of a user's personal changes.
    pub fn personal_page(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> Result<PersonalPage, LogError> {
        let mut page = PersonalPage { upto: self.last_number(app, user_no)?, ..PersonalPage::default() };
        let prefix = personal::change_prefix(app, user_no);
        let mut from = personal::change_key(app, user_no, after);
        loop {
            let changes = self.scan(&prefix, Some(&from), CHANGES_AT_ONCE)?;
            let keys: Vec<_> = changes.iter().map(|(_, key)| personal::value_key(app, user_no, key)).collect();
            for ((row, key), value) in changes.iter().zip(self.load(&keys)?) {
                let Some((seq, value)) = value.as_ref().and_then(personal::decode_value) else {
                    return Err(LogError::Corrupt(format!("personal change {row:?} has no value")));
                };
                // A change row whose key has changed since says nothing, whether or not it was removed already.
                if *row != personal::change_key(app, user_no, seq) {
                    continue;
                }
                if page.changes.len() >= limit {
                    page.more = true;
                    page.upto = page.changes.last().map_or(after, |change: &PersonalChange| change.seq);
                    return Ok(page);
                }
                page.changes.push(PersonalChange { key: key.clone(), value, seq });
            }
            match changes.last() {
                Some((row, _)) if changes.len() == CHANGES_AT_ONCE => from = row.clone(),
                _ => break,
            }
        }
        // A change that was committed while the page was read may stand in it.
        page.upto = page.changes.last().map_or(page.upto, |change| change.seq.max(page.upto));
        Ok(page)
    }

    /// The last personal number of a user.
    pub fn last_number(&self, app: AppId, user_no: UserNo) -> Result<PersonalSeq, LogError> {
        let rows = self.load(&[personal::last_key(app, user_no)])?;
        Ok(personal::decode_last(rows.first().and_then(Option::as_deref)))
    }

    /// Records of the feed after a position.
    pub fn feed(&self, after: LanePosition, limit: usize) -> Result<Vec<FeedRecord>, LogError> {
        let head = self.head();
        if after >= head {
            return Ok(Vec::new());
        }
        let first = after.next();
        let mark = self.tail().mark(first);
        let start = match mark {
            Some(mark) => Some(mark),
            None => {
                let row = self.index()?.last_upto(blocks::POSITIONS_PREFIX, &blocks::position_key(first))?;
                row.and_then(|(_, value)| blocks::decode_number(&value)).map(Location::unpack)
            }
        };
        let mut walk = Walk::new(&self.segments, first, start.unwrap_or_default());
        let count = ((head.0 - after.0) as usize).min(limit);
        let mut records = Vec::with_capacity(count.min(4096));
        while records.len() < count {
            match walk.next()? {
                Step::Record(raw) => records.push(raw.feed_record()),
                Step::End(end) => return Err(not_there(end.at)),
            }
        }
        Ok(records)
    }
}

type ScanRound = (Vec<(RowKey, Bytes)>, Option<RowKey>);

impl RowReader for Store {
    fn get(&self, key: &[u8]) -> Result<Option<Bytes>, LogError> {
        Ok(self.load(&[Bytes::copy_from_slice(key)])?.pop().flatten())
    }
}

/// The smallest key after this one.
fn key_after(key: &[u8]) -> RowKey {
    [key, &[0]].concat().into()
}

fn not_there(at: Location) -> LogError {
    LogError::Corrupt(format!("segment {}, byte {}: not the record that should be here", at.segment, at.offset))
}
