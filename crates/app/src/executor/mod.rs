//! An executor: the one writer of its conversations. It takes commands, loads what they need, decides them on committed
//! and pending state, offers records to the log, and after the commit answers and fans out. One offer is in flight at a
//! time; what is decided meanwhile is the next one, so that flushes are shared and a refused offer takes with it
//! everything that was decided on top of it.

pub(crate) mod batch;
pub(crate) mod earlier;
pub(crate) mod job;
mod load;
pub(crate) mod mailbox;
mod messages;
mod nonces;
pub(crate) mod plays;
pub(crate) mod record;
mod run;
pub(crate) mod slot;

pub(crate) use load::Need;
pub(crate) use run::run;

use crate::api::{Failure, Outbound, PersonalItem};
use crate::directory::failure;
use crate::fan_out::{FanOut, tell_personal};
use crate::live::LiveEvent;
use crate::map::Map;
use crate::metrics::{Bound, Full};
use crate::node::Node;
use crate::rows::derive;
use crate::{
    change_conversation, change_message, mark_delivered, mark_played, mark_read, relate, send_message, typing,
};
use batch::{BATCH_RECORDS_MAX, Batch, Effect, Share};
use job::{Job, Key, Reply, Work};
use load::Found;
use mailbox::Waiting;
use nonces::Nonces;
use prometheus_client::metrics::gauge::Gauge;
use slot::{Pending, Slot, WAITING_MAX};
use std::collections::BTreeSet;
use std::sync::Arc;
use stonechat_domain::decide::Rejection;
use stonechat_log::record::{Committed, Record};
use stonechat_log::store::LogError;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::number::{AppId, Seq, Timestamp};

/// What a command comes to when it is tried.
pub(crate) enum Attempt {
    /// It was answered, or will be after the commit.
    Done,
    /// Something has to be loaded first.
    Needs(Need, Box<Job>),
}

/// What a use case sees of the executor while it decides.
pub(crate) struct Context<'a> {
    pub node: &'a Node,
    pub batch: &'a mut Batch,
    pub now: Timestamp,
    pub fan_out: &'a mut FanOut,
    pub cursors_moved: &'a mut bool,
    pub nonces: &'a mut Nonces,
    /// Why the last offer was refused, when nobody knows until when.
    pub trouble: Option<&'a Failure>,
    /// Whether the job takes something away.
    pub takes_away: bool,
}

/// The executor, as a state machine: [`run`] drives it.
pub(crate) struct Executor {
    node: Arc<Node>,
    slots: Map<Key, Slot>,
    batch: Batch,
    in_flight: Option<Vec<Effect>>,
    /// What of the offer in flight is whose.
    in_flight_shares: Vec<Share>,
    /// Whether all of it takes something away: that it was taken says nothing of whether there is room.
    in_flight_takes_away: bool,
    loads: Vec<(Key, Need)>,
    fan_out: FanOut,
    cursors_moved: bool,
    trouble: Option<Failure>,
    /// Cursors that were confirmed, refused by the store, and could not be moved again at once: two a member at most.
    again: Vec<Job>,
    nonces: Nonces,
    stalled: Vec<Key>,
    /// Who waited when commands were taken last.
    waiting: Waiting,
    shown: Shown,
    stopping: bool,
    uses: u64,
}

/// What this executor last added to gauges that all executors share.
#[derive(Default)]
struct Shown {
    batches: i64,
    waiting: i64,
    loaded: i64,
}

/// Moves a gauge by what has changed since it was moved last.
fn show(gauge: &Gauge, shown: &mut i64, now: usize) {
    let now = i64::try_from(now).unwrap_or(i64::MAX);
    if now != *shown {
        gauge.inc_by(now - *shown);
        *shown = now;
    }
}

