//! What keys and news do.

use stonechat_client::content::Forwarded;
use stonechat_client::quiet::Quiet;
use stonechat_client::timeline::Pagination;
use stonechat_types::number::Ordinal;

use super::*;
use crate::tui::dialog::Dialog;
use crate::tui::message::Activity;
use crate::tui::state::{History, Pane};

const CONTROL: KeyModifiers = KeyModifiers::CONTROL;

pub fn chat() -> App {
    let mut app = with_list(80, 24);
    opened(&mut app, vec![start(), said(19, "bob", "hi", 2), said(20, "bob", "there?", 1)]);
    app
}

/// A conversation of many messages, the first of which is not here.
fn long(from: u64, upto: u64) -> Vec<Arc<TimelineItem>> {
    (from..=upto).map(|n| said(n, "bob", &format!("message {n}"), 0)).collect()
}

#[test]
fn enter_sends_what_was_written_and_says_what_was_seen() {
    let mut app = chat();
    write(&mut app, "on my way");
    press_with(&mut app, KeyModifiers::ALT, KeyCode::Enter);
    write(&mut app, "now");
    press(&mut app, KeyCode::Enter);
    assert!(app.composer.is_empty());
    write(&mut app, "x");
    let effects = press(&mut app, KeyCode::Enter);
    let id = direct("bob");
    let send = Effect::Send { id, text: "x".into(), read_upto: Some(Seq(20)), reply_to: None };
    assert_eq!(effects, [Effect::Typing(id, Activity::Stopped), send, Effect::HideMarker]);
}

#[test]
fn a_text_of_several_lines_is_one_message() {
    let mut app = chat();
    write(&mut app, "one");
    press_with(&mut app, CONTROL, KeyCode::Char('j'));
    write(&mut app, "two ");
    let effects = press(&mut app, KeyCode::Enter);
    assert!(effects.iter().any(|effect| matches!(effect, Effect::Send { text, .. } if text == "one\ntwo")));
}

#[test]
fn nothing_is_not_sent() {
    let mut app = chat();
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    write(&mut app, "  ");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
}

#[test]
fn writing_is_told_and_so_is_its_end() {
    let mut app = chat();
    assert_eq!(press(&mut app, KeyCode::Char('a')), [Effect::Typing(direct("bob"), Activity::Writing)]);
    assert_eq!(press(&mut app, KeyCode::Backspace), [Effect::Typing(direct("bob"), Activity::Stopped)]);
}

#[test]
fn what_was_begun_waits_in_its_conversation() {
    let mut app = chat();
    write(&mut app, "half a thou");
    press_with(&mut app, KeyModifiers::ALT, KeyCode::Down);
    assert!(app.composer.is_empty());
    press_with(&mut app, KeyModifiers::ALT, KeyCode::Up);
    assert_eq!(app.composer.text(), "half a thou");
}

#[test]
fn a_text_that_could_not_be_kept_comes_back() {
    let mut app = chat();
    write(&mut app, "keep me");
    press(&mut app, KeyCode::Enter);
    update(&mut app, Msg::NotKept(direct("bob"), "keep me".into(), "the disk is full".into()));
    assert_eq!(app.composer.text(), "keep me");
    assert!(app.notice.unwrap().text.contains("the disk is full"));
}

#[test]
fn what_is_seen_is_read_once_and_what_is_not_is_not() {
    let read = |effects: &[Effect]| effects.contains(&Effect::MarkRead(direct("bob"), Seq(20)));
    let items = || vec![start(), said(20, "bob", "there?", 1)];

    let mut app = with_list(80, 24);
    assert!(read(&opened(&mut app, items())));
    assert!(!read(&update(&mut app, Msg::Tick(NOON))), "it was said twice");

    let mut app = with_list(80, 24);
    update(&mut app, Msg::Unfocused);
    assert!(!read(&opened(&mut app, items())), "nobody looks");
    assert!(read(&update(&mut app, Msg::Focused)));

    let mut app = with_list(40, 20);
    opened(&mut app, Vec::new());
    press(&mut app, KeyCode::Esc);
    assert!(!read(&update(&mut app, Msg::Timeline(direct("bob"), items()))), "the list hides it");
}

