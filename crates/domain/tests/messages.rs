//! What becomes of a message, by property: whoever folds the events of the log in its order, from whatever copy he
//! begins with, ends with the same.

use bytes::Bytes;
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use stonechat_domain::conversation::Conversation;
use stonechat_domain::decide::Rejection;
use stonechat_domain::event::{Change, Content, MessageCommand};
use stonechat_domain::fold::Stamp;
use stonechat_domain::member::{Member, Role, UserRef};
use stonechat_domain::message::{About, Authority, Message, MessagePolicy, decide_message, fold_own};
use stonechat_domain::plays::{IsVoice, Plays, decide_play};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::{CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::limits::{EDITS_MAX, EMOJIS_PER_MESSAGE_MAX, EMOJIS_PER_USER_MAX, PLAYS_KEPT_MAX};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, Timestamp, UserNo};

const PEOPLE: u32 = 3;
const EMOJIS: [&str; 4] = ["👍", "❤", "🎉", "👍🏽"];
const TARGET: Seq = Seq(5);

fn person(no: u32) -> UserRef {
    UserRef { no: UserNo(no), id: UserId::new(&format!("user{no}")).unwrap() }
}

fn group() -> Conversation {
    let id = ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &person(0).id, CommandId([1; 16]));
    let mut state = Conversation::empty(AppId::DEFAULT, id, ConversationNo(1), person(0));
    state.head = Seq(10);
    state
}

fn text(says: &str) -> Content {
    Content { body_type: Bytes::from_static(b"text"), body: Bytes::copy_from_slice(says.as_bytes()) }
}

fn message() -> Message {
    Message::new(TARGET, Ordinal(2), person(0), Timestamp(1_000))
}

fn stamp(seq: u64) -> Stamp {
    Stamp {
        seq: Seq(seq),
        ordinal: Ordinal(2),
        sent_at: Timestamp(1_000 + seq as i64),
        key: [0; 16],
        read_upto: Seq::ZERO,
        read_upto_ordinal: Ordinal::ZERO,
    }
}

#[derive(Clone, Debug)]
enum Step {
    Edit { by: u32, says: u8 },
    React { by: u32, emoji: usize, add: bool },
    Recall { by: u32 },
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        10 => (0..PEOPLE, 0u8..4).prop_map(|(by, says)| Step::Edit { by, says }),
        30 => (0..PEOPLE, 0..EMOJIS.len(), any::<bool>()).prop_map(|(by, emoji, add)| Step::React { by, emoji, add }),
        1 => (0..PEOPLE).prop_map(|by| Step::Recall { by }),
    ]
}

/// The emojis of each person on the message.
type Own = BTreeMap<u32, Vec<Emoji>>;

type Event = (Change, UserRef, Stamp);

/// The events that came of some commands, decided one after another.
fn decided(steps: &[Step]) -> (Message, Vec<Event>, Own) {
    let (state, mut message, mut events) = (group(), message(), Vec::new());
    let mut own = Own::new();
    for step in steps {
        let (by, command) = match step {
            Step::Edit { by, says } => (*by, MessageCommand::Edit(text(&format!("{says}")))),
            Step::React { by, emoji, add } => {
                (*by, MessageCommand::React { emoji: Emoji::new(EMOJIS[*emoji]).unwrap(), add: *add })
            }
            Step::Recall { by } => (*by, MessageCommand::Recall),
        };
        let me = Member::joining(person(by), Role::Member, Seq(1), Ordinal::ZERO);
        let mine = own.entry(by).or_default();
        let (now, authority) = (Timestamp(2_000), Authority::Member);
        let about = About { pins: 0, state: &state, me: Some(&me), message: Some(&message), own: mine, now, authority };
        let Ok(Some(change)) = decide_message(about, &command, MessagePolicy::default()) else { continue };
        let stamp = stamp(11 + events.len() as u64);
        assert!(message.fold(&change, &person(by), &stamp), "what was just decided is new");
        match &change {
            Change::Edited { .. } => {}
            Change::Reacted { emoji, added, .. } => fold_own(mine, emoji, *added),
            Change::Recalled { .. } => own.clear(),
            _ => unreachable!("a message has no other changes"),
        }
        events.push((change, person(by), stamp));
    }
    (message, events, own)
}

