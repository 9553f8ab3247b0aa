//! What was promised: every send, command and cursor that a device put on the wire, and every answer that the server
//! gave, noted when it left the server.

use crate::presence::Register;
use crate::visits::Visits;
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_client::content::Attributes;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::number::AppId;
use stonechat_wire::v1::{self, Frame, fetch_messages::Range, frame::Body, relate};

/// Names a message or a command: its author, and the id that the author gave it.
pub type Key = (UserId, [u8; 16]);

/// A message.
#[derive(Clone, Debug, Default)]
pub struct Message {
    /// Where to.
    pub conversation: Option<ConversationId>,
    /// As it was written.
    pub body: Bytes,
    /// What it carries beside the body.
    pub attributes: Option<Box<Attributes>>,
    /// The device that wrote it; `None` is the backend.
    pub device: Option<usize>,
    /// Its number among the messages of that device.
    pub order: u64,
    /// Attempts that have no answer that says that nothing was stored.
    pub open: u64,
    /// Seq and ordinal of the acknowledgement.
    pub acked: Option<(u64, u64)>,
    /// Whether its device said that it is durable there.
    pub promised: bool,
    /// Whether its device was lost, with everything on it.
    pub lost: bool,
    /// The cursor that it carried.
    pub read_upto: u64,
    /// Whether it had failed and was sent again, and so lost its place.
    pub was_retried: bool,
    /// The moment of its first attempt; 0 before it.
    pub first_said: u64,
    /// The moment of its first acknowledgement; 0 before it.
    pub first_acked: u64,
}

/// A command.
#[derive(Clone, Debug, Default)]
pub struct CommandEntry {
    /// Attempts that have no answer that says that nothing was stored.
    pub open: u64,
    /// The conversation and seq of the acknowledgement; seq 0 when nothing had to change.
    pub acked: Option<(ConversationId, u64)>,
    /// What a message was to say.
    pub says: Option<Bytes>,
    /// The device in whose outbox it was kept, and its number there; `None` when it was only asked.
    pub kept: Option<(usize, u64)>,
    /// Whether its device said that it is durable there.
    pub promised: bool,
    /// Whether its device was lost, or the message that it is about was taken back before it was sent.
    pub lost: bool,
    /// Whether it, or the message that it is about, had failed and was sent again, and so lost its place.
    pub was_retried: bool,
}

#[derive(Clone, Debug)]
enum Asked {
    Send(Key),
    Command(Key),
    Presence(Key),
    Read(ConversationId, u64, u64),
    Played(ConversationId, u64),
    Events(u64),
    Newest,
    Other,
}

/// Who is at the other end of a connection.
#[derive(Clone, Debug)]
pub struct Peer {
    /// The connection.
    pub connection: u64,
    /// The device.
    pub device: usize,
    /// The user.
    pub user: UserId,
}

/// A cursor that was confirmed.
#[derive(Clone, Copy, Debug)]
pub struct Confirmed {
    /// When it was asked for, in simulated milliseconds.
    pub asked_ms: u64,
    /// When, in simulated milliseconds.
    pub at_ms: u64,
    /// To which device.
    pub device: usize,
    /// Up to which seq.
    pub upto: u64,
}

/// Messages that a user asked to remove for himself.
#[derive(Clone, Debug)]
pub struct Removal {
    /// Where.
    pub conversation: ConversationId,
    /// Which.
    pub seqs: Vec<u64>,
    /// All up to this event; 0 for none.
    pub cleared_upto: u64,
    /// Whether the server said that it is done.
    pub acknowledged: bool,
}

