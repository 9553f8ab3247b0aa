//! A history, sorted by what the rules ask for.

use crate::black_box::checker::Counts;
use crate::black_box::history::{Answer, Call, Entry, Event, Shown, What};
use std::collections::BTreeMap;

/// The kind of a message.
pub const MESSAGE: &str = "message";

/// Everything that the rules ask for, but the times.
#[derive(Default)]
pub struct Facts<'a> {
    pub counts: Counts,
    /// The user of each device, and whether it is told of each event once and in order.
    pub devices: BTreeMap<&'a str, (&'a str, bool)>,
    /// The events of each conversation, in the order in which they are stored.
    pub log: BTreeMap<&'a str, Vec<Stored<'a>>>,
    pub verified: Option<(bool, u64, &'a [String])>,
    pub ended: bool,
    /// Messages and commands, by sender and id.
    pub asked: BTreeMap<(&'a str, &'a str), Asked<'a>>,
    /// What devices were told, in their order: by device, connection and conversation.
    pub told: BTreeMap<(&'a str, u64, &'a str), Vec<&'a Event>>,
    /// Whom a change added or took away, by conversation and seq.
    pub named: BTreeMap<(&'a str, u64), &'a [String]>,
    pub held: BTreeMap<&'a str, Vec<(&'a Event, &'a str)>>,
    pub shown: BTreeMap<&'a str, Vec<&'a Shown>>,
    pub unsent: Vec<(&'a str, &'a str)>,
}

/// An event in the log.
pub struct Stored<'a> {
    pub event: &'a Event,
    pub text: Option<&'a str>,
    pub sent_at: i64,
}

/// A message or a command, over all its tries.
pub struct Asked<'a> {
    pub process: &'a str,
    pub conversation: &'a str,
    pub text: Option<&'a str>,
    /// Whether it stood in an outbox.
    pub lane: bool,
    /// Its place among everything that was asked for.
    pub place: usize,
    /// The highest seq of its conversation that was acknowledged before its first try.
    pub after: u64,
    /// Places that acknowledgements named: conversation, seq, ordinal.
    pub acknowledged: Vec<(&'a str, u64, Option<u64>)>,
    /// The codes of its refusals.
    pub refused: Vec<&'a str>,
    pub tries: usize,
}

impl Asked<'_> {
    /// Whether every try was refused.
    pub fn is_refused(&self) -> bool {
        self.refused.len() == self.tries
    }
}

/// What one user may see of one conversation: the first and the last seq of each interval.
pub type Sight = Vec<(u64, Option<u64>)>;

/// The sender and the id that each try is of.
type Tries<'a> = BTreeMap<u64, (&'a str, &'a str)>;

impl<'a> Facts<'a> {
    pub fn of(history: &'a [Entry]) -> Self {
        let mut facts = Self { counts: Counts { lines: history.len() as u64, ..Counts::default() }, ..Self::default() };
        // What each try asked for, and the highest acknowledged seq by conversation.
        let (mut tries, mut highest) = (BTreeMap::new(), BTreeMap::new());
        for entry in history {
            let process = entry.process.as_str();
            match &entry.what {
                What::Begin { devices, .. } => {
                    let row = |it: &'a crate::black_box::history::Device| (&*it.process, (&*it.user, it.whole));
                    facts.devices = devices.iter().map(row).collect();
                }
                What::Invoke { op, call } => facts.invoke(process, *op, call, (&mut tries, &highest)),
                What::Ok { op, answer } => facts.acknowledge(answer, tries.get(op).copied(), &mut highest),
                What::Fail { op, code } => {
                    facts.counts.refused += 1;
                    if let Some(asked) = tries.get(op).and_then(|key| facts.asked.get_mut(key)) {
                        asked.refused.push(code);
                    }
                }
                What::Info { .. } => facts.counts.indeterminate += 1,
                What::Told { session, event, users } => {
                    facts.counts.told += 1;
                    facts.told.entry((process, *session, &event.conversation)).or_default().push(event);
                    if !users.is_empty() {
                        facts.named.insert((&event.conversation, event.seq), users);
                    }
                }
                What::Cursor { .. } => facts.counts.cursors += 1,
                What::Nemesis { .. } => {}
                What::Logged { event, text, sent_at } => {
                    facts.counts.events += 1;
                    let stored = Stored { event, text: text.as_deref(), sent_at: *sent_at };
                    facts.log.entry(&event.conversation).or_default().push(stored);
                }
                What::Verified { clean, events, problems } => facts.verified = Some((*clean, *events, problems)),
                What::Held { event, text } => {
                    facts.counts.held += 1;
                    facts.held.entry(process).or_default().push((event, text));
                }
                What::Shown(shown) => {
                    facts.counts.shown += 1;
                    facts.shown.entry(process).or_default().push(shown);
                }
                What::Unsent { id } => facts.unsent.push((process, id)),
                What::End => facts.ended = true,
            }
        }
        for asked in facts.asked.values() {
            facts.counts.refused_for_good += u64::from(asked.is_refused());
            facts.counts.open += u64::from(!asked.is_refused() && asked.acknowledged.is_empty());
        }
        facts
    }

