//! Signing out: whoever takes this device next must not see what was on it. Whether the user signs out here, or the server
//! says that the device was signed out, what the store holds is gone before anybody is told.

use stonechat_wire::v1::{self, frame::Body};

use crate::core::calls::Purpose;
use crate::core::change::Change;
use crate::core::command::{Reply, Ticket};
use crate::core::machine::Core;
use crate::core::outbox::Outbox;
use crate::core::people::Entries;
use crate::core::rows::{DeviceRow, StoreOp};
use crate::core::typing::Typists;
use crate::error::AuthError;
use crate::state::{EndReason, SendState};

impl Core {
    /// The user signs out here. The server is told when there is a connection; without one it learns nothing.
    pub(super) fn on_sign_out(&mut self, ticket: Ticket) {
        self.leaving.push(ticket);
        if self.link.is_up() && self.calls.have_room_for_control() {
            if !self.calls.is_in_flight(&Purpose::SignOut) {
                let device_id = self.settings.device.to_string();
                self.call(Purpose::SignOut, Body::RevokeDevice(v1::RevokeDevice { device_id, all_others: false }));
            }
        } else {
            self.signed_out(AuthError::Revoked);
        }
    }

    /// The connection went before the server could answer: it is not waited for.
    pub(super) fn leave_without_answer(&mut self) {
        if !self.leaving.is_empty() {
            self.signed_out(AuthError::Revoked);
        }
    }

    /// The device is signed out: nothing of what it held stays, and nothing more is taken.
    pub(super) fn signed_out(&mut self, why: AuthError) {
        let leaving = std::mem::take(&mut self.leaving);
        self.end(EndReason::Auth(why));
        if !std::mem::replace(&mut self.is_signed_out, true) {
            self.wipe();
        }
        for ticket in leaving {
            self.journal.reply(ticket, Ok(Reply::Done));
        }
    }

    fn wipe(&mut self) {
        for entry in self.outbox.entries.values() {
            let (conversation, client_msg_id) = (entry.row.conversation, entry.row.client_msg_id);
            self.journal.tell(Change::Send { conversation, client_msg_id, state: SendState::Cancelled });
            self.journal.tell(match entry.row.command {
                Some(_) => Change::PendingGone(conversation, client_msg_id),
                None => Change::EchoGone(conversation, client_msg_id),
            });
        }
        self.forget_history();
        // After what forgetting writes of messages that wait.
        self.journal.write(StoreOp::Wipe);
        for id in std::mem::take(&mut self.conversations).into_keys() {
            self.journal.tell(Change::ConversationGone(id));
        }
        self.outbox = Outbox::default();
        self.entries = Entries::default();
        self.preferences.clear();
        self.typists = Typists::default();
        self.forget_watched();
        self.device = DeviceRow::default();
        self.session = None;
        self.position = None;
        self.early.clear();
        self.focus.clear();
        self.touched.clear();
        (self.total_unread, self.unlisted_unread, self.welcome_unread, self.recorded) = (0, 0, None, 0);
        self.tell_total_unread();
        self.journal.tell(Change::Recorded(0));
    }
}
