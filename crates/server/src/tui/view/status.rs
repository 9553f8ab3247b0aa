//! The last row: the connection, what is unread, and which keys help now.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;

use crate::tui::state::{App, Pane};
use crate::tui::words::{self, Mood};
use crate::tui::{cells, notice};

/// Draws the status.
pub fn draw(app: &App, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let palette = app.palette;
    let width = usize::from(area.width);
    let link = words::link(&app.connection, app.retry_at, app.now);
    let (dot, style) = match link.mood {
        Mood::Fine => ("●", palette.calm()),
        Mood::Waiting => ("○", palette.care()),
        Mood::Over => ("✗", palette.alarm()),
    };
    let rows = notice::rows(app);
    if !rows.is_empty() {
        let dot = Line::from(vec![Span::styled(format!(" {dot} "), style)]);
        let line = |(n, row): (usize, String)| {
            let mut line = if n == 0 { dot.clone() } else { Line::raw(" ".repeat(notice::MARGIN)) };
            line.push_span(Span::styled(row, palette.care()));
            line
        };
        let lines: Vec<Line<'_>> = rows.into_iter().enumerate().map(line).collect();
        return frame.render_widget(Paragraph::new(lines), area);
    }
    let unread = words::unread(app.total_unread);
    let words = cells::fit(&link.words, width.saturating_sub(3 + cells::width(&unread)));
    let used = 3 + cells::width(&words) + cells::width(&unread);
    let room = width.saturating_sub(used + 3);
    let right = match &app.notice {
        Some(notice) => Span::styled(cells::fit(&notice.text, room), palette.care()),
        None => Span::styled(words::hints(hints(app), room), palette.dim()),
    };
    let gap = width.saturating_sub(used + cells::width(&right.content) + 1);
    let line = Line::from(vec![
        Span::styled(format!(" {dot} "), style),
        Span::raw(words),
        Span::styled(unread, palette.accent()),
        Span::raw(" ".repeat(gap)),
        right,
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

/// What helps now, the most useful first.
fn hints(app: &App) -> &'static [&'static str] {
    match (app.pane, &app.dialog) {
        (_, Some(_)) => &["Esc close"],
        (Pane::List, None) => &["Enter open", "? help", "n new chat", "g group", "q quit"],
        (Pane::Messages, None) => &["↑↓ select", "1-5 👍❤😂🎉😢", "e edit", "d recall", "Esc back", "? help"],
        (Pane::Composer, None) if app.composer.is_blank() => {
            &["F1 help", "Esc list", "Tab messages", "Ctrl+N new chat"]
        }
        (Pane::Composer, None) => &["Enter send", "Alt+Enter new line", "F1 help"],
    }
}