impl Executor {
    /// An executor that owns nothing yet.
    pub fn new(node: Arc<Node>) -> Self {
        Self {
            node,
            slots: Map::default(),
            batch: Batch::default(),
            in_flight: None,
            in_flight_shares: Vec::new(),
            in_flight_takes_away: false,
            loads: Vec::new(),
            fan_out: FanOut::default(),
            cursors_moved: false,
            trouble: None,
            again: Vec::new(),
            nonces: Nonces::default(),
            stalled: Vec::new(),
            waiting: Waiting::Nobody,
            shown: Shown::default(),
            stopping: false,
            uses: 0,
        }
    }

    /// Whether it takes commands: the next batch has room.
    pub fn accepts(&self) -> bool {
        self.batch.has_room()
    }

    /// Whether an app may have more of the next batch although others wait.
    pub fn has_share(&self, app: AppId) -> bool {
        self.batch.has_share(app)
    }

    /// What of the offer in flight is whose.
    pub fn in_flight_shares(&self) -> impl Iterator<Item = (AppId, usize)> {
        self.in_flight_shares.iter().map(|share| (share.app, share.records))
    }

    /// Takes commands; all those apps waited when they were taken.
    pub fn jobs(&mut self, jobs: impl Iterator<Item = Job>, waiting: Waiting) {
        self.waiting = waiting;
        jobs.for_each(|job| self.job(job));
    }

    /// Loads to start.
    pub fn take_loads(&mut self) -> Vec<(Key, Need)> {
        std::mem::take(&mut self.loads)
    }

    /// Takes a command.
    pub fn job(&mut self, job: Job) {
        let key = job.key;
        self.uses += 1;
        let slot = self.slots.entry(key).or_default();
        slot.used = self.uses;
        if slot.waiting.len() >= WAITING_MAX {
            self.node.metrics.overloaded(Bound::Waiting);
            let failure = Failure {
                retry_after_ms: Some(250),
                ..Failure::new(ErrorCode::Overloaded, "too many commands wait for this conversation")
            };
            return job.reply.answer(Err(failure));
        }
        slot.waiting.push_back(job);
        self.work(key);
    }

    /// Moves a cursor that was told before, ahead of all that waits: what is told next must not be behind it.
    fn say_again(&mut self, job: Job) {
        let key = job.key;
        self.slots.entry(key).or_default().waiting.push_front(job);
        self.work(key);
    }

    /// A load came back.
    pub fn loaded(&mut self, key: Key, found: Result<Found, LogError>) {
        let Some(slot) = self.slots.get_mut(&key) else { return };
        slot.busy = false;
        match found {
            Ok(found) => load::install(slot, found),
            Err(error) => {
                slot.brought = slot::Brought::default();
                match slot.waiting.pop_front() {
                    // A cursor that was confirmed before: it is moved some time.
                    Some(job) if job.is_said_again() => self.again.push(job),
                    Some(job) => job.reply.answer(Err(failure(error))),
                    None => {}
                }
            }
        }
        self.work(key);
    }

    /// Decides the commands of a conversation until one has to wait.
    fn work(&mut self, key: Key) {
        let Self { node, slots, batch, fan_out, cursors_moved, nonces, trouble, loads, stalled, waiting, .. } = self;
        let Some(slot) = slots.get_mut(&key) else { return };
        let now = node.clock.now();
        while !slot.busy {
            let over_its_share = waiting.others_than(key.0) && !batch.has_share(key.0);
            if over_its_share || !batch.has_room() {
                // It goes on with the batch after this one.
                stalled.push(key);
                return;
            }
            let Some(job) = slot.waiting.pop_front() else { return };
            // Without room only offers are taken of which everything takes something away.
            if trouble.is_some() && !batch.records.is_empty() && batch.takes_away() != job.takes_away() {
                slot.waiting.push_front(job);
                stalled.push(key);
                return;
            }
            let trouble = trouble.as_ref();
            let takes_away = job.takes_away();
            let mut context = Context { node, batch, now, fan_out, cursors_moved, nonces, trouble, takes_away };
            match attempt(&mut context, slot, job) {
                Attempt::Done => slot.brought = slot::Brought::default(),
                Attempt::Needs(need, job) => {
                    node.metrics.loads.inc();
                    slot.waiting.push_front(*job);
                    slot.busy = true;
                    loads.push((key, need));
                }
            }
        }
    }