/// All of it.
#[derive(Debug, Default)]
pub struct Ledger {
    /// Messages.
    pub messages: BTreeMap<Key, Message>,
    /// Commands.
    pub commands: BTreeMap<Key, CommandEntry>,
    /// What users were to say of themselves.
    pub presence: Register,
    /// Cursors that were confirmed, in order of time.
    pub confirmed: BTreeMap<(UserId, ConversationId), Vec<Confirmed>>,
    /// Cursors that were ever asked for.
    pub asked: BTreeMap<(UserId, ConversationId), u64>,
    /// Events whose content a user was shown.
    pub shown: BTreeMap<(UserId, ConversationId), BTreeSet<u64>>,
    /// What a device was not told since it had missed too much: after a seq, up to another.
    pub jumped: BTreeMap<(usize, ConversationId), Vec<(u64, u64)>>,
    /// What messages were to say, by conversation and seq.
    edits: BTreeMap<(String, u64), BTreeSet<Bytes>>,
    /// The cursor that each connection was told last.
    cursors: BTreeMap<(u64, String), u64>,
    /// Users whose removal was asked for, by command.
    removals: BTreeMap<Key, (UserId, ConversationId)>,
    /// What users removed for themselves, by command.
    pub removals_for_oneself: BTreeMap<Key, Removal>,
    /// Commands about what belongs to a user alone, with what they are counted as.
    own_commands: BTreeMap<Key, (ConversationId, &'static str)>,
    /// Messages that users asked to star.
    pub starred: BTreeSet<(UserId, ConversationId, u64)>,
    /// Voice messages that users said they have played, and whether the server has stored it.
    pub played: BTreeMap<(UserId, ConversationId, u64), bool>,
    /// Whom a command blocks.
    blocking: BTreeMap<Key, UserId>,
    /// When somebody's block of another was first acknowledged.
    blocked: BTreeMap<(UserId, UserId), u64>,
    /// When somebody first asked to let another through again.
    unblocked: BTreeMap<(UserId, UserId), u64>,
    /// The last live event of each conversation on each connection.
    live: BTreeMap<(u64, String), u64>,
    calls: BTreeMap<(u64, u64), Asked>,
    /// Grows with every attempt and acknowledgement: what came first.
    moment: u64,
    /// Acknowledgements that were given.
    pub acknowledgements: u64,
    /// What was found wrong on the way.
    pub violation: Option<String>,
}

fn key(user: &UserId, id: &[u8]) -> Key {
    (user.clone(), id.try_into().unwrap_or_default())
}

impl Ledger {
    fn object(&mut self, what: String) {
        self.violation.get_or_insert(what);
    }

