//! What users say of themselves, and whom they watch.

use super::World;
use stonechat_client::core::command::Command;
use stonechat_types::id::UserId;
use stonechat_wire::v1::{self, WhoMaySee, frame::Body, relate};

/// Who may see something, by two bits.
const WHO: [WhoMaySee; 4] = [WhoMaySee::Everybody, WhoMaySee::Everybody, WhoMaySee::Contacts, WhoMaySee::Nobody];

impl World {
    pub(super) fn set_presence(&mut self, device: u64, what: u64) {
        let device = self.chosen(device);
        let command_id = self.command_id(device);
        // Told from all others, so that it is known who wrote it.
        let text = command_id.iter().map(|byte| format!("{byte:02x}")).collect();
        let who = |shift: u64| WHO[(what >> shift & 3) as usize].into();
        let set = v1::SetPresence {
            command_id,
            status: Some(v1::CustomStatus { emoji: String::new(), text, until: 0 }),
            who_may_see: who(0),
            who_may_see_last_seen: who(2),
            invisible: Some(what >> 4 & 3 == 0),
        };
        self.ask(device, Command::Call(Box::new(Body::SetPresence(set))));
    }

    pub(super) fn watch(&mut self, device: u64, users: u64) {
        let device = self.chosen(device);
        if self.devices[device].core.is_none() {
            return;
        }
        let chosen = self.users.iter().enumerate().filter(|(n, _)| users >> n & 1 == 1);
        let chosen: Vec<UserId> = chosen.map(|(_, user)| user.clone()).collect();
        self.devices[device].watched.clone_from(&chosen);
        self.ask(device, Command::Watch(chosen));
        self.ask(device, Command::Away(users >> 32 & 3 == 0));
    }

    /// One user blocks another while everybody is there and in step: whoever watches them is told at once, or never.
    pub(super) fn relate_in_peace(&mut self) -> bool {
        let (device, user) = (self.dice.number(), self.dice.number());
        let (device, user) = (self.chosen(device), self.user(user));
        if self.devices[device].user == user {
            return false;
        }
        self.visits.count("blocked in peace");
        self.relate(device, &user, relate::Change::Block(v1::Block {}));
        true
    }

    /// Those that watch nobody watch somebody, so that there is something to compare.
    pub(super) fn watch_in_peace(&mut self) {
        for device in 0..self.devices.len() {
            if self.devices[device].watched.is_empty() {
                let users = self.dice.number();
                self.watch(device as u64, users);
            }
        }
    }
}
