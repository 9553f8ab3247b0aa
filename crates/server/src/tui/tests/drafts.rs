//! What was begun and not sent.

use stonechat_client::preferences::{Draft, Preferences};

use super::behaviour::{chat, own_last};
use super::*;
use crate::tui::message::Preference;
use crate::tui::update::leave;

const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

fn kept(id: ConversationId, text: &str) -> Effect {
    Effect::Prefer(id, Preference::Draft(text.into()))
}

/// The list with a text that was begun with bob on another device.
fn with_draft(text: &str) -> Vec<Arc<ConversationSummary>> {
    let mut list = list();
    let draft = Draft { text: text.into(), reply_to: None, at: NOON };
    let preferences = Preferences { draft: Some(draft), ..Preferences::default() };
    Arc::make_mut(&mut list[0]).preferences = Arc::new(preferences);
    list
}

/// A device that is not in step yet, told to write to bob.
fn too_early() -> App {
    let mut app = app_of(80, 24);
    app.live = false;
    update(&mut app, Msg::Connection(ConnectionState::Syncing { done: 0, total: 1 }));
    update(&mut app, Msg::Opened(direct("bob"), Some(user("bob"))));
    app
}

#[test]
fn what_was_begun_is_kept_when_the_client_ends() {
    let mut app = chat();
    write(&mut app, "unfinished");
    press_with(&mut app, CONTROL, KeyCode::Char('c'));
    assert_eq!(leave(&mut app), [kept(direct("bob"), "unfinished")]);
    let mut app = chat();
    assert_eq!(leave(&mut app), [], "nothing was begun");
    let mut app = own_last();
    press(&mut app, KeyCode::Esc);
    write(&mut app, "begun");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('e'));
    assert_eq!(leave(&mut app), [kept(direct("bob"), "begun")], "what stands in the composer is no draft");
}

#[test]
fn what_was_begun_is_kept_after_a_pause_and_once() {
    let mut app = chat();
    write(&mut app, "half");
    assert_eq!(update(&mut app, Msg::Tick(NOON.plus_ms(900))), []);
    assert_eq!(update(&mut app, Msg::Tick(NOON.plus_ms(1_000))), [kept(direct("bob"), "half")]);
    assert_eq!(update(&mut app, Msg::Tick(NOON.plus_ms(2_000))), []);
}

#[test]
fn what_another_device_began_is_taken_up_when_it_is_known() {
    let mut app = too_early();
    update(&mut app, Msg::Conversations(with_draft("from my laptop")));
    assert_eq!(app.composer.text(), "from my laptop");
    assert_eq!(leave(&mut app), []);
}

#[test]
fn what_another_device_began_is_not_written_over_unseen() {
    let mut app = too_early();
    write(&mut app, "typed early");
    assert_eq!(update(&mut app, Msg::Tick(NOON.plus_ms(5_000))), [], "there may be a draft");
    update(&mut app, Msg::Conversations(with_draft("from my laptop")));
    assert_eq!(app.composer.text(), "from my laptop\ntyped early");
    assert_eq!(leave(&mut app), [kept(direct("bob"), "from my laptop\ntyped early")]);

    let mut app = too_early();
    write(&mut app, "typed early");
    update(&mut app, Msg::Opened(direct("omar"), Some(user("omar"))));
    update(&mut app, Msg::Conversations(with_draft("from my laptop")));
    assert_eq!(leave(&mut app), [kept(direct("bob"), "from my laptop\ntyped early")]);
}
