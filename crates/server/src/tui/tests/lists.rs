//! What is done with one message besides answering it, and lists of messages.

use stonechat_client::state::Member;

use super::behaviour::own_last;
use super::screens::compare_file;
use super::*;
use crate::tui::dialog::{Dialog, Purpose};
use crate::tui::found::Hit;
use crate::tui::menu::Menu;
use crate::tui::menu_message::Readers;
use crate::tui::state::Pane;
use crate::tui::wish::GroupWish;

/// In the group, at its last message.
fn at_last_of_group() -> App {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Down);
    opened(&mut app, vec![start(), said(19, "bob", "hi", 2), said(20, "bob", "there?", 1)]);
    press(&mut app, KeyCode::Tab);
    app
}

fn hit(seq: u64, says: &str) -> Hit {
    let id = MessageId { conversation: direct("bob"), seq: Seq(seq) };
    Hit { id, sender: user("bob"), sent_at: minutes_ago(3), says: says.into() }
}

#[test]
fn a_message_is_forwarded_to_a_conversation_of_the_list() {
    let mut app = own_last();
    press(&mut app, KeyCode::Char('f'));
    compare_file("forward_80x24.txt", &screen(&app));
    press(&mut app, KeyCode::Down);
    let forward = Effect::Forward { from: direct("bob"), message: Seq(20), to: group() };
    assert_eq!(press(&mut app, KeyCode::Enter)[..1], [forward]);
    assert_eq!(app.dialog, None);
    update(&mut app, Msg::Told("forwarded".into()));
    assert!(screen(&app).contains("forwarded"));
    // What waits is not said yet, and what was recalled says nothing.
    let mut app = with_list(80, 24);
    opened(&mut app, vec![start(), wrote(20, "helo", 3, SendState::Queued, 0)]);
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('f'));
    assert_eq!(app.dialog, None);
    let mut app = with_list(80, 24);
    opened(&mut app, vec![start(), recalled(&said(20, "bob", "", 3), None)]);
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('f'));
    assert_eq!(app.dialog, None);
}

#[test]
fn who_has_read_a_message_of_a_group_is_listed() {
    let mut app = at_last_of_group();
    let effects = press(&mut app, KeyCode::Char('w'));
    assert_eq!(effects, [Effect::FetchReaders(group(), Seq(20))]);
    assert!(screen(&app).contains("asking the server"));
    let member = |name: &str, display_name: &str| Member {
        user: user(name),
        display_name: display_name.into(),
        role: Role::Member,
        nickname: String::new(),
        muted_until: Timestamp::default(),
    };
    let read = vec![member("carol", "Carol \u{202e}\u{1b}[31mJensen"), member("x", "")];
    let readers = Readers { message: Seq(20), read, unread: vec![member("mei", "梅 林")], wrong: None };
    update(&mut app, Msg::Readers(group(), readers));
    compare_file("readers_80x24.txt", &screen(&app));
    let wrong = Some("the conversation has no read receipts\u{1b}[2J".into());
    let none = Readers { message: Seq(20), read: Vec::new(), unread: Vec::new(), wrong };
    update(&mut app, Msg::Readers(group(), none));
    assert!(screen(&app).contains("no read receipts"), "{}", screen(&app));
    press(&mut app, KeyCode::Esc);
    let mut app = own_last();
    assert_eq!(press(&mut app, KeyCode::Char('w')), [], "the ticks of a direct chat say it");
}

#[test]
fn pinned_and_starred_messages_are_listed_and_gone_to() {
    let mut app = own_last();
    assert_eq!(press(&mut app, KeyCode::Char('P')), [Effect::ListPinned(direct("bob"))]);
    update(&mut app, Msg::Listed("Pinned", "nothing is pinned here", Ok(Vec::new())));
    assert!(screen(&app).contains("nothing is pinned here"));
    assert_eq!(press(&mut app, KeyCode::Char('*')), [Effect::ListStarred]);
    update(&mut app, Msg::Listed("Starred", "you have starred nothing", Ok(vec![hit(19, "hi")])));
    assert!(screen(&app).contains("Starred") && screen(&app).contains("1 of 1"), "{}", screen(&app));
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.open.as_ref().unwrap().selected, Some(ItemKey::Log(Seq(19))));
    update(&mut app, Msg::Listed("Pinned", "", Err("the server refused: \u{1b}not_a_member".into())));
    assert!(screen(&app).contains("not_a_member"), "{}", screen(&app));
}