#[test]
fn scrolled_up_nothing_is_read_and_nothing_jumps() {
    let mut app = with_list(80, 24);
    opened(&mut app, long(1, 20));
    press(&mut app, KeyCode::PageUp);
    let before = screen(&app);
    let effects = update(&mut app, Msg::Timeline(direct("bob"), long(1, 30)));
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::MarkRead(..))));
    assert_eq!(screen(&app), before, "news below moved the window");
    press_with(&mut app, CONTROL, KeyCode::End);
    assert!(screen(&app).contains("message 30"));
}

#[test]
fn older_messages_come_before_they_are_needed_and_do_not_move_the_window() {
    let mut app = with_list(80, 24);
    let effects = opened(&mut app, long(100, 180));
    assert!(!effects.contains(&Effect::LoadOlder(direct("bob"))), "they are far away");
    let effects = press_with(&mut app, CONTROL, KeyCode::Home);
    assert_eq!(effects, [Effect::LoadOlder(direct("bob"))]);
    assert_eq!(press(&mut app, KeyCode::PageUp), [], "they were asked for already");
    let rows = |app: &App| -> Vec<String> { screen(app).lines().skip(3).take(15).map(str::to_owned).collect() };
    let before = rows(&app);
    let page = Pagination { loaded: 50, reached_start: false };
    update(&mut app, Msg::Older(direct("bob"), long(50, 180), Ok(page)));
    // The first message had a name above it; now it stands under another.
    assert!(rows(&app)[..14].iter().all(|row| before.contains(row)), "{before:#?}\n{:#?}", rows(&app));
    assert_eq!(app.open.as_ref().unwrap().history, History::Idle);
}

#[test]
fn a_page_that_failed_is_asked_for_again_by_the_next_scroll() {
    let mut app = with_list(80, 24);
    let effects = opened(&mut app, long(10, 12));
    assert!(effects.contains(&Effect::LoadOlder(direct("bob"))), "the window is not full");
    let effects = update(&mut app, Msg::Older(direct("bob"), long(10, 12), Err("no answer".into())));
    assert_eq!(effects, [], "it would ask for ever");
    assert_eq!(press(&mut app, KeyCode::Up), [Effect::LoadOlder(direct("bob"))]);
    let end = Pagination { loaded: 0, reached_start: true };
    update(&mut app, Msg::Older(direct("bob"), long(1, 12), Ok(end)));
    assert_eq!(press(&mut app, KeyCode::Up), []);
}

#[test]
fn a_gap_that_is_seen_is_filled() {
    let mut app = with_list(80, 24);
    let gap = line(ItemKey::Gap(Ordinal(5)), TimelineItemKind::Gap { after: Ordinal(5), missing: 4_000 });
    let items = vec![start(), said(5, "bob", "before", 9), gap, said(4_020, "bob", "after", 1)];
    let effects = opened(&mut app, items);
    assert!(effects.contains(&Effect::FillGap(direct("bob"), Ordinal(5))));
    assert_eq!(update(&mut app, Msg::Tick(NOON)), [], "once is enough");
}

#[test]
fn a_failed_message_is_tried_again_or_taken_away() {
    let mut app = with_list(80, 24);
    let bad = wrote(21, "bad", 1, failed("forbidden"), 0);
    opened(&mut app, vec![start(), bad, wrote(22, "good", 0, SendState::Queued, 0)]);
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.pane, Pane::Messages);
    assert_eq!(press(&mut app, KeyCode::Char('r')), [Effect::Retry(message_id(22))]);
    assert_eq!(press(&mut app, KeyCode::Char('d')), [Effect::Discard(message_id(22))]);
    press(&mut app, KeyCode::Down);
    assert_eq!(press(&mut app, KeyCode::Char('d')), [], "only what failed can be taken away");
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.pane, Pane::Composer);
}

