//! Opens the real binary on what a cut left, and asks whether everything that was promised is there.

use crate::dice::Dice;
use crate::ids::client_msg_id;
use crate::power_cut::history::{History, Promise, Sent};
use crate::power_cut::load::PEOPLE;
use crate::power_cut::recorder::Place;
use crate::raw::{Raw, message};
use crate::store_log::{Entry, dump, mint, verify};
use anyhow::{Context as _, bail, ensure};
use bytes::Bytes;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use stonechat_types::id::ClientMsgId;
use stonechat_wire::v1::fetch_messages::Range;
use stonechat_wire::v1::frame::Body;
use stonechat_wire::v1::send_message::To;
use stonechat_wire::v1::{Conversation, FetchMessages, ListConversations};

/// Acknowledged messages that are sent again, to see whether they are known.
const REPEATED: usize = 4;
/// Messages of each conversation that are compared with what the server gives.
const SERVED: u32 = 100;

/// Everything in the log, by conversation.
pub type Log = BTreeMap<String, Vec<Entry>>;

/// What must be true of a disk.
#[derive(Clone, Debug, Default)]
pub struct Known {
    sent: BTreeMap<ClientMsgId, Sent>,
    commands: BTreeSet<ClientMsgId>,
    refused: BTreeSet<ClientMsgId>,
    /// Tokens by user, of a server that has promised something.
    tokens: BTreeMap<String, String>,
    promises: Vec<Promise>,
    /// Cursors that must be durable, by user and conversation.
    due: BTreeMap<(String, String), u64>,
    /// How far somebody asked to move a cursor at most.
    asked: BTreeMap<(String, String), u64>,
    /// Positions of devices by user.
    stands: BTreeMap<String, Bytes>,
}

impl Known {
    /// What a history says of a cut.
    #[must_use]
    pub fn at(history: &History, cut: u64) -> Self {
        let mut asked = BTreeMap::new();
        for cursor in &history.cursors {
            let upto = asked.entry((cursor.user.clone(), cursor.conversation.clone())).or_insert(0);
            *upto = cursor.upto.max(*upto);
        }
        let stand = |name: &&str| Some(((*name).to_owned(), history.stand(name, cut)?.position.clone()));
        let promises: Vec<_> = history.promised(cut).cloned().collect();
        Self {
            tokens: if promises.is_empty() { BTreeMap::new() } else { history.tokens.clone() },
            sent: history.sent.clone(),
            commands: history.commands.clone(),
            refused: history.refused.clone(),
            promises,
            due: history.cursors_due(cut),
            asked,
            stands: PEOPLE.iter().filter_map(stand).collect(),
        }
    }

    /// How many acknowledged messages it has.
    #[must_use]
    pub fn acknowledged(&self) -> usize {
        self.promises.len()
    }

    /// The same at a cut of another trace: of what was promised while that one was recorded, only what came before.
    #[must_use]
    pub fn until(&self, cut: u64) -> Self {
        let mut known = self.clone();
        known.promises.retain(|promise| promise.at <= cut);
        known
    }

    /// From here on everything promised was promised before a trace began.
    #[must_use]
    pub fn begins_anew(mut self) -> Self {
        self.promises.iter_mut().for_each(|promise| promise.at = 0);
        self
    }
}

/// Says how long the trace of a server is; zero when there is none.
pub type Position<'a> = &'a (dyn Fn() -> anyhow::Result<u64> + Sync);

/// Asks a server that was opened on what a cut left. What it promises now is added to `known`.
///
/// # Errors
/// With what is not as it was promised.
pub async fn ask(place: &Place, known: &mut Known, mut dice: Dice, position: Position<'_>) -> anyhow::Result<()> {
    let log = dump(&place.data)?;
    check_log(&log, known)?;
    let mut asked = Asked { log, position };
    // What is served once stays.
    asked.see(known)?;
    let mut people = BTreeMap::new();
    for name in PEOPLE {
        let token = match known.tokens.get(name) {
            Some(token) => token.clone(),
            None => mint(&place.data, name)?,
        };
        let stand = known.stands.get(name).cloned().unwrap_or_default();
        let (mut raw, welcome) = Raw::hello(place.tcp, &token, "judge", stand.clone()).await?;
        ensure!(welcome.reset == stand.is_empty(), "{name} was at a position that is not known any more");
        let views = asked.views(&mut raw, name, known).await?;
        let unread: u64 = views.values().map(|view| view.unread).sum();
        ensure!(unread == welcome.unread_total, "{name} has {unread} unread, and was told {}", welcome.unread_total);
        people.insert(name, (raw, views));
    }
    for conversation in asked.log.keys() {
        let member = people.values_mut().find(|(_, views)| views.get(conversation).is_some_and(|view| view.member));
        let (raw, _) = member.with_context(|| format!("nobody is in {conversation}"))?;
        asked.serves(raw, conversation).await?;
    }
    for (name, (raw, views)) in &mut people {
        asked.repeat(raw, name, known, &mut dice).await?;
        asked.send(raw, name, views, known).await?;
    }
    Ok(())
}

