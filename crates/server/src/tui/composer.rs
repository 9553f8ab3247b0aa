//! The composer: a text area with our keys.

use ratatui::style::Style;
use ratatui_textarea::{CursorMove, TextArea, WrapMode};

use crate::tui::{cells, sanitise};

/// Most rows that it takes before it scrolls.
pub const ROWS_MAX: u16 = 6;

/// Without a text.
#[must_use]
pub fn empty() -> TextArea<'static> {
    with(Vec::new())
}

/// With what was begun before, the cursor at its end.
#[must_use]
pub fn with(lines: Vec<String>) -> TextArea<'static> {
    let mut area = TextArea::new(lines);
    area.set_wrap_mode(WrapMode::WordOrGlyph);
    area.set_cursor_line_style(Style::new());
    // The terminal's own cursor stands there, so that input methods know where to open.
    area.set_cursor_style(Style::new());
    area.set_tab_length(4);
    area.set_max_histories(100);
    area.move_cursor(CursorMove::Bottom);
    area.move_cursor(CursorMove::End);
    area
}

/// What was written.
#[must_use]
pub fn text(area: &TextArea<'_>) -> String {
    area.lines().join("\n")
}

/// Whether nothing but space was written.
#[must_use]
pub fn is_blank(area: &TextArea<'_>) -> bool {
    area.lines().iter().all(|line| line.trim().is_empty())
}

/// Takes a pasted text, without what may not stand in a message.
pub fn paste(area: &mut TextArea<'_>, text: &str) {
    area.insert_str(sanitise::for_composer(text));
}

/// How many rows it wants at a width.
#[must_use]
pub fn rows(area: &TextArea<'_>, width: u16) -> u16 {
    let wrapped = area.lines().iter().map(|line| cells::wrap(line, usize::from(width)).len()).sum::<usize>();
    u16::try_from(wrapped).unwrap_or(ROWS_MAX).clamp(1, ROWS_MAX)
}
