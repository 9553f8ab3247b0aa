//! The engine: [`SegmentLog`].

use crate::batches::Batches;
use crate::checkpoint;
use crate::committer::Offer;
use crate::config::{Config, OnClose, SEGMENT_BYTES_MAX, SEGMENT_BYTES_MIN};
use crate::disk::Disk;
use crate::driver::Threads;
use crate::fjall_index::FjallIndexes;
use crate::index::Indexes;
use crate::os_disk::OsDisk;
use crate::recover::Recover;
use crate::refusal::{Refusal, Refusals};
use crate::segment::HEADER_BYTES;
use crate::state::{Store, disk_error};
use crate::step::{SpareStep, WriterStep};
use crate::tail::Wanted;
pub use crate::writer::Writer;
use bytes::Bytes;
use std::cell::RefCell;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use stonechat_log::activity::ActivityTable;
use stonechat_log::record::{FeedRecord, Record};
use stonechat_log::row::RowKey;
use stonechat_log::store::{
    Bodies, BoxFuture, Derive, Done, EventPage, Log, LogError, PageLimit, PersonalPage, Scrubbed,
};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, LanePosition, Ordinal, PersonalSeq, Seq, UserNo};

pub use crate::recover::Recovered;

/// Bytes of the index that are cached.
const INDEX_CACHE_BYTES: u64 = 32 * 1024 * 1024;
/// The folder of the index in the data folder.
const INDEX_FOLDER: &str = "index";

/// How a store is opened.
pub struct Options<'a> {
    /// Sizes and bounds.
    pub config: Config,
    /// Computes derived rows again.
    pub derive: Arc<dyn Derive>,
    /// Fills a buffer with random bytes: the id of a new history.
    pub entropy: &'a dyn Fn(&mut [u8]),
}

/// The embedded engine. Dropping it commits what waits, and closes in order.
pub struct SegmentLog {
    store: Arc<Store>,
    threads: Mutex<Option<Threads>>,
    recovered: Recovered,
}

impl SegmentLog {
    /// Opens the store in a data folder, or makes one.
    ///
    /// # Errors
    /// When it is in use, of a newer version, damaged, or the disk refuses.
    pub fn open(data_folder: &Path, options: Options<'_>) -> Result<Self, LogError> {
        let disk = OsDisk::new(data_folder).map_err(|error| disk_error("open the data folder", &error))?;
        let indexes = FjallIndexes::new(&data_folder.join(INDEX_FOLDER), INDEX_CACHE_BYTES);
        Self::open_on(Arc::new(disk), Arc::new(indexes), options)
    }

    /// Opens the store on any disk, with any index.
    ///
    /// # Errors
    /// As [`SegmentLog::open`].
    pub fn open_on(disk: Arc<dyn Disk>, indexes: Arc<dyn Indexes>, options: Options<'_>) -> Result<Self, LogError> {
        let (log, stepper) = Self::open_stepped(disk, indexes, options)?;
        log.store.clock.start();
        let threads = Threads::start(&log.store, stepper.writer)?;
        *log.threads.lock().unwrap_or_else(PoisonError::into_inner) = Some(threads);
        Ok(log)
    }

    /// Opens the store without threads: nothing moves but by the steps of the second answer. For simulation.
    ///
    /// # Errors
    /// As [`SegmentLog::open`].
    pub fn open_stepped(
        disk: Arc<dyn Disk>,
        indexes: Arc<dyn Indexes>,
        options: Options<'_>,
    ) -> Result<(Self, Stepper), LogError> {
        let Options { config, derive, entropy } = options;
        if !(SEGMENT_BYTES_MIN..=SEGMENT_BYTES_MAX).contains(&config.segment_bytes) {
            let bounds = format!("{SEGMENT_BYTES_MIN} to {SEGMENT_BYTES_MAX}");
            return Err(LogError::Io(format!("a segment has {bounds} bytes, not {}", config.segment_bytes)));
        }
        let recover = Recover { disk, indexes, derive, entropy, config };
        let (parts, segment, recovered) = recover.run()?;
        let end = parts.end;
        let store = Arc::new(Store::new(parts));
        let writer = Writer::new(store.clone(), &end, segment);
        let stepper = Stepper { store: store.clone(), writer };
        Ok((Self { store, threads: Mutex::new(None), recovered }, stepper))
    }

