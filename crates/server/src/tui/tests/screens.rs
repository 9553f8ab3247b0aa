//! Screens compared with files: `snapshots/NAME.txt`. `UPDATE_SNAPSHOTS=1` writes them anew; look at them then.

use std::fs;
use std::path::Path;

use stonechat_client::error::AuthError;
use stonechat_client::state::{EndReason, Member};

use super::*;
use crate::tui::scroll::Anchor;

const SIZES: [(u16, u16); 3] = [(80, 24), (120, 40), (40, 20)];

fn compare(name: &str, shown: &str) {
    compare_file(&format!("{name}.txt"), shown);
}

/// Compares with a file of the folder `snapshots`.
pub fn compare_file(name: &str, shown: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/tui/snapshots").join(name);
    if std::env::var_os("UPDATE_SNAPSHOTS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, shown).unwrap();
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(expected == shown, "{} is not what is shown; UPDATE_SNAPSHOTS=1 writes it anew:\n{shown}", path.display());
}

/// Draws the same in each size.
fn in_all_sizes(name: &str, make: impl Fn(u16, u16) -> App) {
    for (width, height) in SIZES {
        compare(&format!("{name}_{width}x{height}"), &screen(&make(width, height)));
    }
}

fn talk() -> Vec<Arc<TimelineItem>> {
    let yesterday = Date { year: 2026, month: 11, day: 26 };
    let today = Date { year: 2026, month: 11, day: 27 };
    vec![
        start(),
        day(1, yesterday),
        said(2, "bob", "Did the nightly build go through?", 60 * 20),
        wrote(
            3,
            "It did, all green. I am writing the release notes now, and will send them around.",
            60 * 19,
            sent(),
            1,
        ),
        day(0, today),
        said(5, "bob", "Lunch?", 30),
        with_extras(
            &said(6, "bob", "The place at the corner has soup today.\nAnd bread.", 29),
            false,
            &[("👍", 2, true), ("🎉", 12, false)],
        ),
        with_extras(&wrote(7, "yes!", 20, sent(), 1), true, &[]),
        wrote(8, "12:30?", 18, sent(), 0),
        marker(),
        said(19, "bob", "fine", 3),
        said(20, "bob", "see you at noon, as always", 1),
        wrote(21, "waiting for the network", 0, SendState::Queued, 0),
        wrote(22, "on its way", 0, SendState::Sending, 0),
        wrote(23, "nobody will read this", 0, failed("recipient_unavailable"), 0),
    ]
}

/// Texts that people send to break things.
fn hurting() -> Vec<Arc<TimelineItem>> {
    let tower = format!("tower e{} end", "\u{301}".repeat(400));
    let long_word = "Donaudampfschifffahrtsgesellschaftskapitän".repeat(4);
    vec![
        start(),
        said(2, "bob", "escape \u{1b}[31mred\u{1b}[0m bell \u{7} nul \0 del \u{7f} c1 \u{9b}2J", 9),
        said(3, "bob", "override \u{202e}gnp.exe\u{202c} isolate \u{2067}x\u{2069} marks \u{200f}y\u{200e}", 9),
        said(
            4,
            "bob",
            "👩\u{200d}👩\u{200d}👧\u{200d}👦 family, 🇩🇪 flag, 👍🏽 thumb, ❤\u{fe0f} heart, 1\u{fe0f}\u{20e3} key",
            9,
        ),
        said(5, "mei", "你好！周五的会议还是三点吗？我们可以晚一点开始，因为火车晚点了。ﾊﾝｶｸ ｶﾞ", 8),
        said(6, "omar", "صباح الخير، هل وصلك الملف؟ שלום עולם mixed with latin", 7),
        said(7, "bob", &tower, 6),
        said(8, "bob", &long_word, 5),
        said(9, "bob", "tab\there\r\nand\u{2028}there\u{200b}\u{feff}", 4),
        said(10, "bob", "\n\n\n", 3),
        wrote(11, "👩\u{200d}👩\u{200d}👧\u{200d}👦".repeat(30).as_str(), 2, sent(), 1),
    ]
}

#[test]
fn the_list_is_what_one_sees_first() {
    in_all_sizes("list", with_list);
}

#[test]
fn nobody_yet() {
    compare("empty_80x24", &screen(&app_of(80, 24)));
}

#[test]
fn a_conversation_with_everything() {
    in_all_sizes("conversation", |width, height| {
        let mut app = with_list(width, height);
        opened(&mut app, talk());
        update(&mut app, Msg::Typing(direct("bob"), vec![user("bob")]));
        write(&mut app, "a first line that is long enough to be wrapped in a narrow window, and");
        press_with(&mut app, KeyModifiers::ALT, KeyCode::Enter);
        write(&mut app, "a second");
        app
    });
}

#[test]
fn a_group_says_who_and_how_many_have_read() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Down);
    let names = ["bob", "carol", "mei"].map(|name| (user(name), format!("{name} of Launch")));
    update(&mut app, Msg::Names(names.to_vec()));
    let items = vec![start(), said(2, "carol", "ready?", 9), wrote(3, "yes", 8, sent(), 4), said(4, "mei", "好", 7)];
    opened(&mut app, items);
    update(&mut app, Msg::Typing(group(), vec![user("bob"), user("carol"), user("mei"), alice()]));
    compare("group_80x24", &screen(&app));
}