fn with_news(app: &App, seq: u64, sender: &str) -> Vec<Arc<ConversationSummary>> {
    let mut list = app.list.clone();
    let first = Arc::make_mut(&mut list[0]);
    first.unread += 1;
    let preview = first.preview.as_mut().unwrap();
    (preview.seq, preview.sender) = (Seq(seq), user(sender));
    list
}

#[test]
fn the_bell_rings_for_what_nobody_sees_come() {
    let rings = |app: &mut App, seq: u64, sender: &str| {
        let list = with_news(app, seq, sender);
        update(app, Msg::Conversations(list)).contains(&Effect::Bell)
    };
    let mut app = chat();
    assert!(!rings(&mut app, 21, "bob"), "it is on the screen");
    update(&mut app, Msg::Unfocused);
    assert!(rings(&mut app, 22, "bob"));
    assert!(!rings(&mut app, 23, "bob"), "not twice in two seconds");
    update(&mut app, Msg::Tick(NOON.plus_ms(3_000)));
    assert!(!rings(&mut app, 24, "alice"), "it was written on another device");
    assert!(rings(&mut app, 25, "bob"));
    update(&mut app, Msg::Tick(NOON.plus_ms(9_000)));
    update(&mut app, Msg::Quiet(Arc::new(Quiet { paused_until: Some(NOON.plus_ms(9_001)), ..Quiet::default() })));
    assert!(!rings(&mut app, 26, "bob"), "he is not to be disturbed");
    update(&mut app, Msg::Tick(NOON.plus_ms(9_001)));
    assert!(rings(&mut app, 27, "bob"));
}

#[test]
fn catching_up_at_the_start_is_silent() {
    let mut app = app_of(80, 24);
    app.live = false;
    app.connection = ConnectionState::Connecting { attempt: 0 };
    assert!(!update(&mut app, Msg::Conversations(list())).contains(&Effect::Bell));
}

#[test]
fn a_new_chat_needs_one_user_who_is_somebody_else() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Char('n'));
    write(&mut app, "alice");
    assert_eq!(press(&mut app, KeyCode::Enter), []);
    assert!(screen(&app).contains("that is you"));
    press_with(&mut app, CONTROL, KeyCode::Char('u'));
    write(&mut app, "@dave");
    assert_eq!(press(&mut app, KeyCode::Enter), [Effect::OpenDirect(user("dave"))]);
    assert_eq!(app.dialog, None);
    let effects = update(&mut app, Msg::Opened(direct("dave"), Some(user("dave"))));
    assert!(effects.contains(&Effect::Open(direct("dave"), Some(user("dave")))));
    assert!(screen(&app).contains("Write to dave"));
}

#[test]
fn a_group_is_made_of_a_title_and_members() {
    let mut app = with_list(80, 24);
    press_with(&mut app, CONTROL, KeyCode::Char('g'));
    press(&mut app, KeyCode::Enter);
    write(&mut app, "bob alice carol");
    assert_eq!(press(&mut app, KeyCode::Enter), [], "it has no title");
    press(&mut app, KeyCode::Up);
    write(&mut app, "Lunch");
    press(&mut app, KeyCode::Enter);
    let effects = press(&mut app, KeyCode::Enter);
    assert_eq!(effects, [Effect::CreateGroup("Lunch".into(), vec![user("bob"), user("carol")])]);
}

#[test]
fn somebody_who_was_removed_reads_and_does_not_write() {
    let mut app = chat();
    let mut list = app.list.clone();
    Arc::make_mut(&mut list[0]).member = false;
    update(&mut app, Msg::Conversations(list));
    assert_eq!(write(&mut app, "let me in"), []);
    assert!(app.composer.is_empty());
    assert!(screen(&app).contains("not a member any more"));
}