    /// Whether an offer may be made.
    pub fn may_offer(&self) -> bool {
        self.in_flight.is_none() && !self.batch.records.is_empty()
    }

    /// The records of the next offer, when one may be made.
    pub fn take_offer(&mut self) -> Option<Vec<Record>> {
        if !self.may_offer() {
            return None;
        }
        let mut batch = std::mem::take(&mut self.batch);
        for (key, index) in &batch.moved {
            if let Some(state) = self.slots.get(key).and_then(|slot| slot.loaded.as_ref()?.state.as_ref()) {
                batch.records[*index].derived.push(derive::conversation_row(state));
            }
        }
        for ((key, user), index) in &batch.touched {
            let Some(loaded) = self.slots.get(key).and_then(|slot| slot.loaded.as_ref()) else { continue };
            let (Some(state), Some(member)) = (&loaded.state, loaded.members.get(user)) else { continue };
            let rows = [derive::member_row(state, member), derive::column_row(state, member)];
            batch.records[*index].derived.extend(rows);
        }
        let metrics = &self.node.metrics;
        metrics.offer_records.observe(batch.records.len() as f64);
        metrics.offer_bytes.observe(batch.bytes as f64);
        if batch.records.len() >= BATCH_RECORDS_MAX {
            metrics.batch_full(Full::Records);
        } else if !batch.has_room() {
            metrics.batch_full(Full::Bytes);
        } else if batch.spent().is_some_and(|app| self.waiting.others_than(app)) {
            metrics.batch_full(Full::Share);
        }
        self.in_flight_takes_away = batch.takes_away();
        self.in_flight = Some(batch.effects);
        self.in_flight_shares = batch.shares;
        self.resume();
        Some(batch.records)
    }

    /// The log has answered the offer.
    pub fn committed(&mut self, result: Result<Vec<Committed>, LogError>) {
        let effects = self.in_flight.take().unwrap_or_default();
        self.in_flight_shares = Vec::new();
        match result {
            Ok(committed) => {
                if !self.in_flight_takes_away {
                    self.trouble = None;
                }
                for (effect, committed) in effects.into_iter().zip(&committed) {
                    self.take_effect(effect, committed);
                }
                let positions = committed.iter().map(|committed| committed.position);
                self.fan_out.complete(&self.node, positions);
            }
            Err(error) => self.refused(effects, &error),
        }
    }

    fn take_effect(&mut self, effect: Effect, committed: &Committed) {
        let Self { node, slots, fan_out, .. } = self;
        let mut pending = None;
        if let Some(slot) = slots.get_mut(&effect.key) {
            slot.open = slot.open.saturating_sub(1);
            if let Some(loaded) = &mut slot.loaded {
                pending = effect.id.and_then(|id| loaded.pending.remove(&id));
                let seq = effect.event.as_ref().map_or(Seq::ZERO, |fanned| fanned.view.id.seq);
                loaded.committed = loaded.committed.max(seq);
            }
        }
        if let Some((reply, answer)) = effect.reply {
            if let (Some(Pending { remembered, waiters }), Ok(answer)) = (pending, &answer) {
                for waiter in waiters {
                    node.metrics.duplicates.inc();
                    earlier::answer_waiter(waiter, effect.key.1, &remembered, answer);
                }
            }
            if let Err(failure) = &answer {
                node.metrics.refused(failure.code);
            }
            reply.answer(answer);
        }
        if let Some(fanned) = effect.event {
            node.metrics.events.inc();
            let (app, _) = effect.key;
            fan_out.event(node, app, &Arc::new(LiveEvent::new(fanned.view)), &fanned.recipients, fanned.also);
            if let Some((user, upto, ordinal)) = &effect.read {
                let roster = fanned.receipts.then_some(&fanned.recipients);
                mark_read::tell(node, effect.key, user, (*upto, *ordinal), roster);
            }
        }
        for ((user, item), seq) in effect.personal.into_iter().zip(&committed.personal) {
            tell_personal(node, effect.key.0, user, *seq, &item);
        }
    }

