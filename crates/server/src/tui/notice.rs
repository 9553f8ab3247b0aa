//! A notice that is longer than what the last row has left gets rows of its own, for as long as it is shown.

use crate::tui::state::App;
use crate::tui::{cells, words};

/// Most rows of a notice.
const ROWS_MAX: usize = 4;

/// Cells before a notice.
pub const MARGIN: usize = 3;

/// The rows of a notice that does not fit beside the connection; none when it does, or there is none.
#[must_use]
pub fn rows(app: &App) -> Vec<String> {
    let Some(notice) = &app.notice else { return Vec::new() };
    let width = usize::from(app.size.width);
    let link = words::link(&app.connection, app.retry_at, app.now).words;
    let beside = MARGIN + cells::width(&link) + cells::width(&words::unread(app.total_unread)) + 3;
    if cells::width(&notice.text) <= width.saturating_sub(beside) {
        return Vec::new();
    }
    let most = ROWS_MAX.min(usize::from(app.size.height) / 4).max(1);
    let room = width.saturating_sub(MARGIN + 1).max(2);
    let mut rows = cells::wrap(&notice.text, room);
    if rows.len() > most {
        rows.truncate(most);
        if let Some(last) = rows.last_mut() {
            *last = cells::fit(&format!("{last} …"), room);
        }
    }
    rows
}
