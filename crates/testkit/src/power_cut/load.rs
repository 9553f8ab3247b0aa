//! Load on a recorded server: people who write to each other and to groups, read, are refused, and change groups, while
//! the server is killed and started again.

use crate::dice::Dice;
use crate::ids::{client_msg_id, command_id};
use crate::power_cut::history::{Cursor, History, Promise, Sent, Stand};
use crate::power_cut::recorder::{Place, Recorder, Server};
use crate::process::binary;
use crate::raw::{Raw, message};
use crate::store_log::mint;
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use stonechat_types::id::{ClientMsgId, CommandId};
use stonechat_wire::v1::change_conversation::Change;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{AddMembers, ChangeConversation, CommandDone, CreateGroup, MarkRead, RemoveMember, Rename};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// The people. The first owns the groups; the last is not in the small one.
pub const PEOPLE: [&str; 6] = ["ann", "ben", "cleo", "dora", "emil", "fay"];
/// Who makes the server write at the end.
const KNOCKER: &str = "the.last";
/// Members of the small group.
const FEW: usize = 3;
/// Sends on their way at once on one connection, at most.
const BURST_MAX: usize = 4;
/// Rounds of a person on one connection.
const ROUNDS: usize = 40;
/// How long it may take until so much was acknowledged.
const LOAD_MAX: Duration = Duration::from_secs(120);
/// Between two tries to connect, and two looks at how far the load is.
const PAUSE: Duration = Duration::from_millis(5);

/// How much load.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Bytes of bodies that are to be acknowledged.
    pub bytes: usize,
    /// Kills of the server on the way, evenly spread.
    pub kills: usize,
    /// Of everything random in it.
    pub seed: u64,
}

/// What everybody works on.
struct Shared {
    tcp: SocketAddr,
    recorder: Recorder,
    begun: Instant,
    history: Mutex<History>,
    stop: CancellationToken,
    /// The group of all, and the group of a few.
    groups: Mutex<Vec<String>>,
}

impl Shared {
    fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn group(&self, number: usize) -> anyhow::Result<String> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner).get(number).cloned().context("a group")
    }

    /// Bytes of the trace, and the time.
    fn now(&self) -> anyhow::Result<(u64, Duration)> {
        Ok((self.recorder.position()?, self.begun.elapsed()))
    }

    fn promise(&self, conversation: String, seq: u64, id: ClientMsgId, bytes: usize) -> anyhow::Result<()> {
        let (at, when) = self.now()?;
        let mut history = self.history();
        history.tick(at, when);
        history.bytes += bytes;
        history.promises.push(Promise { conversation, seq, id, at });
        Ok(())
    }
}

/// Runs the load; what was promised. The server is killed at the end, too.
///
/// # Errors
/// When the server fails in another way than by its kills.
pub async fn run(recorder: &Recorder, place: &Place, plan: Plan) -> anyhow::Result<History> {
    let mut server = recorder.start(place).await?;
    let tokens = PEOPLE.iter().map(|name| mint_long(&place.data, name)).collect::<anyhow::Result<Vec<_>>>()?;
    let shared = Arc::new(Shared {
        tcp: place.tcp,
        recorder: recorder.clone(),
        begun: Instant::now(),
        history: Mutex::default(),
        stop: CancellationToken::new(),
        groups: Mutex::default(),
    });
    shared.history().tokens = PEOPLE.iter().map(|name| (*name).to_owned()).zip(tokens.iter().cloned()).collect();
    make_groups(&shared, &tokens).await?;
    let mut dice = Dice::new(plan.seed);
    let mut people = JoinSet::new();
    for (me, token) in tokens.into_iter().enumerate() {
        let person = Person { me, token, shared: shared.clone(), dice: dice.fork(), unsettled: Vec::new(), number: 0 };
        people.spawn(person.live());
    }
    for part in 1..=plan.kills + 1 {
        reach(&shared, &mut people, plan.bytes * part / (plan.kills + 1)).await?;
        if part <= plan.kills {
            recorder.kill(server).await?;
            server = recorder.start(place).await?;
        }
    }
    shared.stop.cancel();
    while let Some(ended) = people.join_next().await {
        ended??;
    }
    end(&shared, place, server).await?;
    Ok(std::mem::take(&mut *shared.history()))
}