    fn invoke(
        &mut self,
        process: &'a str,
        op: u64,
        call: &'a Call,
        (tries, highest): (&mut Tries<'a>, &BTreeMap<&'a str, u64>),
    ) {
        let (conversation, id, text, lane) = match call {
            Call::Send { conversation, id, text, lane } => (conversation.as_str(), id.as_str(), Some(&**text), *lane),
            Call::Change { conversation, id, .. } => (conversation.as_str(), id.as_str(), None, false),
            Call::Read { .. } | Call::Look { .. } => return,
        };
        let key = (self.user_of(process), id);
        let place = self.asked.len();
        let after = highest.get(conversation).copied().unwrap_or(0);
        let asked = self.asked.entry(key).or_insert_with(|| Asked {
            process,
            conversation,
            text,
            lane,
            place,
            after,
            acknowledged: Vec::new(),
            refused: Vec::new(),
            tries: 0,
        });
        asked.tries += 1;
        tries.insert(op, key);
    }

    fn acknowledge(
        &mut self,
        answer: &'a Answer,
        key: Option<(&'a str, &'a str)>,
        highest: &mut BTreeMap<&'a str, u64>,
    ) {
        self.counts.acknowledged += 1;
        let (conversation, seq, ordinal) = match answer {
            Answer::Sent { conversation, seq, ordinal, deduplicated } => {
                self.counts.deduplicated += u64::from(*deduplicated);
                (conversation.as_str(), *seq, Some(*ordinal))
            }
            Answer::Changed { conversation, seq } => (conversation.as_str(), *seq, None),
            Answer::Read => return,
            Answer::Looked { .. } => {
                self.counts.cursors += 1;
                return;
            }
        };
        let place = highest.entry(conversation).or_default();
        *place = seq.max(*place);
        if let Some(asked) = key.and_then(|key| self.asked.get_mut(&key)) {
            asked.acknowledged.push((conversation, seq, ordinal));
        }
    }

    /// The user of a device.
    pub fn user_of(&self, process: &'a str) -> &'a str {
        self.devices.get(process).map_or(process, |(user, _)| *user)
    }

    /// What each user may see of a conversation, by the changes in its log.
    pub fn sights(&self, conversation: &str) -> BTreeMap<&'a str, Sight> {
        let mut sights = BTreeMap::<&str, Sight>::new();
        for stored in self.log.get(conversation).into_iter().flatten() {
            let event = stored.event;
            let named = self.named.get(&(conversation, event.seq)).copied().unwrap_or_default();
            match event.kind.as_str() {
                "conversation_created" | "members_added" => {
                    for user in named {
                        let sight = sights.entry(user).or_default();
                        if sight.last().is_none_or(|(_, upto)| upto.is_some()) {
                            sight.push((event.seq, None));
                        }
                    }
                }
                "member_removed" => named.iter().for_each(|user| close(&mut sights, user, event.seq)),
                "member_left" => close(&mut sights, &event.sender, event.seq),
                _ => {}
            }
        }
        sights
    }
}

fn close(sights: &mut BTreeMap<&str, Sight>, user: &str, seq: u64) {
    if let Some((_, upto)) = sights.get_mut(user).and_then(|sight| sight.last_mut()) {
        upto.get_or_insert(seq);
    }
}

/// Whether a seq is within what somebody may see.
pub fn sees(sight: &Sight, seq: u64) -> bool {
    sight.iter().any(|(from, upto)| *from <= seq && upto.is_none_or(|upto| seq <= upto))
}
