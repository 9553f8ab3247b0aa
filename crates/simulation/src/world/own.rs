//! What people do for themselves: messages that they remove, and what they prefer in conversations.

use super::World;
use crate::device::Waiting;
use crate::ledger::CommandEntry;
use stonechat_client::core::command::{Command, LaneCommand};
use stonechat_types::id::ConversationId;
use stonechat_types::number::{AppId, Seq};
use stonechat_wire::body;
use stonechat_wire::v1::{self, frame::Body};

/// The newest messages, of which some are removed.
const FEW: usize = 12;

impl World {
    /// Removes some of the newest messages that a device holds, connected or not.
    pub(super) fn delete_messages(&mut self, device: u64, conversation: u64, message: u64) {
        let Some((device, conversation, seqs)) = self.some(device, conversation, message) else { return };
        let delete = v1::DeleteMessages { conversation_id: conversation.to_string(), seqs, ..Default::default() };
        self.keep(device, conversation, Body::DeleteMessages(delete));
    }

    /// Stars some of them, or takes the stars away.
    pub(super) fn star(&mut self, device: u64, (conversation, message): (u64, u64), star: bool) {
        let Some((device, conversation, seqs)) = self.some(device, conversation, message) else { return };
        let conversation_id = conversation.to_string();
        let star = v1::StarMessages { conversation_id, seqs, remove: !star, ..Default::default() };
        self.keep(device, conversation, Body::StarMessages(star));
    }

    /// Plays one of the voice messages of others that a device holds, connected or not.
    pub(super) fn play(&mut self, device: u64, message: u64) {
        let device = self.chosen(device);
        let (tables, me) = (self.devices[device].store.tables(), &self.devices[device].user);
        let held = tables.messages.values().filter(|row| row.body_type == body::VOICE && row.sender != *me);
        let held: Vec<_> = held.map(|row| (row.conversation, Seq(row.seq))).collect();
        drop(tables);
        let Some(n) = message.checked_rem(held.len() as u64) else { return };
        let (conversation, message) = held[n as usize];
        if self.devices[device].connection.is_none() {
            self.visits.count("played without a connection");
        }
        self.ask(device, Command::MarkPlayed { conversation, message });
    }

    /// Says when the user is not to be disturbed.
    pub(super) fn quiet(&mut self, device: u64, what: u64) {
        let device = self.chosen(device);
        let window =
            v1::QuietWindow { days: 1 + (what % 127) as u32, from_minute: (what % 1_440) as u32, upto_minute: 420 };
        let hours = v1::QuietHours { windows: vec![window], zone: None };
        let set = match what % 3 {
            0 => v1::SetQuiet { paused_until: Some(-1), ..Default::default() },
            1 => v1::SetQuiet { paused_until: Some(0), ..Default::default() },
            _ => v1::SetQuiet { hours: Some(hours), ..Default::default() },
        };
        let me = self.devices[device].user.clone();
        self.keep(device, ConversationId::direct(AppId::DEFAULT, &me, &me), Body::SetQuiet(set));
    }

    /// Some of the newest messages that a device holds.
    fn some(&self, device: u64, conversation: u64, message: u64) -> Option<(usize, ConversationId, Vec<u64>)> {
        let device = self.chosen(device);
        let conversation = self.devices[device].conversation(conversation)?;
        let tables = self.devices[device].store.tables();
        let held = tables.messages.range((conversation, 0)..=(conversation, u64::MAX)).map(|((_, seq), _)| *seq);
        let held: Vec<_> = held.collect();
        let newest = &held[held.len().saturating_sub(FEW)..];
        let first = (message / 4).checked_rem(newest.len() as u64)?;
        let seqs = newest.iter().skip(first as usize).take(1 + (message % 4) as usize).copied().collect();
        Some((device, conversation, seqs))
    }

    /// Prefers something in a conversation; the number chooses what.
    pub(super) fn prefer(&mut self, device: u64, conversation: u64, what: u64) {
        let device = self.chosen(device);
        let Some(conversation) = self.devices[device].conversation(conversation) else { return };
        let (switch, rest) = (what.is_multiple_of(2), what / 2);
        let head = self.devices[device].store.tables().conversations.get(&conversation).map_or(0, |row| row.head_seq);
        let mut set = v1::SetPreferences { conversation_id: conversation.to_string(), ..Default::default() };
        match rest % 8 {
            0 => set.pinned = Some(switch),
            1 => set.muted_until = Some(if switch { -1 } else { 0 }),
            2 => set.marked_unread = Some(switch),
            3 => set.archived = Some(switch),
            4 => set.folders = Some(v1::Folders { names: if switch { vec!["Work".into()] } else { Vec::new() } }),
            5 => set.draft = Some(v1::Draft { text: format!("draft {rest}"), ..Default::default() }),
            // Up to a few events before the head, and not always.
            _ if switch => {
                set.cleared_upto_seq = Some(head.saturating_sub(rest / 8 % 6));
                self.visits.count("history cleared");
            }
            _ => set.hidden_upto_seq = Some(head),
        }
        self.keep(device, conversation, Body::SetPreferences(set));
    }

    /// Lets a device keep a command in the lane of a conversation.
    fn keep(&mut self, device: usize, conversation: ConversationId, call: Body) {
        if self.devices[device].core.is_none() {
            return;
        }
        let command_id = self.devices[device].fresh_id(self.now_ms);
        let it = &mut self.devices[device];
        it.written += 1;
        let kept = Some((device, it.written));
        let key = (it.user.clone(), command_id.0);
        self.ledger.commands.insert(key, CommandEntry { kept, ..CommandEntry::default() });
        let command = LaneCommand { conversation, command_id, call, about: None };
        let it = &mut self.devices[device];
        let input = it.command(Command::Queue(Box::new(command)), Waiting::Command(command_id));
        self.input(device, input);
    }
}