    /// The log has refused: nothing of the offer, nor of what was decided on top of it, has happened.
    fn refused(&mut self, effects: Vec<Effect>, error: &LogError) {
        let batch = std::mem::take(&mut self.batch);
        let refusal = failure(error.clone());
        // More work than the store takes now is stored soon; without room nobody knows when.
        self.trouble = (*error != LogError::Overloaded).then(|| refusal.clone());
        let mut keys = BTreeSet::new();
        for effect in effects.into_iter().chain(batch.effects) {
            if let Some((reply, _)) = effect.reply {
                self.node.metrics.refused(refusal.code);
                reply.answer(Err(refusal.clone()));
            }
            keys.insert(effect.key);
            let loaded = self.slots.get_mut(&effect.key).and_then(|slot| slot.loaded.as_mut());
            let reads = effect.personal.iter().filter(|(_, item)| matches!(item, PersonalItem::Read { .. }));
            // Cursors were answered already: they are moved again, as far as there is something durable.
            loaded.into_iter().for_each(|loaded| loaded.dirty.extend(reads.clone().map(|(user, _)| *user)));
        }
        // Only now, when the cursors of all effects are known, the states that saw what has not happened go.
        let mut cursors = Vec::new();
        for key in keys {
            let Some(slot) = self.slots.get_mut(&key) else { continue };
            slot.open = 0;
            slot.brought = slot::Brought::default();
            let Some(loaded) = slot.loaded.take() else { continue };
            // One that went over own messages which did not happen must not wait for others to take their numbers.
            let (moved, durable) = (loaded.dirty.iter().filter_map(|user| loaded.members.get(user)), loaded.committed);
            for member in moved {
                cursors.push((key, member.user.clone(), Work::MarkRead(member.read_seq.min(durable))));
                if member.delivered_seq > member.read_seq {
                    cursors.push((key, member.user.clone(), Work::MarkDelivered(member.delivered_seq.min(durable))));
                }
            }
            for waiter in loaded.pending.into_values().flat_map(|pending| pending.waiters) {
                waiter.reply.answer(Err(refusal.clone()));
            }
        }
        if !self.stopping {
            for (key, actor, work) in cursors {
                self.say_again(Job { key, actor, work, reply: Reply::Nobody, wrong: None });
            }
        }
        self.resume();
    }

    /// Goes on with what had to wait for room in a batch.
    fn resume(&mut self) {
        let stalled = std::mem::take(&mut self.stalled);
        self.waiting = stalled.iter().fold(self.waiting, |waiting, (app, _)| waiting.and(*app));
        for key in stalled {
            self.work(key);
        }
    }

    /// Shows how many batches are in preparation: the one in flight, and the one that is filled.
    pub fn show_batches(&mut self) {
        let batches = usize::from(self.in_flight.is_some()) + usize::from(!self.batch.records.is_empty());
        show(&self.node.metrics.batches, &mut self.shown.batches, batches);
    }

    /// No more commands will come. From now on a refused cursor is not tried again: a full disk must not hold up the end.
    pub fn stop(&mut self) {
        self.stopping = true;
        self.tick();
    }

    /// Whether cursors wait to be stored.
    pub fn has_unsaved(&self) -> bool {
        self.cursors_moved
    }

    /// Once a second: stores read cursors that moved, tells heads of large groups, keeps the memory budget.
    pub fn tick(&mut self) {
        for job in std::mem::take(&mut self.again) {
            self.say_again(job);
        }
        let Self { node, slots, batch, fan_out, cursors_moved, trouble, .. } = self;
        fan_out.flush_heads(node);
        // Without room they would take with them what may be stored still.
        let holds = trouble.is_some() && !batch.records.is_empty() && batch.takes_away();
        if !holds && std::mem::take(cursors_moved) {
            for (key, slot) in slots.iter_mut() {
                if !batch.has_room() {
                    *cursors_moved = true;
                    break;
                }
                mark_read::store(batch, *key, slot);
            }
        }
        self.shrink();
    }

