//! Which keys there are, as the help shows them.

use ratatui::layout::Size;

use crate::tui::cells;

/// Keys, and what they do.
const KEYS: &[(&str, &str)] = &[
    ("Enter", "open a conversation · send"),
    ("Alt+Enter", "new line (also Ctrl+J)"),
    ("Ctrl+W Z Y", "cut a word · undo · insert what was cut"),
    ("Tab", "list → composer → messages"),
    ("Esc", "messages → composer → list"),
    ("Alt+↑ Alt+↓", "conversation above · below"),
    ("PgUp PgDn", "scroll; Ctrl+End to the newest"),
    ("Ctrl+F", "find what was said, on this device"),
    ("Ctrl+N", "write to somebody"),
    ("Ctrl+G", "make a group"),
    ("Ctrl+P", "people in this group; then g, the group"),
    ("Ctrl+T", "contacts and requests (c in the list)"),
    ("Ctrl+R", "reconnect now"),
    ("Ctrl+C", "quit"),
    ("", ""),
    ("p  m  u", "in the list: pin · mute · mark unread"),
    ("o", "in the list: archive, folders, clear and more"),
    ("1 … 5", "👍 ❤ 😂 🎉 😢 on a message, or off"),
    ("r e p s", "answer · edit · pin · star a message"),
    ("d d  x x", "recall · remove for me"),
    ("Enter", "on a voice message: I played it"),
    ("r  d", "retry · delete a failed message"),
    ("f  w", "forward · who has read it"),
    ("@  P  *", "next that calls you · pinned · starred"),
    ("@bob @all", "calls somebody · everybody"),
    ("◌ ○", "waiting · on its way"),
    ("✓ ✓✓", "stored · arrived, and in colour: read"),
    ("↑ ⊘ ▽ ● ○", "in the list: pinned · muted · archived · there, away"),
];

/// Cells of the whole box.
pub const WIDTH: u16 = 56;
/// Cells of the keys.
const KEY_CELLS: usize = 13;
/// Cells of a box that are not for what stands in it.
const BORDER_CELLS: u16 = 4;
/// Rows of a box that are not for what stands in it.
const BORDER_ROWS: u16 = 2;

/// A row of the help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HelpRow {
    /// The keys, filled with spaces; nothing but spaces where what they do goes on.
    pub key: String,
    /// What they do.
    pub what: String,
}

/// The rows of the help where the screen has so many columns.
#[must_use]
pub fn rows(columns: u16) -> Vec<HelpRow> {
    let room = usize::from(columns.min(WIDTH).saturating_sub(BORDER_CELLS)).saturating_sub(KEY_CELLS);
    let row = |key: &str, what: String| HelpRow { key: cells::pad(key, KEY_CELLS), what };
    let both = |(key, what): &(&'static str, &'static str)| {
        let lines = cells::wrap(what, room).into_iter().enumerate();
        lines.map(|(n, what)| row(if n == 0 { key } else { "" }, what)).collect::<Vec<_>>()
    };
    KEYS.iter().flat_map(both).collect()
}

/// Rows that the whole box takes.
#[must_use]
pub fn height(screen: Size) -> u16 {
    let rows = u16::try_from(rows(screen.width).len()).unwrap_or(u16::MAX);
    rows.saturating_add(BORDER_ROWS).min(screen.height)
}

/// How far it can be scrolled; nothing when all of it is seen.
#[must_use]
pub fn scroll_max(screen: Size) -> usize {
    let (rows, seen) = (rows(screen.width).len(), usize::from(height(screen).saturating_sub(BORDER_ROWS)));
    // The last row says that there is more.
    if rows <= seen { 0 } else { rows.saturating_sub(seen.saturating_sub(1)) }
}
