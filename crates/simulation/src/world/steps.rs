//! What people do, as a plan has it.

use super::World;
use crate::device::Waiting;
use crate::ledger::{CommandEntry, Message};
use crate::plan::Step;
use bytes::Bytes;
use prost::Message as _;
use stonechat_app::api::{Answer, Call, Destination, SendMessage};
use stonechat_client::content::{Attributes, ReplyTo};
use stonechat_client::core::command::{Command, Draft, LaneCommand};
use stonechat_client::core::machine::Core;
use stonechat_client::core::rows::OutboxRow;
use stonechat_client::state::Target;
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, UserId};
use stonechat_types::number::{AppId, Ordinal, Seq};
use stonechat_wire::body;
use stonechat_wire::v1::{self, change_conversation::Change, change_message, frame::Body, relate};

/// The type of all bodies but those of voice messages.
const BODY_TYPE: &str = "simulated";
/// One in so many of the messages that people write is a voice message.
const VOICE_EACH: u64 = 3;
/// Bytes of the longest of them, beside what tells them apart.
const VOICE_BYTES_MAX: u64 = 120;
/// The newest messages, or the oldest, of which one is chosen to be changed.
const FEW: usize = 12;
/// Emojis that people use. The second comes in two forms.
const EMOJIS: [&str; 4] = ["👍", "❤", "❤\u{FE0F}", "🎉"];

impl World {
    /// The device of a choice.
    pub(super) fn chosen(&self, choice: u64) -> usize {
        (choice % self.devices.len().max(1) as u64) as usize
    }

    pub(super) fn user(&self, choice: u64) -> UserId {
        self.users[(choice % self.users.len() as u64) as usize].clone()
    }

    /// A conversation of the device, or that with a user who is not the device's own.
    fn destination(&self, device: usize, choice: u64) -> Option<(ConversationId, Option<UserId>)> {
        let me = &self.devices[device].user;
        if !choice.is_multiple_of(4)
            && let Some(conversation) = self.devices[device].conversation(choice / 4)
        {
            let tables = self.devices[device].store.tables();
            return Some((conversation, tables.conversations.get(&conversation).and_then(|row| row.peer.clone())));
        }
        let others: Vec<_> = self.users.iter().filter(|user| *user != me).collect();
        let n = others.len() as u64;
        let peer = others.get((choice / 4).checked_rem(n)? as usize)?;
        Some((ConversationId::direct(AppId::DEFAULT, me, peer), Some((*peer).clone())))
    }

    pub(super) fn group(&self, device: usize, choice: u64) -> Option<ConversationId> {
        let tables = self.devices[device].store.tables();
        let groups: Vec<_> =
            tables.conversations.keys().filter(|id| id.kind() == ConversationKind::Group).copied().collect();
        groups.get(choice.checked_rem(groups.len() as u64)? as usize).copied()
    }

