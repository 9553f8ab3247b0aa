//! Dialogs: boxes over everything else.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, BorderType, Paragraph};
use stonechat_client::state::Role;

use crate::tui::dialog::{Dialog, Form, Purpose};
use crate::tui::found::Hit;
use crate::tui::help::{self, HelpRow};
use crate::tui::state::App;
use crate::tui::{cells, sanitise, words};

/// Draws a dialog.
pub fn draw(app: &App, dialog: &Dialog, whole: Rect, frame: &mut Frame<'_>) {
    match dialog {
        Dialog::Help { scroll } => help(app, *scroll, whole, frame),
        Dialog::Fill(purpose, form) => draw_form(app, purpose, form, whole, frame),
        Dialog::Found { hits, at } => found(app, hits, *at, whole, frame),
        Dialog::Members { scroll } => members(app, *scroll, whole, frame),
        Dialog::Leave => leave(app, whole, frame),
    }
}

fn frame_of(app: &App, title: &str, width: u16, height: u16, whole: Rect, frame: &mut Frame<'_>) -> Rect {
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
fn found(app: &App, hits: &[Hit], at: usize, whole: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let area = frame_of(app, "Found", 66, whole.height.saturating_sub(2).min(24), whole, frame);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let shown = (height.saturating_sub(1) / 2).max(1);
    let first = at.saturating_sub(shown.saturating_sub(1));
    let mut lines = Vec::new();
    for (n, hit) in hits.iter().enumerate().skip(first).take(shown) {
        let time = words::when(hit.sent_at, app.now, app.offset);
        let place = app.summary(&hit.id.conversation).map(|summary| words::title(summary)).unwrap_or_default();
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

fn members(app: &App, scroll: usize, whole: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let area = frame_of(app, &app.open_title(), 50, whole.height.saturating_sub(4).min(20), whole, frame);
    let (width, height) = (usize::from(area.width), usize::from(area.height));
    let mut lines = Vec::new();
    match app.open.as_ref().and_then(|open| open.members.as_ref()) {
        None => lines.push(Line::styled("asking the server …", palette.dim())),
        Some(members) => {
            for member in members.iter().skip(scroll).take(height.saturating_sub(2)) {
                let role = match member.role {
                    Role::Owner => "owner",
                    Role::Admin => "admin",
                    Role::Member | Role::None => "",
                };
                let called = if member.nickname.is_empty() { &member.display_name } else { &member.nickname };
                let name = sanitise::one_line(called);
                let name = if name.trim().is_empty() { member.user.to_string() } else { name };
                let id = if name == member.user.as_str() { String::new() } else { format!("  {}", member.user) };
                let id = cells::fit(&id, width.saturating_sub(8 + cells::width(&name)));
                let name = cells::fit(&name, width.saturating_sub(8));
                let gap = width.saturating_sub(cells::width(&name) + cells::width(&id) + role.len());
                lines.push(Line::from(vec![
                    Span::styled(name, palette.person(member.user.as_str())),
                    Span::styled(id, palette.dim()),
                    Span::raw(" ".repeat(gap)),
                    Span::styled(role, palette.dim()),
                ]));
            }
        }
    }
    lines.resize(height.saturating_sub(1), Line::default());
    let may_add = app.open_summary().is_some_and(|summary| summary.role >= Role::Admin);
    let hint = if may_add { "a add · l leave · Esc close" } else { "l leave · Esc close" };
    lines.push(Line::styled(cells::fit(hint, width), palette.dim()));
    frame.render_widget(Paragraph::new(lines), area);
}

fn leave(app: &App, whole: Rect, frame: &mut Frame<'_>) {
    let area = frame_of(app, "Leave the group?", 44, 4, whole, frame);
    let width = usize::from(area.width);
    let lines = vec![
        Line::raw(cells::fit(&app.open_title(), width)),
        Line::styled(cells::fit("y leave · n stay", width), app.palette.dim()),
    ];
    frame.render_widget(Paragraph::new(lines), area);
}
