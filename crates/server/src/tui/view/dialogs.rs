//! Dialogs: boxes over everything else.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};

use crate::tui::dialog::{Dialog, Form, Purpose};
use crate::tui::found::Hit;
use crate::tui::help::{self, HelpRow};
use crate::tui::state::App;
use crate::tui::view::menu;
use crate::tui::{cells, words};

/// Draws a dialog.
pub fn draw(app: &App, dialog: &Dialog, whole: Rect, frame: &mut Frame<'_>) {
    match dialog {
        Dialog::Help { scroll } => help(app, *scroll, whole, frame),
        Dialog::Fill(purpose, form) => draw_form(app, purpose, form, whole, frame),
        Dialog::Found { title, hits, at } => found(app, title, (hits, *at), whole, frame),
        Dialog::Menu { menu, at } => menu::draw(app, menu, *at, whole, frame),
        Dialog::Sure { question, .. } => sure(app, question, whole, frame),
        Dialog::Link(link) => link_made(app, link, whole, frame),
    }
}

/// An empty box with a title, in the middle of the screen; says where its inside is.
pub fn frame_of(app: &App, title: &str, width: u16, height: u16, whole: Rect, frame: &mut Frame<'_>) -> Rect {
    let area = super::boxed(width, height, whole, frame);
    let title =
        Span::styled(format!(" {} ", cells::fit(title, usize::from(width.saturating_sub(6)))), app.palette.bold());
    let block = Block::bordered().border_type(BorderType::Rounded).border_style(app.palette.rule()).title(title);
    let inner = block.inner(area);
    frame.render_widget(block, area);
    Rect::new(inner.x + inner.width.min(1), inner.y, inner.width.saturating_sub(2), inner.height)
}

fn help(app: &App, scroll: usize, whole: Rect, frame: &mut Frame<'_>) {
    let size = whole.as_size();
    let area = frame_of(app, "Keys", help::WIDTH, help::height(size), whole, frame);
    let row = |it: HelpRow| Line::from(vec![Span::styled(it.key, app.palette.bold()), Span::raw(it.what)]);
    let most = help::scroll_max(size);
    let mut lines: Vec<Line<'_>> = help::rows(size.width).into_iter().skip(scroll.min(most)).map(row).collect();
    if most > 0 {
        lines.resize(usize::from(area.height).saturating_sub(1), Line::default());
        let hint = if scroll < most { "↓ more · Esc close" } else { "↑ back · Esc close" };
        lines.push(Line::styled(cells::fit(hint, usize::from(area.width)), app.palette.dim()));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// Two rows a message: where, by whom and when; and what it says.
fn found(app: &App, title: &str, (hits, at): (&[Hit], usize), whole: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let area = frame_of(app, title, 66, whole.height.saturating_sub(2).min(24), whole, frame);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let shown = (height.saturating_sub(1) / 2).max(1);
    let first = at.saturating_sub(shown.saturating_sub(1));
    let mut lines = Vec::new();
    for (n, hit) in hits.iter().enumerate().skip(first).take(shown) {
        let time = words::when(hit.sent_at, app.now, app.offset);
        let place = app.summary(&hit.id.conversation).map(|summary| app.title(summary)).unwrap_or_default();
        let by = if hit.sender == app.me { "You".to_owned() } else { app.name(&hit.sender) };
        let head = if place == by || place.is_empty() { by } else { format!("{place} · {by}") };
        let head = cells::pad(&head, width.saturating_sub(cells::width(&time) + 1));
        let both = [
            Line::from(vec![Span::styled(head, palette.bold()), Span::raw(" "), Span::styled(time, palette.dim())]),
            Line::raw(cells::pad(&format!("  {}", hit.says), width)),
        ];
        let style = if n == at { palette.cursor() } else { palette.plain() };
        lines.extend(both.map(|line| line.patch_style(style)));
    }
    lines.resize(height.saturating_sub(1), Line::default());
    let count = format!("{} of {} · Enter go there · Esc close", at + 1, hits.len());
    lines.push(Line::styled(cells::fit(&count, width), palette.dim()));
    frame.render_widget(Paragraph::new(lines), area);
}

fn draw_form(app: &App, purpose: &Purpose, form: &Form, whole: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let height = u16::try_from(3 * form.fields.len() + 3).unwrap_or(u16::MAX);
    let area = frame_of(app, purpose.title(), 50, height, whole, frame);
    let width = usize::from(area.width);
    let mut lines = Vec::new();
    for (at, (label, field)) in purpose.labels().iter().zip(&form.fields).enumerate() {
        let has_keys = at == form.at;
        lines.push(Line::styled(cells::fit(label, width), if has_keys { palette.bold() } else { palette.dim() }));
        let shown = cells::fit_end(field, width.saturating_sub(3));
        if has_keys {
            let (x, y) = (2 + cells::width(&shown), lines.len());
            let at = (u16::try_from(x).unwrap_or(0), u16::try_from(y).unwrap_or(0));
            if at.1 < area.height {
                frame.set_cursor_position(Position::new(area.x + at.0, area.y + at.1));
            }
        }
        let mark = if has_keys { Span::styled("› ", palette.accent()) } else { Span::raw("  ") };
        lines.push(Line::from(vec![mark, Span::raw(shown)]));
        lines.push(Line::default());
    }
    let last = match &form.wrong {
        Some(wrong) => Line::styled(cells::fit(wrong, width), palette.alarm()),
        None => Line::styled(cells::fit("Enter to go on, Esc to close", width), palette.dim()),
    };
    lines.push(last);
    frame.render_widget(Paragraph::new(lines), area);
}

fn sure(app: &App, question: &str, whole: Rect, frame: &mut Frame<'_>) {
    let width = usize::from(whole.width.min(50).saturating_sub(4));
    let question = cells::wrap(question, width);
    let height = u16::try_from(question.len()).unwrap_or(u16::MAX).saturating_add(3);
    let area = frame_of(app, "Are you sure?", 50, height, whole, frame);
    let mut lines: Vec<Line<'_>> = question.into_iter().map(Line::raw).collect();
    lines.push(Line::styled(cells::fit("y yes · n no", usize::from(area.width)), app.palette.dim()));
    frame.render_widget(Paragraph::new(lines), area);
}

fn link_made(app: &App, link: &str, whole: Rect, frame: &mut Frame<'_>) {
    let width = whole.width.min(72);
    let room = usize::from(width.saturating_sub(4));
    // It is one word, and has no character that takes two cells.
    let mut lines: Vec<Line<'_>> = cells::wrap(link, room).into_iter().map(Line::raw).collect();
    let words =
        "Copy it now: nobody can show it again. Who has it comes in by n in the list, or by stonechat group join-link.";
    lines.push(Line::default());
    lines.extend(cells::wrap(words, room).into_iter().map(|line| Line::styled(line, app.palette.dim())));
    lines.push(Line::styled(cells::fit("Esc close", room), app.palette.dim()));
    let height = u16::try_from(lines.len()).unwrap_or(u16::MAX).saturating_add(2);
    let area = frame_of(app, "A link by which one joins", width, height, whole, frame);
    frame.render_widget(Paragraph::new(lines), area);
}
