//! What the threads of the engine do, one step at a time.

use super::{Event, World};
use crate::planted::Planted;
use stonechat_log_segment::sim_disk::{Crash, Syncs};
use stonechat_log_segment::step::{SpareStep, WriterStep};

/// How long after a store refused what waited may still be on its way.
const REFUSED_MS: u64 = 3_000;

impl World {
    fn flush_ms(&mut self) -> u64 {
        let max = self.shape.flush_ms.max(self.faults.flush_ms);
        self.dice.between(0, max)
    }

    /// Something waits for the committer.
    pub(super) fn offered(&mut self) {
        self.offered_at.get_or_insert(self.now_ms);
        if !std::mem::replace(&mut self.is_committing, true) {
            let (ms, epoch) = (self.flush_ms(), self.node_epoch);
            self.after(ms, Event::Commit { epoch });
        }
    }

    pub(super) fn commit(&mut self) {
        let Some(node) = &mut self.node else { return };
        let step = node.stepper.commit();
        let head = stonechat_log::store::Log::head(&*node.log).0;
        let due = node.stepper.is_checkpoint_due();
        self.note(format_args!("commit: {step:?}, head {head}"));
        if self.machine.disk.is_off() {
            return self.crash();
        }
        let epoch = self.node_epoch;
        match step {
            WriterStep::Answered => {
                let waited = self.offered_at.take().map_or(0, |at| self.now_ms - at);
                self.slowest_commit_ms = self.slowest_commit_ms.max(waited);
                self.offered_at = Some(self.now_ms);
                self.commits.push(head);
                self.visits.count("batches committed");
                let ms = self.flush_ms();
                self.after(ms, Event::Commit { epoch });
            }
            WriterStep::Idle => {
                self.is_committing = false;
                self.offered_at = None;
            }
            WriterStep::AwaitsSegment => {
                self.visits.count("commit waited for a segment");
                self.after(1, Event::Prepare { epoch });
                self.after(2, Event::Commit { epoch });
            }
            WriterStep::Closed => {
                return self.fail_sync();
            }
        }
        if due {
            let ms = self.dice.between(0, 200);
            self.want_checkpoint(ms);
        }
    }

    /// A sync has failed, and the process ends: nobody knows what the disk has.
    pub(super) fn fail_sync(&mut self) {
        self.visits.count("sync failed");
        self.faults.way = Some(Crash::ALL[self.dice.index(Crash::ALL.len())]);
        if self.planted != Some(Planted::AckBeforeSync) {
            self.machine.disk.set_syncs(Syncs::Real);
        }
        self.crash();
    }

    pub(super) fn prepare(&mut self) {
        let Some(node) = &mut self.node else { return };
        let step = node.stepper.prepare();
        if self.machine.disk.is_off() {
            return self.crash();
        }
        let ms = match step {
            SpareStep::Slice => 1,
            SpareStep::Trouble => 500,
            SpareStep::Ready | SpareStep::Nothing => 100,
        };
        let epoch = self.node_epoch;
        self.after(ms, Event::Prepare { epoch });
    }

    pub(super) fn want_checkpoint(&mut self, ms: u64) {
        if self.node.is_some() && !std::mem::replace(&mut self.checkpoint_waits, true) {
            let epoch = self.node_epoch;
            self.after(ms, Event::Checkpoint { epoch });
        }
    }

    pub(super) fn checkpoint(&mut self) {
        self.checkpoint_waits = false;
        let Some(node) = &mut self.node else { return };
        let (mut beside, mut has_failed) = (0, false);
        let opened = self.machine.indexes.opened();
        let done = node.stepper.checkpoint_beside(&mut |writer| match writer.step() {
            WriterStep::Answered => beside += 1,
            WriterStep::Closed => has_failed = true,
            WriterStep::Idle | WriterStep::AwaitsSegment => {}
        });
        self.note(format_args!("checkpoint: {done:?}, {beside} batches beside it"));
        self.visits.add("checkpoint during load", beside);
        if self.machine.disk.is_off() || self.machine.indexes.is_cut() {
            return self.crash();
        }
        if has_failed {
            return self.fail_sync();
        }
        self.visits.add("index opened again", (self.machine.indexes.opened() - opened) as u64);
        match done {
            Ok(wrote) => self.visits.add("checkpoint", u64::from(wrote)),
            Err(_) => {
                self.visits.count("checkpoint failed");
                let ms = self.dice.between(500, 2_000);
                self.want_checkpoint(ms);
            }
        }
    }

    pub(super) fn look_at_disk(&mut self) {
        let is_full = self.node.as_ref().is_some_and(|node| node.log.read_only().is_some());
        if is_full && !self.faults.was_full {
            self.visits.count("storage_full entered");
        }
        if !is_full && self.faults.was_full && self.node.is_some() {
            self.visits.count("storage_full left");
        }
        if self.node.is_some() {
            self.faults.was_full = is_full;
            // A failing index refuses cursors as a full disk does; what waited is written in the seconds after it.
            if is_full || self.machine.indexes.is_faulty() {
                self.faults.refusing_until_ms = self.now_ms + REFUSED_MS;
                self.faults.full_since_ms.get_or_insert(self.now_ms.saturating_sub(super::PULSE_MS));
            } else if self.now_ms > self.faults.refusing_until_ms {
                self.faults.full_since_ms = None;
            }
        }
    }

    /// A stored body rots, of a message that is known as synced by two batches behind it.
    pub(super) fn rot(&mut self, place: u64) {
        let Some(node) = &self.node else { return };
        let known = self.commits.len().checked_sub(3).and_then(|n| self.commits.get(n)).copied().unwrap_or_default();
        let Some(wanted) = place.checked_rem(known) else { return };
        let log = node.log.clone();
        let position = stonechat_types::number::LanePosition(wanted);
        let found = node.block_on(async move { stonechat_log::store::Log::feed(&*log, position, 1).await });
        let Some(event) = found.ok().and_then(|mut records| records.pop()).and_then(|record| record.event) else {
            return;
        };
        let is_message = event.header.kind == stonechat_domain::kind::EventKind::Message;
        if !is_message || event.sealed.is_empty() {
            return;
        }
        if self.machine.disk.rot_bytes(&event.sealed, place) {
            self.note(format_args!("the body of {}.{} rots", event.header.conversation, event.header.seq));
            self.visits.count("stored body rotted");
            self.rotted.insert((event.header.sender.clone(), event.header.key));
        }
    }
}
