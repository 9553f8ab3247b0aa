//! The contract suite: one macro line an engine.
//!
//! ```text
//! stonechat_log::contract_tests!(my_engine, |derive| Box::new(MyHarness::new(derive)));
//! ```

pub mod cases;
pub mod compare;
pub mod workload;

use crate::record::{Committed, Record};
use crate::store::{BoxFuture, Derive, Log, LogError};
use std::sync::Arc;
use std::sync::mpsc::sync_channel;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

/// An engine under test.
pub trait Harness {
    /// The open store.
    fn log(&self) -> &dyn Log;

    /// Closes the store in the middle of things, as a crash of the process would, and opens it again.
    fn reopen(&mut self);

    /// Moves what is in memory to where it stays, if the engine knows such a thing.
    fn settle(&mut self);
}

/// Makes an engine with an empty store; it computes derived rows with what it is given.
pub type MakeHarness = fn(Arc<dyn Derive>) -> Box<dyn Harness>;

/// How long an answer may take before a test fails.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(20);

/// Waits for a future of an engine.
pub fn wait<T>(mut future: BoxFuture<'_, T>) -> T {
    let mut context = Context::from_waker(Waker::noop());
    loop {
        if let Poll::Ready(value) = future.as_mut().poll(&mut context) {
            return value;
        }
        std::thread::yield_now();
    }
}

/// Offers a batch and waits for its answer.
///
/// # Errors
/// What the engine answers.
///
/// # Panics
/// When there is no answer in time.
pub fn commit(log: &dyn Log, records: Vec<Record>) -> Result<Vec<Committed>, LogError> {
    let (answered, answer) = sync_channel(1);
    log.offer(
        records,
        Box::new(move |result| {
            let _ = answered.send(result);
        }),
    );
    answer.recv_timeout(ANSWER_TIMEOUT).expect("an offer is answered")
}

/// The tests of one engine: a name for their module, and a [`MakeHarness`].
#[macro_export]
macro_rules! contract_tests {
    ($name:ident, $make:expr) => {
        $crate::contract_tests!(@cases $name, $make;
            positions_are_dense_in_the_order_of_the_offers,
            positions_go_on_after_a_restart,
            batches_are_answered_in_the_order_of_the_offers,
            an_empty_batch_is_answered,
            what_was_answered_can_be_read,
            rows_are_as_the_last_write_left_them,
            derived_rows_survive_a_restart,
            a_scan_is_sorted_paged_and_ends_with_its_prefix,
            personal_numbers_are_dense,
            a_personal_page_has_each_key_once,
            personal_pages_join_to_the_whole,
            a_page_of_events_ends_at_its_limits,
            pages_of_events_join_to_the_whole,
            messages_are_found_by_ordinal,
            the_feed_gives_every_record,
            activity_follows_the_commits,
            the_history_stays_the_same,
            a_scrubbed_body_is_gone_and_nothing_else,
            apps_do_not_see_each_other,
            many_threads_can_offer_and_read,
            any_workload_does_what_the_memory_engine_does,
        );
    };
    (@cases $name:ident, $make:expr; $($case:ident,)*) => {
        mod $name {
            use super::*;
            $(
                #[test]
                fn $case() {
                    $crate::contract::cases::$case($make);
                }
            )*
        }
    };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::memory::MemoryLog;

    struct Memory(MemoryLog);

    impl Harness for Memory {
        fn log(&self) -> &dyn Log {
            &self.0
        }

        fn reopen(&mut self) {}

        fn settle(&mut self) {}
    }

    contract_tests!(memory, |_| Box::new(Memory(MemoryLog::new([7; 16]))));
}