/// What a look at one image gave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// How long it took until the server was ready.
    pub ready_after: Duration,
    /// Whether the index had nothing, or could not be used: all records were read again.
    pub index_rebuilt: bool,
}

impl Looked {
    /// From what the server said when it opened its store.
    ///
    /// # Errors
    /// When it did not say how it found it.
    pub fn of(ready_after: Duration, said: &str) -> anyhow::Result<Self> {
        let number = |field: &str| -> anyhow::Result<u64> {
            let (_, rest) = said.split_once(field).with_context(|| format!("it did not say {field}"))?;
            let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
            Ok(digits.parse()?)
        };
        let (head, replayed) = (number(" head=")?, number(" replayed=")?);
        Ok(Self { ready_after, index_rebuilt: head > 0 && head == replayed })
    }
}

/// Opens the server, asks it, kills it, and looks at the segments before and after.
///
/// # Errors
/// As [`ask`], and when the server does not start in time or the segments are damaged.
pub async fn look(place: &Place, known: &mut Known, dice: Dice) -> anyhow::Result<Looked> {
    before(place)?;
    let server = place.start().await?;
    let ready_after = server.ready_after;
    ask(place, known, dice, &|| Ok(0)).await?;
    let said = server.kill()?;
    after(place, known)?;
    Looked::of(ready_after, &said)
}

/// The segments as a cut left them.
///
/// # Errors
/// When something in them is damaged that was durable.
pub fn before(place: &Place) -> anyhow::Result<()> {
    if place.data.join("format").exists() {
        let verdict = verify(&place.data).context("`log verify` before the start")?;
        ensure!(verdict.clean, "before the start: {:?}", verdict.described);
    }
    Ok(())
}

/// The segments after the server was asked and killed.
///
/// # Errors
/// When something in them is damaged, or a promise is not in them.
pub fn after(place: &Place, known: &Known) -> anyhow::Result<()> {
    let verdict = verify(&place.data).context("`log verify` at the end")?;
    ensure!(verdict.clean, "at the end: {:?}", verdict.described);
    check_log(&dump(&place.data)?, known).context("at the end")
}

fn check_log(log: &Log, known: &Known) -> anyhow::Result<()> {
    let mut ids = BTreeSet::new();
    for (conversation, entries) in log {
        let mut ordinal = 0;
        for (i, entry) in entries.iter().enumerate() {
            let place = format!("{conversation} {}", entry.seq);
            ensure!(entry.seq == i as u64 + 1, "{place} stands at place {}", i + 1);
            ordinal += u64::from(entry.is_message());
            ensure!(entry.ordinal == ordinal, "{place} has ordinal {}, not {ordinal}", entry.ordinal);
            let id = entry.client_msg_id.as_deref().map(id_of).transpose()?;
            if !entry.is_message() {
                let begins = entry.seq == 1;
                ensure!(begins || id.is_some_and(|id| known.commands.contains(&id)), "{place}: nobody commanded it");
                continue;
            }
            let id = id.with_context(|| format!("{place} has no id"))?;
            let sent = known.sent.get(&id).with_context(|| format!("{place} was sent by nobody"))?;
            ensure!(!known.refused.contains(&id), "{place} was refused");
            ensure!(ids.insert(id), "{place} is there twice");
            ensure!(entry.sender == sent.sender, "{place} is of {}, not of {}", entry.sender, sent.sender);
            ensure!(entry.text.as_ref() == Some(&sent.text), "{place} does not say what was sent");
        }
    }
    for promise in &known.promises {
        let entry = log.get(&promise.conversation).and_then(|entries| entries.get(promise.seq as usize - 1));
        let place = format!("{} {}", promise.conversation, promise.seq);
        let entry = entry.with_context(|| format!("{place} was acknowledged and is lost"))?;
        let is_it = entry.client_msg_id.as_deref().map(id_of).transpose()? == Some(promise.id);
        ensure!(is_it, "{place} is another event than was acknowledged");
    }
    Ok(())
}

