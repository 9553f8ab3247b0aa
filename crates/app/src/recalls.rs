//! Messages that were taken back, as far as unread needs them.

use crate::api::Failure;
use crate::directory::failure;
use crate::map::Map;
use crate::node::Node;
use crate::rows::{key, message};
use std::sync::{Mutex, PoisonError};
use stonechat_domain::unread::{Recalled, recalled_above};
use stonechat_log::store::{Log, LogError};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, UserNo};

/// Rows read at once.
const ROWS_MAX: usize = 64;

/// Where messages were taken back: at most how far up in each conversation. It may name what is not committed yet, or
/// lie above the message: whoever finds something here looks at the rows.
#[derive(Default)]
pub(crate) struct Recalls {
    newest: Mutex<Map<(AppId, ConversationNo), Ordinal>>,
    loaded: tokio::sync::OnceCell<()>,
}

impl Recalls {
    /// Notes that a message is being taken back.
    pub fn note(&self, place: (AppId, ConversationNo), ordinal: Ordinal) {
        let mut newest = self.newest.lock().unwrap_or_else(PoisonError::into_inner);
        let last = newest.entry(place).or_default();
        *last = ordinal.max(*last);
    }

    /// Whether messages above an ordinal may have been taken back.
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

/// How many messages above a user's floor were taken back by a head, and would else be unread for him.
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
    let counts = |row: &[u8]| {
        let recalled: Vec<Recalled> = message::decode_recalled(row).map_err(failure)?;
        Ok(recalled_above(recalled, (user, floor), (head, ordinal)))
    };
    let mut from = key::recalled(app, no, floor.next());
    // A scan begins behind a key.
    let first = node.row(from.clone()).await?;
    let mut count = first.as_deref().map_or(Ok(0), counts)?;
    loop {
        let rows = node.log.scan(key::recalled_of(app, no), Some(from), ROWS_MAX).await.map_err(failure)?;
        for (_, row) in &rows {
            count += counts(row)?;
        }
        from = match rows.into_iter().nth(ROWS_MAX - 1) {
            Some((last, _)) => last,
            None => return Ok(count),
        };
    }
}