    pub(super) fn people_step(&mut self, step: Step) {
        match step {
            Step::Send { device, to, count, bytes, reads } => {
                let device = self.chosen(device);
                (0..count).for_each(|_| self.send(device, to, bytes, reads));
            }
            Step::Backend { user, to, count } => self.backend(user, to, count),
            Step::Read { device, conversation, back } => {
                let device = self.chosen(device);
                let Some(conversation) = self.devices[device].conversation(conversation) else { return };
                let tables = self.devices[device].store.tables();
                let head = tables.conversations.get(&conversation).map_or(0, |row| row.head_seq);
                drop(tables);
                self.ask(device, Command::MarkRead { conversation, upto: Seq(head.saturating_sub(back)) });
            }
            Step::Look { device, conversation } => {
                let device = self.chosen(device);
                let Some(conversation) = self.devices[device].conversation(conversation) else { return };
                self.ask(device, Command::Focus(vec![conversation]));
                self.ask(device, Command::Typing { conversation, active: true });
            }
            Step::LoadBefore { device, conversation, before } => {
                let device = self.chosen(device);
                let Some(conversation) = self.devices[device].conversation(conversation) else { return };
                let before = Some(Ordinal(before % 64));
                self.ask(device, Command::LoadBefore { conversation, before, limit: 10 });
            }
            Step::Edit { device, conversation, message, bytes } => {
                let device = self.chosen(device);
                self.devices[device].written += 1;
                let body = format!("{device}.{} edited {}", self.devices[device].written, "y".repeat(bytes as usize));
                let edit = v1::Edit { body_type: BODY_TYPE.to_owned(), body: Bytes::from(body) };
                self.change_message(device, (conversation, message), change_message::Change::Edit(edit));
            }
            Step::React { device, conversation, message, emoji, add } => {
                let device = self.chosen(device);
                let emoji = EMOJIS[emoji as usize % EMOJIS.len()].to_owned();
                let react = v1::React { emoji, remove: !add };
                self.change_message(device, (conversation, message), change_message::Change::React(react));
            }
            Step::Pin { device, conversation, message, pin } => {
                let device = self.chosen(device);
                let pin = change_message::Change::Pin(v1::Pin { remove: !pin });
                self.change_message(device, (conversation, message), pin);
            }
            Step::Recall { device, conversation, message } => {
                let device = self.chosen(device);
                let recall = change_message::Change::Recall(v1::Recall {});
                self.change_message(device, (conversation, message), recall);
            }
            Step::Delete { device, conversation, message } => self.delete_messages(device, conversation, message),
            Step::Star { device, conversation, message, star } => self.star(device, (conversation, message), star),
            Step::Play { device, message } => self.play(device, message),
            Step::Quiet { device, what } => self.quiet(device, what),
            Step::Prefer { device, conversation, what } => self.prefer(device, conversation, what),
            Step::Relate { device, user, what } => {
                let (device, user) = (self.chosen(device), self.user(user));
                self.relate(device, &user, relation_change(what, self.now_ms));
            }
            Step::Cross { device, user, what } => self.cross(device, user, what),
            Step::SetPresence { device, what } => self.set_presence(device, what),
            Step::Watch { device, users } => self.watch(device, users),
            Step::Retry { device } => self.retry(device),
            Step::Revoke { device, other } => self.revoke(device, other),
            Step::KillDevice { device, for_ms, silent, loses_store } => {
                let device = self.chosen(device);
                if self.devices[device].core.is_some() {
                    self.visits.count("device killed");
                    self.kill_device(device, silent);
                    if loses_store {
                        self.lose_store(device);
                    }
                    self.after(for_ms, super::Event::Revive { device });
                }
            }
            Step::DeviceClock { device, by_ms } => {
                let device = self.chosen(device);
                self.devices[device].skew_ms += by_ms;
                self.visits.count("client clock jumped");
            }
            step => self.group_step(step),
        }
    }

    fn group_step(&mut self, step: Step) {
        match step {
            Step::CreateGroup { device, members } => {
                let device = self.chosen(device);
                let me = self.devices[device].user.clone();
                let others = self.users.iter().enumerate().filter(|(n, user)| members >> n & 1 == 1 && **user != me);
                let members = others.map(|(_, user)| user.to_string()).collect();
                let command_id = self.command_id(device);
                let title = format!("group at {}", self.now_ms);
                self.ask(
                    device,
                    Command::Call(Box::new(Body::CreateGroup(v1::CreateGroup { command_id, title, members, kind: 0 }))),
                );
            }
            Step::Add { device, conversation, user } => {
                let user_ids = vec![self.user(user).to_string()];
                self.change(device, conversation, Change::AddMembers(v1::AddMembers { user_ids }));
            }
            Step::Remove { device, conversation, user, writes } => {
                let victim = self.user(user);
                if writes {
                    self.write_in_last_moment(device, conversation, &victim);
                }
                let user_id = victim.to_string();
                self.change(device, conversation, Change::RemoveMember(v1::RemoveMember { user_id }));
            }
            Step::Leave { device, conversation } => self.change(device, conversation, Change::Leave(v1::Leave {})),
            Step::Rename { device, conversation } => {
                let title = format!("title at {}", self.now_ms);
                self.change(device, conversation, Change::Rename(v1::Rename { title }));
            }
            Step::SetRole { device, conversation, user, role } => {
                let user_id = self.user(user).to_string();
                let role = [v1::Role::Member, v1::Role::Admin, v1::Role::Owner][role as usize % 3].into();
                self.change(device, conversation, Change::SetRole(v1::SetRole { user_id, role }));
            }
            Step::Manage { device, conversation, user, what } => {
                let device = self.chosen(device);
                self.manage(device, (conversation, user), what);
            }
            Step::Race { conversation, user, what } => self.race(conversation, user, what),
            _ => {}
        }
    }

