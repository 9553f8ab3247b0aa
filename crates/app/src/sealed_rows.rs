//! A store in front of the store: rows and personal values that hold words of people are sealed on their way in, and
//! opened on their way out. Which those are, the tables of keys say.
//!
//! A value is sealed by AES-256-GCM with a key of its app, and its place (row, or user and entry) as associated data. The
//! nonce is an HMAC of place and value, so that equal values have equal bytes and no two values share a nonce but by a
//! chance of 2⁻⁹⁶. The bytes are a mark, the nonce, the ciphertext and the tag; a value without the mark was stored before
//! values were sealed, and is read as it is.

use crate::rows::{key, personal};
use bytes::{BufMut, Bytes, BytesMut};
use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::{hkdf, hmac};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_log::activity::ActivityTable;
use stonechat_log::personal as stored;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::{RowKey, RowWrite};
use stonechat_log::store::{Bodies, BoxFuture, Done, EventPage, Log, LogError, PageLimit, PersonalPage, Scrubbed};
use stonechat_log::vault::Vault;
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

/// In front of every sealed value. Versions of codecs, which stand there otherwise, count from 1.
const MARK: u8 = 0xFF;
const TAG_LEN: usize = 16;
const OF_ROWS: u8 = 0;
const OF_PERSONAL: u8 = 1;

/// The store, with words sealed.
pub struct SealedRows {
    log: Arc<dyn Log>,
    vault: Arc<dyn Vault>,
    keys: Mutex<BTreeMap<AppId, Arc<RowKeys>>>,
}

/// The keys of one app.
struct RowKeys {
    value: LessSafeKey,
    nonce: hmac::Key,
}

struct TwoKeys;

impl hkdf::KeyType for TwoKeys {
    fn len(&self) -> usize {
        64
    }
}

impl RowKeys {
    fn derive(app_key: &[u8; 32]) -> Result<Self, LogError> {
        let refused = |_| LogError::Corrupt("a key of rows could not be derived".into());
        let secret = hkdf::Salt::new(hkdf::HKDF_SHA256, b"stonechat rows 1").extract(app_key);
        let mut both = [0; 64];
        secret.expand(&[b"value and nonce"], TwoKeys).and_then(|okm| okm.fill(&mut both)).map_err(refused)?;
        let (value, nonce) = both.split_at(32);
        Ok(Self {
            value: LessSafeKey::new(UnboundKey::new(&AES_256_GCM, value).map_err(refused)?),
            nonce: hmac::Key::new(hmac::HMAC_SHA256, nonce),
        })
    }

    fn seal(&self, place: &[u8], value: &[u8]) -> Result<Bytes, LogError> {
        let mut of_both = hmac::Context::with_key(&self.nonce);
        of_both.update(&(place.len() as u64).to_be_bytes());
        of_both.update(place);
        of_both.update(value);
        let mut nonce = [0; NONCE_LEN];
        nonce.copy_from_slice(&of_both.sign().as_ref()[..NONCE_LEN]);
        let mut out = BytesMut::with_capacity(1 + NONCE_LEN + value.len() + TAG_LEN);
        out.put_u8(MARK);
        out.put_slice(&nonce);
        out.put_slice(value);
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = self
            .value
            .seal_in_place_separate_tag(nonce, Aad::from(place), &mut out[1 + NONCE_LEN..])
            .map_err(|_| LogError::Corrupt("a value could not be sealed".into()))?;
        out.put_slice(tag.as_ref());
        Ok(out.freeze())
    }

    fn open(&self, place: &[u8], stored: &Bytes) -> Result<Bytes, LogError> {
        let damaged = || LogError::Corrupt("a sealed value is not what was sealed there".into());
        let (nonce, sealed) = stored[1..].split_first_chunk::<NONCE_LEN>().ok_or_else(damaged)?;
        let mut value = sealed.to_vec();
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.value.open_in_place(nonce, Aad::from(place), &mut value).map_err(|_| damaged())?;
        let length = plain.len();
        value.truncate(length);
        Ok(value.into())
    }
}

/// Where a value belongs; one that was sealed for one place opens at no other.
fn place_of_personal(app: AppId, user_no: UserNo, entry: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(9 + entry.len());
    place.push(OF_PERSONAL);
    place.extend_from_slice(&app.0.to_be_bytes());
    place.extend_from_slice(&user_no.0.to_be_bytes());
    place.extend_from_slice(entry);
    place
}

fn place_of_row(row: &[u8]) -> Vec<u8> {
    let mut place = Vec::with_capacity(1 + row.len());
    place.push(OF_ROWS);
    place.extend_from_slice(row);
    place
}