    /// A device sends a frame.
    pub fn said(&mut self, peer: &Peer, frame: &Frame, now_ms: u64) {
        let asked = match &frame.body {
            Some(Body::Send(send)) => {
                let key = key(&peer.user, &send.client_msg_id);
                let message = self.messages.entry(key.clone()).or_default();
                message.open += 1;
                if message.first_said == 0 {
                    // Until now it could be edited in the outbox; from here on it is frozen.
                    message.body = send.body.clone();
                } else if message.body != send.body {
                    let what = format!("{:?} was sent, and then {:?} under the same id", message.body, send.body);
                    self.object(what);
                }
                self.attempts(&key);
                // Also one that is refused says how much its composer had shown, and may move the cursor there.
                if let Some(conversation) = self.messages.get(&key).and_then(|message| message.conversation) {
                    self.asks(&peer.user, conversation, send.read_upto);
                }
                Asked::Send(key)
            }
            Some(Body::CreateGroup(create)) => self.command(key(&peer.user, &create.command_id)),
            Some(Body::ChangeConversation(change)) => {
                let key = key(&peer.user, &change.command_id);
                if let Some(v1::change_conversation::Change::RemoveMember(remove)) = &change.change
                    && let (Ok(user), Ok(id)) = (UserId::new(&remove.user_id), change.conversation_id.parse())
                {
                    self.removals.insert(key.clone(), (user, id));
                }
                self.command(key)
            }
            Some(Body::ChangeMessage(change)) => {
                let key = key(&peer.user, &change.command_id);
                let asked = self.command(key.clone());
                if let Some(v1::change_message::Change::Edit(edit)) = &change.change {
                    self.commands.entry(key).or_default().says = Some(edit.body.clone());
                    let edits = self.edits.entry((change.conversation_id.clone(), change.seq)).or_default();
                    edits.insert(edit.body.clone());
                }
                asked
            }
            Some(Body::Relate(relate)) => {
                let key = key(&peer.user, &relate.command_id);
                let now = self.tick();
                match (&relate.change, UserId::new(&relate.user_id)) {
                    (Some(relate::Change::Block(_)), Ok(other)) => drop(self.blocking.insert(key.clone(), other)),
                    (Some(relate::Change::Unblock(_)), Ok(other)) => {
                        self.unblocked.entry((peer.user.clone(), other)).or_insert(now);
                    }
                    _ => {}
                }
                self.command(key)
            }
            Some(Body::DeleteMessages(delete)) => {
                let key = key(&peer.user, &delete.command_id);
                self.removes(&key, &delete.conversation_id, (&delete.seqs, 0));
                self.command(key)
            }
            Some(Body::StarMessages(star)) => {
                let key = key(&peer.user, &star.command_id);
                if let Ok(id) = star.conversation_id.parse() {
                    let asked = star.seqs.iter().filter(|_| !star.remove).map(|seq| (peer.user.clone(), id, *seq));
                    self.starred.extend(asked);
                    self.own_commands
                        .insert(key.clone(), (id, if star.remove { "stars taken" } else { "messages starred" }));
                }
                self.command(key)
            }
            Some(Body::SetQuiet(set)) => {
                let key = key(&peer.user, &set.command_id);
                let with_himself = ConversationId::direct(AppId::DEFAULT, &peer.user, &peer.user);
                self.own_commands.insert(key.clone(), (with_himself, "quiet times set"));
                self.command(key)
            }
            Some(Body::SetPreferences(set)) => {
                let key = key(&peer.user, &set.command_id);
                self.removes(&key, &set.conversation_id, (&[], set.cleared_upto_seq.unwrap_or_default()));
                self.command(key)
            }
            Some(Body::SetPresence(set)) => {
                let (key, now) = (key(&peer.user, &set.command_id), self.tick());
                self.presence.said(key.clone(), set, now);
                Asked::Presence(key)
            }
            Some(Body::MarkRead(mark)) => {
                let Ok(conversation) = mark.conversation_id.parse() else { return };
                self.asks(&peer.user, conversation, mark.upto_seq);
                Asked::Read(conversation, mark.upto_seq, now_ms)
            }
            Some(Body::MarkPlayed(mark)) => {
                let Ok(conversation) = mark.conversation_id.parse() else { return };
                self.played.entry((peer.user.clone(), conversation, mark.seq)).or_default();
                Asked::Played(conversation, mark.seq)
            }
            Some(Body::FetchEvents(fetch)) => Asked::Events(fetch.after_seq),
            Some(Body::FetchMessages(fetch)) if matches!(fetch.range, None | Some(Range::BeforeOrdinal(0))) => {
                Asked::Newest
            }
            Some(_) | None => Asked::Other,
        };
        self.calls.insert((peer.connection, frame.id), asked);
    }

    /// Whether one of two ever asked to block the other.
    pub fn ever_blocked(&self, one: &UserId, other: &UserId) -> bool {
        let blocks = |(key, blocked): (&Key, &UserId)| {
            (key.0 == *one && blocked == other) || (key.0 == *other && blocked == one)
        };
        self.blocking.iter().any(blocks)
    }

    fn removes(&mut self, key: &Key, conversation: &str, (seqs, cleared_upto): (&[u64], u64)) {
        let Ok(conversation) = conversation.parse() else { return };
        let removal = Removal { conversation, seqs: seqs.to_vec(), cleared_upto, acknowledged: false };
        self.removals_for_oneself.entry(key.clone()).or_insert(removal);
    }

    /// A command about what belongs to the user alone is acknowledged.
    fn done_for_oneself(&mut self, key: &Key, visits: &mut Visits) {
        self.acknowledgements += 1;
        if let Some((conversation, what)) = self.own_commands.get(key) {
            visits.count(what);
            self.commands.entry(key.clone()).or_default().acked.get_or_insert((*conversation, 0));
        }
        let Some(removal) = self.removals_for_oneself.get_mut(key) else { return };
        removal.acknowledged = true;
        visits.count(if removal.seqs.is_empty() { "preferences set" } else { "messages removed for oneself" });
        let conversation = removal.conversation;
        self.commands.entry(key.clone()).or_default().acked.get_or_insert((conversation, 0));
    }

