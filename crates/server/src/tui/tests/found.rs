//! What was said is found again on this device, and gone to.

use stonechat_client::timeline::Pagination;

use super::screens::compare_file;
use super::*;
use crate::tui::dialog::{Dialog, Purpose};
use crate::tui::found::Hit;
use crate::tui::state::Pane;

const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn hit(conversation: ConversationId, seq: u64, sender: &str, says: &str) -> Hit {
    let message = Message {
        id: Some(MessageId { conversation, seq: Seq(seq) }),
        ordinal: Some(Ordinal(seq)),
        sender: user(sender),
        own: sender == "alice",
        sent_at: minutes_ago(100 - i64::try_from(seq).unwrap()),
        client_msg_id: None,
        content: Content::Text(says.into()),
        attributes: None,
        pinned: false,
        edited_at: None,
        reactions: Vec::new(),
    };
    Hit::of(&message, "harbour").unwrap()
}

fn hits() -> Vec<Hit> {
    let hurting =
        "港口 the harbour \u{1b}[31m\u{202e} 👩\u{200d}👩\u{200d}👧 again and again and again and again and again";
    vec![
        hit(direct("bob"), 50, "bob", "at the harbour,\nas always"),
        hit(group(), 20, "mei", hurting),
        hit(direct("omar"), 10, "alice", &format!("{} the harbour", "قبل ".repeat(40))),
    ]
}

fn searched(app: &mut App) {
    press_with(app, CONTROL, KeyCode::Char('f'));
    write(app, " harbour ");
    assert_eq!(press(app, KeyCode::Enter), [Effect::Search("harbour".into())]);
}

#[test]
fn what_was_found_is_listed_and_opened() {
    for (width, height) in [(80, 24), (40, 20)] {
        let mut app = with_list(width, height);
        searched(&mut app);
        update(&mut app, Msg::Found("harbour".into(), Ok(hits())));
        press(&mut app, KeyCode::Down);
        compare_file(&format!("found_{width}x{height}.txt"), &screen(&app));
        let effects = press(&mut app, KeyCode::Enter);
        assert!(effects.contains(&Effect::Open(group(), None)) && app.dialog.is_none(), "{effects:?}");
    }
}

#[test]
fn nothing_found_is_said_and_so_is_what_failed() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Char('/'));
    write(&mut app, " \u{200d}");
    assert_eq!(press(&mut app, KeyCode::Enter), [], "it shows nothing");
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    searched(&mut app);
    update(&mut app, Msg::Found("harbour".into(), Ok(Vec::new())));
    assert!(screen(&app).contains("nothing on this device says that"));
    update(&mut app, Msg::Found("harbour".into(), Err("the disk\n\u{1b}[2J".into())));
    assert!(screen(&app).contains("the disk"), "{}", screen(&app));
    update(&mut app, Msg::Found("another text".into(), Ok(hits())));
    assert!(matches!(app.dialog, Some(Dialog::Fill(Purpose::Search, _))), "nobody looks for that any more");
    press(&mut app, KeyCode::Esc);
    update(&mut app, Msg::Found("harbour".into(), Ok(hits())));
    assert_eq!(app.dialog, None);
}

fn page(from: u64, upto: u64) -> Vec<Arc<TimelineItem>> {
    (from..=upto).map(|n| said(n, "bob", &format!("message {n}"), 0)).collect()
}

#[test]
fn one_goes_to_a_message_however_far_back_it_is() {
    let mut app = with_list(80, 24);
    searched(&mut app);
    update(&mut app, Msg::Found("harbour".into(), Ok(vec![hit(direct("bob"), 60, "bob", "message 60")])));
    press(&mut app, KeyCode::Enter);
    let id = direct("bob");
    assert!(update(&mut app, Msg::Timeline(id, page(150, 200))).contains(&Effect::LoadOlder(id)));
    let loaded = || Ok(Pagination { loaded: 50, reached_start: false });
    assert_eq!(update(&mut app, Msg::Older(id, page(100, 200), loaded())), [Effect::LoadOlder(id)]);
    update(&mut app, Msg::Older(id, page(50, 200), loaded()));
    assert_eq!((app.pane, app.open.as_ref().unwrap().selected), (Pane::Messages, Some(ItemKey::Log(Seq(60)))));
    let shown = screen(&app);
    assert!(shown.contains("▌message 60") && shown.contains("message 63") && shown.contains("message 57"), "{shown}");
    // What one went to once does not hold the window.
    press_with(&mut app, CONTROL, KeyCode::End);
    update(&mut app, Msg::Timeline(id, page(50, 201)));
    assert!(screen(&app).contains("message 201"));
}

#[test]
fn a_message_that_went_away_meanwhile_is_not_looked_for_without_end() {
    let mut app = with_list(80, 24);
    opened(&mut app, page(150, 200));
    press_with(&mut app, CONTROL, KeyCode::Char('f'));
    write(&mut app, "harbour");
    press(&mut app, KeyCode::Enter);
    let gone = hit(direct("bob"), 170, "bob", "harbour");
    update(&mut app, Msg::Found("harbour".into(), Ok(vec![gone])));
    let without: Vec<_> = page(150, 200).into_iter().filter(|item| item.key != ItemKey::Log(Seq(170))).collect();
    update(&mut app, Msg::Timeline(direct("bob"), without));
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(screen(&app).contains("not here any more"), "{}", screen(&app));
    assert_eq!(app.open.as_ref().unwrap().sought, None);
}
