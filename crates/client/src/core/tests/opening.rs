//! A timeline that is opened while things happen: it ends as one that is opened after everything.

use proptest::prelude::*;

use super::timeline::{page, row, unsent};
use super::*;
use crate::core::rows::{Changed, MessageChange};
use crate::state::{Pending, ReadMark, Target, Unsent, Wish};

/// What the device holds of a conversation, and what it said of that so far.
#[derive(Clone, Default)]
struct World {
    seq: u64,
    rows: Vec<MessageRow>,
    wishes: Vec<(u64, Pending)>,
    unsent: Vec<(u64, Unsent)>,
    marks: Vec<ReadMark>,
    told: usize,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Message,
    React { message: usize },
    Wish { message: usize },
    WishGranted,
    Write,
    Sent,
    Read,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        3 => Just(Step::Message),
        3 => (0usize..8).prop_map(|message| Step::React { message }),
        2 => (0usize..8).prop_map(|message| Step::Wish { message }),
        2 => Just(Step::WishGranted),
        1 => Just(Step::Write),
        1 => Just(Step::Sent),
        1 => Just(Step::Read),
    ]
}

impl World {
    fn take(&mut self, step: Step) -> Vec<Change> {
        self.seq += 1;
        let (seq, at) = (self.seq, usize::try_from(self.seq).unwrap());
        let id = ClientMsgId([u8::try_from(seq).unwrap(); 16]);
        match step {
            Step::Message => {
                let ordinal = self.rows.len() as u64 + 1;
                let row = MessageRow { seq, changed: seq, client_msg_id: Some(id), ..row(ordinal, "bob", 20_000) };
                self.rows.push(row.clone());
                vec![Change::Messages(direct(0), vec![row]), Change::Intervals(direct(0), vec![(1, ordinal)])]
            }
            Step::React { message } => {
                let Some(row) = self.rows.get_mut(message) else { return Vec::new() };
                let (emoji, added) = (format!("{}", at % 3), at % 4 != 0);
                let what = Changed::Reacted { emoji, added, own: false };
                let change = MessageChange { conversation: direct(0), target: row.seq, by: seq, what };
                change.fold(row);
                vec![Change::MessageChanged(direct(0), Box::new(change))]
            }
            Step::Wish { message } => {
                let Some(row) = self.rows.get(message) else { return Vec::new() };
                let pending = Pending {
                    conversation: direct(0),
                    command_id: id,
                    wish: Wish::React(Target::Log(Seq(row.seq)), "wish".into()),
                    created_at: Timestamp(0),
                    state: SendState::Queued,
                };
                self.wishes.push((seq, pending.clone()));
                vec![Change::Pending(seq, Box::new(pending))]
            }
            Step::WishGranted => match self.wishes.pop() {
                Some((_, pending)) => vec![Change::PendingGone(direct(0), pending.command_id)],
                None => Vec::new(),
            },
            Step::Write => {
                let unsent = unsent(id);
                self.unsent.push((seq, unsent.clone()));
                vec![Change::Echo(seq, Box::new(unsent))]
            }
            Step::Sent => match self.unsent.pop() {
                Some((_, unsent)) => vec![Change::EchoGone(direct(0), unsent.client_msg_id)],
                None => Vec::new(),
            },
            Step::Read => {
                let bob = UserId::new("bob").unwrap();
                self.marks = vec![ReadMark { user: bob, upto: Seq(seq), delivered: Seq(seq) }];
                vec![Change::Marks(direct(0), self.marks.clone())]
            }
        }
    }

    fn opened(&self) -> Opened {
        let head = self.rows.len() as u64;
        Opened {
            unsent: self.unsent.clone(),
            pending: self.wishes.clone(),
            intervals: if head > 0 { vec![(1, head)] } else { Vec::new() },
            head: Ordinal(head),
            marks: self.marks.clone(),
            ..Opened::default()
        }
    }

    fn held(&self, from: u64, upto: u64) -> HistoryRows {
        page(self.rows.iter().filter(|row| (from..=upto).contains(&row.ordinal)).cloned().collect())
    }
}

/// Where in the course of things the core is asked, and its answer taken, and two pages are read and taken.
fn opened_at(worlds: &[World], told: &[Change], at: &[usize; 6], ahead: usize) -> TimelineModel {
    let [asked, answered, read, shown, read_before, shown_before] = *at;
    let mut model = TimelineModel::new(alice(), direct(0), TimelineOptions::default());
    let heard = std::cell::Cell::new(worlds[asked].told);
    let hear = |model: &mut TimelineModel, upto: usize| {
        for change in &told[heard.get()..worlds[upto].told] {
            model.apply(change);
        }
        heard.set(worlds[upto].told);
    };
    // The store holds what is told a moment later.
    let store = |at: usize| &worlds[(at + ahead).min(worlds.len() - 1)];
    model.start_reading();
    hear(&mut model, answered);
    model.begin(worlds[asked].opened());
    let (from, _) = model.next_page();
    hear(&mut model, read);
    let newest = store(read).held(from, u64::MAX);
    hear(&mut model, shown);
    model.merge(newest, from);
    model.start_reading();
    hear(&mut model, read_before);
    if let (before, Some(start)) = model.next_page() {
        let older = store(read_before).held(start, before - 1);
        hear(&mut model, shown_before);
        model.merge(older, start);
    }
    model.end_reading();
    model.end_reading();
    hear(&mut model, worlds.len() - 1);
    model
}

proptest! {
    #[test]
    fn nothing_that_happens_while_it_is_opened_is_missed_or_taken_twice(
        steps in prop::collection::vec(step(), 1..60),
        mut at in prop::array::uniform6(0usize..60),
        ahead in 0usize..3,
    ) {
        let (mut worlds, mut told) = (vec![World::default()], Vec::new());
        for step in steps {
            let mut world = worlds.last().cloned().unwrap();
            told.extend(world.take(step));
            world.told = told.len();
            worlds.push(world);
        }
        let end = worlds.len() - 1;
        at.sort_unstable();
        let during = opened_at(&worlds, &told, &at.map(|at| at.min(end)), ahead);
        let after = opened_at(&worlds, &told, &[end; 6], 0);
        prop_assert_eq!(during.items(), after.items());
    }
}