    /// What recovery found.
    #[must_use]
    pub fn recovered(&self) -> Recovered {
        self.recovered
    }

    /// Why the store is read-only at present: the disk is full, or segments cannot be made. Cheap.
    #[must_use]
    pub fn read_only(&self) -> Option<LogError> {
        self.store.spares.trouble()
    }

    /// Writes a checkpoint now; whether there was anything to write.
    ///
    /// # Errors
    /// When the index fails.
    pub fn checkpoint(&self) -> Result<bool, LogError> {
        checkpoint::run(&self.store, &|| {})
    }

    /// Offers that were refused since the store was opened, by the bound that they met.
    #[must_use]
    pub fn refusals(&self) -> Refusals {
        self.store.refused.read()
    }

    /// Records that wait for the committer.
    #[must_use]
    pub fn queue_depth(&self) -> usize {
        self.store.intake.depth()
    }

    /// Scrubs that wait.
    #[must_use]
    pub fn scrubs_waiting(&self) -> usize {
        self.store.scrubs.depth()
    }

    /// Bytes that wait for the committer.
    #[must_use]
    pub fn queue_bytes(&self) -> usize {
        self.store.intake.bytes()
    }

    /// Batches that were formed since the store was opened.
    #[must_use]
    pub fn batches(&self) -> Batches {
        self.store.batches.read()
    }

    /// Roughly the bytes of the tail.
    #[must_use]
    pub fn tail_bytes(&self) -> u64 {
        self.store.tail_bytes()
    }

    /// Commits what waits, then closes. Later offers are answered `Closed`; reads go on.
    pub fn close(&self) {
        let threads = self.threads.lock().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut threads) = threads else { return };
        threads.stop(&self.store);
        match self.store.config.on_close {
            OnClose::Checkpoint => {
                if let Err(error) = checkpoint::run(&self.store, &|| {}) {
                    tracing::warn!(%error, "The last checkpoint failed; the next start replays the tail");
                }
            }
            OnClose::Leave => {}
        }
    }

    /// Why an offer cannot be taken at present, as far as it can be told before it is encoded.
    fn admit(&self, records: &[Record]) -> Result<(), Refusal> {
        self.store.intake.admits(records.len())?;
        // The segment in use is as good as empty when the next one finds no room, and its room is on the disk.
        let takes_away = records.iter().all(|record| record.takes_away);
        if let Some(trouble) = self.store.spares.trouble().filter(|_| !takes_away) {
            return Err(Refusal::Full(trouble));
        }
        let config = &self.store.config;
        let reserve = if takes_away { config.segment_bytes } else { 0 };
        if self.store.tail_bytes() >= config.tail_bytes_max + reserve {
            self.store.checkpoint.raise();
            return Err(Refusal::Tail);
        }
        Ok(())
    }
}

impl Drop for SegmentLog {
    fn drop(&mut self) {
        self.close();
    }
}

impl Log for SegmentLog {
    fn offer(&self, records: Vec<Record>, done: Done) {
        if let Err(refusal) = self.admit(&records) {
            return done(Err(self.store.refused.count(refusal)));
        }
        for write in records.iter().flat_map(|record| &record.personal) {
            let read = || self.store.last_number(write.app, write.user_no);
            if let Err(error) = self.store.numbers.bring(write.app, write.user_no, read) {
                return done(Err(error));
            }
        }
        let offer = Offer::encode(records, done);
        let room = self.store.config.segment_bytes as usize - HEADER_BYTES;
        if offer.bytes.len() > room {
            let error = format!("a batch of {} bytes does not fit a segment, which has {room}", offer.bytes.len());
            return (offer.done)(Err(LogError::Io(error)));
        }
        match self.store.intake.push(offer) {
            Ok(()) => self.store.work.raise(),
            Err(refused) => {
                let (offer, refusal) = *refused;
                (offer.done)(Err(self.store.refused.count(refusal)));
            }
        }
    }