#[test]
fn a_conversation_that_one_is_not_in_says_so() {
    let mut app = with_list(80, 24);
    let foreign = ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &alice(), CommandId([9; 16]));
    update(&mut app, Msg::Connection(ConnectionState::Connecting { attempt: 0 }));
    update(&mut app, Msg::Opened(foreign, None));
    assert!(!screen(&app).contains("no such conversation"), "it is not known yet");
    update(&mut app, Msg::Connection(ConnectionState::Online));
    assert!(screen(&app).contains("There is no such conversation"), "{}", screen(&app));
    assert_eq!(write(&mut app, "hello"), []);
}

#[test]
fn help_opens_by_its_key_and_closes_again() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Char('?'));
    assert_eq!(app.dialog, Some(Dialog::Help { scroll: 0 }));
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.dialog, None);
    let mut app = chat();
    write(&mut app, "?");
    assert_eq!((app.dialog, app.composer.text()), (None, "?"), "it is a letter of the message");
}

#[test]
fn held_letters_are_no_letters_and_esc_goes_one_way() {
    let mut app = with_list(80, 24);
    let cursor = app.cursor;
    for letter in ['j', 'q', 'u', 'm', '/'] {
        assert_eq!(press_with(&mut app, KeyModifiers::ALT, KeyCode::Char(letter)), [], "{letter}");
    }
    press_with(&mut app, CONTROL, KeyCode::Char('j'));
    assert_eq!((app.cursor, &app.dialog), (cursor, &None));
    let mut app = chat();
    press(&mut app, KeyCode::Esc);
    press(&mut app, KeyCode::Esc);
    assert_eq!(app.pane, Pane::List);
}

#[test]
fn nobody_writes_any_more_once_an_edit_is_over() {
    let stopped = Effect::Typing(direct("bob"), Activity::Stopped);
    for end in [KeyCode::Enter, KeyCode::Esc] {
        let mut app = own_last();
        press(&mut app, KeyCode::Char('e'));
        write(&mut app, "!");
        assert!(press(&mut app, end).contains(&stopped), "{end:?}");
    }
}

#[test]
fn in_a_narrow_window_list_and_conversation_take_turns() {
    let mut app = with_list(40, 20);
    assert!(screen(&app).contains("Launch"));
    opened(&mut app, vec![start(), said(20, "bob", "there?", 1)]);
    let shown = screen(&app);
    assert!(shown.contains("there?") && !shown.contains("Launch"));
    press(&mut app, KeyCode::Esc);
    assert!(screen(&app).contains("Launch"));
}

#[test]
fn quitting_works_from_everywhere() {
    let mut app = chat();
    write(&mut app, "unfinished");
    assert_eq!(press_with(&mut app, CONTROL, KeyCode::Char('c')), [Effect::Quit]);
    press(&mut app, KeyCode::F(1));
    assert_eq!(press_with(&mut app, CONTROL, KeyCode::Char('q')), [Effect::Quit]);
    let mut app = with_list(80, 24);
    assert_eq!(press(&mut app, KeyCode::Char('q')), [Effect::Quit]);
}