    pub(super) fn ask(&mut self, device: usize, command: Command) {
        if self.devices[device].core.is_some() {
            let input = self.devices[device].command(command, Waiting::Other);
            self.input(device, input);
        }
    }

    pub(super) fn command_id(&mut self, device: usize) -> Bytes {
        Bytes::copy_from_slice(&self.devices[device].fresh_id(self.now_ms).0)
    }

    fn change(&mut self, device: u64, conversation: u64, change: Change) {
        let device = self.chosen(device);
        let Some(conversation) = self.group(device, conversation) else { return };
        let command_id = self.command_id(device);
        let change =
            v1::ChangeConversation { command_id, conversation_id: conversation.to_string(), change: Some(change) };
        self.ask(device, Command::Call(Box::new(Body::ChangeConversation(change))));
    }

    /// Changes one of the newest or oldest messages that a device holds, connected or not; own ones only, where only they
    /// may be changed, and of all now and then, when whoever recalls is told that he may not. Now and then it is one that
    /// the server has not acknowledged.
    fn change_message(&mut self, device: usize, (conversation, message): (u64, u64), change: change_message::Change) {
        let Some(conversation) = self.devices[device].conversation(conversation) else { return };
        let tables = self.devices[device].store.tables();
        let waits = |row: &&OutboxRow| row.conversation == conversation && row.command.is_none();
        let unsent: Vec<_> = tables.outbox.values().filter(waits).map(|row| row.client_msg_id).collect();
        drop(tables);
        if let Some(n) = (message / 3).checked_rem(unsent.len() as u64).filter(|_| message.is_multiple_of(4)) {
            let own = unsent[n as usize];
            if matches!(change, change_message::Change::Recall(_)) {
                self.expect_no_more(device, own);
            }
            return self.queue(device, conversation, Target::Own(own), change);
        }
        let only_own = match change {
            change_message::Change::Edit(_) => true,
            change_message::Change::Recall(_) => !message.is_multiple_of(2),
            change_message::Change::React(_) | change_message::Change::Pin(_) => false,
        };
        let tables = self.devices[device].store.tables();
        let all = tables.messages.range((conversation, 0)..=(conversation, u64::MAX)).map(|(_, row)| row);
        let may = all.filter(|row| !only_own || row.sender == self.devices[device].user);
        let all: Vec<_> = may.map(|row| row.seq).collect();
        drop(tables);
        let few = all.len().min(FEW);
        let some = if message.is_multiple_of(3) { &all[..few] } else { &all[all.len() - few..] };
        let Some(n) = (message / 3).checked_rem(some.len() as u64) else { return };
        self.queue(device, conversation, Target::Log(Seq(some[n as usize])), change);
    }

