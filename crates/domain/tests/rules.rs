//! The rules, by property: any history of commands keeps the state true to the sentences of the design.

use proptest::prelude::*;
use std::collections::BTreeMap;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::{Facts, Rejection, decide, decide_send, sent_at};
use stonechat_domain::event::{Change, Command};
use stonechat_domain::fold::{fold_change, fold_message, next_stamp};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Member, Role, UserRef};
use stonechat_domain::unread::unread;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::limits::OWN_ORDINALS_MAX;
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, Timestamp, UserNo};
use stonechat_types::text::Title;

const PEOPLE: u32 = 4;

fn person(no: u32) -> UserRef {
    UserRef { no: UserNo(no), id: UserId::new(&format!("user{no}")).unwrap() }
}

#[derive(Clone, Debug)]
enum Step {
    Send { by: u32, seen: u64 },
    Read { by: u32, upto: u64 },
    Add { by: u32, who: u32 },
    Remove { by: u32, who: u32 },
    Leave { by: u32 },
    Promote { by: u32, who: u32, role: u8 },
    ClockBack,
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..PEOPLE;
    prop_oneof![
        6 => (who.clone(), 0u64..40).prop_map(|(by, seen)| Step::Send { by, seen }),
        3 => (who.clone(), 0u64..40).prop_map(|(by, upto)| Step::Read { by, upto }),
        2 => (who.clone(), who.clone()).prop_map(|(by, who)| Step::Add { by, who }),
        1 => (who.clone(), who.clone()).prop_map(|(by, who)| Step::Remove { by, who }),
        1 => who.clone().prop_map(|by| Step::Leave { by }),
        1 => (who.clone(), who, 0u8..3).prop_map(|(by, who, role)| Step::Promote { by, who, role }),
        1 => Just(Step::ClockBack),
    ]
}

/// What really happened, kept in the plainest way.
#[derive(Default)]
struct History {
    events: Vec<(Option<u32>, u64)>,
    reads: BTreeMap<u32, u64>,
    joined_at: BTreeMap<u32, usize>,
}

impl History {
    fn ordinal(&self, seq: u64) -> u64 {
        if seq == 0 { 0 } else { self.events[seq as usize - 1].1 }
    }

    /// The sentence: countable, above the read cursor, after the latest join, not by the user.
    fn unread(&self, who: u32) -> u64 {
        let read = self.reads.get(&who).copied().unwrap_or(0);
        let joined = self.joined_at[&who];
        let above = self.events.iter().enumerate().filter(|(i, _)| *i as u64 + 1 > read && *i >= joined);
        above.filter(|(_, (sender, _))| sender.is_some_and(|sender| sender != who)).count() as u64
    }
}

struct World {
    state: Conversation,
    members: Facts,
    history: History,
    now: i64,
    key: u128,
}

impl World {
    fn new() -> Self {
        let id = ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &person(0).id, CommandId([1; 16]));
        let state = Conversation::empty(AppId::DEFAULT, id, ConversationNo(1), person(0));
        let mut world = Self { state, members: Facts::new(), history: History::default(), now: 1_000, key: 0 };
        let title = Some(Title::new("Ops").unwrap());
        world.command(0, &Command::Create { title, members: vec![person(1)] }).unwrap();
        world
    }

    fn next_key(&mut self) -> [u8; 16] {
        self.key += 1;
        self.key.to_be_bytes()
    }

    fn command(&mut self, by: u32, command: &Command) -> Result<(), Rejection> {
        let Some(change) = decide(&self.state, &self.members, &person(by), command, Timestamp(self.now))? else {
            return Ok(());
        };
        let key = self.next_key();
        let stamp = next_stamp(&self.state, change.kind(), sent_at(&self.state, Timestamp(self.now)), key);
        fold_change(&mut self.state, &mut self.members, &person(by), &change, &stamp);
        let joined = match &change {
            Change::Created { members, .. } => members.clone(),
            Change::MembersAdded(users) => users.clone(),
            _ => vec![],
        };
        for user in joined {
            self.history.joined_at.insert(user.no.0, self.history.events.len());
        }
        self.history.events.push((None, stamp.ordinal.0));
        Ok(())
    }

    fn send(&mut self, by: u32, seen: u64) {
        let Some(member) = self.members.get(&UserNo(by)) else { return };
        if decide_send(&self.state, Some(member), false, Timestamp(self.now)).is_err() {
            return;
        }
        let key = self.next_key();
        let mut stamp = next_stamp(&self.state, EventKind::Message, sent_at(&self.state, Timestamp(self.now)), key);
        assert_eq!(stamp.seq.0, self.history.events.len() as u64 + 1, "seqs are dense");
        let seen = seen.min(self.state.head.0);
        stamp.read_upto = Seq(seen);
        stamp.read_upto_ordinal = Ordinal(self.history.ordinal(seen));
        let before = self.state.last_sent_at;
        let member = self.members.get_mut(&UserNo(by)).unwrap();
        let own_full = member.own.len() == OWN_ORDINALS_MAX;
        fold_message(&mut self.state, member, &stamp);
        assert!(self.state.last_sent_at >= before, "time never goes back");
        self.history.events.push((Some(by), stamp.ordinal.0));
        let read = self.history.reads.entry(by).or_default();
        *read = (*read).max(seen);
        if own_full && member.own.is_empty() {
            *read = stamp.seq.0;
        }
    }

    fn read(&mut self, by: u32, upto: u64) {
        let Some(member) = self.members.get_mut(&UserNo(by)).filter(|member| member.is_active()) else { return };
        let upto = upto.min(self.state.head.0);
        let before = member.read_seq;
        member.read(Seq(upto), Ordinal(self.history.ordinal(upto)));
        assert!(member.read_seq >= before, "a cursor never moves back");
        let read = self.history.reads.entry(by).or_default();
        *read = (*read).max(upto);
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Send { by, seen } => self.send(by, seen),
            Step::Read { by, upto } => self.read(by, upto),
            Step::Add { by, who } => _ = self.command(by, &Command::AddMembers(vec![person(who)])),
            Step::Remove { by, who } => _ = self.command(by, &Command::RemoveMember(person(who))),
            Step::Leave { by } => _ = self.command(by, &Command::Leave),
            Step::Promote { by, who, role } => {
                let role = [Role::Member, Role::Admin, Role::Owner][usize::from(role)];
                _ = self.command(by, &Command::SetRole(person(who), role));
            }
            Step::ClockBack => self.now -= 500,
        }
        self.now += 1;
        self.check();
    }

    fn check(&self) {
        let active: Vec<_> = self.members.values().filter(|member| member.is_active()).collect();
        assert_eq!(self.state.members as usize, active.len());
        assert_eq!(self.state.owners as usize, active.iter().filter(|m| m.role == Role::Owner).count());
        assert!(active.is_empty() || self.state.owners > 0, "a group that has members has an owner");
        for member in active {
            let counted = self.history.unread(member.user.no.0);
            assert_eq!(unread(member, self.state.ordinal, 0), counted, "{member:?}");
        }
    }
}

