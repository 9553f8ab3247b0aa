//! What two users are to each other, by table and by property.

use proptest::prelude::*;
use stonechat_domain::decide::Rejection;
use stonechat_domain::relation::{
    Relation, RelationCommand, Remarks, Side, WhoMayAdd, WhoMayMessage, decide_relation, may_message,
};
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note};

const A: Side = Side::Low;
const B: Side = Side::High;

fn note(text: &str) -> Option<Note> {
    Some(Note::new(text).unwrap())
}

fn ask() -> RelationCommand {
    RelationCommand::Request { message: note("it is me"), answer: None }
}

fn decline() -> RelationCommand {
    RelationCommand::Decline { reason: note("who are you") }
}

/// What commands lead to, each at its own time; refusals change nothing.
fn after(steps: &[(Side, RelationCommand)]) -> (Relation, Vec<Result<bool, Rejection>>) {
    let mut relation = Relation::default();
    let mut answers = Vec::new();
    for (i, (by, command)) in steps.iter().enumerate() {
        let decided = decide_relation(&relation, *by, command, WhoMayAdd::Ask, Timestamp(1 + i as i64));
        answers.push(decided.map(|next| next.map(|next| relation = next).is_some()));
    }
    (relation, answers)
}

#[test]
fn one_asks_and_the_other_accepts() {
    let (relation, answers) = after(&[(A, ask()), (B, RelationCommand::Accept)]);
    assert_eq!(answers, [Ok(true), Ok(true)]);
    assert_eq!(relation.contacts_since, Some(Timestamp(2)));
    assert!(relation.low.request.is_none());
}

#[test]
fn requests_that_cross_make_contacts() {
    let (relation, answers) = after(&[(A, ask()), (B, ask())]);
    assert_eq!(answers, [Ok(true), Ok(true)]);
    assert!(relation.are_contacts() && relation.low.request.is_none() && relation.high.request.is_none());
}

#[test]
fn acceptance_and_withdrawal_have_an_order() {
    let accept_first = after(&[(A, ask()), (B, RelationCommand::Accept), (A, RelationCommand::Withdraw)]);
    assert_eq!(accept_first.1[2], Err(Rejection::NoSuchRequest));
    assert!(accept_first.0.are_contacts());
    let withdraw_first = after(&[(A, ask()), (A, RelationCommand::Withdraw), (B, RelationCommand::Accept)]);
    assert_eq!(withdraw_first.1[2], Err(Rejection::NoSuchRequest));
    assert!(withdraw_first.0.is_empty());
}

#[test]
fn who_asked_reads_why_he_was_declined_until_he_asks_again() {
    let (relation, answers) = after(&[(A, ask()), (B, decline()), (B, decline())]);
    assert_eq!(answers[2], Err(Rejection::NoSuchRequest));
    let declined = relation.low.declined.as_ref().unwrap();
    assert_eq!(declined.reason, note("who are you"));
    let (relation, _) = after(&[(A, ask()), (B, decline()), (A, ask())]);
    assert!(relation.low.declined.is_none() && relation.low.request.is_some());
}

#[test]
fn what_the_other_allows_decides_what_asking_leads_to() {
    let empty = Relation::default();
    let asked = |command: &RelationCommand, allows| decide_relation(&empty, A, command, allows, Timestamp(1));
    assert!(asked(&ask(), WhoMayAdd::Anyone).unwrap().unwrap().are_contacts());
    assert_eq!(asked(&ask(), WhoMayAdd::Nobody), Err(Rejection::RecipientUnavailable));
    assert_eq!(asked(&ask(), WhoMayAdd::Question), Err(Rejection::AnswerMissing));
    let answered = RelationCommand::Request { message: None, answer: note("Rex") };
    assert!(asked(&answered, WhoMayAdd::Question).unwrap().unwrap().low.request.is_some());
}

