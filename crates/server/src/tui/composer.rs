//! The composer. It works by what people see as one character: the cursor is never inside of one, and one key takes a
//! whole one away, however many code points it has.

use std::ops::Range;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::{cells, sanitise};

/// Most rows that it takes before it scrolls.
pub const ROWS_MAX: u16 = 6;

/// Bytes that it takes, far more than a message may have: the server says what is too long.
const BYTES_MAX: usize = 256 * 1_024;

/// Changes that can be undone.
const UNDO_MAX: usize = 100;

/// A text that is being written, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Composer {
    text: String,
    /// Where the cursor stands, in bytes. Always between two characters as people see them.
    at: usize,
    /// The column that the cursor keeps while it moves up and down.
    column: Option<usize>,
    /// What was cut last.
    cut: String,
    /// The texts before, the newest last, each with its cursor.
    before: Vec<(String, usize)>,
    /// Whether the last key wrote a letter: letters in a row are undone together.
    writing: bool,
}

/// What is shown of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Its rows, safe to draw.
    pub rows: Vec<String>,
    /// The column and the row of the cursor.
    pub cursor: (usize, usize),
}

impl Composer {
    /// With a text, the cursor at its end.
    #[must_use]
    pub fn with(text: impl Into<String>) -> Self {
        let text = text.into();
        Self { at: text.len(), text, ..Self::default() }
    }

    /// What was written.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether nothing but space was written.
    #[must_use]
    pub fn is_blank(&self) -> bool {
        self.text.trim().is_empty()
    }

