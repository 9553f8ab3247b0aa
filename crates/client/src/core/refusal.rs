//! What the server refuses, by what the call was for.

use std::time::Duration;

use stonechat_wire::v1;

use crate::core::calls::Purpose;
use crate::core::dice::backoff_ms;
use crate::core::machine::Core;
use crate::error::ServerError;

/// The error of the wire, for callers.
#[must_use]
pub fn server_error(error: &v1::Error) -> ServerError {
    let after = (error.retry_after_ms > 0).then(|| Duration::from_millis(u64::from(error.retry_after_ms)));
    ServerError { code: error.code.clone(), text: error.message.clone(), retry_after: after }
}

/// How long to wait: the backoff, or longer when the server says so.
#[must_use]
pub fn wait_ms(error: &v1::Error, backoff: u64) -> u64 {
    backoff.max(u64::from(error.retry_after_ms))
}

impl Core {
    pub(super) fn on_refusal(&mut self, purpose: Purpose, error: &v1::Error) {
        match purpose {
            Purpose::Hello => {
                self.wait_as_told(error.retry_after_ms);
                self.on_ended_by_server(&error.code);
            }
            Purpose::Send(id) => self.on_send_refused(id, error),
            Purpose::Ask(number) => self.on_ask_refused(number, error),
            Purpose::Read(conversation, upto) => self.on_read_refused(conversation, upto, error),
            Purpose::Delivered(told) => self.on_delivered_refused(told, error),
            Purpose::Played(conversation, seq) => self.on_played_refused(conversation, seq, error),
            // At its end the server closes with `token_expired`, and the usual way is taken.
            Purpose::Refresh | Purpose::Ping => {}
            Purpose::Watch => self.on_watch_refused(error),
            // Whatever the server says, here it is over.
            Purpose::SignOut => self.leave_without_answer(),
            // A new hello asks the same, and waits as it should.
            Purpose::Pull => self.break_off(&error.code),
            fetch @ (Purpose::List
            | Purpose::Personal
            | Purpose::ContentTypes
            | Purpose::Get(_)
            | Purpose::CatchUp(_)
            | Purpose::Newest(_)
            | Purpose::Replay(_)
            | Purpose::Changes(_)) => self.on_fetch_refused(fetch, error),
        }
    }

    fn on_fetch_refused(&mut self, purpose: Purpose, error: &v1::Error) {
        if server_error(error).is_retryable() {
            let wait = wait_ms(error, backoff_ms(&mut self.dice, 1));
            self.fetch_from = self.fetch_from.max(self.now_ms() + wait);
            self.fetch_again(purpose);
            return;
        }
        match purpose {
            Purpose::Get(id) => self.on_get_refused(id),
            Purpose::CatchUp(id) | Purpose::Newest(id) | Purpose::Replay(id) => self.on_unreachable(id),
            Purpose::Changes(id) => self.on_changes_refused(id),
            Purpose::ContentTypes => self.on_content_types_refused(),
            // Without the listing this device cannot get in step: a new hello begins anew.
            Purpose::List | Purpose::Personal => self.break_off(&error.code),
            Purpose::Hello
            | Purpose::Pull
            | Purpose::Send(_)
            | Purpose::Read(..)
            | Purpose::Delivered(_)
            | Purpose::Played(..)
            | Purpose::Refresh
            | Purpose::Ping
            | Purpose::Watch
            | Purpose::SignOut
            | Purpose::Ask(_) => {}
        }
    }
}
