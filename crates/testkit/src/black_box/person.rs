//! Somebody who speaks bare frames: sends, sends again, changes groups, reads, and notes every answer.

use crate::black_box::history::{Answer, Call, Recorder, Shown, What, brief};
use crate::black_box::place::{self, Groups, Place, Progress, id_text};
use crate::dice::Dice;
use crate::ids::{client_msg_id, command_id};
use crate::raw::{Answer as Answered, Raw, message, text_of};
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use stonechat_types::error_code::{ErrorCode, Retry};
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1::change_conversation::Change;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{
    AddMembers, ChangeConversation, Conversation, CreateGroup, Event, FetchMessages, GetConversation, Leave, MarkRead,
    RemoveMember, Rename,
};
use tokio_util::sync::CancellationToken;

/// How long it waits for an answer, and for one at the end, when all is well again.
const DEADLINE: Duration = Duration::from_secs(5);
const DEADLINE_AT_REST: Duration = Duration::from_secs(30);
/// How long it goes on once all is well again. A busy machine may starve us for a while.
const SETTLES: Duration = Duration::from_secs(120);
/// Milliseconds between two things that it does.
const PAUSE_MS: (u64, u64) = (20, 140);
/// Between two tries to connect, or after a refusal that passes.
const BREATH: Duration = Duration::from_millis(25);
/// Messages of a page.
const PAGE: u32 = 200;
/// Bytes of a message that fills a disk.
const BIG: usize = 60_000;
/// Refusals of a full disk that are enough to believe it.
const REFUSALS: usize = 5;

/// What became of a try.
enum Outcome {
    Done(Box<Body>),
    /// Refused, with a code that passes or not.
    Refused {
        code: String,
        passes: bool,
    },
    /// Nobody knows.
    Lost,
}

/// Somebody.
pub struct Person {
    /// The user.
    pub name: String,
    process: String,
    token: String,
    server: SocketAddr,
    recorder: Arc<Recorder>,
    progress: Progress,
    dice: Dice,
    raw: Option<Raw>,
    session: u64,
    count: u64,
    /// The last message that was acknowledged.
    last: Option<(Place, ClientMsgId, String)>,
    /// The last event that is known, and how far it has read, by conversation.
    heads: BTreeMap<String, u64>,
    cursors: BTreeMap<String, u64>,
}

impl Person {
    /// Somebody who is not connected yet.
    #[must_use]
    pub fn new(name: &str, token: String, server: SocketAddr, notes: (Arc<Recorder>, Progress), dice: Dice) -> Self {
        let (recorder, progress) = notes;
        Self {
            name: name.to_owned(),
            process: format!("{name}/raw"),
            token,
            server,
            recorder,
            progress,
            dice,
            raw: None,
            session: 0,
            count: 0,
            last: None,
            heads: BTreeMap::new(),
            cursors: BTreeMap::new(),
        }
    }

    /// Makes the two groups, with these others.
    ///
    /// # Errors
    /// When it is refused.
    pub async fn make_groups(&mut self, others: &[String]) -> anyhow::Result<Groups> {
        let mut ids = Vec::new();
        for title in ["Steady", "Restless"] {
            let command = command_id();
            let create = CreateGroup {
                command_id: Bytes::copy_from_slice(&command.0),
                title: title.to_owned(),
                members: others.to_vec(),
                kind: 0,
            };
            let id = id_text(&command.0).context("an id")?;
            let call = Call::Change { conversation: String::new(), id, change: format!("create {title}") };
            match self.attempt(call, Body::CreateGroup(create)).await {
                Outcome::Done(body) => match *body {
                    Body::CommandDone(done) => ids.push(done.conversation_id),
                    other => bail!("create_group was answered {other:?}"),
                },
                _ => bail!("create_group was refused"),
            }
        }
        let [steady, restless] = <[String; 2]>::try_from(ids).ok().context("two groups")?;
        Ok(Groups { steady, restless })
    }

