//! The screen, from the state and nothing else.

mod conversation;
mod dialogs;
mod list;
mod menu;
mod status;

use ratatui::Frame;
use ratatui::buffer::CellWidth as _;
use ratatui::layout::Rect;
use ratatui::widgets::{Clear, Paragraph};

use crate::tui::areas;
use crate::tui::state::App;

/// Least size in which anything is drawn.
const LEAST: (u16, u16) = (16, 5);

/// Draws everything.
pub fn draw(app: &App, frame: &mut Frame<'_>) {
    let whole = frame.area();
    if whole.width < LEAST.0 || whole.height < LEAST.1 {
        frame.render_widget(Paragraph::new("too small"), whole);
        return;
    }
    let areas = areas::divide(app);
    // The terminal may have become smaller since we were told its size.
    let inside = |area: Rect| area.intersection(whole);
    list::draw(app, inside(areas.list), frame);
    conversation::draw_divider(app, inside(areas.divider), frame);
    match &app.open {
        Some(open) => {
            conversation::draw_header(app, open, inside(areas.header), frame);
            conversation::draw_timeline(app, open, inside(areas.timeline), frame);
            conversation::draw_rule(app, open, inside(areas.rule), frame);
            conversation::draw_composer(app, inside(areas.composer), frame);
        }
        None => conversation::draw_welcome(app, inside(areas.timeline), frame),
    }
    status::draw(app, inside(areas.status), frame);
    if let Some(dialog) = &app.dialog {
        dialogs::draw(app, dialog, whole, frame);
    }
}

/// Empties a box in the middle of the screen, and says where it is.
fn boxed(width: u16, height: u16, whole: Rect, frame: &mut Frame<'_>) -> Rect {
    let (width, height) = (width.min(whole.width), height.min(whole.height));
    let area = Rect::new((whole.width - width) / 2, (whole.height - height) / 2, width, height);
    frame.render_widget(Clear, area);
    // A wide character before the box would lie over its border.
    if let Some(x) = area.x.checked_sub(1) {
        for y in area.top()..area.bottom() {
            if let Some(cell) = frame.buffer_mut().cell_mut((x, y)).filter(|cell| cell.cell_width() > 1) {
                cell.set_symbol(" ");
            }
        }
    }
    area
}
