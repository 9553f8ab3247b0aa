//! Rows that terminals do not agree on.
//!
//! How wide a flag, a family or a towering accent is, each terminal decides for itself. We write what is behind such a
//! character at the place where we think that it belongs, but a terminal that thinks otherwise keeps remains of the
//! character, and we would never know. So a row that has one, or had one, is wiped and written whole when it changes.

use std::io;

use crossterm::cursor::MoveTo;
use crossterm::queue;
use crossterm::terminal::{Clear, ClearType as Wipe};
use ratatui::backend::{Backend, ClearType, CrosstermBackend, WindowSize};
use ratatui::buffer::{Buffer, Cell, CellDiffOption};
use ratatui::layout::{Position, Size};

/// From here on Unicode has pictures, with new ones each year.
const PICTURES: char = '\u{1f000}';

/// Whether terminals may disagree on the width of a symbol.
#[must_use]
pub fn is_unsure(symbol: &str) -> bool {
    let mut chars = symbol.chars();
    let first = chars.next().unwrap_or(' ');
    first >= PICTURES || chars.next().is_some()
}

/// Marks each row of the next screen that has to be written whole.
pub fn mark(previous: &Buffer, next: &mut Buffer) {
    if previous.area != next.area {
        return;
    }
    let width = usize::from(next.area.width);
    if width == 0 {
        return;
    }
    for (before, now) in previous.content.chunks(width).zip(next.content.chunks_mut(width)) {
        let unsure = before.iter().chain(now.iter()).any(|cell| is_unsure(cell.symbol()));
        if unsure && before != now {
            for cell in now {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
    }
}

/// Wipes marked rows before they are written.
#[derive(Debug)]
pub struct SteadyBackend<W: io::Write>(pub CrosstermBackend<W>);

impl<W: io::Write> Backend for SteadyBackend<W> {
    type Error = io::Error;

    fn draw<'a, I>(&mut self, content: I) -> io::Result<()>
    where
        I: Iterator<Item = (u16, u16, &'a Cell)>,
    {
        let content: Vec<_> = content.collect();
        let mut wiped = None;
        for (_, y, cell) in &content {
            if cell.diff_option == CellDiffOption::AlwaysUpdate && wiped != Some(*y) {
                queue!(self.0, MoveTo(0, *y), Clear(Wipe::CurrentLine))?;
                wiped = Some(*y);
            }
        }
        self.0.draw(content.into_iter())
    }

    fn hide_cursor(&mut self) -> io::Result<()> {
        self.0.hide_cursor()
    }

    fn show_cursor(&mut self) -> io::Result<()> {
        self.0.show_cursor()
    }

    fn get_cursor_position(&mut self) -> io::Result<Position> {
        self.0.get_cursor_position()
    }

    fn set_cursor_position<P: Into<Position>>(&mut self, position: P) -> io::Result<()> {
        self.0.set_cursor_position(position)
    }

    fn clear(&mut self) -> io::Result<()> {
        self.0.clear()
    }

    fn clear_region(&mut self, region: ClearType) -> io::Result<()> {
        self.0.clear_region(region)
    }

    fn size(&self) -> io::Result<Size> {
        self.0.size()
    }

    fn window_size(&mut self) -> io::Result<WindowSize> {
        self.0.window_size()
    }

    fn flush(&mut self) -> io::Result<()> {
        Backend::flush(&mut self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_with_a_flag_is_wiped_when_it_changes_and_only_then() {
        let flag = Buffer::with_lines(["a 🇩🇪 b", "plain "]);
        let mut gone = Buffer::with_lines(["a cd b", "plain "]);
        mark(&flag, &mut gone);
        let marked = |buffer: &Buffer, y: u16| buffer[(0, y)].diff_option == CellDiffOption::AlwaysUpdate;
        assert!(marked(&gone, 0) && !marked(&gone, 1));
        let mut same = flag.clone();
        mark(&flag, &mut same);
        assert!(!marked(&same, 0));
    }

    #[test]
    fn plain_letters_are_sure_and_sequences_are_not() {
        for sure in ["a", " ", "你", "م", "✓", "│"] {
            assert!(!is_unsure(sure), "{sure}");
        }
        for unsure in ["🇩🇪", "👩\u{200d}👧", "e\u{301}", "❤\u{fe0f}", "ｶﾞ", "🫩"] {
            assert!(is_unsure(unsure), "{unsure}");
        }
    }

    #[test]
    fn the_wipe_comes_before_the_row() {
        let mut out = Vec::new();
        let mut previous = Buffer::with_lines(["🇩🇪"]);
        {
            let mut backend = SteadyBackend(CrosstermBackend::new(&mut out));
            let mut next = Buffer::with_lines(["ab"]);
            mark(&previous, &mut next);
            backend.draw(previous.diff_iter(&next)).unwrap();
            previous = next;
        }
        let text = String::from_utf8(out).unwrap();
        let (wipe, row) = (text.find("\u{1b}[2K").unwrap(), text.find("ab").unwrap_or_default());
        assert!(wipe < row, "{text:?} of {previous:?}");
    }
}