impl SealedRows {
    /// In front of a store, with the keys of a vault.
    #[must_use]
    pub fn new(log: Arc<dyn Log>, vault: Arc<dyn Vault>) -> Self {
        Self { log, vault, keys: Mutex::default() }
    }

    fn keys(&self, app: AppId) -> Result<Arc<RowKeys>, LogError> {
        if let Some(keys) = self.known().get(&app) {
            return Ok(keys.clone());
        }
        // Outside the lock: the vault may read a disk.
        let keys = Arc::new(RowKeys::derive(&self.vault.app_key(app)?)?);
        Ok(self.known().entry(app).or_insert(keys).clone())
    }

    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<AppId, Arc<RowKeys>>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seal(&self, records: &mut [Record]) -> Result<(), LogError> {
        for record in records {
            for row in &mut record.rows {
                let RowWrite::Put { key, value } = row else { continue };
                if let Some(app) = key::app_of_words(key) {
                    *value = self.keys(app)?.seal(&place_of_row(key), value)?;
                }
            }
            for write in &mut record.personal {
                let Some(value) = write.value.as_mut().filter(|_| personal::has_words(&write.key)) else { continue };
                let place = place_of_personal(write.app, write.user_no, &write.key);
                *value = self.keys(write.app)?.seal(&place, value)?;
            }
        }
        Ok(())
    }

    fn open_row(&self, key: &[u8], row: Bytes) -> Result<Bytes, LogError> {
        if let Some(app) = key::app_of_words(key).filter(|_| row.first() == Some(&MARK)) {
            return self.keys(app)?.open(&place_of_row(key), &row);
        }
        // An entry of personal state that is read by its row: the value stands behind its number.
        let Some((app, user_no, entry)) = stored::value_of(key) else { return Ok(row) };
        let Some((seq, mut value)) = stored::decode_value(&row) else { return Ok(row) };
        let before = value.clone();
        self.open_personal((app, user_no), entry, &mut value)?;
        Ok(if value == before { row } else { stored::encode_value(seq, value.as_deref()) })
    }

    fn open_personal(&self, of: (AppId, UserNo), entry: &[u8], value: &mut Option<Bytes>) -> Result<(), LogError> {
        if let Some(stored) = value.as_mut().filter(|it| it.first() == Some(&MARK) && personal::has_words(entry)) {
            *stored = self.keys(of.0)?.open(&place_of_personal(of.0, of.1, entry), stored)?;
        }
        Ok(())
    }
}

