//! Lists to choose from.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::menu::{Entry, Menu};
use crate::tui::menu_group;
use crate::tui::state::App;
use crate::tui::view::dialogs::frame_of;
use crate::tui::{cells, words};

/// Cells of a whole list.
const WIDTH: u16 = 56;
/// Most rows of a whole list.
const ROWS_MAX: u16 = 20;

/// Draws a list: what is to be read, then its rows, the chosen one marked.
pub fn draw(app: &App, menu: &Menu, at: usize, whole: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let area = frame_of(app, &menu.title(app), WIDTH, whole.height.saturating_sub(4).min(ROWS_MAX), whole, frame);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let entries = menu.entries(app);
    let at = at.min(entries.len().saturating_sub(1));
    let about: Vec<String> = menu.about(app).iter().flat_map(|line| cells::wrap(line, width)).collect();
    // The rows to choose from come first; what is to be read has at least half of the box.
    let room = height.saturating_sub(entries.len() + 2).max(height / 2);
    let mut lines: Vec<Line<'_>> = about.iter().take(room).map(|line| Line::raw(line.clone())).collect();
    if about.len() > room
        && let Some(last) = lines.last_mut()
    {
        *last = Line::styled("…", palette.dim());
    }
    if !lines.is_empty() && !entries.is_empty() {
        lines.push(Line::default());
    }
    let shown = height.saturating_sub(lines.len() + 1).max(1);
    let first = at.saturating_sub(shown.saturating_sub(1));
    for (n, entry) in entries.iter().enumerate().skip(first).take(shown) {
        let line = row(app, entry, width);
        lines.push(if n == at { line.patch_style(palette.cursor()) } else { line });
    }
    lines.resize(height.saturating_sub(1), Line::default());
    lines.push(Line::styled(words::hints(&hints(app, menu), width), palette.dim()));
    frame.render_widget(Paragraph::new(lines), area);
}

fn row(app: &App, entry: &Entry, width: usize) -> Line<'static> {
    let palette = app.palette;
    let aside = cells::fit(&entry.aside, width / 2);
    let room = width.saturating_sub(cells::width(&aside) + 1);
    let text = cells::fit(&entry.text, room);
    let note = match room.checked_sub(cells::width(&text) + 2) {
        Some(left) if left > 3 && !entry.note.is_empty() => format!("  {}", cells::fit(&entry.note, left)),
        _ => String::new(),
    };
    let gap = width.saturating_sub(cells::width(&text) + cells::width(&note) + cells::width(&aside));
    let style = entry.person.as_ref().map_or_else(|| palette.plain(), |user| palette.person(user.as_str()));
    Line::from(vec![
        Span::styled(text, style),
        Span::styled(note, palette.dim()),
        Span::raw(" ".repeat(gap)),
        Span::styled(aside, palette.dim()),
    ])
}

fn hints(app: &App, menu: &Menu) -> Vec<&'static str> {
    let end = if menu.parent().is_some() { "Esc back" } else { "Esc close" };
    let mut hints = vec![end, "Enter choose"];
    if *menu == Menu::Members {
        hints.extend(menu_group::may_add(app).then_some("a add"));
        hints.extend(["g the group", "l leave"]);
    }
    hints
}
