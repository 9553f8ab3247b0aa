//! Compares a store with the memory engine, through every read of the port.

use crate::contract::wait;
use crate::contract::workload::FAMILIES;
use crate::record::{FeedRecord, StoredEvent};
use crate::row::RowKey;
use crate::store::{Log, LogError, PageLimit};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, ConversationNo, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

/// A page without limits.
pub const ALL: PageLimit = PageLimit { items: usize::MAX / 2, bytes: usize::MAX / 2 };

/// Every record, read in pages of this many.
///
/// # Errors
/// What the store says.
pub fn feed(log: &dyn Log, page: usize) -> Result<Vec<FeedRecord>, LogError> {
    let mut records: Vec<FeedRecord> = Vec::new();
    loop {
        let after = records.last().map_or(LanePosition::ZERO, |record| record.position);
        let next = wait(log.feed(after, page))?;
        if next.is_empty() {
            return Ok(records);
        }
        records.extend(next);
    }
}

/// Every row with a prefix, read in pages of this many.
///
/// # Errors
/// What the store says.
pub fn rows(log: &dyn Log, prefix: &[u8], page: usize) -> Result<Vec<(RowKey, Bytes)>, LogError> {
    let mut rows: Vec<(RowKey, Bytes)> = Vec::new();
    loop {
        let after = rows.last().map(|(key, _)| key.clone());
        let next = wait(log.scan(Bytes::copy_from_slice(prefix), after, page))?;
        if next.is_empty() {
            return Ok(rows);
        }
        rows.extend(next);
    }
}

/// Every event of a conversation after a seq, read in pages.
///
/// # Errors
/// What the store says.
pub fn events(
    log: &dyn Log,
    app: AppId,
    conversation: ConversationId,
    after: Seq,
    limit: PageLimit,
) -> Result<Vec<StoredEvent>, LogError> {
    let mut events: Vec<StoredEvent> = Vec::new();
    loop {
        let after = events.last().map_or(after, |event| event.header.seq);
        let page = wait(log.events(app, conversation, after, Seq(u64::MAX / 2), limit))?;
        events.extend(page.events);
        if !page.more {
            return Ok(events);
        }
    }
}

/// Says where two stores differ; `None` when every read of `log` answers as one of `model`.
///
/// # Errors
/// What `log` says.
pub fn difference(model: &dyn Log, log: &dyn Log) -> Result<Option<String>, LogError> {
    if model.head() != log.head() {
        return Ok(Some(format!("head: {} instead of {}", log.head(), model.head())));
    }
    let expected = feed(model, usize::MAX / 2)?;
    let got = feed(log, 7)?;
    if let Some((a, b)) = expected.iter().zip(&got).find(|(a, b)| a != b) {
        return Ok(Some(format!("feed: {b:?} instead of {a:?}")));
    }
    if expected.len() != got.len() {
        return Ok(Some(format!("feed: {} records instead of {}", got.len(), expected.len())));
    }
    for family in FAMILIES {
        let (expected, got) = (rows(model, &[family], usize::MAX / 2)?, rows(log, &[family], 3)?);
        let first = expected.iter().zip(&got).find(|(a, b)| a != b);
        if first.is_some() || expected.len() != got.len() {
            let counts = (expected.len(), got.len());
            return Ok(Some(format!("rows of family {family:#x}, {counts:?}: first difference {first:?}")));
        }
        let keys: Vec<_> = expected.iter().map(|(key, _)| key.clone()).collect();
        let values: Vec<_> = expected.into_iter().map(|(_, value)| Some(value)).collect();
        if wait(log.load(keys))? != values {
            return Ok(Some(format!("loaded rows of family {family:#x}")));
        }
    }
    let headers: Vec<_> = expected.iter().filter_map(|record| record.event.as_ref()).map(|e| &e.header).collect();
    let conversations: BTreeMap<_, ConversationNo> =
        headers.iter().map(|header| ((header.app, header.conversation), header.conversation_no)).collect();
    for ((app, conversation), no) in conversations {
        if let Some(difference) = conversation_difference(model, log, app, conversation)? {
            return Ok(Some(difference));
        }
        if model.activity().get(app, no) != log.activity().get(app, no) {
            return Ok(Some(format!("activity of {conversation}: {:?}", log.activity().get(app, no))));
        }
    }
    let writes = expected.iter().flat_map(|record| &record.personal);
    let users: BTreeSet<(AppId, UserNo)> = writes.map(|(write, _)| (write.app, write.user_no)).collect();
    for (app, user_no) in users {
        let last = wait(model.personal(app, user_no, PersonalSeq(u64::MAX / 2), 1))?.upto.0;
        for after in (0..=last + 1).step_by(1 + last as usize / 8) {
            for limit in [1, 3, 1000] {
                let expected = wait(model.personal(app, user_no, PersonalSeq(after), limit))?;
                let got = wait(log.personal(app, user_no, PersonalSeq(after), limit))?;
                if expected != got {
                    return Ok(Some(format!("personal of {user_no} after {after}: {got:?} instead of {expected:?}")));
                }
            }
        }
    }
    Ok(None)
}

fn conversation_difference(
    model: &dyn Log,
    log: &dyn Log,
    app: AppId,
    conversation: ConversationId,
) -> Result<Option<String>, LogError> {
    let expected = events(model, app, conversation, Seq::ZERO, ALL)?;
    for limit in [ALL, PageLimit { items: 3, bytes: usize::MAX / 2 }, PageLimit { items: 100, bytes: 200 }] {
        let got = events(log, app, conversation, Seq::ZERO, limit)?;
        if got != expected {
            return Ok(Some(format!("events of {conversation}: {} instead of {}", got.len(), expected.len())));
        }
    }
    let last = expected.last().map_or(Ordinal::ZERO, |event| event.header.ordinal);
    // About ten places of it.
    for from in (0..=last.0 + 1).step_by(1 + last.0 as usize / 8) {
        let limit = PageLimit { items: 1 + from as usize % 5, bytes: 500 };
        let upto = Ordinal(from + from % 9);
        let expected = wait(model.messages(app, conversation, Ordinal(from), upto, limit))?;
        let got = wait(log.messages(app, conversation, Ordinal(from), upto, limit))?;
        if got != expected {
            return Ok(Some(format!("messages of {conversation} from {from}: {got:?} instead of {expected:?}")));
        }
        let seq = Seq(from);
        let expected = wait(model.events(app, conversation, seq, Seq(seq.0 + from % 9), limit))?;
        let got = wait(log.events(app, conversation, seq, Seq(seq.0 + from % 9), limit))?;
        if got != expected {
            return Ok(Some(format!("events of {conversation} after {from}: {got:?} instead of {expected:?}")));
        }
    }
    Ok(None)
}