    fn command(&mut self, key: Key) -> Asked {
        self.commands.entry(key.clone()).or_default().open += 1;
        Asked::Command(key)
    }

    fn asks(&mut self, user: &UserId, conversation: ConversationId, upto: u64) {
        let asked = self.asked.entry((user.clone(), conversation)).or_default();
        *asked = upto.max(*asked);
    }

    /// The server has written a frame.
    pub fn heard(&mut self, peer: &Peer, frame: &Frame, now_ms: u64, visits: &mut Visits) {
        let Some(body) = &frame.body else { return };
        if frame.id == 0 {
            return self.live(peer, body, visits);
        }
        let asked = self.calls.remove(&(peer.connection, frame.id));
        match (asked, body) {
            (Some(Asked::Send(key)), Body::Sent(sent)) => self.sent(&key, sent, visits),
            (Some(Asked::Send(key)), Body::Error(error)) => self.refused_send(&key, error, visits),
            (Some(Asked::Presence(key)), Body::PresenceSettings(_)) => {
                visits.count("status acknowledged");
                let now = self.tick();
                self.presence.acked(&key, now);
            }
            (Some(Asked::Command(key)), Body::CommandDone(done)) => self.done(&key, done, visits),
            (Some(Asked::Command(key)), Body::Entry(_) | Body::Done(_)) => self.done_for_oneself(&key, visits),
            (Some(Asked::Command(key)), Body::Error(error)) => {
                let entry = self.commands.entry(key).or_default();
                if says_nothing_stored(error) {
                    entry.open -= 1;
                }
            }
            (Some(Asked::Read(conversation, upto, asked_ms)), Body::Done(_)) => {
                let confirmed = self.confirmed.entry((peer.user.clone(), conversation)).or_default();
                confirmed.push(Confirmed { asked_ms, at_ms: now_ms, device: peer.device, upto });
            }
            (Some(Asked::Played(conversation, seq)), Body::Done(_)) => {
                visits.count("voice message played");
                self.acknowledgements += 1;
                self.played.insert((peer.user.clone(), conversation, seq), true);
            }
            (Some(Asked::Events(after)), Body::Events(events)) => {
                visits.add("jump", u64::from(events.jump));
                visits.add("gap fetched", u64::from(!events.events.is_empty()));
                visits.add("replayed as recalled", u64::from(events.events.iter().any(|event| event.message_recalled)));
                if let Some(conversation) = events.conversation_id.parse().ok().filter(|_| events.jump) {
                    self.jumped.entry((peer.device, conversation)).or_default().push((after, events.head_seq));
                }
                events.events.iter().for_each(|event| self.shows(&peer.user, event));
            }
            (_, Body::Changes(changes)) => {
                visits.add("changes fetched", u64::from(!changes.messages.is_empty()));
                changes.messages.iter().filter_map(|it| it.event.as_ref()).for_each(|it| self.shows(&peer.user, it));
            }
            (asked, Body::Messages(messages)) => {
                if let (Some(Asked::Newest), Ok(conversation)) = (asked, messages.conversation_id.parse()) {
                    self.jumps_to(peer.device, conversation, messages);
                }
                messages.messages.iter().filter_map(|it| it.event.as_ref()).for_each(|it| self.shows(&peer.user, it));
            }
            (_, Body::Welcome(welcome)) => {
                self.shows_list(&peer.user, &welcome.conversations);
            }
            (_, Body::Conversations(page)) => self.shows_list(&peer.user, &page.conversations),
            (_, Body::Conversation(one)) => self.shows_list(&peer.user, std::slice::from_ref(one)),
            (_, Body::Error(error)) => visits.count(&format!("refused: {}", error.code)),
            _ => {}
        }
    }

    fn shows_list(&mut self, user: &UserId, conversations: &[v1::Conversation]) {
        conversations.iter().filter_map(|it| it.last_message.as_ref()).for_each(|event| self.shows(user, event));
    }