/// Hammers on the keys, always the same way.
#[test]
fn no_keys_break_it() {
    let keys = [
        KeyCode::Enter,
        KeyCode::Esc,
        KeyCode::Tab,
        KeyCode::BackTab,
        KeyCode::Up,
        KeyCode::Down,
        KeyCode::Left,
        KeyCode::Right,
        KeyCode::PageUp,
        KeyCode::PageDown,
        KeyCode::Home,
        KeyCode::End,
        KeyCode::Backspace,
        KeyCode::Delete,
        KeyCode::F(1),
        KeyCode::Char('n'),
        KeyCode::Char('g'),
        KeyCode::Char('p'),
        KeyCode::Char('r'),
        KeyCode::Char('d'),
        KeyCode::Char('y'),
        KeyCode::Char('你'),
        KeyCode::Char('\u{301}'),
        KeyCode::Char('\u{200d}'),
        KeyCode::Char('👩'),
        KeyCode::Char(' '),
    ];
    let modifiers = [KeyModifiers::NONE, KeyModifiers::NONE, CONTROL, KeyModifiers::ALT];
    let sizes = [(80, 24), (40, 20), (20, 6), (61, 8)];
    let mut random: u64 = 0x5eed;
    let mut next = |below: usize| {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(random >> 33).unwrap() % below
    };
    let mut app = with_list(80, 24);
    for step in 0..800 {
        if step % 50 == 0 {
            let (width, height) = sizes[next(sizes.len())];
            update(&mut app, Msg::Resize(Size::new(width, height)));
        }
        let effects = press_with(&mut app, modifiers[next(modifiers.len())], keys[next(keys.len())]);
        for effect in effects {
            if let Effect::Open(id, _) = effect {
                let first = u64::try_from(next(40)).unwrap();
                update(&mut app, Msg::Timeline(id, long(first, first + 30)));
            }
        }
        let shown = screen(&app);
        assert!(!shown.contains('\u{1b}'));
    }
}

#[test]
fn a_name_of_an_earlier_start_holds_until_the_server_says_another() {
    let mut app = with_list(80, 24);
    update(&mut app, Msg::OldNames(vec![(user("zoe"), "Zoe Old".to_owned())]));
    assert_eq!(app.name(&user("zoe")), "Zoe Old");
    update(&mut app, Msg::Names(vec![(user("zoe"), "Zoe New".to_owned())]));
    assert_eq!(app.name(&user("zoe")), "Zoe New");
}

/// A chat whose last message is an own one that the server has.
pub fn own_last() -> App {
    let mut app = with_list(80, 24);
    let own = with_extras(&wrote(20, "helo", 1, sent(), 1), false, &[("👍", 2, true)]);
    opened(&mut app, vec![start(), said(19, "bob", "hi", 2), own]);
    app.pane = Pane::Composer;
    press(&mut app, KeyCode::Tab);
    assert_eq!(app.pane, Pane::Messages);
    app
}

#[test]
fn an_own_message_is_written_anew_and_what_was_begun_comes_back() {
    let mut app = own_last();
    press(&mut app, KeyCode::Esc);
    write(&mut app, "begun");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('e'));
    assert_eq!(app.composer.text(), "helo");
    assert!(screen(&app).contains("editing"), "{}", screen(&app));
    write(&mut app, "!");
    let effects = press(&mut app, KeyCode::Enter);
    assert!(effects.contains(&Effect::Edit(direct("bob"), LAST, "helo!".into())), "{effects:?}");
    assert!(!effects.iter().any(|effect| matches!(effect, Effect::Send { .. })), "{effects:?}");
    assert_eq!(app.composer.text(), "begun");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('e'));
    press(&mut app, KeyCode::Esc);
    assert_eq!((app.composer.text(), app.editing), ("begun", None));
}

#[test]
fn a_digit_adds_an_emoji_or_takes_it_back() {
    let mut app = own_last();
    let react = |emoji: &str, add| Effect::React { id: direct("bob"), message: LAST, emoji: emoji.into(), add };
    assert_eq!(press(&mut app, KeyCode::Char('1')), [react("👍", false)], "it is there");
    assert_eq!(press(&mut app, KeyCode::Char('2')), [react("❤", true)]);
    assert_eq!(press(&mut app, KeyCode::Char('9')), []);
    press(&mut app, KeyCode::Up);
    assert_eq!(press(&mut app, KeyCode::Char('e')), []);
    assert_eq!(app.editing, None, "it is another's");
}

