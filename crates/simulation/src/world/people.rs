//! Devices: their inputs, what their cores want done, and how they die and come back.

use super::{Event, World};
use crate::device::Waiting;
use crate::ledger::CommandEntry;
use crate::ports;
use stonechat_client::core::command::{Command, Reply};
use stonechat_client::core::machine::{Action, Input};
use stonechat_client::core::rows::StoreOp;
use stonechat_client::error::TokenError;
use stonechat_client::state::{ConnectionState, EndReason, SendState};
use stonechat_client::store::Store as _;
use stonechat_types::id::ClientMsgId;

impl World {
    /// Gives a device an input, and does what it wants.
    pub(super) fn input(&mut self, device: usize, input: Input) {
        if self.devices[device].handle(self.now_ms, input) {
            self.act(device);
        }
    }

    fn act(&mut self, device: usize) {
        while let Some(action) = self.devices[device].core.as_mut().and_then(|core| core.poll_action()) {
            match action {
                Action::FetchToken(_) => {
                    let epoch = self.devices[device].epoch;
                    let way = self.dice.between(1, 50);
                    self.after(way, Event::Token { device, epoch });
                }
                Action::Connect => self.connect(device),
                Action::Disconnect => self.disconnect(device, false),
                Action::Transmit(frame) => {
                    if matches!(frame.body, Some(stonechat_wire::v1::frame::Body::Pull(_))) {
                        self.visits.count("pull");
                    }
                    self.transmit(device, &frame);
                }
                Action::Commit(transaction) => {
                    self.devices[device].pending.push_back(transaction);
                    self.flush_device(device);
                }
                Action::Emit(change) => self.devices[device].told(change),
                Action::Reply(ticket, reply) => {
                    let waiting = self.devices[device].waiting.remove(&ticket);
                    let key = |id: ClientMsgId| (self.devices[device].user.clone(), id.0);
                    match (waiting, reply) {
                        (Some(Waiting::Draft(draft)), Ok(Reply::Queued(_))) => {
                            let message = self.ledger.messages.get_mut(&key(draft.client_msg_id));
                            message.into_iter().for_each(|message| message.promised = true);
                        }
                        (Some(Waiting::Command(_)), Ok(Reply::Kept(_, SendState::Done(_)))) => {
                            self.visits.count("taken back before it was sent");
                        }
                        (Some(Waiting::Command(id)), Ok(Reply::Kept(kept, _))) if id == kept => {
                            let command = self.ledger.commands.get_mut(&key(id));
                            command.into_iter().for_each(|command| command.promised = true);
                        }
                        (Some(Waiting::Command(_)), Ok(Reply::Kept(..))) => {
                            self.visits.count("edited before it was sent")
                        }
                        (_, _) => {}
                    }
                }
            }
        }
        self.schedule_tick(device);
    }

    fn schedule_tick(&mut self, device: usize) {
        let Some(at) = self.devices[device].core.as_ref().and_then(|core| core.next_deadline()) else { return };
        if self.devices[device].tick_at.is_none_or(|scheduled| at < scheduled) {
            self.devices[device].tick_at = Some(at);
            self.at(at, Event::Tick { device, at });
        }
    }

    pub(super) fn give_token(&mut self, device: usize, epoch: u64) {
        let it = &self.devices[device];
        if it.epoch != epoch {
            return;
        }
        let token = if !self.is_peace && self.dice.percent(3) {
            Err(TokenError::Later("the backend is busy".to_owned()))
        } else {
            Ok(ports::token(&it.user, &it.id, crate::node::wall(&self.machine.skew, self.now_ms)))
        };
        self.input(device, Input::Token(token));
    }

    fn flush_device(&mut self, device: usize) {
        let it = &mut self.devices[device];
        if it.pending.is_empty() || std::mem::replace(&mut it.is_committing, true) {
            return;
        }
        let epoch = it.epoch;
        let ms = self.dice.between(0, self.shape.device_flush_ms);
        self.after(ms, Event::StoreCommit { device, epoch });
    }

    pub(super) fn store_commit(&mut self, device: usize, epoch: u64) {
        let some = 1 + self.dice.index(4);
        let it = &mut self.devices[device];
        if it.epoch != epoch {
            return;
        }
        it.is_committing = false;
        let group: Vec<_> = (0..some).map_while(|_| it.pending.pop_front()).collect();
        let Some(last) = group.last().map(|transaction| transaction.number) else { return };
        let before = it.cursors();
        if let Err(error) = it.store.apply(&group) {
            self.ledger.violation.get_or_insert(format!("a store in memory failed: {error}"));
            return;
        }
        if group.iter().flat_map(|transaction| &transaction.ops).any(|op| matches!(op, StoreOp::Wipe)) {
            // Signed out: whatever it had promised goes with what it held.
            self.visits.count("device wiped");
            self.lose_store(device);
        }
        let after = self.devices[device].cursors();
        let back = before.iter().find(|(id, seq)| after.get(id).is_some_and(|now| *now > 0 && now < *seq));
        if let Some((id, seq)) = back {
            let text = format!("the cursor of device {device} in {id} went back from {seq} to {}", after[id]);
            self.ledger.violation.get_or_insert(text);
        }
        self.flush_device(device);
        self.input(device, Input::Committed(last));
    }

    /// A device starts, if it is not running.
    pub(super) fn revive(&mut self, device: usize) {
        if self.devices[device].core.is_some() {
            return;
        }
        self.note(format_args!("device {device} starts"));
        self.devices[device].start();
        self.act(device);
        let input = self.devices[device].command(Command::Start, Waiting::Other);
        self.input(device, input);
    }

    /// A device dies.
    pub(super) fn kill_device(&mut self, device: usize, silent: bool) {
        self.disconnect(device, silent);
        self.devices[device].die(self.now_ms);
    }

    /// What a device had stored is lost: nobody promises anything for it any more.
    pub(super) fn lose_store(&mut self, device: usize) {
        self.visits.count("device store lost");
        let now_ms = self.now_ms;
        self.devices[device].lose_store(now_ms);
        for message in self.ledger.messages.values_mut().filter(|message| message.device == Some(device)) {
            message.lost = true;
        }
        let kept = |it: &&mut CommandEntry| it.kept.is_some_and(|(kept, _)| kept == device);
        self.ledger.commands.values_mut().filter(kept).for_each(|command| command.lost = true);
    }

    /// Whether a device will not connect again by itself.
    pub(super) fn has_ended(&self, device: usize) -> bool {
        matches!(&self.devices[device].state, ConnectionState::Ended(reason) if *reason != EndReason::Stopped)
    }
}