    /// Whether nothing was written.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.text.is_empty()
    }

    /// Takes a typed or pasted text, without what may not stand in a message.
    pub fn insert(&mut self, text: &str) {
        self.remember();
        self.put(&sanitise::for_composer(text));
    }

    /// Takes a key, at a width; says whether the text is another one now.
    pub fn input(&mut self, key: KeyEvent, width: u16) -> bool {
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        let by_word = control || alt;
        let column = self.column.take();
        let was_writing = std::mem::take(&mut self.writing);
        match key.code {
            KeyCode::Char(c) if !by_word => {
                if !was_writing || c.is_whitespace() {
                    self.remember();
                }
                self.writing = true;
                self.put(&sanitise::for_composer(c.encode_utf8(&mut [0; 4])));
                true
            }
            KeyCode::Char('w') if control => self.remove(self.word_before()..self.at),
            KeyCode::Char('h') if control => self.remove(self.before()..self.at),
            KeyCode::Char('d') if control => self.remove(self.at..self.after()),
            KeyCode::Char('k') if control => {
                self.remove(self.at..self.end_of_line().max(self.after().min(self.at + 1)))
            }
            KeyCode::Char('u') if control => self.remove(self.start_of_line()..self.at),
            KeyCode::Char('y') if control => {
                self.remember();
                let cut = self.cut.clone();
                self.put(&cut);
                !cut.is_empty()
            }
            KeyCode::Char('z') if control => self.undo(),
            KeyCode::Char('a') if control => self.go_to(self.start_of_line()),
            KeyCode::Char('e') if control => self.go_to(self.end_of_line()),
            KeyCode::Char('b') if control => self.go_to(self.before()),
            KeyCode::Char('b') if alt => self.go_to(self.word_before()),
            KeyCode::Char('f') if alt => self.go_to(self.word_after()),
            KeyCode::Char('d') if alt => self.remove(self.at..self.word_after()),
            KeyCode::Backspace if by_word => self.remove(self.word_before()..self.at),
            KeyCode::Backspace => self.remove(self.before()..self.at),
            KeyCode::Delete if by_word => self.remove(self.at..self.word_after()),
            KeyCode::Delete => self.remove(self.at..self.after()),
            KeyCode::Left if by_word => self.go_to(self.word_before()),
            KeyCode::Left => self.go_to(self.before()),
            KeyCode::Right if by_word => self.go_to(self.word_after()),
            KeyCode::Right => self.go_to(self.after()),
            KeyCode::Home => self.go_to(self.start_of_line()),
            KeyCode::End => self.go_to(self.end_of_line()),
            KeyCode::Up => self.change_row(width, column, Way::Up),
            KeyCode::Down => self.change_row(width, column, Way::Down),
            _ => false,
        }
    }

    /// How many rows it wants at a width.
    #[must_use]
    pub fn rows(&self, width: u16) -> u16 {
        u16::try_from(rows(&self.text, width).len()).unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX)
    }

    /// What is shown of it in a window; the cursor is always in it.
    #[must_use]
    pub fn shown(&self, width: u16, height: u16) -> Shown {
        let (all, height) = (rows(&self.text, width), usize::from(height).max(1));
        let row = row_of(&all, self.at);
        let first = row.saturating_sub(height / 2).min(all.len().saturating_sub(height));
        let drawn = |range: &Range<usize>| {
            let line = drawn(&self.text[range.clone()]);
            line.trim_end().to_owned()
        };
        let start = all.get(row).map_or(0, |range| range.start);
        let column = width_of(&self.text[start..self.at]).min(usize::from(width.saturating_sub(1)));
        Shown { rows: all.iter().skip(first).take(height).map(drawn).collect(), cursor: (column, row - first) }
    }

    fn put(&mut self, text: &str) {
        let room = BYTES_MAX.saturating_sub(self.text.len());
        let text = if text.len() > room { &text[..text.floor_char_boundary(room)] } else { text };
        self.text.insert_str(self.at, text);
        self.at = border_from(&self.text, self.at + text.len());
    }

    fn remove(&mut self, range: Range<usize>) -> bool {
        if range.is_empty() {
            return false;
        }
        self.remember();
        self.cut = self.text[range.clone()].to_owned();
        self.text.replace_range(range.clone(), "");
        // What stood on both sides may be one character now.
        self.at = border_from(&self.text, range.start);
        true
    }

    fn go_to(&mut self, at: usize) -> bool {
        self.at = at;
        false
    }

    fn remember(&mut self) {
        if self.before.len() == UNDO_MAX {
            self.before.remove(0);
        }
        self.before.push((self.text.clone(), self.at));
    }

    fn undo(&mut self) -> bool {
        let Some((text, at)) = self.before.pop() else { return false };
        (self.text, self.at) = (text, at);
        true
    }

    fn start_of_line(&self) -> usize {
        self.text[..self.at].rfind('\n').map_or(0, |at| at + 1)
    }

    fn end_of_line(&self) -> usize {
        self.text[self.at..].find('\n').map_or(self.text.len(), |at| self.at + at)
    }

    /// The border before the cursor.
    fn before(&self) -> usize {
        let start = self.start_of_line();
        if start == self.at {
            return start.saturating_sub(1);
        }
        let borders = borders(&self.text[start..self.end_of_line()]);
        borders.map(|at| start + at).take_while(|at| *at < self.at).last().unwrap_or(start)
    }

    /// The border after the cursor.
    fn after(&self) -> usize {
        let (start, end) = (self.start_of_line(), self.end_of_line());
        if end == self.at {
            return (end + 1).min(self.text.len());
        }
        borders(&self.text[start..end]).map(|at| start + at).find(|at| *at > self.at).unwrap_or(end)
    }

    /// Where the word before the cursor begins.
    fn word_before(&self) -> usize {
        let start = self.start_of_line();
        if start == self.at {
            return start.saturating_sub(1);
        }
        let mut words =
            self.text[start..self.at].split_word_bound_indices().filter(|(_, word)| !word.trim().is_empty());
        let word = words.next_back().map_or(start, |(at, _)| start + at);
        borders(&self.text[start..self.end_of_line()])
            .map(|at| start + at)
            .take_while(|at| *at <= word)
            .last()
            .unwrap_or(start)
    }

    /// Where the word after the cursor ends.
    fn word_after(&self) -> usize {
        let end = self.end_of_line();
        if end == self.at {
            return (end + 1).min(self.text.len());
        }
        let mut words = self.text[self.at..end].split_word_bound_indices();
        let word = words.find(|(_, word)| !word.trim().is_empty());
        word.map_or(end, |(at, word)| border_from(&self.text, self.at + at + word.len()))
    }

    fn change_row(&mut self, width: u16, column: Option<usize>, way: Way) -> bool {
        let all = rows(&self.text, width);
        let row = row_of(&all, self.at);
        let start = all.get(row).map_or(0, |range| range.start);
        let column = column.unwrap_or_else(|| width_of(&self.text[start..self.at]));
        let next = match way {
            Way::Up => row.checked_sub(1),
            Way::Down => Some(row + 1),
        };
        self.column = Some(column);
        let Some(range) = next.and_then(|next| all.get(next)) else { return false };
        let is_wrapped = all.iter().any(|other| other.start == range.end && other.start < self.text.len());
        let row = &self.text[range.clone()];
        // The end of a row that goes on is the start of the next.
        let fits = |at: &usize| width_of(&row[..*at]) <= column && !(is_wrapped && *at == row.len() && *at > 0);
        self.at = range.start + borders(row).take_while(fits).last().unwrap_or(0);
        false
    }
}

