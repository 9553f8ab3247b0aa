//! Presence: asked for anew with each connection, not known without one, and only the newest of it.

use std::collections::BTreeMap;

use super::*;
use crate::presence::{Availability, Presences};

fn bob() -> UserId {
    UserId::new("bob").unwrap()
}

fn told(availability: v1::Availability, until: i64) -> v1::Presences {
    let status = v1::CustomStatus { emoji: String::new(), text: "here".into(), until };
    let bob = v1::UserPresence {
        user_id: "bob".into(),
        availability: availability.into(),
        status: Some(status),
        ..v1::UserPresence::default()
    };
    let stranger = v1::UserPresence { user_id: "mallory".into(), ..v1::UserPresence::default() };
    v1::Presences { presences: vec![bob, stranger] }
}

fn known(presences: Option<&Presences>) -> BTreeMap<String, (Availability, bool)> {
    let all = presences.into_iter().flatten();
    all.map(|(user, it)| (user.to_string(), (it.availability, it.status.is_some()))).collect()
}

fn bob_is(availability: Availability, says: bool) -> BTreeMap<String, (Availability, bool)> {
    BTreeMap::from([("bob".to_owned(), (availability, says))])
}

/// The number of the call that says whom the device watches, of what was sent since the last time.
fn watched(bench: &mut Bench) -> Option<(u64, Vec<String>)> {
    bench.sent().into_iter().find_map(|(id, body)| match body {
        Body::WatchPresence(watch) => Some((id, watch.user_ids)),
        _ => None,
    })
}

#[test]
fn it_is_said_with_each_connection_and_forgotten_without_one() {
    let mut bench = Bench::new(false);
    bench.command(Command::Watch(vec![bob()]));
    bench.command(Command::Away(true));
    assert_eq!(bench.replies, [Ok(Reply::Done), Ok(Reply::Done)], "nobody waits without a connection");
    bench.up(welcome());
    let sent = bench.sent();
    assert!(sent.iter().any(|(id, body)| *id == 0 && *body == Body::Away(v1::Away { away: true })));
    let watch = sent.iter().find(|(_, body)| matches!(body, Body::WatchPresence(_))).map(|(id, _)| *id).unwrap();
    bench.say(watch, Body::Presences(told(v1::Availability::Online, 0)));
    assert_eq!(known(bench.presences.last()), bob_is(Availability::Online, true), "of him, and of nobody else");
    bench.say(0, Body::PresenceChanged(told(v1::Availability::Away, 0)));
    assert_eq!(known(bench.presences.last()), bob_is(Availability::Away, true));
    bench.input(Input::Closed("broken".into()));
    assert_eq!(known(bench.presences.last()), BTreeMap::new());
    bench.advance(60_000);
    let hello = bench.sent().into_iter().find(|(_, body)| matches!(body, Body::Hello(_))).unwrap();
    bench.say(hello.0, Body::Welcome(welcome()));
    assert_eq!(watched(&mut bench).unwrap().1, ["bob"]);
}

#[test]
fn the_answer_to_an_earlier_list_says_nothing_of_the_newest() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.replies.clear();
    bench.command(Command::Watch(vec![bob()]));
    let (first, _) = watched(&mut bench).unwrap();
    bench.command(Command::Watch(vec![bob(), alice()]));
    assert_eq!(watched(&mut bench), None, "one at a time");
    bench.say(first, Body::Presences(told(v1::Availability::Online, 0)));
    assert!(bench.replies.is_empty() && bench.presences.is_empty());
    let (second, users) = watched(&mut bench).unwrap();
    assert_eq!(users, ["bob", "alice"]);
    bench.say(second, Body::Presences(told(v1::Availability::Offline, 0)));
    assert_eq!(bench.replies, [Ok(Reply::Done), Ok(Reply::Done)]);
    assert_eq!(known(bench.presences.last()), bob_is(Availability::Offline, true));
}

#[test]
fn a_server_that_is_busy_is_asked_again_and_one_that_refuses_is_not() {
    let mut bench = Bench::new(false);
    bench.up(welcome());
    bench.replies.clear();
    bench.command(Command::Watch(vec![bob()]));
    let (first, _) = watched(&mut bench).unwrap();
    let refusal = |code: &str| Body::Error(v1::Error { code: code.into(), ..v1::Error::default() });
    bench.say(first, refusal("overloaded"));
    assert_eq!((watched(&mut bench), bench.replies.len()), (None, 0));
    bench.advance(20_000);
    let (second, _) = watched(&mut bench).unwrap();
    bench.say(second, refusal("invalid_argument"));
    assert!(matches!(bench.replies[..], [Err(Error::Server(_))]));
    bench.advance(20_000);
    assert_eq!(watched(&mut bench), None);
}

#[test]
fn a_status_ends_by_the_clock_of_the_server() {
    let mut bench = Bench::new(false);
    bench.wall_ms = 5;
    bench.up(v1::Welcome { server_time: 1_000_000, ..welcome() });
    bench.command(Command::Watch(vec![bob()]));
    let (watch, _) = watched(&mut bench).unwrap();
    bench.say(watch, Body::Presences(told(v1::Availability::Online, 1_010_000)));
    bench.advance(9_000);
    assert_eq!(known(bench.presences.last()), bob_is(Availability::Online, true));
    bench.advance(2_000);
    assert_eq!(known(bench.presences.last()), bob_is(Availability::Online, false));
}
