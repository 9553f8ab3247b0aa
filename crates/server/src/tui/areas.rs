//! Which part of the screen is what. The state needs it too: how far a page is depends on the window.

use ratatui::layout::Rect;

use crate::tui::notice;
use crate::tui::state::{App, Pane};

/// Least and most cells of the list beside a conversation.
const LIST_WIDTH: (u16, u16) = (24, 40);

/// The parts of the screen; those that are not shown are empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Areas {
    /// The list of conversations.
    pub list: Rect,
    /// The line between list and conversation.
    pub divider: Rect,
    /// The name of the conversation.
    pub header: Rect,
    /// The messages.
    pub timeline: Rect,
    /// The line above the composer, which also says who writes.
    pub rule: Rect,
    /// The composer.
    pub composer: Rect,
    /// The last row; more of them while a notice is long.
    pub status: Rect,
}

/// Divides the screen.
#[must_use]
pub fn divide(app: &App) -> Areas {
    let (width, height) = (app.size.width, app.size.height);
    let status = u16::try_from(notice::rows(app).len()).unwrap_or(1).max(1).min(height);
    let body = height - status;
    let mut areas = Areas { status: Rect::new(0, body, width, status), ..Areas::default() };
    if app.is_narrow() {
        if app.open.is_none() || app.pane == Pane::List {
            areas.list = Rect::new(0, 0, width, body);
            return areas;
        }
        divide_conversation(app, Rect::new(0, 0, width, body), &mut areas);
        return areas;
    }
    let list_width = (width / 3).clamp(LIST_WIDTH.0, LIST_WIDTH.1);
    areas.list = Rect::new(0, 0, list_width, body);
    areas.divider = Rect::new(list_width, 0, 1, body);
    divide_conversation(app, Rect::new(list_width + 1, 0, width - list_width - 1, body), &mut areas);
    areas
}

fn divide_conversation(app: &App, area: Rect, areas: &mut Areas) {
    let part = |y: u16, height: u16| Rect::new(area.x, area.y + y, area.width, height);
    if app.open.is_none() {
        areas.timeline = area;
        return;
    }
    // In a window of a few rows the messages go first and the composer stays.
    let composer_width = area.width.saturating_sub(2);
    let wanted = app.composer.rows(composer_width);
    let composer = wanted.min(area.height.saturating_sub(6).max(1)).min(area.height);
    let left = area.height - composer;
    let rule = left.min(1);
    let header = (left - rule).min(2);
    let timeline = left - rule - header;
    areas.header = part(0, header);
    areas.timeline = part(header, timeline);
    areas.rule = part(header + timeline, rule);
    areas.composer = Rect::new(area.x + 1, area.y + header + timeline + rule, composer_width, composer);
}
