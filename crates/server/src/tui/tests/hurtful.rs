//! Texts that hurt: whatever somebody says or calls himself, the screen stays whole and nobody is deceived.

use unicode_segmentation::UnicodeSegmentation as _;

use super::*;
use crate::tui::{cells, sanitise};

const FRAGMENTS: &[&str] = &[
    "plain words",
    "👩\u{200D}👩\u{200D}👧\u{200D}👦",
    "👩🏽\u{200D}🤝\u{200D}👨🏻",
    "🇳🇱🇩🇪",
    "🏴\u{E0067}\u{E0062}\u{E0065}\u{E006E}\u{E0067}\u{E007F}",
    "❤\u{FE0F}",
    "1\u{FE0F}\u{20E3}",
    "你好，世界",
    "مرحبا بالعالم",
    "עִבְרִית",
    "نص \u{200F}(a) \u{200E}b",
    "abc\u{202E}fed",
    "\u{2066}\u{2067}\u{2068}x\u{2069}",
    "\u{200B}\u{FEFF}\u{2060}",
    "\u{200D}\u{200D}",
    "\u{1B}[2J\u{1B}]0;owned\u{7}",
    "\u{9B}31m\r\u{8}\u{7F}",
    "one\r\ntwo\u{2028}three\u{85}four",
    "\t\ttabs",
    "क्ष नमस्ते",
    "می\u{200C}خواهم",
    "\u{FFF9}note\u{FFFA}x\u{FFFB}",
    "\u{3164}\u{115F}\u{AD}",
    "﷽﷽﷽",
    " \u{A0}\u{3000} ",
];

/// Each alone, each beside each other, and towers and lengths of them.
fn texts() -> Vec<String> {
    let pairs = FRAGMENTS.iter().flat_map(|a| FRAGMENTS.iter().map(move |b| format!("{a}{b}")));
    let long = FRAGMENTS.iter().map(|fragment| fragment.repeat(120));
    let towers = ["\u{301}", "\u{20DD}", "\u{E0067}", "\u{200D}"].map(|mark| format!("Z{}end", mark.repeat(400)));
    FRAGMENTS.iter().map(|it| (*it).to_owned()).chain(pairs).chain(long).chain(towers).collect()
}

/// What no cell of the screen may have: what moves the cursor, and what turns or hides what stands beside it.
fn hurts(c: char) -> bool {
    let turns = matches!(c, '\u{202A}'..='\u{202E}' | '\u{2066}'..='\u{2069}' | '\u{200E}' | '\u{200F}' | '\u{61C}');
    let hides = matches!(c, '\u{200B}' | '\u{FEFF}' | '\u{2060}' | '\u{FFF9}'..='\u{FFFB}' | '\u{AD}' | '\u{3164}');
    c.is_control() || turns || hides || matches!(c, '\u{2028}' | '\u{2029}')
}

#[test]
fn what_is_shown_of_a_text_is_safe_and_fits() {
    for text in texts() {
        for line in sanitise::lines(&text).into_iter().chain([sanitise::one_line(&text)]) {
            assert!(!line.chars().any(hurts), "{line:?} of {text:?}");
            for room in [2, 7, 40] {
                for part in cells::wrap(&line, room) {
                    assert!(cells::width(&part) <= room, "{part:?} in {room} of {text:?}");
                }
                let cut = cells::fit(&line, room);
                assert!(cells::width(&cut) <= room, "{cut:?} in {room} of {text:?}");
                let Some(start) = cut.strip_suffix('…').filter(|_| cut != line) else { continue };
                let at_a_border = line.grapheme_indices(true).any(|(at, _)| at == start.len());
                assert!(at_a_border && line.starts_with(start), "{cut:?} is cut inside a character of {text:?}");
            }
        }
        assert!(!sanitise::for_composer(&text).chars().any(|c| hurts(c) && !matches!(c, '\n' | '\t' | '\u{2028}')));
    }
}

#[test]
fn the_screen_stays_whole_whatever_people_say_and_are_called() {
    for (width, height) in [(80, 24), (40, 12)] {
        for text in texts().into_iter().step_by(3) {
            let mut app = app_of(width, height);
            let quiet = quiet(direct("bob"), &text, Some("bob"));
            let list = vec![Arc::new(summary(quiet, 2, "bob", &text, 1))];
            update(&mut app, Msg::Conversations(list));
            update(&mut app, Msg::Names(vec![(user("bob"), text.clone())]));
            let said = with_extras(&said(19, "bob", &text, 5), true, &[("👍🏽", 2, true)]);
            opened(&mut app, vec![start(), said, wrote(20, &text, 3, sent(), 1)]);
            let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
            terminal.draw(|frame| view::draw(&app, frame)).unwrap();
            let buffer = terminal.backend().buffer();
            for y in 0..height {
                let mut x = 0;
                while x < width {
                    let cell = &buffer[(x, y)];
                    assert!(!cell.symbol().chars().any(hurts), "{:?} at {x}, {y} for {text:?}", cell.symbol());
                    x += cell.cell_width().max(1);
                }
                assert_eq!(x, width, "row {y} ends where the screen does, for {text:?}");
            }
        }
    }
}