    fn scrub(&self, bodies: Bodies, done: Scrubbed) {
        self.store.scrubs.offer(&self.store, bodies, done);
    }

    fn load(&self, keys: Vec<RowKey>) -> BoxFuture<'_, Result<Vec<Option<Bytes>>, LogError>> {
        Box::pin(async move { self.store.load(&keys) })
    }

    fn scan(
        &self,
        prefix: RowKey,
        after: Option<RowKey>,
        limit: usize,
    ) -> BoxFuture<'_, Result<Vec<(RowKey, Bytes)>, LogError>> {
        Box::pin(async move { self.store.scan(&prefix, after.as_ref(), limit) })
    }

    fn events(
        &self,
        app: AppId,
        conversation: ConversationId,
        after: Seq,
        upto: Seq,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        Box::pin(async move { self.store.page(app, conversation, Wanted::Seqs { after, upto }, limit) })
    }

    fn messages(
        &self,
        app: AppId,
        conversation: ConversationId,
        from: Ordinal,
        upto: Ordinal,
        limit: PageLimit,
    ) -> BoxFuture<'_, Result<EventPage, LogError>> {
        Box::pin(async move { self.store.page(app, conversation, Wanted::Ordinals { from, upto }, limit) })
    }

    fn personal(
        &self,
        app: AppId,
        user_no: UserNo,
        after: PersonalSeq,
        limit: usize,
    ) -> BoxFuture<'_, Result<PersonalPage, LogError>> {
        Box::pin(async move { self.store.personal_page(app, user_no, after, limit) })
    }

    fn feed(&self, after: LanePosition, limit: usize) -> BoxFuture<'_, Result<Vec<FeedRecord>, LogError>> {
        Box::pin(async move { self.store.feed(after, limit) })
    }

    fn lag_ms(&self) -> u64 {
        self.store.intake.lag_ms(|| self.store.clock.now_ms())
    }

    fn head(&self) -> LanePosition {
        self.store.head()
    }

    fn activity(&self) -> &ActivityTable {
        &self.store.activity
    }

    fn history_id(&self) -> [u8; 16] {
        self.store.history_id
    }
}

/// Moves a store that was opened without threads, one step at a time.
pub struct Stepper {
    store: Arc<Store>,
    writer: Writer,
}

impl Stepper {
    /// Commits one batch, if anything waits.
    pub fn commit(&mut self) -> WriterStep {
        self.writer.step()
    }

    /// Lets time pass, for what waits.
    pub fn advance(&self, ms: u64) {
        self.store.clock.advance(ms);
    }

    /// Writes one slice of the next segment, if one is wanted.
    pub fn prepare(&self) -> SpareStep {
        self.store.spares.step(&self.store)
    }

    /// Writes a checkpoint, if there is anything to write.
    ///
    /// # Errors
    /// When the index fails.
    pub fn checkpoint(&self) -> Result<bool, LogError> {
        checkpoint::run(&self.store, &|| {})
    }

    /// As [`Stepper::checkpoint`], but `between` is called with the committer whenever the checkpoint pauses, as both
    /// have a thread of their own otherwise.
    ///
    /// # Errors
    /// When the index fails.
    pub fn checkpoint_beside(&mut self, between: &mut dyn FnMut(&mut Writer)) -> Result<bool, LogError> {
        let Self { store, writer } = self;
        let beside = RefCell::new((writer, between));
        checkpoint::run(store, &|| {
            let mut beside = beside.borrow_mut();
            let (writer, between) = &mut *beside;
            between(writer);
        })
    }

    /// Whether the tail is long enough for a checkpoint.
    #[must_use]
    pub fn is_checkpoint_due(&self) -> bool {
        self.store.tail().active.bytes >= self.store.config.checkpoint_bytes
    }
}