#[derive(Clone, Copy)]
enum Way {
    Up,
    Down,
}

/// Where the cursor may stand in a line: before each character that is seen, and at the end.
fn borders(line: &str) -> impl Iterator<Item = usize> {
    let inner = line.grapheme_indices(true).filter(|(at, grapheme)| *at == 0 || !is_unseen(grapheme)).map(|(at, _)| at);
    inner.chain((!line.is_empty()).then_some(line.len()))
}

/// The next border of a text, from a place on that is not past its end.
fn border_from(text: &str, at: usize) -> usize {
    let start = text[..at].rfind('\n').map_or(0, |at| at + 1);
    let end = text[at..].find('\n').map_or(text.len(), |more| at + more);
    borders(&text[start..end]).map(|border| start + border).find(|border| *border >= at).unwrap_or(end)
}

/// Whether it takes no cell: a mark of the writing direction for instance. It goes with what stands before it.
fn is_unseen(grapheme: &str) -> bool {
    width_of(grapheme) == 0
}

/// A text without line breaks, as it is drawn.
fn drawn(text: &str) -> String {
    sanitise::one_line(text)
}

fn width_of(text: &str) -> usize {
    text.graphemes(true).map(|grapheme| cells::width(&drawn(grapheme))).sum()
}

/// The rows of a text at a width. A row breaks between words, and inside one only when it is longer than a row; spaces at
/// its end stay in it, wherever the window ends.
fn rows(text: &str, width: u16) -> Vec<Range<usize>> {
    // A wide character needs two, whatever the window says.
    let width = usize::from(width).max(2);
    let mut rows = Vec::new();
    let mut start = 0;
    for line in text.split('\n') {
        let (mut from, mut used) = (start, 0);
        for (at, word) in line.split_word_bound_indices() {
            let word_width = width_of(word);
            if used + word_width <= width || word.trim().is_empty() {
                used += word_width;
                continue;
            }
            if used > 0 {
                rows.push(from..start + at);
                (from, used) = (start + at, 0);
            }
            if word_width <= width {
                used = word_width;
                continue;
            }
            for (inner, grapheme) in word.grapheme_indices(true) {
                let grapheme_width = width_of(grapheme);
                if used + grapheme_width > width {
                    rows.push(from..start + at + inner);
                    (from, used) = (start + at + inner, 0);
                }
                used += grapheme_width;
            }
        }
        rows.push(from..start + line.len());
        start += line.len() + 1;
    }
    rows
}