#[test]
fn a_message_is_recalled_when_the_key_is_pressed_twice() {
    let mut app = own_last();
    let recall = Effect::Recall(direct("bob"), LAST);
    assert_eq!(press(&mut app, KeyCode::Char('d')), []);
    assert!(screen(&app).contains("press d again"), "{}", screen(&app));
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Down);
    assert_eq!(press(&mut app, KeyCode::Char('d')), [], "something else was pressed between");
    assert_eq!(press(&mut app, KeyCode::Char('d')), [recall]);
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Char('d'));
    assert_eq!(press(&mut app, KeyCode::Char('d')), [], "it is another's");
}

#[test]
fn what_was_recalled_says_by_whom_and_nothing_else() {
    let mut app = with_list(80, 24);
    let gone = |seq, by: Option<&str>| recalled(&said(seq, "bob", "a secret", 2), by);
    opened(
        &mut app,
        vec![start(), gone(18, Some("bob")), gone(19, Some("alice")), gone(20, Some("carol")), gone(21, None)],
    );
    let shown = screen(&app);
    assert!(!shown.contains("a secret"), "{shown}");
    for text in ["(this message was recalled)", "(you recalled this message)", "(recalled by "] {
        assert!(shown.contains(text), "{shown}");
    }
}

#[test]
fn a_change_that_waits_or_failed_is_told_and_can_be_tried_again_or_dropped() {
    let mut app = with_list(80, 24);
    let edit = || Wish::Edit(LAST, Content::Text("helo!".into()));
    let waiting = with_pending(&wrote(20, "helo!", 3, sent(), 0), edit(), SendState::Queued);
    opened(&mut app, vec![start(), waiting]);
    assert!(screen(&app).contains("◌ waiting"), "{}", screen(&app));
    let late = with_pending(&wrote(20, "helo", 3, sent(), 0), edit(), failed("too_late"));
    update(&mut app, Msg::Timeline(direct("bob"), vec![start(), late]));
    assert!(screen(&app).contains("not edited: it is too late"), "{}", screen(&app));
    press(&mut app, KeyCode::Tab);
    app.pane = Pane::Messages;
    press(&mut app, KeyCode::Char('G'));
    assert_eq!(press(&mut app, KeyCode::Char('r')), [Effect::Retry(message_id(99))]);
    assert_eq!(press(&mut app, KeyCode::Char('d')), [Effect::Discard(message_id(99))]);
}

#[test]
fn an_own_message_that_waits_can_be_edited_and_recalled() {
    let mut app = with_list(80, 24);
    let own = wrote(20, "helo", 3, SendState::Queued, 0);
    opened(&mut app, vec![start(), own]);
    app.pane = Pane::Messages;
    press(&mut app, KeyCode::Char('G'));
    press(&mut app, KeyCode::Char('d'));
    let recall = Effect::Recall(direct("bob"), Target::Own(message_id(21)));
    assert_eq!(press(&mut app, KeyCode::Char('d')), [recall]);
    press(&mut app, KeyCode::Char('e'));
    write(&mut app, "!");
    let edit = Effect::Edit(direct("bob"), Target::Own(message_id(21)), "helo!".into());
    assert!(press(&mut app, KeyCode::Enter).contains(&edit));
}

#[test]
fn what_is_too_late_is_not_offered() {
    let mut app = with_list(80, 24);
    update(&mut app, Msg::Windows(Some(MessageWindows { edit_ms: 60_000, recall_ms: 120_000 })));
    opened(&mut app, vec![start(), wrote(20, "helo", 3, sent(), 0)]);
    app.pane = Pane::Messages;
    press(&mut app, KeyCode::Char('G'));
    press(&mut app, KeyCode::Char('e'));
    assert_eq!(app.editing, None);
    assert!(screen(&app).contains("too late to edit"), "{}", screen(&app));
    press(&mut app, KeyCode::Char('d'));
    assert_eq!(press(&mut app, KeyCode::Char('d')), []);
    assert!(screen(&app).contains("too late to recall"), "{}", screen(&app));
}

