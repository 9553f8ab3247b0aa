//! Segments that are prepared one ahead, so that a commit never waits for room and a full disk is found early.

use crate::config::{SPARE_HURRIED_BYTES, SPARE_SLICE_BYTES};
use crate::disk::DiskFile;
use crate::driver::Signal;
use crate::segment;
use crate::state::{Store, disk_error};
use crate::step::SpareStep;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use stonechat_log::store::LogError;
use tracing::{info, warn};

/// A segment full of zeros.
pub struct Spare {
    /// Its number.
    pub number: u32,
    /// Its file.
    pub file: Arc<dyn DiskFile>,
}

enum SpareState {
    Wanted,
    Writing { spare: Spare, written: u64 },
    Ready(Spare),
}

/// The answer to who needs a segment.
pub enum Take {
    /// Here it is.
    Ready(Spare),
    /// It is being written.
    NotYet,
    /// It cannot be written.
    Refused(LogError),
}

/// The segment that is prepared.
pub struct Spares {
    state: Mutex<SpareState>,
    trouble: Mutex<Option<LogError>>,
    in_trouble: AtomicBool,
    relieved: AtomicBool,
    next: AtomicU32,
    waited_for: AtomicBool,
    used: AtomicU64,
    /// Wakes who prepares.
    pub work: Signal,
}

impl Spares {
    /// Nothing prepared; the next segment has this number.
    pub fn new(next: u32) -> Self {
        Self {
            state: Mutex::new(SpareState::Wanted),
            trouble: Mutex::default(),
            in_trouble: AtomicBool::new(false),
            relieved: AtomicBool::new(false),
            next: AtomicU32::new(next),
            waited_for: AtomicBool::new(false),
            used: AtomicU64::new(0),
            work: Signal::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, SpareState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why nothing can be prepared at present. Asked with every offer, so it costs nothing while all is well.
    pub fn trouble(&self) -> Option<LogError> {
        if !self.in_trouble.load(Ordering::Relaxed) {
            return None;
        }
        self.trouble.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_trouble(&self, trouble: Option<LogError>) {
        let mut place = self.trouble.lock().unwrap_or_else(PoisonError::into_inner);
        self.in_trouble.store(trouble.is_some(), Ordering::Relaxed);
        *place = trouble;
    }

    /// Whether there is room again since this was asked last.
    pub fn take_relief(&self) -> bool {
        self.relieved.swap(false, Ordering::Relaxed)
    }

    /// Says how far the segment in use is filled.
    pub fn set_used(&self, bytes: u64) {
        self.used.store(bytes, Ordering::Relaxed);
    }

    /// Whether it is wanted sooner than it will be ready at the leisurely pace.
    pub fn is_hurried(&self) -> bool {
        let written = match &*self.state() {
            SpareState::Writing { written, .. } => *written,
            SpareState::Wanted | SpareState::Ready(_) => 0,
        };
        self.is_behind(written)
    }

    fn is_behind(&self, written: u64) -> bool {
        self.waited_for.load(Ordering::Relaxed) || self.used.load(Ordering::Relaxed) > written
    }

    /// Takes the segment that is ready, and wants another.
    pub fn take(&self) -> Take {
        let mut state = self.state();
        match std::mem::replace(&mut *state, SpareState::Wanted) {
            SpareState::Ready(spare) => {
                self.waited_for.store(false, Ordering::Relaxed);
                self.work.raise();
                Take::Ready(spare)
            }
            other => {
                *state = other;
                self.waited_for.store(true, Ordering::Relaxed);
                self.work.raise();
                self.trouble().map_or(Take::NotYet, Take::Refused)
            }
        }
    }

    /// Writes one slice, if a segment is wanted. Only one thread prepares.
    pub fn step(&self, store: &Store) -> SpareStep {
        let mut state = {
            let mut state = self.state();
            if matches!(*state, SpareState::Ready(_)) {
                return SpareStep::Nothing;
            }
            std::mem::replace(&mut *state, SpareState::Wanted)
        };
        let step = self.advance(store, &mut state);
        *self.state() = state;
        match step {
            SpareStep::Ready | SpareStep::Trouble => store.work.raise(),
            SpareStep::Nothing | SpareStep::Slice => {}
        }
        step
    }

    fn advance(&self, store: &Store, state: &mut SpareState) -> SpareStep {
        let disk = store.disk();
        let advanced = match state {
            SpareState::Ready(_) => return SpareStep::Nothing,
            SpareState::Wanted => {
                let number = self.next.fetch_add(1, Ordering::Relaxed);
                disk.create(&segment::path(number)).map(|file| {
                    *state = SpareState::Writing { spare: Spare { number, file }, written: 0 };
                    SpareStep::Slice
                })
            }
            SpareState::Writing { spare, written } => {
                let slice = if self.is_behind(*written) { SPARE_HURRIED_BYTES } else { SPARE_SLICE_BYTES };
                let slice = slice.min(store.config.segment_bytes - *written);
                let wrote = spare.file.preallocate(*written, slice).and_then(|()| spare.file.sync());
                *written += slice;
                let whole = *written == store.config.segment_bytes;
                match wrote.and_then(|()| if whole { disk.sync_dir(segment::FOLDER) } else { Ok(()) }) {
                    Ok(()) if whole => {
                        let spare = Spare { number: spare.number, file: spare.file.clone() };
                        *state = SpareState::Ready(spare);
                        Ok(SpareStep::Ready)
                    }
                    Ok(()) => Ok(SpareStep::Slice),
                    Err(error) => {
                        let path = segment::path(spare.number);
                        *state = SpareState::Wanted;
                        if let Err(error) = disk.remove(&path) {
                            warn!(%error, path, "Could not remove the half-made segment {path}");
                        }
                        Err(error)
                    }
                }
            }
        };
        match advanced {
            Ok(SpareStep::Ready) => {
                if self.trouble().is_some() {
                    self.set_trouble(None);
                    self.relieved.store(true, Ordering::Relaxed);
                    store.checkpoint.raise();
                    info!("There is room for segments again; the store takes writes");
                }
                SpareStep::Ready
            }
            Ok(step) => step,
            Err(error) => {
                let refusal = disk_error("prepare a segment", &error);
                if self.trouble().is_none() {
                    warn!(%error, "Could not prepare the next segment; the store is read-only until it can");
                }
                self.set_trouble(Some(refusal));
                SpareStep::Trouble
            }
        }
    }
}
