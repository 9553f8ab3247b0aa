//! Up to which lane position every record was fanned out. Executors finish in any order; a position may be told to a
//! session only when nothing before it is still on its way.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};
use stonechat_types::number::LanePosition;
use tokio::sync::Notify;
use tokio::sync::futures::Notified;

/// The watermark of one lane.
pub struct Watermark {
    state: Mutex<State>,
    moved: Notify,
}

struct State {
    upto: u64,
    ahead: BTreeSet<u64>,
}

impl Watermark {
    /// Everything up to here is done.
    #[must_use]
    pub fn new(upto: LanePosition) -> Self {
        Self { state: Mutex::new(State { upto: upto.0, ahead: BTreeSet::new() }), moved: Notify::new() }
    }

    /// These records were fanned out, or never will be.
    pub fn complete(&self, positions: impl IntoIterator<Item = LanePosition>) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        for LanePosition(position) in positions {
            if position == state.upto + 1 {
                state.upto = position;
            } else if position > state.upto {
                state.ahead.insert(position);
            }
        }
        while state.ahead.first() == Some(&(state.upto + 1)) {
            state.ahead.pop_first();
            state.upto += 1;
        }
        drop(state);
        self.wake();
    }

    /// Something was committed, whether it is fanned out or not.
    pub fn wake(&self) {
        self.moved.notify_waiters();
    }

    /// Ends when something is committed after this call.
    pub fn moved(&self) -> Notified<'_> {
        self.moved.notified()
    }

    /// Everything up to here was fanned out.
    #[must_use]
    pub fn upto(&self) -> LanePosition {
        LanePosition(self.state.lock().unwrap_or_else(PoisonError::into_inner).upto)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_passes_a_record_that_is_on_its_way() {
        let mark = Watermark::new(LanePosition(3));
        mark.complete([LanePosition(5), LanePosition(6)]);
        assert_eq!(mark.upto(), LanePosition(3));
        mark.complete([LanePosition(4)]);
        assert_eq!(mark.upto(), LanePosition(6));
        mark.complete([LanePosition(2)]);
        assert_eq!(mark.upto(), LanePosition(6));
    }
}