proptest! {
    #[test]
    fn a_copy_of_any_time_comes_to_the_same_by_any_replay(
        steps in proptest::collection::vec(step(), 0..40),
        copied_after in 0usize..40,
        replayed_from in 0usize..40,
    ) {
        let (end, events, _) = decided(&steps);
        let copied_after = copied_after.min(events.len());
        let mut copy = message();
        for (change, by, stamp) in &events[..copied_after] {
            copy.fold(change, by, stamp);
        }
        // What comes live may begin before the copy was made, and comes twice.
        for (change, by, stamp) in events[replayed_from.min(copied_after)..].iter() {
            copy.fold(change, by, stamp);
            prop_assert!(!copy.fold(change, by, stamp));
        }
        prop_assert_eq!(copy, end);
    }

    #[test]
    fn counts_are_those_of_the_people(steps in proptest::collection::vec(step(), 0..60)) {
        let (end, events, own) = decided(&steps);
        let mut people: BTreeMap<Emoji, BTreeSet<u32>> = BTreeMap::new();
        for (by, emojis) in &own {
            for emoji in emojis {
                people.entry(emoji.clone()).or_default().insert(*by);
            }
        }
        let counted: BTreeMap<_, _> = people.into_iter().map(|(emoji, by)| (emoji, by.len() as u32)).collect();
        let told: BTreeMap<_, _> = end.reactions.iter().map(|it| (it.emoji.clone(), it.count)).collect();
        prop_assert_eq!(told, counted);
        let edits = events.iter().filter(|(change, ..)| matches!(change, Change::Edited { .. })).count();
        let recalled = matches!(events.last(), Some((Change::Recalled { .. }, ..)));
        prop_assert_eq!(end.edits.len(), if recalled { 0 } else { edits });
        prop_assert_eq!(end.recalled.is_some(), recalled);
    }
}

fn about<'a>(state: &'a Conversation, me: &'a Member, message: &'a Message, own: &'a [Emoji]) -> About<'a> {
    About {
        pins: 0,
        state,
        me: Some(me),
        message: Some(message),
        own,
        now: Timestamp(2_000),
        authority: Authority::Member,
    }
}

#[test]
fn only_its_author_edits_a_message_and_not_for_ever() {
    let (state, mut message) = (group(), message());
    let (author, admin) = (
        Member::joining(person(0), Role::Member, Seq(1), Ordinal::ZERO),
        Member::joining(person(1), Role::Owner, Seq(1), Ordinal::ZERO),
    );
    let edit = MessageCommand::Edit(text("better"));
    let policy = MessagePolicy::default();
    let try_as = |me: &Member, message: &Message, now: i64| {
        let about = About { pins: 0, now: Timestamp(now), ..about(&state, me, message, &[]) };
        decide_message(about, &edit, policy)
    };
    assert!(matches!(try_as(&author, &message, 2_000), Ok(Some(Change::Edited { .. }))));
    assert_eq!(try_as(&admin, &message, 2_000), Err(Rejection::Forbidden));
    assert_eq!(try_as(&author, &message, 1_001 + policy.edit_window_ms), Err(Rejection::TooLate));
    // The app may let him, at any time, but nobody in his name.
    let by_app = |me: &Member| {
        let now = Timestamp(1_001 + policy.edit_window_ms);
        let about = About { pins: 0, now, authority: Authority::App, ..about(&state, me, &message, &[]) };
        decide_message(about, &edit, policy)
    };
    assert!(matches!(by_app(&author), Ok(Some(Change::Edited { .. }))));
    assert_eq!(by_app(&admin), Err(Rejection::Forbidden));
    for seq in 0..EDITS_MAX as u64 {
        let change = Change::Edited { target: TARGET, content: Some(text("x")) };
        assert!(message.fold(&change, &person(0), &stamp(11 + seq)));
    }
    assert_eq!(try_as(&author, &message, 2_000), Err(Rejection::TooMany));
}