    fn shows(&mut self, user: &UserId, event: &v1::Event) {
        let Ok(conversation) = event.conversation_id.parse() else {
            return self.object(format!("an event names no conversation: {event:?}"));
        };
        self.shown.entry((user.clone(), conversation)).or_default().insert(event.seq);
        if let Some(v1::event::Change::Edited(edited)) = &event.change
            && !edited.body.is_empty()
        {
            // Who hears what a message says is shown the message.
            self.shown.entry((user.clone(), conversation)).or_default().insert(edited.seq);
        }
        if event.message_recalled && !event.body.is_empty() {
            self.object(format!("{} was recalled and says {:?}", event.message_id, event.body));
        }
        if event.kind == "message" && !event.corrupt && !event.message_recalled {
            self.compare(event);
        }
    }

    /// What is shown is what was written.
    fn compare(&mut self, event: &v1::Event) {
        let Ok(sender) = UserId::new(&event.sender_id) else { return };
        let found = self.messages.get(&key(&sender, &event.client_msg_id));
        let is_edited = event.state.as_ref().is_some_and(|state| state.edits > 0);
        let edits = self.edits.get(&(event.conversation_id.clone(), event.seq)).filter(|_| is_edited);
        match found {
            Some(message) if message.body == event.body && !is_edited => {}
            Some(_) if edits.is_some_and(|edits| edits.contains(&event.body)) => {}
            Some(message) => {
                let (shown, written) = (event.body.clone(), message.body.clone());
                self.object(format!("{} shows {shown:?} where {written:?} was written", event.message_id));
            }
            None => self.object(format!("{} was written by nobody", event.message_id)),
        }
    }

    fn live(&mut self, peer: &Peer, body: &Body, visits: &mut Visits) {
        match body {
            Body::Event(event) => {
                let last = self.live.entry((peer.connection, event.conversation_id.clone())).or_default();
                if event.seq <= *last {
                    let text = format!("{} was told live after {last} to {}", event.message_id, peer.user);
                    self.object(text);
                } else {
                    *last = event.seq;
                }
                visits.count("live events");
                visits.add("message changed", u64::from(matches!(event.kind.as_str(), "edited" | "reacted")));
                visits.add("message recalled", u64::from(event.kind == "recalled"));
                visits.add("message pinned", u64::from(event.kind == "pinned"));
                self.shows(&peer.user, event);
            }
            Body::PersonalChange(v1::PersonalChange {
                change: Some(v1::personal_change::Change::Read(read)), ..
            }) => {
                self.cursor(peer, &read.conversation_id, read.upto_seq);
            }
            Body::PresenceChanged(_) => visits.count("presence told"),
            Body::Poke(_) => visits.count("poke"),
            Body::Closing(closing) => visits.count(&format!("closed: {}", closing.code)),
            _ => {}
        }
    }

    /// What is told as stored of the own cursor never goes back. (What is told at once may: a message that moves it is told
    /// with its commit. Who hears it keeps the larger.)
    fn cursor(&mut self, peer: &Peer, conversation: &str, upto: u64) {
        let last = self.cursors.entry((peer.connection, conversation.to_owned())).or_default();
        if upto < *last {
            let text = format!("the cursor of {} in {conversation} was stored as {upto} after {last}", peer.user);
            self.object(text);
        } else {
            *last = upto;
        }
    }

    /// After a jump comes the newest page, as it is when it is made: what is before it was left out.
    fn jumps_to(&mut self, device: usize, conversation: ConversationId, page: &v1::Messages) {
        let first = page.messages.iter().filter_map(|message| message.event.as_ref()).map(|event| event.seq).next();
        let jumps = self.jumped.get_mut(&(device, conversation));
        if let (Some((_, upto)), Some(first)) = (jumps.and_then(|jumps| jumps.last_mut()), first) {
            *upto = first.saturating_sub(1).max(*upto);
        }
    }

    fn tick(&mut self) -> u64 {
        self.moment += 1;
        self.moment
    }

    /// A message is sent, perhaps not for the first time.
    pub fn attempts(&mut self, key: &Key) {
        let now = self.tick();
        if let Some(message) = self.messages.get_mut(key).filter(|message| message.first_said == 0) {
            message.first_said = now;
        }
    }