    fn queue(&mut self, device: usize, conversation: ConversationId, about: Target, change: change_message::Change) {
        if self.devices[device].core.is_none() {
            return;
        }
        let command_id = self.devices[device].fresh_id(self.now_ms);
        let it = &mut self.devices[device];
        it.written += 1;
        let kept = Some((device, it.written));
        let key = (it.user.clone(), command_id.0);
        self.ledger.commands.insert(key, CommandEntry { kept, ..CommandEntry::default() });
        let conversation_id = conversation.to_string();
        let change = v1::ChangeMessage { conversation_id, change: Some(change), ..v1::ChangeMessage::default() };
        let call = Body::ChangeMessage(change);
        let command = LaneCommand { conversation, command_id, call, about: Some(about) };
        let it = &mut self.devices[device];
        if it.connection.is_none() {
            self.visits.count("changed without a connection");
        }
        let input = it.command(Command::Queue(Box::new(command)), Waiting::Command(command_id));
        self.input(device, input);
    }

    /// A message that may never have been sent is taken back, and with it what is about it.
    fn expect_no_more(&mut self, device: usize, message: ClientMsgId) {
        let user = self.devices[device].user.clone();
        let commands = self.about(device, message);
        let entry = self.ledger.messages.get_mut(&(user.clone(), message.0));
        entry.into_iter().for_each(|entry| entry.lost = true);
        for id in commands {
            let entry = self.ledger.commands.get_mut(&(user.clone(), id.0));
            entry.into_iter().for_each(|entry| entry.lost = true);
        }
    }

    /// Commands about a message that waits, durable or not.
    fn about(&self, device: usize, message: ClientMsgId) -> Vec<ClientMsgId> {
        let pending = self.devices[device].core.as_ref().map(Core::pending).unwrap_or_default();
        let about = pending.into_iter().filter(|it| it.wish.target() == Some(Target::Own(message)));
        about.map(|it| it.command_id).collect()
    }

    /// Who is about to be removed writes on all of his devices.
    fn write_in_last_moment(&mut self, device: u64, conversation: u64, victim: &UserId) {
        let Some(group) = self.group(self.chosen(device), conversation) else { return };
        let devices: Vec<_> =
            self.devices.iter().filter(|it| it.user == *victim && it.core.is_some()).map(|it| it.index).collect();
        for device in devices {
            for _ in 0..3 {
                self.write(device, (group, None), 20, false);
            }
        }
    }

    pub(super) fn relate(&mut self, device: usize, user: &UserId, change: relate::Change) {
        let command_id = self.command_id(device);
        let relate = v1::Relate { command_id, user_id: user.to_string(), change: Some(change) };
        self.ask(device, Command::Call(Box::new(Body::Relate(relate))));
    }

    /// Both of two users do something about the other in the same moment.
    fn cross(&mut self, device: u64, user: u64, what: u64) {
        let (device, other) = (self.chosen(device), self.user(user));
        let me = self.devices[device].user.clone();
        let theirs = self.devices.iter().find(|it| it.user == other && it.core.is_some()).map(|it| it.index);
        let Some(theirs) = theirs.filter(|_| other != me) else { return };
        let ask = || relate::Change::Request(v1::RequestContact::default());
        if !what.is_multiple_of(3) {
            self.relate(device, &other, ask());
        }
        let (own, others) = match what % 3 {
            0 => (ask(), ask()),
            1 => (relate::Change::Withdraw(v1::WithdrawRequest {}), relate::Change::Accept(v1::AcceptContact {})),
            _ => (
                relate::Change::Withdraw(v1::WithdrawRequest {}),
                relate::Change::Decline(v1::DeclineContact::default()),
            ),
        };
        self.visits.count("relations crossed");
        self.relate(device, &other, own);
        self.relate(theirs, &me, others);
    }

    fn send(&mut self, device: usize, to: u64, bytes: u64, reads: bool) {
        if let Some(to) = self.destination(device, to) {
            self.write(device, to, bytes, reads);
        }
    }