#[test]
fn what_is_not_seen_is_not_there() {
    let (state, message) = (group(), message());
    let late = Member::joining(person(1), Role::Member, Seq(6), Ordinal(2));
    let react = MessageCommand::React { emoji: Emoji::new("👍").unwrap(), add: true };
    let policy = MessagePolicy::default();
    assert_eq!(decide_message(about(&state, &late, &message, &[]), &react, policy), Err(Rejection::NoSuchMessage));
    let mut gone = Member::joining(person(1), Role::Member, Seq(1), Ordinal::ZERO);
    gone.end(Seq(8), None);
    assert_eq!(decide_message(about(&state, &gone, &message, &[]), &react, policy), Err(Rejection::NotAMember));
    let stranger = About { pins: 0, me: None, ..about(&state, &late, &message, &[]) };
    assert_eq!(decide_message(stranger, &react, policy), Err(Rejection::NotFound));
    let nothing = About { pins: 0, message: None, ..about(&state, &late, &message, &[]) };
    assert_eq!(decide_message(nothing, &react, policy), Err(Rejection::NoSuchMessage));
}

#[test]
fn emojis_have_bounds_and_the_same_one_twice_is_nothing_new() {
    let (state, mut message) = (group(), message());
    let me = Member::joining(person(1), Role::Member, Seq(1), Ordinal::ZERO);
    let emoji = |n: usize| Emoji::new(&char::from_u32(0x1F400 + n as u32).unwrap().to_string()).unwrap();
    let react = |message: &Message, own: &[Emoji], emoji: Emoji, add| {
        let command = MessageCommand::React { emoji, add };
        decide_message(about(&state, &me, message, own), &command, MessagePolicy::default())
    };
    assert_eq!(react(&message, &[emoji(0)], emoji(0), true), Ok(None));
    assert_eq!(react(&message, &[], emoji(0), false), Ok(None));
    let own: Vec<_> = (0..EMOJIS_PER_USER_MAX).map(emoji).collect();
    assert_eq!(react(&message, &own, emoji(99), true), Err(Rejection::TooMany));
    for n in 0..EMOJIS_PER_MESSAGE_MAX {
        let change = Change::Reacted { target: TARGET, emoji: emoji(n), added: true };
        assert!(message.fold(&change, &person(1), &stamp(11 + n as u64)));
    }
    assert_eq!(react(&message, &[], emoji(99), true), Err(Rejection::TooMany), "another one");
    assert!(matches!(react(&message, &[], emoji(1), true), Ok(Some(_))), "one that is there");
}

#[test]
fn a_message_is_taken_back_by_its_author_in_time_or_by_an_admin_and_then_is_gone() {
    let (group, mut message) = (group(), message());
    let member = |no, role| Member::joining(person(no), role, Seq(1), Ordinal::ZERO);
    let policy = MessagePolicy::default();
    let direct =
        Conversation { id: ConversationId::direct(AppId::DEFAULT, &person(0).id, &person(1).id), ..group.clone() };
    let try_as = |state: &Conversation, me: &Member, message: &Message, command: &MessageCommand, now: i64| {
        decide_message(About { pins: 0, now: Timestamp(now), ..about(state, me, message, &[]) }, command, policy)
    };
    let late = 1_001 + policy.recall_window_ms;
    let (author, other, admin) = (member(0, Role::Member), member(1, Role::Member), member(1, Role::Admin));
    let recalled = Change::Recalled { target: TARGET, ordinal: Ordinal(2), author: person(0), silent: false };
    let recall = MessageCommand::Recall;
    assert_eq!(try_as(&group, &author, &message, &recall, late - 1), Ok(Some(recalled.clone())));
    assert_eq!(try_as(&group, &author, &message, &recall, late), Err(Rejection::TooLate));
    assert_eq!(try_as(&group, &other, &message, &recall, 2_000), Err(Rejection::Forbidden));
    assert_eq!(try_as(&group, &admin, &message, &recall, late), Ok(Some(recalled.clone())));
    assert_eq!(try_as(&direct, &admin, &message, &recall, 2_000), Err(Rejection::Forbidden));
    assert!(message.fold(&recalled, &person(1), &stamp(11)));
    assert_eq!(try_as(&group, &author, &message, &recall, late), Ok(None), "it is done");
    for command in
        [MessageCommand::Edit(text("x")), MessageCommand::React { emoji: Emoji::new("👍").unwrap(), add: true }]
    {
        assert_eq!(try_as(&group, &author, &message, &command, 2_000), Err(Rejection::NoSuchMessage));
    }
}