#[test]
fn a_block_ends_requests_and_refuses_new_ones() {
    let (relation, answers) = after(&[(A, ask()), (B, RelationCommand::Block), (A, ask()), (B, ask())]);
    assert_eq!(answers[2..], [Err(Rejection::RecipientUnavailable), Err(Rejection::Blocked)]);
    assert!(relation.low.request.is_none());
    assert_eq!(relation.low.declined.as_ref().unwrap().reason, None, "nobody is told that he is blocked");
    let (relation, answers) = after(&[(A, RelationCommand::Block), (A, RelationCommand::Block)]);
    assert_eq!((answers[1], relation.low.blocks_since), (Ok(false), Some(Timestamp(1))));
}

#[test]
fn who_may_write() {
    let strangers = Relation::default();
    let contacts = Relation { contacts_since: Some(Timestamp(1)), ..Relation::default() };
    let mut blocked = contacts.clone();
    blocked.high.blocks_since = Some(Timestamp(2));
    let unavailable = Err(Rejection::RecipientUnavailable);
    for (relation, allows, expected) in [
        (&strangers, WhoMayMessage::Anyone, Ok(())),
        (&strangers, WhoMayMessage::Contacts, unavailable),
        (&strangers, WhoMayMessage::Nobody, unavailable),
        (&contacts, WhoMayMessage::Anyone, Ok(())),
        (&contacts, WhoMayMessage::Contacts, Ok(())),
        (&contacts, WhoMayMessage::Nobody, unavailable),
        (&blocked, WhoMayMessage::Anyone, unavailable),
        (&blocked, WhoMayMessage::Contacts, unavailable),
        (&blocked, WhoMayMessage::Nobody, unavailable),
    ] {
        assert_eq!(may_message(relation, A, allows), expected, "{relation:?} {allows:?}");
    }
    assert_eq!(may_message(&blocked, B, WhoMayMessage::Anyone), Err(Rejection::Blocked));
}

#[test]
fn sides_follow_from_the_ids() {
    let (a, b) = (UserId::new("a").unwrap(), UserId::new("b").unwrap());
    assert_eq!((Side::of(&a, &b), Side::of(&b, &a), Side::of(&a, &a)), (Some(A), Some(B), None));
}

fn command() -> impl Strategy<Value = RelationCommand> {
    let alias = |alias: &str| Remarks { alias: Some(DisplayName::new(alias).unwrap()), ..Remarks::default() };
    prop_oneof![
        Just(RelationCommand::Block),
        Just(RelationCommand::Unblock),
        Just(ask()),
        Just(RelationCommand::Accept),
        Just(decline()),
        Just(RelationCommand::Withdraw),
        Just(RelationCommand::Remove),
        Just(RelationCommand::Annotate(alias("Bee"))),
    ]
}

fn steps() -> impl Strategy<Value = Vec<(Side, RelationCommand)>> {
    proptest::collection::vec((prop_oneof![Just(A), Just(B)], command()), 0..24)
}

proptest! {
    #[test]
    fn whatever_happens_a_relation_makes_sense(steps in steps()) {
        let mut relation = Relation::default();
        for (i, (by, command)) in steps.iter().enumerate() {
            let Ok(Some(next)) = decide_relation(&relation, *by, command, WhoMayAdd::Ask, Timestamp(1 + i as i64)) else { continue };
            prop_assert!(!(next.low.request.is_some() && next.high.request.is_some()), "two that cross meet");
            prop_assert!(!next.are_contacts() || (next.low.request.is_none() && next.high.request.is_none()));
            prop_assert!(!next.is_blocked() || (next.low.request.is_none() && next.high.request.is_none()));
            let other = by.other();
            prop_assert_eq!(&next.party(other).remarks, &relation.party(other).remarks, "notes are one's own");
            prop_assert_eq!(next.party(other).blocks_since, relation.party(other).blocks_since);
            // Said again, it changes nothing more.
            let again = decide_relation(&next, *by, command, WhoMayAdd::Ask, Timestamp(1 + i as i64));
            prop_assert!(matches!(again, Ok(None) | Err(Rejection::NoSuchRequest)), "{:?}", again);
            relation = next;
        }
    }
}