/// The row in which a place is; between two it is in the second.
fn row_of(rows: &[Range<usize>], at: usize) -> usize {
    rows.iter().rposition(|range| range.start <= at).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAMILY: &str = "👩\u{200d}👩\u{200d}👧\u{200d}👦";
    const FLAGS: &str = "🇩🇪🇳🇱";
    const THUMB: &str = "👍🏽";
    const ACCENT: &str = "e\u{301}\u{323}";

    fn press(composer: &mut Composer, modifiers: KeyModifiers, code: KeyCode) -> bool {
        composer.input(KeyEvent::new(code, modifiers), 20)
    }

    fn plain(composer: &mut Composer, code: KeyCode) {
        press(composer, KeyModifiers::NONE, code);
    }

    fn held(composer: &mut Composer, letter: char) {
        press(composer, KeyModifiers::CONTROL, KeyCode::Char(letter));
    }

    fn write(composer: &mut Composer, text: &str) {
        for c in text.chars() {
            plain(composer, KeyCode::Char(c));
        }
    }

    #[test]
    fn backspace_takes_what_people_see_as_one() {
        for one in [FAMILY, "🇩🇪", THUMB, ACCENT, "1\u{fe0f}\u{20e3}", "❤\u{fe0f}", "한", "ก็", "你", "م\u{64e}", "\n"]
        {
            let mut composer = Composer::with(format!("a{one}"));
            plain(&mut composer, KeyCode::Backspace);
            assert_eq!(composer.text(), "a", "{one:?}");
        }
    }

    #[test]
    fn delete_takes_what_people_see_as_one() {
        for one in [FAMILY, "🇩🇪", THUMB, ACCENT, "ﷺ"] {
            let mut composer = Composer::with(format!("{one}b"));
            plain(&mut composer, KeyCode::Home);
            plain(&mut composer, KeyCode::Delete);
            assert_eq!(composer.text(), "b", "{one:?}");
        }
    }

    #[test]
    fn the_cursor_passes_a_character_with_one_key() {
        let mut composer = Composer::with(format!("a{FAMILY}{FLAGS}{THUMB}{ACCENT}z"));
        for _ in 0..7 {
            plain(&mut composer, KeyCode::Left);
        }
        assert_eq!(composer.at, 0);
        plain(&mut composer, KeyCode::Right);
        plain(&mut composer, KeyCode::Right);
        assert_eq!(composer.at, 1 + FAMILY.len());
        assert_eq!(composer.shown(20, 1).cursor, (3, 0), "the family takes two cells");
    }

    #[test]
    fn marks_of_the_direction_go_with_what_stands_before_them() {
        let mut composer = Composer::with("ab\u{200f}\u{200e}c\u{202e}");
        assert_eq!(composer.shown(20, 1).rows, ["abc"]);
        plain(&mut composer, KeyCode::Left);
        plain(&mut composer, KeyCode::Left);
        assert_eq!((composer.at, composer.shown(20, 1).cursor), (1, (1, 0)));
        plain(&mut composer, KeyCode::Delete);
        assert_eq!(composer.text(), "ac\u{202e}");
        plain(&mut composer, KeyCode::End);
        plain(&mut composer, KeyCode::Backspace);
        assert_eq!(composer.text(), "a");
        write(&mut composer, "\u{200f}م\u{202e}\u{7}");
        assert_eq!(composer.text(), "aم", "what hides cannot be typed");
    }

    #[test]
    fn a_character_that_grows_takes_the_cursor_with_it() {
        let mut composer = Composer::with("👩👧");
        plain(&mut composer, KeyCode::Left);
        plain(&mut composer, KeyCode::Char('\u{200d}'));
        assert_eq!(composer.at, composer.text().len(), "the two are one now");
        let mut composer = Composer::default();
        write(&mut composer, FAMILY);
        plain(&mut composer, KeyCode::Backspace);
        assert_eq!(composer.text(), "");
        // Between two flags a letter goes, and the halves beside it meet.
        let mut composer = Composer::with("🇩x🇪");
        plain(&mut composer, KeyCode::Left);
        plain(&mut composer, KeyCode::Backspace);
        assert_eq!((composer.text(), composer.at), ("🇩🇪", 8));
    }

    #[test]
    fn words_are_passed_and_taken_whole() {
        let mut composer = Composer::with(format!("hello wörld {FAMILY}  مرحبا"));
        held(&mut composer, 'w');
        assert_eq!(composer.text(), format!("hello wörld {FAMILY}  "));
        held(&mut composer, 'w');
        assert_eq!(composer.text(), "hello wörld ");
        press(&mut composer, KeyModifiers::CONTROL, KeyCode::Left);
        assert_eq!(composer.at, 6);
        press(&mut composer, KeyModifiers::ALT, KeyCode::Char('d'));
        assert_eq!(composer.text(), "hello  ");
        press(&mut composer, KeyModifiers::ALT, KeyCode::Char('b'));
        assert_eq!(composer.at, 0);
        press(&mut composer, KeyModifiers::CONTROL, KeyCode::Right);
        assert_eq!(composer.at, 5);
        held(&mut composer, 'y');
        assert_eq!(composer.text(), "hellowörld  ", "what was cut last");
    }

    #[test]
    fn it_takes_so_much_and_no_more() {
        let mut composer = Composer::default();
        composer.insert(&"你好".repeat(BYTES_MAX));
        assert!(composer.text().len() <= BYTES_MAX && composer.text().len() > BYTES_MAX - 3);
        assert_eq!(composer.rows(80), ROWS_MAX);
        composer.insert("more");
        plain(&mut composer, KeyCode::Backspace);
        assert!(composer.text().ends_with("你") || composer.text().ends_with("好"));
    }

    #[test]
    fn lines_are_cut_and_what_was_done_is_undone() {
        let mut composer = Composer::with("one\ntwo three");
        press(&mut composer, KeyModifiers::CONTROL, KeyCode::Left);
        held(&mut composer, 'u');
        assert_eq!(composer.text(), "one\nthree");
        held(&mut composer, 'k');
        assert_eq!(composer.text(), "one\n");
        plain(&mut composer, KeyCode::Backspace);
        write(&mut composer, " more words");
        assert_eq!(composer.text(), "one more words");
        held(&mut composer, 'z');
        assert_eq!(composer.text(), "one more");
        for _ in 0..9 {
            held(&mut composer, 'z');
        }
        assert_eq!(composer.text(), "one\ntwo three");
    }

    #[test]
    fn the_cursor_goes_up_and_down_by_what_is_shown_and_keeps_its_column() {
        let mut composer = Composer::with("a line that is longer than twenty cells\nx\nanother 你好 line");
        assert_eq!(
            composer.shown(20, 6).rows,
            ["a line that is", "longer than twenty", "cells", "x", "another 你好 line"]
        );
        assert_eq!(composer.shown(20, 6).cursor, (17, 4));
        plain(&mut composer, KeyCode::Up);
        assert_eq!(composer.shown(20, 6).cursor, (1, 3));
        for row in [2, 1, 0, 0] {
            plain(&mut composer, KeyCode::Up);
            assert_eq!(composer.shown(20, 6).cursor.1, row);
        }
        assert_eq!(composer.shown(20, 6).cursor.0, 14, "the last place of a row that goes on");
        for _ in 0..4 {
            plain(&mut composer, KeyCode::Down);
        }
        assert_eq!(composer.shown(20, 6).cursor, (17, 4));
        assert_eq!(composer.shown(20, 2).rows, ["x", "another 你好 line"]);
    }

    #[test]
    fn nothing_leaves_the_cursor_inside_of_a_character() {
        let pieces = [
            "a", " ", "\n", "\u{301}", "\u{200d}", "\u{fe0f}", "👩", "🏽", "🇳", "你", "م", "\u{200f}", "\u{64e}",
            "word",
        ];
        let keys = [
            KeyCode::Left,
            KeyCode::Right,
            KeyCode::Up,
            KeyCode::Down,
            KeyCode::Home,
            KeyCode::End,
            KeyCode::Backspace,
            KeyCode::Delete,
            KeyCode::Char('z'),
            KeyCode::Char('w'),
            KeyCode::Char('k'),
            KeyCode::Char('y'),
        ];
        let mut random: u64 = 7;
        let mut next = |below: usize| {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            usize::try_from(random >> 33).unwrap() % below
        };
        let mut composer = Composer::default();
        for step in 0..4_000 {
            if step % 200 == 0 {
                let text: String = (0..30).map(|_| pieces[next(pieces.len())]).collect();
                composer = Composer::with(text);
            }
            match next(3) {
                0 => composer.insert(pieces[next(pieces.len())]),
                1 => plain(&mut composer, keys[next(keys.len())]),
                _ => drop(press(&mut composer, KeyModifiers::CONTROL, keys[next(keys.len())])),
            }
            let is_border = composer.at == composer.text.len()
                || composer.text.grapheme_indices(true).any(|(at, _)| at == composer.at);
            assert!(is_border, "{:?} at {}", composer.text, composer.at);
            let shown = composer.shown(7, 3);
            assert!(shown.rows.len() <= 3 && shown.cursor.0 < 7 && shown.cursor.1 < 3, "{shown:?}");
            assert!(shown.rows.iter().all(|row| cells::width(row) <= 7), "{shown:?}");
        }
    }
}