#[test]
fn an_answer_says_whom_it_answers_until_it_is_sent_or_let_be() {
    let mut app = own_last();
    press(&mut app, KeyCode::Up);
    press(&mut app, KeyCode::Char('r'));
    assert!(screen(&app).contains("answering"), "{}", screen(&app));
    write(&mut app, "yes @bob");
    let sent = |effects: Vec<Effect>| {
        effects
            .into_iter()
            .find_map(|effect| if let Effect::Send { reply_to, .. } = effect { Some(reply_to) } else { None })
    };
    assert_eq!(sent(press(&mut app, KeyCode::Enter)), Some(Some(Seq(19))));
    write(&mut app, "and");
    assert_eq!(sent(press(&mut app, KeyCode::Enter)), Some(None), "the next one answers nothing");
    press(&mut app, KeyCode::Tab);
    press(&mut app, KeyCode::Char('r'));
    write(&mut app, "no");
    press(&mut app, KeyCode::Esc);
    assert_eq!(sent(press(&mut app, KeyCode::Enter)), Some(None), "it was let be");
}

#[test]
fn a_message_shows_what_it_answers_whom_it_calls_and_where_it_comes_from() {
    let mut app = with_list(80, 24);
    let quoted = |text: &str, recalled| Some(Quoted { sender: user("bob"), text: text.into(), recalled });
    let called = || Attributes { mention_all: true, silent: true, ..Attributes::default() };
    let author = user("carol");
    let forwarded = Attributes { forwarded: Some(Forwarded { author, sent_at: NOON }), ..Attributes::default() };
    opened(
        &mut app,
        vec![
            start(),
            answering(&said(18, "bob", "one", 3), quoted("lunch \u{202e}at\u{1b}[2J noon?", false), called()),
            answering(&said(19, "bob", "two", 2), quoted("", true), forwarded),
            answering(&said(20, "bob", "three", 1), None, Attributes::default()),
        ],
    );
    let shown = screen(&app);
    for text in [": lunch at", "@you", "silent", ": (recalled)", "↪ from ", "┃ an earlier message"] {
        assert!(shown.contains(text), "{text}: {shown}");
    }
}

#[test]
fn the_selected_message_is_always_one_that_is_seen() {
    let mut app = with_list(80, 24);
    opened(&mut app, long(1, 60));
    press(&mut app, KeyCode::Tab);
    let is_seen = |app: &App| {
        let selected = app.open.as_ref().unwrap().selected;
        let Some(ItemKey::Log(seq)) = selected else { panic!("{selected:?}") };
        assert!(screen(app).contains(&format!("message {}", seq.get())), "{seq:?}\n{}", screen(app));
        seq
    };
    assert_eq!(is_seen(&app), Seq(60));
    for key in [KeyCode::PageUp, KeyCode::PageUp, KeyCode::PageDown, KeyCode::PageUp] {
        press(&mut app, key);
        is_seen(&app);
    }
    press(&mut app, KeyCode::Home);
    assert_eq!(is_seen(&app), Seq(1));
    press(&mut app, KeyCode::PageDown);
    is_seen(&app);
    press(&mut app, KeyCode::End);
    assert_eq!(is_seen(&app), Seq(60));
    press_with(&mut app, CONTROL, KeyCode::Home);
    assert_eq!(is_seen(&app), Seq(1));
}

#[test]
fn a_notice_goes_with_the_next_key_that_does_something() {
    let mut app = own_last();
    press(&mut app, KeyCode::Char('d'));
    assert!(app.notice.is_some());
    press(&mut app, KeyCode::Char('d'));
    assert_eq!(app.notice, None);
    press(&mut app, KeyCode::Esc);
    update(&mut app, Msg::Failed("it was not kept".into()));
    write(&mut app, "in the middle of a line");
    assert!(app.notice.is_some(), "who writes may not have seen it");
    press(&mut app, KeyCode::Enter);
    assert_eq!(app.notice, None);
}