fn id_of(text: &str) -> anyhow::Result<ClientMsgId> {
    text.parse().with_context(|| format!("the id {text}"))
}

/// A server, and what its segments had when it was ready.
struct Asked<'a> {
    log: Log,
    position: Position<'a>,
}

impl Asked<'_> {
    /// Everything that is served is promised from now on.
    fn see(&self, known: &mut Known) -> anyhow::Result<()> {
        let before: BTreeSet<_> = known.promises.iter().map(|it| (it.conversation.clone(), it.seq)).collect();
        let at = (self.position)()?;
        for (conversation, entries) in &self.log {
            for entry in entries {
                let (Some(id), false) = (&entry.client_msg_id, before.contains(&(conversation.clone(), entry.seq)))
                else {
                    continue;
                };
                let (conversation, id) = (conversation.clone(), id_of(id)?);
                known.promises.push(Promise { conversation, seq: entry.seq, id, at });
            }
        }
        Ok(())
    }

    /// Every conversation of a user, as the log says that it must be.
    async fn views(&self, raw: &mut Raw, name: &str, known: &Known) -> anyhow::Result<BTreeMap<String, Conversation>> {
        let mut views = BTreeMap::new();
        let (mut page, mut newest) = (Bytes::new(), i64::MAX);
        loop {
            let list = ListConversations { page, limit: 0 };
            let Ok(Body::Conversations(listed)) = raw.call(Body::ListConversations(list)).await? else {
                bail!("list_conversations was refused");
            };
            for view in listed.conversations {
                ensure!(view.active_at <= newest, "the window of {name} is out of order");
                newest = view.active_at;
                self.check_view(&view, name, known).with_context(|| format!("{} for {name}", view.conversation_id))?;
                views.insert(view.conversation_id.clone(), view);
            }
            page = listed.next_page;
            if page.is_empty() {
                break;
            }
        }
        // Who was removed from a group at the end does not have it in his window.
        let left = name == PEOPLE[PEOPLE.len() - 1];
        for promise in &known.promises {
            let own = known.sent.get(&promise.id).is_some_and(|sent| sent.sender == name);
            ensure!(!own || left || views.contains_key(&promise.conversation), "{name} lost {}", promise.conversation);
        }
        Ok(views)
    }

    fn check_view(&self, view: &Conversation, name: &str, known: &Known) -> anyhow::Result<()> {
        let entries = self.log.get(&view.conversation_id).context("it has no log")?;
        let head = if view.member { entries.last() } else { entries.get(view.head_seq as usize - 1) };
        let head = head.context("it has no head")?;
        ensure!(
            (view.head_seq, view.head_ordinal) == (head.seq, head.ordinal),
            "its head is {} with ordinal {}, not {} with {}",
            view.head_seq,
            view.head_ordinal,
            head.seq,
            head.ordinal
        );
        let key = (name.to_owned(), view.conversation_id.clone());
        let due = known.due.get(&key).copied().unwrap_or(0);
        ensure!(view.read_seq >= due.min(view.head_seq), "{due} was read, and the cursor is at {}", view.read_seq);
        // A cursor also moves over own messages directly after it, and begins where somebody joined.
        let asked = known.asked.get(&key).copied().unwrap_or(0).max(view.visible_from_seq);
        let at = (view.read_seq as usize).checked_sub(1).and_then(|at| entries.get(at));
        let own = at.is_some_and(|at| at.sender == name);
        ensure!(view.read_seq <= asked || own, "the cursor is at {}, and {asked} was asked for", view.read_seq);
        ensure!(view.read_seq <= view.head_seq, "the cursor is at {}, behind the head", view.read_seq);
        let floor = view.read_seq.max(view.visible_from_seq.saturating_sub(1));
        let above = entries.iter().take(view.head_seq as usize).filter(|entry| entry.seq > floor);
        let unread = above.filter(|entry| entry.is_message() && entry.sender != name).count() as u64;
        ensure!(!view.member || view.unread == unread, "{} are unread, not {unread}", view.unread);
        if let (true, Some(last)) = (view.member, &view.last_message) {
            let stored = entries.iter().rev().find(|entry| entry.is_message());
            ensure!(stored.is_some_and(|stored| stored.seq == last.seq), "its last message is {}", last.seq);
        }
        Ok(())
    }

    /// The server gives the newest messages of a conversation as the segments have them.
    async fn serves(&self, raw: &mut Raw, conversation: &str) -> anyhow::Result<()> {
        let fetch = FetchMessages {
            conversation_id: conversation.to_owned(),
            limit: SERVED,
            range: Some(Range::BeforeOrdinal(0)),
            with_events: false,
        };
        let Ok(Body::Messages(page)) = raw.call(Body::FetchMessages(fetch)).await? else {
            bail!("fetch_messages of {conversation} was refused");
        };
        let stored: Vec<_> = self.log[conversation].iter().filter(|entry| entry.is_message()).collect();
        let served: Vec<_> = page.messages.iter().filter_map(|message| message.event.as_ref()).collect();
        ensure!(!served.is_empty() || stored.is_empty(), "{conversation} is served as empty");
        for (event, entry) in served.iter().rev().zip(stored.iter().rev()) {
            let same = event.seq == entry.seq
                && Some(ClientMsgId::from_slice(&event.client_msg_id)?)
                    == entry.client_msg_id.as_deref().map(id_of).transpose()?
                && Some(crate::raw::text_of(event)) == entry.text;
            ensure!(same && !event.corrupt, "{conversation} {} is served as {}", entry.seq, event.seq);
        }
        Ok(())
    }

    /// What was acknowledged is known: the same again is answered by the first acknowledgement.
    async fn repeat(&self, raw: &mut Raw, name: &str, known: &Known, dice: &mut Dice) -> anyhow::Result<()> {
        let own = |it: &&Promise| known.sent.get(&it.id).is_some_and(|sent| sent.sender == name);
        let own: Vec<_> = known.promises.iter().filter(own).collect();
        for _ in 0..REPEATED.min(own.len()) {
            let promise = own[dice.below(own.len())];
            let (place, to) = (format!("{} {}", promise.conversation, promise.seq), promise.conversation.clone());
            match raw.call(message(To::ConversationId(to.clone()), promise.id, &known.sent[&promise.id].text)).await? {
                Ok(Body::Sent(sent)) => {
                    ensure!(sent.deduplicated && sent.seq == promise.seq, "{place} was stored again at {}", sent.seq);
                }
                Err(error) if error.code == "not_a_member" => continue,
                other => bail!("{place} was sent again, and answered {other:?}"),
            }
            match raw.call(message(To::ConversationId(to), promise.id, "another body")).await? {
                Err(error)
                    if error.code == "conflict" && error.first.as_ref().is_some_and(|it| it.seq == promise.seq) => {}
                other => bail!("{place} was sent with another body, and answered {other:?}"),
            }
        }
        Ok(())
    }

    /// New messages go on where the log ends.
    async fn send(
        &mut self,
        raw: &mut Raw,
        name: &str,
        views: &BTreeMap<String, Conversation>,
        known: &mut Known,
    ) -> anyhow::Result<()> {
        let next = PEOPLE[(PEOPLE.iter().position(|it| *it == name).context("a person")? + 1) % PEOPLE.len()];
        let groups = views.values().filter(|view| view.member && view.peer_id.is_empty());
        let groups = groups.map(|view| To::ConversationId(view.conversation_id.clone()));
        for to in groups.chain([To::UserId(next.to_owned())]) {
            let (id, text) = (client_msg_id(), "after the cut".to_owned());
            known.sent.insert(id, Sent { sender: name.to_owned(), text: text.clone() });
            let sent = raw.send(to, id, &text).await?;
            let entries = self.log.entry(sent.conversation_id.clone()).or_default();
            let head = entries.last().map_or(1, |last| last.seq);
            ensure!(sent.seq == head + 1 && !sent.deduplicated, "a new message after {head} got {}", sent.seq);
            entries.push(Entry {
                conversation: sent.conversation_id.clone(),
                seq: sent.seq,
                ordinal: sent.ordinal,
                client_msg_id: Some(id.to_string()),
                sent_at: sent.sent_at,
                sender: name.to_owned(),
                kind: "message".to_owned(),
                text: Some(text),
            });
            let at = (self.position)()?;
            known.promises.push(Promise { conversation: sent.conversation_id, seq: sent.seq, id, at });
        }
        Ok(())
    }
}