    fn write(&mut self, device: usize, to: (ConversationId, Option<UserId>), bytes: u64, reads: bool) {
        if self.devices[device].core.is_none() {
            return;
        }
        let (conversation, peer) = to;
        let client_msg_id = self.devices[device].fresh_id(self.now_ms);
        let it = &mut self.devices[device];
        it.written += 1;
        let order = it.written;
        let says = format!("{device}.{order} {}", "x".repeat(bytes as usize));
        let (body_type, body) = if bytes <= VOICE_BYTES_MAX && order.is_multiple_of(VOICE_EACH) {
            let file = v1::Upload { upload_id: "u".into(), name: says, ..v1::Upload::default() };
            (body::VOICE, v1::VoiceBody { file: Some(file), ..v1::VoiceBody::default() }.encode_to_vec().into())
        } else {
            (BODY_TYPE, Bytes::from(says))
        };
        let shown = it.store.tables().conversations.get(&conversation).map_or(0, |row| row.last_seq);
        let read_upto = if reads { shown } else { 0 };
        let user = it.user.clone();
        let attributes = self.attributes(device, conversation, client_msg_id);
        let message = Message {
            conversation: Some(conversation),
            body: body.clone(),
            attributes: attributes.clone(),
            device: Some(device),
            order,
            read_upto,
            ..Message::default()
        };
        self.ledger.messages.insert((user, client_msg_id.0), message);
        let draft = Draft {
            conversation,
            peer,
            client_msg_id,
            body_type: body_type.to_owned(),
            body,
            attributes,
            read_upto: Seq(read_upto),
        };
        let it = &mut self.devices[device];
        let input = it.command(Command::Send(draft.clone()), Waiting::Draft(Box::new(draft)));
        self.input(device, input);
    }

    /// What a message carries beside its body: of some, as their ids say.
    fn attributes(&mut self, device: usize, conversation: ConversationId, id: ClientMsgId) -> Option<Box<Attributes>> {
        let mut rest = id.0[8..].iter().fold(0_u64, |rest, byte| rest << 8 | u64::from(*byte));
        let mut one_in = |count: u64| {
            let hit = rest % count == 0;
            rest /= count;
            hit
        };
        let mut attributes = Attributes { silent: one_in(8), mention_all: one_in(10), ..Attributes::default() };
        let (calls, answers) = (one_in(4), one_in(4));
        if calls {
            attributes.mentions.push(self.user(rest >> 8));
        }
        if answers {
            let tables = self.devices[device].store.tables();
            let here: Vec<_> = tables.messages.range((conversation, 0)..=(conversation, u64::MAX)).collect();
            let seq = here.get(rest.checked_rem(here.len() as u64).unwrap_or_default() as usize).map(|it| it.0.1);
            attributes.reply_to = seq.map(|seq| ReplyTo { seq: Seq(seq), ordinal: Ordinal::ZERO });
        }
        let happened = [
            (attributes.silent, "silent message sent"),
            (attributes.mention_all, "everybody called"),
            (!attributes.mentions.is_empty(), "somebody called"),
            (attributes.reply_to.is_some(), "message answered"),
        ];
        happened.into_iter().filter(|(it, _)| *it).for_each(|(_, what)| self.visits.count(what));
        (!attributes.is_empty()).then(|| Box::new(attributes))
    }

    fn retry(&mut self, device: u64) {
        let device = self.chosen(device);
        if self.devices[device].core.is_none() {
            return;
        }
        let tables = self.devices[device].store.tables();
        let failed = tables.outbox.values().find(|row| row.failure.is_some()).map(|row| row.client_msg_id);
        drop(tables);
        if let Some(id) = failed {
            self.visits.count("failed message sent again");
            let key = (self.devices[device].user.clone(), id.0);
            if let Some(message) = self.ledger.messages.get_mut(&key) {
                message.was_retried = true;
            }
            let user = &self.devices[device].user;
            let behind: Vec<_> =
                self.about(device, id).into_iter().chain([id]).map(|id| (user.clone(), id.0)).collect();
            for key in behind {
                let entry = self.ledger.commands.get_mut(&key);
                entry.into_iter().for_each(|entry| entry.was_retried = true);
            }
            self.ask(device, Command::Retry(id));
        }
    }