/// A token that outlives a run of very many cuts.
fn mint_long(data: &Path, user: &str) -> anyhow::Result<String> {
    let mut command = Command::new(binary());
    command.args(["token", "mint", "--expires", "7d", "--user", user, "--data"]).arg(data);
    let output = command.output()?;
    ensure!(output.status.success(), "no token: {}", String::from_utf8_lossy(&output.stderr));
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Kills the server for good. It ends with its next record, so somebody makes it write one.
async fn end(shared: &Shared, place: &Place, server: Server) -> anyhow::Result<()> {
    let token = mint(&place.data, KNOCKER)?;
    let knocks = async {
        loop {
            let (id, text) = (client_msg_id(), "knock");
            shared.history().sent.insert(id, Sent { sender: KNOCKER.to_owned(), text: text.to_owned() });
            if let Ok((mut raw, _)) = Raw::hello(shared.tcp, &token, "phone", Bytes::new()).await {
                let _cut_off = raw.send(To::UserId(PEOPLE[0].to_owned()), id, text).await;
            }
        }
    };
    tokio::select! {
        biased;
        killed = shared.recorder.kill(server) => killed,
        () = knocks => Ok(()),
    }
}

/// Waits until so many bytes were acknowledged.
async fn reach(shared: &Shared, people: &mut JoinSet<anyhow::Result<()>>, bytes: usize) -> anyhow::Result<()> {
    while shared.history().bytes < bytes {
        ensure!(shared.begun.elapsed() < LOAD_MAX, "the load takes too long");
        if let Some(ended) = people.try_join_next() {
            ended??;
            bail!("somebody ended");
        }
        tokio::time::sleep(PAUSE).await;
    }
    Ok(())
}

async fn make_groups(shared: &Shared, tokens: &[String]) -> anyhow::Result<()> {
    // Who never signed in cannot be a member.
    for token in tokens {
        Raw::hello(shared.tcp, token, "desk", Bytes::new()).await?;
    }
    let (mut raw, _) = Raw::hello(shared.tcp, &tokens[0], "desk", Bytes::new()).await?;
    for members in [&PEOPLE[1..], &PEOPLE[1..FEW]] {
        let command = command_id();
        shared.history().commands.insert(ClientMsgId(command.0));
        let create = CreateGroup {
            command_id: Bytes::copy_from_slice(&command.0),
            title: "a group".to_owned(),
            members: members.iter().map(|name| (*name).to_owned()).collect(),
            kind: 0,
        };
        let done = match raw.call(Body::CreateGroup(create)).await? {
            Ok(Body::CommandDone(done)) => done,
            other => bail!("a group was answered {other:?}"),
        };
        shared.groups.lock().unwrap_or_else(PoisonError::into_inner).push(done.conversation_id.clone());
        shared.promise(done.conversation_id, done.seq, ClientMsgId(command.0), 0)?;
    }
    Ok(())
}

/// A send that has no answer yet.
#[derive(Clone)]
struct Waiting {
    to: To,
    id: ClientMsgId,
    text: String,
    /// Whether a connection broke over it: it may be stored, whatever it is answered now.
    again: bool,
}

struct Person {
    me: usize,
    token: String,
    shared: Arc<Shared>,
    dice: Dice,
    /// Sent on a connection that broke; they are sent again.
    unsettled: Vec<Waiting>,
    /// Of the last message.
    number: u64,
}

impl Person {
    fn name(&self) -> &'static str {
        PEOPLE[self.me]
    }

    /// Works until it is told to stop, whatever happens to its connections.
    async fn live(mut self) -> anyhow::Result<()> {
        while !self.shared.stop.is_cancelled() || !self.unsettled.is_empty() {
            let position = self.shared.history().stand(self.name(), u64::MAX).map(|stand| stand.position.clone());
            let hello = Raw::hello(self.shared.tcp, &self.token, "phone", position.unwrap_or_default()).await;
            let Ok((mut raw, welcome)) = hello else {
                ensure!(self.shared.begun.elapsed() < LOAD_MAX, "{} cannot connect", self.name());
                tokio::time::sleep(PAUSE).await;
                continue;
            };
            let (at, when) = self.shared.now()?;
            {
                let mut history = self.shared.history();
                history.tick(at, when);
                history.stands.push(Stand { user: self.name().to_owned(), position: welcome.position, at });
            }
            let again = std::mem::take(&mut self.unsettled);
            if self.burst(&mut raw, again).await? {
                self.work(&mut raw).await?;
            }
        }
        Ok(())
    }

    /// Some rounds on one connection, until it breaks.
    async fn work(&mut self, raw: &mut Raw) -> anyhow::Result<()> {
        for _ in 0..ROUNDS {
            if self.shared.stop.is_cancelled() {
                return Ok(());
            }
            let count = 1 + self.dice.below(BURST_MAX);
            let to = self.choose()?;
            let burst = (0..count).map(|_| self.write(to.clone())).collect();
            let goes_on = self.burst(raw, burst).await?
                && match self.dice.below(24) {
                    0..6 => self.read(raw).await?,
                    6 => self.send_another_body(raw).await?,
                    7 if self.me == 0 => self.rename(raw).await?,
                    8 if self.me == 0 => self.remove_and_add(raw).await?,
                    _ => true,
                };
            if !goes_on {
                return Ok(());
            }
        }
        Ok(())
    }

    fn choose(&mut self) -> anyhow::Result<To> {
        Ok(match self.dice.below(8) {
            0..3 => To::ConversationId(self.shared.group(0)?),
            // Who is not in it is refused.
            3 => To::ConversationId(self.shared.group(1)?),
            other => To::UserId(PEOPLE[(self.me + 1 + other % 2) % PEOPLE.len()].to_owned()),
        })
    }

    fn write(&mut self, to: To) -> Waiting {
        self.number += 1;
        let words = match self.dice.below(40) {
            0 => 3500,
            1..14 => 100 + self.dice.below(400),
            _ => 2 + self.dice.below(80),
        };
        let mut text = format!("{} {}:", self.name(), self.number);
        for _ in 0..words {
            text.push_str(&format!(" {:015x}", self.dice.below(1 << 60)));
        }
        Waiting { to, id: client_msg_id(), text, again: false }
    }

    /// Sends some at once and takes the answers. Whether the connection holds.
    async fn burst(&mut self, raw: &mut Raw, burst: Vec<Waiting>) -> anyhow::Result<bool> {
        let mut calls = Vec::new();
        for waiting in burst {
            let sent = Sent { sender: self.name().to_owned(), text: waiting.text.clone() };
            self.shared.history().sent.insert(waiting.id, sent);
            // After a break the rest goes the same way.
            let call = raw.submit(message(waiting.to.clone(), waiting.id, &waiting.text)).await;
            calls.push((call, waiting));
        }
        let mut holds = true;
        for (call, waiting) in calls {
            let answer = match call {
                Ok(call) if holds => raw.answer(call).await,
                _ => Err(anyhow::anyhow!("the connection broke")),
            };
            match answer {
                Ok(Ok(Body::Sent(sent))) => {
                    self.shared.promise(sent.conversation_id, sent.seq, waiting.id, waiting.text.len())?;
                }
                Ok(Ok(other)) => bail!("a send was answered {other:?}"),
                Ok(Err(error)) => {
                    let expected = ["not_a_member", "not_found", "overloaded"];
                    ensure!(expected.contains(&error.code.as_str()), "a send was refused: {}", error.code);
                    if !waiting.again {
                        self.shared.history().refused.insert(waiting.id);
                    }
                }
                Err(_) => {
                    holds = false;
                    self.shared.history().broken += 1;
                    self.unsettled.push(Waiting { again: true, ..waiting });
                }
            }
        }
        Ok(holds)
    }

    /// Something of his that was acknowledged.
    fn earlier(&mut self) -> Option<(Promise, Sent)> {
        let history = self.shared.history();
        let place = self.dice.below(history.promises.len().max(1));
        let later = history.promises.iter().skip(place);
        let found =
            later.filter_map(|it| Some((it, history.sent.get(&it.id)?))).find(|(_, it)| it.sender == self.name());
        found.map(|(promise, sent)| (promise.clone(), sent.clone()))
    }

    /// Moves a read cursor. Whether the connection holds.
    async fn read(&mut self, raw: &mut Raw) -> anyhow::Result<bool> {
        let Some((promise, _)) = self.earlier() else { return Ok(true) };
        let (conversation, upto) = (promise.conversation, promise.seq);
        let mark = MarkRead { conversation_id: conversation.clone(), upto_seq: upto };
        match raw.call(Body::MarkRead(mark)).await {
            Ok(Ok(Body::Done(_))) => {
                let when = self.shared.begun.elapsed();
                let user = self.name().to_owned();
                self.shared.history().cursors.push(Cursor { user, conversation, upto, when });
                Ok(true)
            }
            Ok(Ok(other)) => bail!("a read cursor was answered {other:?}"),
            // Who is no longer a member.
            Ok(Err(_)) => Ok(true),
            Err(_) => Ok(false),
        }
    }

    /// Sends an id again with another body. Whether the connection holds.
    async fn send_another_body(&mut self, raw: &mut Raw) -> anyhow::Result<bool> {
        let Some((promise, _)) = self.earlier() else { return Ok(true) };
        let another = message(To::ConversationId(promise.conversation.clone()), promise.id, "another body");
        match raw.call(another).await {
            Ok(Err(error)) if error.code == "conflict" => {
                let first = error.first.context("the first acknowledgement")?;
                ensure!(first.seq == promise.seq, "the conflict is with {}, not {}", first.seq, promise.seq);
                self.shared.history().conflicts += 1;
                Ok(true)
            }
            Ok(Err(error)) => {
                ensure!(error.code == "not_a_member" || error.code == "overloaded", "refused: {}", error.code);
                Ok(true)
            }
            Ok(Ok(other)) => bail!("another body was answered {other:?}"),
            Err(_) => Ok(false),
        }
    }

    async fn rename(&mut self, raw: &mut Raw) -> anyhow::Result<bool> {
        let title = format!("group {}", self.dice.below(1000));
        let small = self.dice.below(2);
        self.change(raw, small, Change::Rename(Rename { title })).await
    }

    /// The last one leaves the group of all and comes back, so that some of what he sends is refused.
    async fn remove_and_add(&mut self, raw: &mut Raw) -> anyhow::Result<bool> {
        let fay = PEOPLE[PEOPLE.len() - 1].to_owned();
        Ok(self.change(raw, 0, Change::RemoveMember(RemoveMember { user_id: fay.clone() })).await?
            && self.burst_to_all(raw).await?
            && self.change(raw, 0, Change::AddMembers(AddMembers { user_ids: vec![fay] })).await?)
    }

    async fn burst_to_all(&mut self, raw: &mut Raw) -> anyhow::Result<bool> {
        let to = To::ConversationId(self.shared.group(0)?);
        let burst = (0..BURST_MAX).map(|_| self.write(to.clone())).collect();
        self.burst(raw, burst).await
    }

    async fn change(&mut self, raw: &mut Raw, group: usize, change: Change) -> anyhow::Result<bool> {
        let command: CommandId = command_id();
        let id = ClientMsgId(command.0);
        self.shared.history().commands.insert(id);
        let change = ChangeConversation {
            command_id: Bytes::copy_from_slice(&command.0),
            conversation_id: self.shared.group(group)?,
            change: Some(change),
        };
        match raw.call(Body::ChangeConversation(change)).await {
            Ok(Ok(Body::CommandDone(CommandDone { conversation_id, seq, .. }))) => {
                if seq > 0 {
                    self.shared.promise(conversation_id, seq, id, 0)?;
                }
                Ok(true)
            }
            Ok(Ok(other)) => bail!("a change was answered {other:?}"),
            Ok(Err(error)) => {
                // After a kill between the two: he is not there to be removed.
                ensure!(["not_found", "overloaded"].contains(&error.code.as_str()), "refused: {}", error.code);
                Ok(true)
            }
            Err(_) => Ok(false),
        }
    }
}