#[test]
fn one_goes_from_one_message_that_calls_to_the_next() {
    let mut app = at_last_of_group();
    let read = app.summary(&group()).unwrap().read_ordinal;
    assert_eq!(press(&mut app, KeyCode::Char('@')), [Effect::NextMention(group(), read)]);
    update(&mut app, Msg::Mentioned(group(), Some((Seq(19), Ordinal(19)))));
    assert_eq!((app.pane, app.open.as_ref().unwrap().selected), (Pane::Messages, Some(ItemKey::Log(Seq(19)))));
    assert_eq!(press(&mut app, KeyCode::Char('@')), [Effect::NextMention(group(), Ordinal(19))]);
    update(&mut app, Msg::Mentioned(group(), None));
    assert!(screen(&app).contains("begins with the first"), "{}", screen(&app));
    assert_eq!(press(&mut app, KeyCode::Char('@')), [Effect::NextMention(group(), Ordinal(0))]);
}

#[test]
fn one_comes_into_a_group_by_its_id_or_asks_to_be_let_in() {
    let other = ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &user("bob"), CommandId([8; 16]));
    let typed = |app: &mut App| {
        press(app, KeyCode::Char('n'));
        write(app, &other.to_string());
        assert_eq!(press(app, KeyCode::Enter), []);
        assert_eq!(app.dialog, Some(Dialog::Menu { menu: Menu::Foreign(other), at: 0 }));
    };
    let mut app = with_list(80, 24);
    typed(&mut app);
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::ChangeGroup(other, GroupWish::Join)]);
    typed(&mut app);
    press(&mut app, KeyCode::Down);
    press(&mut app, KeyCode::Enter);
    write(&mut app, "I am Alice");
    let apply = GroupWish::Apply("I am Alice".into());
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::ChangeGroup(other, apply)]);
}

#[test]
fn no_answer_of_the_server_takes_a_conversation_away_from_under_what_is_written() {
    let other = direct("carol");
    let asked = || {
        let mut app = at_last_of_group();
        press_with(&mut app, KeyModifiers::CONTROL, KeyCode::Char('n'));
        write(&mut app, "carol");
        assert_eq!(press(&mut app, KeyCode::Enter), [Effect::OpenDirect(user("carol"))]);
        app
    };
    // Nothing else was done since.
    let mut app = asked();
    update(&mut app, Msg::Opened(other, Some(user("carol"))));
    assert_eq!(app.open.as_ref().unwrap().id, other);
    // Something was begun in the conversation that is open.
    let mut app = asked();
    press(&mut app, KeyCode::Char('i'));
    update(&mut app, Msg::Opened(other, Some(user("carol"))));
    assert_eq!(app.open.as_ref().unwrap().id, group());
    assert!(screen(&app).contains("in the list now"), "{}", screen(&app));
    // A form about one conversation is not filled in for another.
    app.dialog = Some(Purpose::Ban(user("mei")).form());
    let mut effects = Vec::new();
    crate::tui::update::open(&mut app, other, None, &mut effects);
    assert_eq!(app.dialog, None);
}

#[test]
fn what_was_asked_twice_is_asked_of_one_message_without_a_pause() {
    let mut app = own_last();
    press(&mut app, KeyCode::Char('d'));
    assert!(app.recalling.is_some());
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Tab);
    assert_eq!(press(&mut app, KeyCode::Char('d')), [], "it is asked anew");
    let later = Timestamp(app.now.as_millis() + 60_000);
    update(&mut app, Msg::Tick(later));
    assert_eq!(app.recalling, None);
}