    fn revoke(&mut self, device: u64, other: u64) {
        let device = self.chosen(device);
        let me = &self.devices[device];
        let others: Vec<_> = self.devices.iter().filter(|it| it.user == me.user && it.index != device).collect();
        let Some(other) = others.get(other.checked_rem(others.len() as u64).unwrap_or_default() as usize) else {
            return;
        };
        let device_id = other.id.to_string();
        self.ask(
            device,
            Command::Call(Box::new(Body::RevokeDevice(v1::RevokeDevice { device_id, all_others: false }))),
        );
    }

    /// The backend writes in the name of a user.
    fn backend(&mut self, user: u64, to: u64, count: u64) {
        let user = self.user(user);
        let Some(device) = self.devices.iter().find(|device| device.user == user).map(|device| device.index) else {
            return;
        };
        let Some((conversation, peer)) = self.destination(device, to) else { return };
        for _ in 0..count {
            self.backend_ids += 1;
            let mut random = [0xFE; 10];
            random[..8].copy_from_slice(&self.backend_ids.to_be_bytes());
            let time = (crate::ports::EPOCH_MS as u64) + self.now_ms;
            let client_msg_id = ClientMsgId::from_parts(time, random);
            let body = Bytes::from(format!("backend.{}", self.backend_ids));
            let key = (user.clone(), client_msg_id.0);
            let message =
                Message { conversation: Some(conversation), body: body.clone(), open: 1, ..Message::default() };
            let Some(node) = self.node.as_ref().filter(|_| !self.is_stopping) else { return };
            self.ledger.messages.insert(key.clone(), message);
            self.ledger.attempts(&key);
            let destination = match &peer {
                Some(peer) => Destination::User(peer.clone()),
                None => Destination::Conversation(conversation),
            };
            let send = SendMessage {
                to: destination,
                client_msg_id,
                body_type: Bytes::from_static(BODY_TYPE.as_bytes()),
                body,
                read_upto: Seq::ZERO,
                after: None,
                attributes: None,
            };
            let (app, answers, user) = (node.app.clone(), self.backend.clone(), user.clone());
            node.spawn(async move {
                let answer = app.call_as(AppId::DEFAULT, user, Call::Send(send)).await;
                answers.lock().unwrap_or_else(std::sync::PoisonError::into_inner).push((key, answer));
            });
        }
    }

    pub(crate) fn take_backend_answers(&mut self) {
        let answers = std::mem::take(&mut *self.backend.lock().unwrap_or_else(std::sync::PoisonError::into_inner));
        for (key, answer) in answers {
            match answer {
                Ok(Answer::Sent(sent)) => {
                    self.ledger.acknowledges(&key, (sent.id.seq.0, sent.ordinal.0));
                    self.visits.count("backend send acknowledged");
                }
                Err(failure) if !matches!(failure.code.as_str(), "internal" | "shutting_down") => {
                    let message = self.ledger.messages.get_mut(&key);
                    message.into_iter().for_each(|message| message.open -= 1);
                    self.visits.count(&format!("send refused: {}", failure.code));
                }
                Ok(_) | Err(_) => {}
            }
        }
    }
}

fn relation_change(what: u64, now_ms: u64) -> relate::Change {
    use relate::Change;
    match what {
        0 => Change::Block(v1::Block {}),
        1 | 2 => Change::Unblock(v1::Unblock {}),
        3..=6 => Change::Request(v1::RequestContact { message: format!("at {now_ms}"), answer: String::new() }),
        7..=9 => Change::Accept(v1::AcceptContact {}),
        10 => Change::Decline(v1::DeclineContact { reason: format!("at {now_ms}") }),
        11 => Change::Withdraw(v1::WithdrawRequest {}),
        12 | 13 => Change::Remove(v1::RemoveContact {}),
        _ => Change::Annotate(v1::Remarks { alias: format!("alias at {now_ms}"), ..v1::Remarks::default() }),
    }
}