#[test]
fn hurting_texts_stay_inside() {
    in_all_sizes("hurting", |width, height| {
        let mut app = app_of(width, height);
        let title = "\u{202e}evil\u{1b}]0;x\u{7} 👩\u{200d}👧";
        let mut hurt = summary(quiet(direct("bob"), title, Some("bob")), 1_200, "bob", "", 1);
        hurt.preview.as_mut().unwrap().text = "\u{1b}[2J\u{202e}\nhidden 你好你好你好你好你好你好你好".into();
        update(&mut app, Msg::Conversations(vec![Arc::new(hurt)]));
        opened(&mut app, hurting());
        update(&mut app, Msg::Paste("pasted \u{1b}[31m\u{202e}text 你好\r\nsecond".into()));
        app
    });
}

#[test]
fn scrolled_up_says_that_there_is_more_below() {
    let mut app = with_list(80, 24);
    opened(&mut app, talk());
    press(&mut app, KeyCode::PageUp);
    compare("scrolled_80x24", &screen(&app));
}

#[test]
fn a_failed_message_can_be_selected() {
    let mut app = with_list(80, 24);
    opened(&mut app, talk());
    press(&mut app, KeyCode::Tab);
    compare("selected_80x24", &screen(&app));
}

#[test]
fn dialogs_lie_over_everything() {
    for (width, height) in [(80, 24), (40, 20)] {
        let make = || {
            let mut app = with_list(width, height);
            opened(&mut app, hurting());
            app
        };
        let named = |name: &str| format!("{name}_{width}x{height}");
        let mut app = make();
        press(&mut app, KeyCode::F(1));
        compare(&named("help"), &screen(&app));
        for _ in 0..60 {
            press(&mut app, KeyCode::Down);
        }
        compare(&named("help_end"), &screen(&app));
        press(&mut app, KeyCode::Up);
        assert!(!screen(&app).contains("↑ back"), "it goes back at once");

        let mut app = make();
        press_with(&mut app, KeyModifiers::CONTROL, KeyCode::Char('n'));
        write(&mut app, "not/a user");
        press(&mut app, KeyCode::Enter);
        compare(&named("new_chat"), &screen(&app));

        let mut app = make();
        press_with(&mut app, KeyModifiers::CONTROL, KeyCode::Char('g'));
        update(&mut app, Msg::Paste("Friday lunch 🥗 with everybody from the second floor".into()));
        press(&mut app, KeyCode::Enter);
        write(&mut app, "bob, carol");
        compare(&named("new_group"), &screen(&app));
    }
}

#[test]
fn members_are_listed_with_their_roles() {
    let mut app = with_list(80, 24);
    press(&mut app, KeyCode::Down);
    opened(&mut app, vec![start()]);
    let member = |name: &str, display_name: &str, role| Member {
        user: user(name),
        display_name: display_name.into(),
        role,
        nickname: String::new(),
        muted_until: Timestamp::default(),
    };
    let members = vec![
        member("alice", "Alice Moreau", Role::Owner),
        member("bob", "bob", Role::Admin),
        member("mei", "梅 林 \u{202e}\u{1b}[31m", Role::Member),
        member("x", &"a very long name ".repeat(9), Role::Member),
    ];
    update(&mut app, Msg::Members(group(), Ok(members)));
    press_with(&mut app, KeyModifiers::CONTROL, KeyCode::Char('p'));
    compare("members_80x24", &screen(&app));
}

#[test]
fn the_status_says_calmly_how_it_is() {
    let mut shown = String::new();
    let states = [
        ConnectionState::Connecting { attempt: 0 },
        ConnectionState::Syncing { done: 3, total: 50 },
        ConnectionState::Offline { reason: "refused".into(), retry_in_ms: 3_000 },
        ConnectionState::Ended(EndReason::Auth(AuthError::Revoked)),
        ConnectionState::Ended(EndReason::Auth(AuthError::Replaced)),
        ConnectionState::Online,
    ];
    for state in states {
        let mut app = with_list(80, 24);
        update(&mut app, Msg::Connection(state));
        shown.push_str(screen(&app).lines().last().unwrap());
        shown.push('\n');
    }
    let mut app = with_list(80, 24);
    update(&mut app, Msg::Failed("the group was not made: \u{1b}[31mforbidden".into()));
    shown.push_str(screen(&app).lines().last().unwrap());
    shown.push('\n');
    compare("status", &shown);
}

#[test]
fn no_size_breaks_it() {
    let mut app = with_list(80, 24);
    opened(&mut app, hurting());
    update(&mut app, Msg::Paste("你好\n".repeat(30)));
    for width in 1..=64 {
        for height in 1..=14 {
            update(&mut app, Msg::Resize(Size::new(width, height)));
            let shown = screen(&app);
            assert_eq!(shown.lines().count(), usize::from(height));
            for row in shown.lines() {
                assert!(crate::tui::cells::width(row) <= usize::from(width), "{row:?} in {width}x{height}");
                assert!(!row.chars().any(char::is_control), "{row:?}");
            }
        }
    }
    // The terminal may be smaller than what it said last.
    update(&mut app, Msg::Resize(Size::new(120, 40)));
    let mut terminal = Terminal::new(TestBackend::new(50, 12)).unwrap();
    terminal.draw(|frame| view::draw(&app, frame)).unwrap();
    assert_eq!(app.open.unwrap().anchor, Anchor::Bottom);
}