impl Log for SealedRows {
    fn offer(&self, mut records: Vec<Record>, done: Done) {
        match self.seal(&mut records) {
            Ok(()) => self.log.offer(records, done),
            Err(error) => done(Err(error)),
        }
    }

    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>> {
        Box::pin(async move {
            let stored = self.log.load(keys.clone()).await?;
            let opened = stored.into_iter().zip(keys);
            opened.map(|(value, key)| value.map(|value| self.open_row(&key, value)).transpose()).collect()
        })
    }

    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>> {
        Box::pin(async move {
            let stored = self.log.scan(prefix, after, limit).await?;
            let opened = stored.into_iter().map(|(key, value)| {
                let value = self.open_row(&key, value)?;
                Ok((key, value))
            });
            opened.collect()
        })
    }

    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.log.events(app, conversation, after, upto, limit)
    }

    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        self.log.messages(app, conversation, from, upto, limit)
    }

    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>> {
        Box::pin(async move {
            let mut page = self.log.personal(app, user_no, after, limit).await?;
            for change in &mut page.changes {
                self.open_personal((app, user_no), &change.key, &mut change.value)?;
            }
            Ok(page)
        })
    }

    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>> {
        Box::pin(async move {
            let mut records = self.log.feed(after, limit).await?;
            for (write, _) in records.iter_mut().flat_map(|record| &mut record.personal) {
                self.open_personal((write.app, write.user_no), &write.key, &mut write.value)?;
            }
            Ok(records)
        })
    }

    fn scrub(&self, bodies: Bodies, done: Scrubbed) {
        self.log.scrub(bodies, done);
    }

    fn lag_ms(&self) -> u64 {
        self.log.lag_ms()
    }

    fn head(&self) -> LanePosition {
        self.log.head()
    }

    fn activity(&self) -> &ActivityTable {
        self.log.activity()
    }

    fn history_id(&self) -> [u8; 16] {
        self.log.history_id()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_log::contract::{Harness, commit, wait};
    use stonechat_log::memory::MemoryLog;
    use stonechat_log::record::PersonalWrite;
    use stonechat_log::vault::MemoryVault;

    struct Sealed(SealedRows);

    impl Harness for Sealed {
        fn log(&self) -> &dyn Log {
            &self.0
        }

        fn reopen(&mut self) {}

        fn settle(&mut self) {}
    }

    fn over(inner: Arc<MemoryLog>) -> SealedRows {
        SealedRows::new(inner, Arc::new(MemoryVault::new([7; 32])))
    }

    stonechat_log::contract_tests!(sealed, |_| Box::new(Sealed(over(Arc::new(MemoryLog::new([7; 16]))))));

    const APP: AppId = AppId::DEFAULT;
    const HELLO: Bytes = Bytes::from_static(b"\x01hello");

    fn row(no: u32) -> Bytes {
        key::profile(APP, UserNo(no))
    }

    fn put(key: Bytes) -> Vec<Record> {
        vec![Record { rows: vec![RowWrite::Put { key, value: HELLO }], ..Record::default() }]
    }

    fn draft(user_no: u32) -> PersonalWrite {
        PersonalWrite { app: APP, user_no: UserNo(user_no), key: Bytes::from_static(&[4, 9]), value: Some(HELLO) }
    }

    #[test]
    fn values_with_words_are_sealed_where_they_belong_and_no_others() {
        let inner = Arc::new(MemoryLog::new([7; 16]));
        let log = over(inner.clone());
        commit(&log, put(row(1))).unwrap();
        commit(&log, put(row(2))).unwrap();
        commit(&log, put(key::next_user(APP))).unwrap();
        let personal = vec![draft(1), PersonalWrite { key: Bytes::from_static(&[2, 9]), ..draft(1) }];
        commit(&log, vec![Record { personal, ..Record::default() }]).unwrap();
        let keys = vec![row(1), row(2), key::next_user(APP)];
        let stored: Vec<_> = wait(inner.load(keys.clone())).unwrap().into_iter().flatten().collect();
        assert_ne!(stored[0], stored[1], "one value at two places");
        assert_eq!((stored[0][0], stored[2].clone()), (MARK, HELLO));
        assert!(!stored[..2].iter().any(|value| value.windows(5).any(|it| it == b"hello")));
        assert_eq!(wait(log.load(keys)).unwrap(), vec![Some(HELLO); 3]);
        let changes = wait(inner.personal(APP, UserNo(1), PersonalSeq::ZERO, 9)).unwrap().changes;
        assert_eq!((changes[0].value.as_ref().unwrap()[0], changes[1].value.clone()), (MARK, Some(HELLO)));
        let entry = wait(log.load(vec![stored::value_key(APP, UserNo(1), &[4, 9])])).unwrap().remove(0);
        assert_eq!(entry.as_ref().and_then(stored::decode_value), Some((PersonalSeq(1), Some(HELLO))));
        let page = wait(log.personal(APP, UserNo(1), PersonalSeq::ZERO, 9)).unwrap();
        assert!(page.changes.iter().all(|change| change.value == Some(HELLO)));
        let fed = wait(log.feed(LanePosition(0), 9)).unwrap();
        assert!(fed.iter().flat_map(|record| &record.personal).all(|(write, _)| write.value == Some(HELLO)));

        // Moved to another place it does not open, and what was stored before there were seals does.
        let moved = RowWrite::Put { key: row(2), value: stored[0].clone() };
        let before = RowWrite::Put { key: row(3), value: HELLO };
        commit(&*inner, vec![Record { rows: vec![moved, before], ..Record::default() }]).unwrap();
        assert!(matches!(wait(log.load(vec![row(2)])), Err(LogError::Corrupt(_))));
        assert_eq!(wait(log.load(vec![row(3)])).unwrap(), [Some(HELLO)]);
    }

    #[test]
    fn what_was_sealed_once_is_sealed_so_for_ever() {
        let keys = RowKeys::derive(&[7; 32]).unwrap();
        let sealed = keys.seal(b"place", &HELLO).unwrap();
        assert_eq!(keys.seal(b"place", &HELLO).unwrap(), sealed);
        assert_eq!(keys.open(b"place", &sealed).unwrap(), HELLO);
        for at in 1..sealed.len() {
            let mut other = sealed.to_vec();
            other[at] ^= 1;
            assert!(keys.open(b"place", &other.into()).is_err(), "byte {at} was changed");
        }
        assert!(keys.open(b"place", &sealed.slice(..9)).is_err());
    }
}