    fn shrink(&mut self) {
        let bytes: usize = self.slots.values().map(Slot::bytes).sum();
        let budget = self.node.options.executor_bytes_max;
        if bytes > budget {
            let mut idle: Vec<_> =
                self.slots.iter().filter(|(_, slot)| slot.is_idle()).map(|(key, slot)| (slot.used, *key)).collect();
            idle.sort_unstable();
            let mut over = bytes - budget + budget / 10;
            for (_, key) in idle {
                let Some(slot) = self.slots.remove(&key) else { continue };
                self.node.metrics.conversations_evicted.inc();
                over = over.saturating_sub(slot.bytes());
                if over == 0 {
                    break;
                }
            }
        }
        show(&self.node.metrics.conversations_loaded, &mut self.shown.loaded, self.slots.len());
        let waiting = self.slots.values().map(|slot| slot.waiting.len()).sum();
        show(&self.node.metrics.commands_waiting, &mut self.shown.waiting, waiting);
    }

    /// Whether nothing that was decided is on its way.
    pub fn is_at_rest(&self) -> bool {
        self.in_flight.is_none() && self.batch.records.is_empty()
    }

    /// Whether nothing is on its way.
    pub fn is_idle(&self) -> bool {
        self.is_at_rest() && !self.slots.values().any(|slot| slot.busy)
    }
}

fn attempt(context: &mut Context<'_>, slot: &mut Slot, job: Job) -> Attempt {
    let Some(loaded) = &slot.loaded else {
        let need = Need::State(job.actor.no);
        return Attempt::Needs(need, Box::new(job));
    };
    if let Some(state) = &loaded.state
        && !loaded.knows(job.actor.no)
    {
        let need = Need::Members(state.no, vec![job.actor.no]);
        return Attempt::Needs(need, Box::new(job));
    }
    match job.work {
        Work::Send(_) => send_message::attempt(context, slot, job),
        Work::Command(..) => change_conversation::attempt(context, slot, job),
        Work::ChangeMessage(..) => change_message::attempt(context, slot, job),
        Work::MarkRead(_) => mark_read::attempt(context, slot, job),
        Work::MarkDelivered(_) => mark_delivered::attempt(context, slot, job),
        Work::MarkPlayed(..) => mark_played::attempt(context, slot, job),
        Work::Typing(_) => typing::attempt(context, slot, job),
        Work::Relate(..) => relate::attempt(context, slot, job),
    }
}

/// Refuses a job and counts it.
pub(crate) fn refuse(context: &Context<'_>, job: Job, code: ErrorCode, message: &'static str) -> Attempt {
    context.node.metrics.refused(code);
    job.reply.refuse(code, message);
    Attempt::Done
}

/// Refuses a job for the body that it brings.
pub(crate) fn refuse_body(context: &Context<'_>, job: Job) -> Attempt {
    context.node.metrics.refused(ErrorCode::InvalidArgument);
    let message = job.wrong.map_or_else(String::new, str::into_string);
    job.reply.answer(Err(Failure::new(ErrorCode::InvalidArgument, message)));
    Attempt::Done
}

/// Rejects a job by a rule. When the rule looked at what is not durable yet, the answer waits for that: `Some` when a
/// record was added for it.
pub(crate) fn reject(context: &mut Context<'_>, open: u32, job: Job, rejection: Rejection) -> Option<()> {
    if open == 0 {
        refuse(context, job, rejection.code(), rejection.message());
        return None;
    }
    let failure = Failure::new(rejection.code(), rejection.message());
    record::push_answer(context, job.key, job.reply, Err(failure));
    Some(())
}

/// Tells a session that it was too slow.
pub(crate) fn poke(node: &Node, session: &crate::session::Session) {
    node.metrics.pokes.inc();
    let position = node.position(node.watermark.upto(), session.personal_upto());
    session.offer_control(Outbound::Poke(position));
}