    /// Does things until it is stopped.
    pub async fn live(
        mut self,
        places: Vec<Place>,
        groups: Groups,
        others: Vec<String>,
        stop: CancellationToken,
    ) -> Self {
        while !stop.is_cancelled() {
            let place = self.dice.pick(&places).clone();
            match self.dice.roll() % 20 {
                0..10 => self.write(&place).await,
                10..12 => self.write_again().await,
                12..15 => self.change(&groups, &others).await,
                15..18 => self.mark_read(&place).await,
                _ => self.look(&place.id).await,
            }
            let pause = Duration::from_millis(self.dice.within(PAUSE_MS.0, PAUSE_MS.1));
            stop.run_until_cancelled(tokio::time::sleep(pause)).await;
        }
        self
    }

    /// Sends a message until it is settled, or it is tired of it.
    async fn write(&mut self, place: &Place) {
        self.count += 1;
        let text = format!("{} {}", self.process, self.count);
        let id = client_msg_id();
        let (began, give_up) = (Instant::now(), self.dice.one_in(4));
        while began.elapsed() < SETTLES {
            match self.send(place, id, &text).await {
                Outcome::Done(_) => {
                    self.last = Some((place.clone(), id, text));
                    return;
                }
                Outcome::Refused { passes: true, .. } if !give_up => {}
                Outcome::Lost if !give_up => {}
                Outcome::Refused { .. } | Outcome::Lost => return,
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Sends the last message again.
    async fn write_again(&mut self) {
        if let Some((place, id, text)) = self.last.clone() {
            self.send(&place, id, &text).await;
        }
    }

    async fn send(&mut self, place: &Place, id: ClientMsgId, text: &str) -> Outcome {
        let to = match &place.peer {
            Some(peer) => To::UserId(peer.clone()),
            None => To::ConversationId(place.id.clone()),
        };
        let call = Call::Send { conversation: place.id.clone(), id: id.to_string(), text: brief(text), lane: false };
        self.attempt(call, message(to, id, text)).await
    }

    /// Changes a group: the first of all adds and removes people and renames, the others leave.
    async fn change(&mut self, groups: &Groups, others: &[String]) {
        let who = if others.is_empty() { None } else { Some(self.dice.pick(others).clone()) };
        let (conversation, change, words) = match who {
            None if !self.dice.one_in(4) => return,
            None => (&groups.restless, Change::Leave(Leave {}), "leave".to_owned()),
            Some(_) if self.dice.one_in(4) => {
                let title = format!("Steady {}", self.count);
                (&groups.steady, Change::Rename(Rename { title }), "rename".to_owned())
            }
            Some(who) if self.dice.one_in(3) => {
                let words = format!("remove {who}");
                (&groups.restless, Change::RemoveMember(RemoveMember { user_id: who }), words)
            }
            Some(who) => {
                let words = format!("add {who}");
                (&groups.restless, Change::AddMembers(AddMembers { user_ids: vec![who] }), words)
            }
        };
        let command = command_id();
        let Some(id) = id_text(&command.0) else { return };
        let body = Body::ChangeConversation(ChangeConversation {
            command_id: Bytes::copy_from_slice(&command.0),
            conversation_id: conversation.clone(),
            change: Some(change),
        });
        let began = Instant::now();
        while began.elapsed() < SETTLES {
            let call = Call::Change { conversation: conversation.clone(), id: id.clone(), change: words.clone() };
            match self.attempt(call, body.clone()).await {
                Outcome::Lost | Outcome::Refused { passes: true, .. } if !self.dice.one_in(4) => {}
                _ => return,
            }
            tokio::time::sleep(BREATH).await;
        }
    }

    async fn mark_read(&mut self, place: &Place) {
        let Some(head) = self.heads.get(&place.id).copied() else { return };
        let upto = self.dice.within(1, head + 1);
        self.move_cursor(&place.id, upto).await;
    }

    async fn move_cursor(&mut self, conversation: &str, upto: u64) {
        let call = Call::Read { conversation: conversation.to_owned(), upto };
        let body = Body::MarkRead(MarkRead { conversation_id: conversation.to_owned(), upto_seq: upto });
        if let Outcome::Done(_) = self.attempt(call, body).await {
            let read = self.cursors.entry(conversation.to_owned()).or_default();
            *read = upto.max(*read);
        }
    }

    async fn look(&mut self, conversation: &str) {
        let call = Call::Look { conversation: conversation.to_owned() };
        let body = Body::GetConversation(GetConversation { conversation_id: conversation.to_owned() });
        self.attempt(call, body).await;
    }

    /// Asks once, and notes what comes of it.
    async fn attempt(&mut self, call: Call, body: Body) -> Outcome {
        if self.raw.is_none() && !self.connect().await {
            return Outcome::Refused { code: String::new(), passes: true };
        }
        self.ask(call, body).await
    }

    /// Says hello, and tells again how far it has read, as a crash may have undone the last second of that.
    async fn connect(&mut self) -> bool {
        let hello = Raw::hello(self.server, &self.token, "raw", Bytes::new());
        let Ok(Ok((raw, _))) = tokio::time::timeout(DEADLINE, hello).await else {
            tokio::time::sleep(BREATH).await;
            return false;
        };
        self.raw = Some(raw);
        self.session += 1;
        for (conversation, upto) in self.cursors.clone() {
            let call = Call::Read { conversation: conversation.clone(), upto };
            let body = Body::MarkRead(MarkRead { conversation_id: conversation, upto_seq: upto });
            if matches!(self.ask(call, body).await, Outcome::Lost) {
                return false;
            }
        }
        true
    }

    async fn ask(&mut self, call: Call, body: Body) -> Outcome {
        let Some(raw) = &mut self.raw else { return Outcome::Lost };
        let op = self.recorder.invoke(&self.process, call);
        let answer = tokio::time::timeout(DEADLINE, raw.call(body)).await;
        self.take_told();
        let lost = |why: String| (What::Info { op, why }, Outcome::Lost);
        let (what, outcome) = match answer {
            Ok(Ok(Ok(body))) => match self.understood(&body) {
                Some(answer) => (What::Ok { op, answer }, Outcome::Done(Box::new(body))),
                None => lost(format!("answered {body:?}")),
            },
            Ok(Ok(Err(error))) => {
                let retry = error.code.parse().map(ErrorCode::retry);
                let passes = retry.is_ok_and(|retry| matches!(retry, Retry::Later | Retry::InOrder));
                (What::Fail { op, code: error.code.clone() }, Outcome::Refused { code: error.code, passes })
            }
            Ok(Err(error)) => lost(error.to_string()),
            Err(_) => lost("no answer in time".to_owned()),
        };
        self.recorder.note(&self.process, what);
        if matches!(outcome, Outcome::Lost) {
            self.raw = None;
        }
        outcome
    }

    /// An answer as a history has it.
    fn understood(&mut self, body: &Body) -> Option<Answer> {
        self.progress.step();
        let mut know = |conversation: &str, seq: u64| {
            let head = self.heads.entry(conversation.to_owned()).or_default();
            *head = seq.max(*head);
        };
        match body {
            Body::Sent(sent) => {
                know(&sent.conversation_id, sent.seq);
                Some(Answer::Sent {
                    conversation: sent.conversation_id.clone(),
                    seq: sent.seq,
                    ordinal: sent.ordinal,
                    deduplicated: sent.deduplicated,
                })
            }
            Body::CommandDone(done) => {
                Some(Answer::Changed { conversation: done.conversation_id.clone(), seq: done.seq })
            }
            Body::Done(_) => Some(Answer::Read),
            Body::Conversation(conversation) => Some(Answer::Looked { read_seq: conversation.read_seq }),
            _ => None,
        }
    }

    /// Notes what came live.
    fn take_told(&mut self) {
        let Some(raw) = &mut self.raw else { return };
        for frame in raw.take_unread() {
            let Some(Body::Event(event)) = frame.body else { continue };
            let head = self.heads.entry(event.conversation_id.clone()).or_default();
            *head = event.seq.max(*head);
            let (what, users) = (place::event(&event), place::named(&event));
            self.recorder.note(&self.process, What::Told { session: self.session, event: what, users });
        }
    }

    /// Writes big messages until the server says several times that its disk is full. None of them is sent again.
    ///
    /// # Errors
    /// When it never says so.
    pub async fn write_until_full(&mut self, place: &Place) -> anyhow::Result<()> {
        let (began, mut refusals) = (Instant::now(), 0);
        while refusals < REFUSALS {
            ensure!(began.elapsed() < SETTLES, "nobody was told that the disk is full");
            self.count += 1;
            let text = format!("{} {} {}", self.process, self.count, "x".repeat(BIG));
            match self.send(place, client_msg_id(), &text).await {
                Outcome::Refused { code, .. } if code == ErrorCode::StorageFull.as_str() => refusals += 1,
                Outcome::Refused { .. } | Outcome::Lost => tokio::time::sleep(BREATH).await,
                Outcome::Done(_) => {}
            }
        }
        Ok(())
    }

    /// Reads the conversation and its messages.
    ///
    /// # Errors
    /// When that is refused, or the messages are not those that it has.
    pub async fn read_all(&mut self, place: &Place) -> anyhow::Result<()> {
        let view = self.views(std::slice::from_ref(place)).await?.pop().context("the conversation is there")?;
        let messages = self.fetch_all(&place.id).await?.len() as u64;
        ensure!(messages == view.head_ordinal, "{messages} messages are given of {}", view.head_ordinal);
        Ok(())
    }

    /// Writes small messages until one is taken.
    ///
    /// # Errors
    /// When none is taken in time.
    pub async fn write_until_taken(&mut self, place: &Place) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            self.count += 1;
            let text = format!("{} {}", self.process, self.count);
            if matches!(self.send(place, client_msg_id(), &text).await, Outcome::Done(_)) {
                return Ok(());
            }
            ensure!(began.elapsed() < SETTLES, "nothing is taken although there is room");
            tokio::time::sleep(BREATH).await;
        }
    }

    /// Asks for something that changes nothing, until there is an answer.
    async fn read(&mut self, body: Body) -> anyhow::Result<Answered> {
        let began = Instant::now();
        loop {
            if self.raw.is_some() || self.connect().await {
                let raw = self.raw.as_mut().context("a connection")?;
                if let Ok(Ok(answer)) = tokio::time::timeout(DEADLINE_AT_REST, raw.call(body.clone())).await {
                    self.take_told();
                    return Ok(answer);
                }
                self.raw = None;
            }
            ensure!(began.elapsed() < SETTLES, "{} has no answer", self.process);
        }
    }

    async fn fetch_all(&mut self, conversation: &str) -> anyhow::Result<Vec<Event>> {
        let mut events = Vec::<Event>::new();
        loop {
            let range = Some(Range::AfterOrdinal(events.last().map_or(0, |event| event.ordinal)));
            let fetch =
                FetchMessages { conversation_id: conversation.to_owned(), limit: PAGE, range, with_events: false };
            let Ok(Body::Messages(page)) = self.read(Body::FetchMessages(fetch)).await? else {
                bail!("fetch_messages was refused or answered by another frame");
            };
            events.extend(page.messages.into_iter().filter_map(|message| message.event));
            if !page.more_after {
                return Ok(events);
            }
        }
    }

    /// The server's own view of every conversation of the user among these.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn views(&mut self, places: &[Place]) -> anyhow::Result<Vec<Conversation>> {
        let mut views = Vec::new();
        for place in places {
            let body = Body::GetConversation(GetConversation { conversation_id: place.id.clone() });
            match self.read(body).await? {
                Ok(Body::Conversation(view)) => views.push(view),
                Ok(other) => bail!("get_conversation was answered {other:?}"),
                Err(error) if error.code == "not_found" => {}
                Err(error) => bail!("get_conversation was refused: {}", error.code),
            }
        }
        Ok(views)
    }

    /// Notes what the server shows and gives to the user, as the last of its devices.
    ///
    /// # Errors
    /// When the server does not answer.
    pub async fn end(&mut self, places: &[Place]) -> anyhow::Result<()> {
        for view in self.views(places).await? {
            let conversation = view.conversation_id.clone();
            let shown = Shown {
                conversation: conversation.clone(),
                member: view.member,
                head_seq: view.head_seq,
                head_ordinal: view.head_ordinal,
                read_seq: view.read_seq,
                unread: view.unread,
            };
            self.recorder.note(&self.process, What::Shown(shown));
            for event in self.fetch_all(&conversation).await? {
                let what = What::Held { event: place::event(&event), text: brief(&text_of(&event)) };
                self.recorder.note(&self.process, what);
            }
        }
        Ok(())
    }
}
