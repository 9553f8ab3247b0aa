//! Messages that were taken back or sent silently, as far as unread needs them.

use crate::api::Failure;
use crate::directory::failure;
use crate::map::Map;
use crate::node::Node;
use crate::rows::{key, message};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use stonechat_domain::unread::{Recalled, recalled_above};
use stonechat_log::store::{Log, LogError};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, UserNo};

/// Rows read at once.
const ROWS_MAX: usize = 64;

/// Where messages were taken back or sent silently: at most how far up in each conversation. It may name what is not committed yet, or
/// lie above the message: whoever finds something here looks at the rows.
#[derive(Default)]
pub(crate) struct Recalls {
    newest: Mutex<Map<(AppId, ConversationNo), Ordinal>>,
    loaded: tokio::sync::OnceCell<()>,
}

impl Recalls {
    /// Notes that a message is being taken back, or sent silently.
    pub fn note(&self, place: (AppId, ConversationNo), ordinal: Ordinal) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let last = newest.entry(place).or_default();
        *last = ordinal.max(*last);
    }

    /// Whether messages above an ordinal may have been taken back or sent silently.
    pub async fn may_be_above(
        &self,
        log: &dyn Log,
        place: (AppId, ConversationNo),
        floor: Ordinal,
    ) -> Result<bool, LogError> {
        self.loaded.get_or_try_init(|| self.load(log)).await?;
        let newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(newest.get(&place).is_some_and(|last| *last > floor))
    }

    /// Reads what was there when the node started.
    async fn load(&self, log: &dyn Log) -> Result<(), LogError> {
        let mut after = None;
        loop {
            let rows = log.scan(key::all_recalled(), after, ROWS_MAX).await?;
            for (key, _) in &rows {
                let damaged = || crate::rows::codec::damaged("the key of recalls");
                let (app, no, last) = key::recalled_in(key).ok_or_else(damaged)?;
                self.note((app, no), last);
            }
            if rows.len() < ROWS_MAX {
                return Ok(());
            }
            after = rows.into_iter().next_back().map(|(key, _)| key);
        }
    }
}

/// How many messages above a user's floor were taken back by a head, or sent silently, and would else be unread for him.
pub(crate) async fn above(
    node: &Node,
    place: (AppId, ConversationNo),
    (user, floor): (UserNo, Ordinal),
    (head, ordinal): (Seq, Ordinal),
) -> Result<u64, Failure> {
    if floor >= ordinal || !node.recalls.may_be_above(&*node.log, place, floor).await.map_err(failure)? {
        return Ok(0);
    }
    let (app, no) = place;
    let mut count = 0;
    let keys = (key::recalled_of(app, no), key::recalled(app, no, floor.next()));
    entries(node, keys, |recalled| {
        count += recalled_above(recalled, (user, floor), (head, ordinal));
        true
    })
    .await?;
    Ok(count)
}

/// The messages above a floor that were taken back by a head, or sent silently, with the events that say so.
pub(crate) async fn uncounted(
    node: &Node,
    place: (AppId, ConversationNo),
    floor: Ordinal,
    head: Seq,
) -> Result<BTreeMap<Ordinal, Seq>, Failure> {
    let mut found = BTreeMap::new();
    if !node.recalls.may_be_above(&*node.log, place, floor).await.map_err(failure)? {
        return Ok(found);
    }
    let (app, no) = place;
    let keys = (key::recalled_of(app, no), key::recalled(app, no, floor.next()));
    entries(node, keys, |recalled| {
        let above = recalled.into_iter().filter(|it| it.ordinal > floor && it.by <= head);
        found.extend(above.map(|it| (it.ordinal, it.by)));
        true
    })
    .await?;
    Ok(found)
}

/// The places in the rows from one on, row by row, until the reader has had enough.
pub(crate) async fn entries(
    node: &Node,
    (prefix, mut from): (Bytes, Bytes),
    mut take: impl FnMut(Vec<Recalled>) -> bool,
) -> Result<(), Failure> {
    // A scan begins behind a key.
    if let Some(first) = node.row(from.clone()).await?
        && !take(message::decode_recalled(&first).map_err(failure)?)
    {
        return Ok(());
    }
    loop {
        let rows = node.log.scan(prefix.clone(), Some(from), ROWS_MAX).await.map_err(failure)?;
        for (_, row) in &rows {
            if !take(message::decode_recalled(row).map_err(failure)?) {
                return Ok(());
            }
        }
        from = match rows.into_iter().nth(ROWS_MAX - 1) {
            Some((last, _)) => last,
            None => return Ok(()),
        };
    }
}
