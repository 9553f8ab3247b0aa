//! Makes bodies unreadable for good: a flag outside of all checksums, a sync, zeros over the body, a sync. Cut anywhere,
//! the body is whole, or the flag says why it is not. Only what readers see is scrubbed, and that is durable.

use crate::config::OnFatal;
use crate::disk::DiskFile;
use crate::driver::Signal;
use crate::reader::Raw;
use crate::state::{Store, disk_error};
use crate::tail::Wanted;
use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use stonechat_log::store::{Bodies, LogError, Scrubbed};
use stonechat_types::number::Seq;
use tracing::error;

/// Calls that wait to be carried out.
pub const SCRUBS_MAX: usize = 64;
/// Pause after a round of calls, which has two syncs: what is scrubbed is late already, and sends are not to be.
pub const SCRUB_PAUSE: Duration = Duration::from_millis(200);

/// What waits to be scrubbed.
#[derive(Default)]
pub struct Scrubs {
    queue: Mutex<VecDeque<(Bodies, Scrubbed)>>,
    /// Whether a thread carries it out; else whoever asks does.
    has_thread: AtomicBool,
    /// Wakes it.
    pub work: Signal,
}

/// A body on the disk.
struct Place {
    file: Arc<dyn DiskFile>,
    segment: u32,
    flag: Option<u64>,
    body: u64,
    length: usize,
}

impl Scrubs {
    fn queue(&self) -> MutexGuard<'_, VecDeque<(Bodies, Scrubbed)>> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls that wait.
    pub fn depth(&self) -> usize {
        self.queue().len()
    }

    /// From now on a thread carries out what waits.
    pub fn begin(&self) {
        self.has_thread.store(true, Ordering::Relaxed);
    }

    /// Takes a call, and carries it out where there is no thread.
    pub fn offer(&self, store: &Store, bodies: Bodies, done: Scrubbed) {
        if self.work.is_stopped() {
            return done(Err(LogError::Closed));
        }
        let mut queue = self.queue();
        if queue.len() >= SCRUBS_MAX {
            drop(queue);
            return done(Err(LogError::Overloaded));
        }
        queue.push_back((bodies, done));
        drop(queue);
        if self.has_thread.load(Ordering::Relaxed) {
            self.work.raise();
        } else {
            self.step(store);
        }
    }

    /// Carries out what waits, in one round; whether anything did.
    pub fn step(&self, store: &Store) -> bool {
        let calls: Vec<_> = self.queue().drain(..).collect();
        if calls.is_empty() {
            return false;
        }
        // What cannot be found holds up nothing else.
        let places: Vec<_> = calls.iter().map(|(bodies, _)| store.places(bodies)).collect();
        let found: Vec<_> = places.iter().flatten().flatten().collect();
        let done = store.scrub(&found);
        let answers: Vec<_> = places.into_iter().map(|places| places.and_then(|_| done.clone())).collect();
        for ((_, told), answer) in calls.into_iter().zip(answers) {
            told(answer);
        }
        true
    }

    /// Answers all that waits: nothing is scrubbed any more.
    pub fn close(&self) {
        self.work.stop();
        for (_, told) in std::mem::take(&mut *self.queue()) {
            told(Err(LogError::Closed));
        }
    }
}

impl Store {
    fn places(&self, bodies: &Bodies) -> Result<Vec<Place>, LogError> {
        let places: Result<Vec<_>, _> = bodies.seqs.iter().map(|seq| self.place(bodies, *seq)).collect();
        Ok(places?.into_iter().flatten().collect())
    }

    fn scrub(&self, places: &[&Place]) -> Result<(), LogError> {
        self.over_all(places, |place| match place.flag {
            Some(at) => place.file.write_at(at, &Raw::SCRUBBED),
            None => Ok(()),
        })?;
        self.over_all(places, |place| place.file.write_at(place.body, &vec![0; place.length]))
    }

    /// Where a body is; `None` when there is no such event, or it has none.
    fn place(&self, bodies: &Bodies, seq: Seq) -> Result<Option<Place>, LogError> {
        let Some(before) = seq.0.checked_sub(1) else { return Ok(None) };
        let wanted = Wanted::Seqs { after: Seq(before), upto: seq };
        let entries = self.entries(bodies.app, bodies.conversation, wanted, 1)?;
        let Some(raw) = self.records(&entries)?.into_iter().next() else { return Ok(None) };
        let is_it = raw.header.event.as_ref().is_some_and(|header| {
            header.app == bodies.app && header.conversation == bodies.conversation && header.seq == seq
        });
        if !is_it {
            let text = format!("event {seq} of {} is not where the index says", bodies.conversation);
            return Err(LogError::Corrupt(text));
        }
        let header = &raw.header;
        let length = header.sealed_end - header.sealed_start;
        let start = u64::from(raw.location.offset);
        let file = self.segments.file(raw.location.segment);
        Ok((length > 0).then_some(Place {
            file: file.map_err(|error| disk_error("open a segment", &error))?,
            segment: raw.location.segment,
            flag: (!header.scrubbed).then_some(start + (header.rows_start - Raw::SCRUBBED.len()) as u64),
            body: start + header.sealed_start as u64,
            length,
        }))
    }

    /// Writes at each place, then syncs each file once. A write that fails can be tried again; after a sync that failed
    /// nothing is known of what the committer wrote into the same file.
    fn over_all(&self, places: &[&Place], write: impl Fn(&Place) -> io::Result<()>) -> Result<(), LogError> {
        let mut files = BTreeMap::new();
        for place in places {
            write(place).map_err(|error| disk_error("scrub a body", &error))?;
            files.insert(place.segment, place.file.clone());
        }
        for file in files.values() {
            if let Err(error) = file.sync() {
                error!(%error, "Could not make a scrub durable; nothing more is committed");
                match self.config.on_fatal {
                    OnFatal::Abort => std::process::abort(),
                    OnFatal::Close => self.poison(),
                }
                return Err(LogError::Closed);
            }
        }
        Ok(())
    }
}