#[test]
fn the_app_recalls_any_message_at_any_time_in_the_name_of_a_member() {
    let (state, message) = (group(), message());
    let other = Member::joining(person(1), Role::Member, Seq(1), Ordinal::ZERO);
    let (policy, late) = (MessagePolicy::default(), Timestamp(i64::MAX));
    let by = |authority| {
        let about = About { pins: 0, now: late, authority, ..about(&state, &other, &message, &[]) };
        decide_message(about, &MessageCommand::Recall, policy)
    };
    assert_eq!(by(Authority::Member), Err(Rejection::Forbidden));
    assert!(matches!(by(Authority::App), Ok(Some(Change::Recalled { .. }))));
    let stranger = About { pins: 0, me: None, authority: Authority::App, ..about(&state, &other, &message, &[]) };
    assert_eq!(decide_message(stranger, &MessageCommand::Recall, policy), Err(Rejection::NotFound));
}

#[test]
fn voice_messages_of_others_are_played_by_members_who_see_them() {
    let state = group();
    let member = |no, from| Member::joining(person(no), Role::Member, Seq(from), Ordinal::ZERO);
    let (mut gone, mut recalled) = (member(1, 1), message());
    gone.end(Seq(8), None);
    recalled.fold(&recall_by_author(), &person(0), &stamp(7));
    for (actor, message, is_voice, expected) in [
        (Some(member(1, 1)), Some(message()), IsVoice::Yes, Ok(TARGET)),
        (Some(member(1, 1)), Some(message()), IsVoice::No, Err(Rejection::NothingToPlay)),
        (Some(member(0, 1)), Some(message()), IsVoice::Yes, Err(Rejection::NothingToPlay)),
        (Some(member(1, 6)), Some(message()), IsVoice::Yes, Err(Rejection::NoSuchMessage)),
        (Some(member(1, 1)), Some(recalled), IsVoice::Yes, Err(Rejection::NoSuchMessage)),
        (Some(member(1, 1)), None, IsVoice::Yes, Err(Rejection::NoSuchMessage)),
        (Some(gone), Some(message()), IsVoice::Yes, Err(Rejection::NotAMember)),
        (None, Some(message()), IsVoice::Yes, Err(Rejection::NotFound)),
    ] {
        let decided = decide_play(&state, actor.as_ref(), message.as_ref(), is_voice).map(|message| message.seq);
        assert_eq!(decided, expected, "{actor:?} {message:?} {is_voice:?}");
    }
}

fn recall_by_author() -> Change {
    Change::Recalled { target: TARGET, ordinal: Ordinal(2), author: person(0), silent: false }
}

proptest! {
    /// In whatever order messages are played, and however often, the same is known.
    #[test]
    fn plays_commute_and_repeat(mut seqs in prop::collection::vec(1_u64..600, 0..900), by in 0_u64..700) {
        let known = |seqs: &[u64]| {
            let mut plays = Plays::default();
            for seq in seqs {
                plays.play(Seq(*seq));
            }
            plays
        };
        let first = known(&seqs);
        prop_assert!(seqs.iter().all(|seq| first.holds(Seq(*seq))));
        prop_assert!(first.mine().len() <= PLAYS_KEPT_MAX);
        let turned = usize::try_from(by).unwrap() % seqs.len().max(1);
        seqs.rotate_left(turned);
        seqs.extend_from_within(..seqs.len() / 2);
        prop_assert_eq!(&known(&seqs), &first);
        prop_assert_eq!(Plays::from_parts(first.floor(), first.mine().to_vec(), Vec::new()), Some(first));
    }
}