    /// A message is acknowledged, perhaps not for the first time.
    pub fn acknowledges(&mut self, key: &Key, place: (u64, u64)) {
        self.acknowledgements += 1;
        let now = self.tick();
        let message = self.messages.entry(key.clone()).or_default();
        match message.acked {
            Some(before) if before != place => {
                self.object(format!("{key:?} was acknowledged as {before:?} and as {place:?}"));
            }
            Some(_) => {}
            None => {
                (message.acked, message.first_acked) = (Some(place), now);
                let (said, conversation) = (message.first_said, message.conversation);
                self.check_block(key, conversation, said);
            }
        }
    }

    /// Nothing gets through to whoever had blocked the author before it was first sent, and has not let him through.
    fn check_block(&mut self, key: &Key, conversation: Option<ConversationId>, said: u64) {
        let blocks = self.blocked.iter().find(|((by, other), since)| {
            let direct = ConversationId::direct(AppId::DEFAULT, by, other);
            let pair = (by.clone(), other.clone());
            *other == key.0 && conversation == Some(direct) && **since < said && !self.unblocked.contains_key(&pair)
        });
        if let Some(((by, _), _)) = blocks {
            let what = format!("{key:?} was acknowledged although {by} had blocked its author");
            self.object(what);
        }
    }

    fn sent(&mut self, key: &Key, sent: &v1::Sent, visits: &mut Visits) {
        if sent.deduplicated {
            visits.count("duplicate answered");
        }
        let message = self.messages.entry(key.clone()).or_default();
        let conversation = sent.conversation_id.parse().ok();
        if message.conversation.is_some() && message.conversation != conversation {
            let text = format!("{key:?} was acknowledged in {}", sent.conversation_id);
            return self.object(text);
        }
        self.acknowledges(key, (sent.seq, sent.ordinal));
    }

    fn refused_send(&mut self, key: &Key, error: &v1::Error, visits: &mut Visits) {
        visits.count(&format!("send refused: {}", error.code));
        let message = self.messages.entry(key.clone()).or_default();
        if says_nothing_stored(error) {
            message.open -= 1;
        }
    }

    /// Whether one of the two of a direct conversation ever asked to block the other.
    #[must_use]
    pub fn has_blocked(&self, user: &UserId, other: &UserId) -> bool {
        let pair = |(by, whom): (&UserId, &UserId)| (by, whom) == (user, other) || (by, whom) == (other, user);
        self.blocking.iter().any(|((by, _), whom)| pair((by, whom)))
    }

    fn done(&mut self, key: &Key, done: &v1::CommandDone, visits: &mut Visits) {
        self.acknowledgements += 1;
        if done.deduplicated {
            visits.count("duplicate command answered");
        }
        if let Some((user, id)) = self.removals.get(key).filter(|_| done.seq > 0) {
            let of_his = self.messages.iter().filter(|((author, _), message)| {
                author == user && message.conversation == Some(*id) && message.open > 0 && message.acked.is_none()
            });
            visits.add("removal with sends in flight", u64::from(of_his.count() > 0));
        }
        if let Some(other) = self.blocking.get(key).cloned() {
            let now = self.tick();
            visits.count("block acknowledged");
            self.blocked.entry((key.0.clone(), other)).or_insert(now);
        }
        let Ok(conversation) = done.conversation_id.parse() else { return };
        let place = (conversation, done.seq);
        let entry = self.commands.entry(key.clone()).or_default();
        match entry.acked {
            // A command that had nothing to change leaves no trace, so a retry may find something to change.
            Some((_, 0)) | None => entry.acked = Some(place),
            Some(before) if before != place && done.seq != 0 => {
                self.object(format!("command {key:?} was acknowledged as {before:?} and as {place:?}"));
            }
            Some(_) => {}
        }
    }
}

/// Whether an error says that this attempt stored nothing. Of the others the outcome is open.
fn says_nothing_stored(error: &v1::Error) -> bool {
    !matches!(error.code.as_str(), "internal" | "shutting_down")
}