proptest! {
    #[test]
    fn unread_equals_the_sentence_after_any_history(steps in proptest::collection::vec(step(), 0..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
    }
}

#[test]
fn past_the_limit_of_own_messages_the_cursor_moves() {
    let mut world = World::new();
    world.send(1, 0);
    for _ in 0..OWN_ORDINALS_MAX {
        world.send(0, 0);
        world.check();
    }
    assert_eq!(unread(&world.members[&UserNo(0)], world.state.ordinal, 0), 1);
    world.send(0, 0);
    world.check();
    assert_eq!(unread(&world.members[&UserNo(0)], world.state.ordinal, 0), 0);
}

#[test]
fn the_cursor_is_where_it_is_whatever_came_first() {
    let start = Member::joining(person(0), Role::Member, Seq(1), Ordinal(0));
    let sent = |member: &mut Member, n: u64| assert!(!member.sent(Seq(n + 1), Ordinal(n), [0; 16]));
    // Message 1 is another's, 2 and 3 are own.
    let mut read_first = start.clone();
    read_first.read(Seq(2), Ordinal(1));
    sent(&mut read_first, 2);
    sent(&mut read_first, 3);
    let mut sent_first = start.clone();
    sent(&mut sent_first, 2);
    sent(&mut sent_first, 3);
    assert_eq!(sent_first.read_seq, Seq::ZERO);
    sent_first.read(Seq(2), Ordinal(1));
    assert_eq!((sent_first.read_seq, sent_first.read_ordinal), (Seq(4), Ordinal(3)));
    assert_eq!(sent_first, read_first);
}

#[test]
fn a_removed_member_may_not_send_and_sees_his_removal_last() {
    let mut world = World::new();
    world.command(0, &Command::RemoveMember(person(1))).unwrap();
    let removed = &world.members[&UserNo(1)];
    assert_eq!(decide_send(&world.state, Some(removed), false, Timestamp(0)), Err(Rejection::NotAMember));
    assert!(removed.sees(world.state.head));
    assert!(!removed.sees(world.state.head.next()));
    assert_eq!(decide_send(&world.state, None, false, Timestamp(0)), Err(Rejection::NotFound));
}

#[test]
fn the_last_owner_names_another_before_going() {
    let mut world = World::new();
    assert_eq!(world.command(0, &Command::Leave), Err(Rejection::LastOwner));
    world.command(0, &Command::SetRole(person(1), Role::Owner)).unwrap();
    world.command(0, &Command::Leave).unwrap();
    assert_eq!(world.state.owners, 1);
}

#[test]
fn only_admins_touch_members_and_only_owners_touch_admins() {
    let mut world = World::new();
    world.command(0, &Command::AddMembers(vec![person(2), person(3)])).unwrap();
    assert_eq!(world.command(1, &Command::RemoveMember(person(2))), Err(Rejection::Forbidden));
    assert_eq!(world.command(1, &Command::Rename(Title::new("x").unwrap())), Err(Rejection::Forbidden));
    world.command(0, &Command::SetRole(person(1), Role::Admin)).unwrap();
    world.command(1, &Command::RemoveMember(person(2))).unwrap();
    assert_eq!(world.command(1, &Command::RemoveMember(person(0))), Err(Rejection::Forbidden));
    assert_eq!(world.command(1, &Command::SetRole(person(3), Role::Admin)), Err(Rejection::Forbidden));
}
