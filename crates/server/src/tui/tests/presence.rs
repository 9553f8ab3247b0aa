//! Who is there: marks in the list, words above the open chat, and whom the account watches.

use stonechat_client::client::Platform;
use stonechat_client::presence::{Availability, CustomStatus, Presence, Presences};

use super::*;
use crate::tui::tests::screens::compare_file;

fn presence(name: &str, availability: Availability) -> Presence {
    Presence { user: user(name), availability, platforms: vec![Platform::Phone], last_seen: None, status: None }
}

fn told(all: Vec<Presence>) -> Msg {
    Msg::Presences(all.into_iter().map(|it| (it.user.clone(), Arc::new(it))).collect::<Presences>())
}

fn watched(effects: &[Effect]) -> Vec<Vec<UserId>> {
    let lists = effects.iter().filter_map(|effect| match effect {
        Effect::Watch(users) => Some(users.clone()),
        _ => None,
    });
    lists.collect()
}

#[test]
fn who_is_there_has_a_mark_and_of_whom_one_talks_to_more_is_said() {
    let status = CustomStatus { emoji: "🥪".into(), text: "at lunch\u{1b}[31m".into(), until: None };
    let bob = Presence { status: Some(status), ..presence("bob", Availability::Online) };
    let omar = presence("omar", Availability::Away);
    let mut app = with_list(80, 24);
    update(&mut app, told(vec![bob.clone(), omar]));
    opened(&mut app, vec![start(), said(20, "bob", "there?", 1)]);
    compare_file("presence_80x24.txt", &screen(&app));
    // When he is gone it is said since when.
    let gone = Presence { last_seen: Some(minutes_ago(95)), ..presence("bob", Availability::Offline) };
    update(&mut app, told(vec![gone]));
    let shown = screen(&app);
    assert!(shown.contains("last seen at 10:25") && !shown.contains("● Bob"), "{shown}");
    update(&mut app, told(Vec::new()));
    assert!(!screen(&app).contains("last seen"));
}

#[test]
fn the_peers_of_direct_chats_are_watched_and_not_said_again() {
    let mut app = app_of(80, 24);
    let effects = update(&mut app, Msg::Conversations(list()));
    assert_eq!(watched(&effects), [vec![user("bob"), user("omar")]]);
    let mut moved = list();
    moved.reverse();
    assert_eq!(watched(&update(&mut app, Msg::Conversations(moved))), Vec::<Vec<UserId>>::new());
    let carol = Msg::Opened(direct("carol"), Some(user("carol")));
    assert_eq!(watched(&update(&mut app, carol)), [vec![user("bob"), user("carol"), user("omar")]]);
}
