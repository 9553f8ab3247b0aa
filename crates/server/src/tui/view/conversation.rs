//! The open conversation: its name, its messages, who is writing, and the composer.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use stonechat_types::id::ConversationKind;

use crate::tui::rows::Rows;
use crate::tui::scroll::{self, Anchor};
use crate::tui::state::{App, Open, Pane};
use crate::tui::{cells, sanitise, words};

/// Draws the line between list and conversation.
pub fn draw_divider(app: &App, area: Rect, frame: &mut Frame<'_>) {
    let lines: Vec<Line<'_>> = (0..area.height).map(|_| Line::styled("│", app.palette.rule())).collect();
    frame.render_widget(Paragraph::new(lines), area);
}

/// Draws what stands where no conversation is open.
pub fn draw_welcome(app: &App, area: Rect, frame: &mut Frame<'_>) {
    const WORDS: [&str; 4] =
        ["Enter  open a conversation", "n      write to somebody", "g      make a group", "?      all keys"];
    let width = usize::from(area.width);
    let above = usize::from(area.height).saturating_sub(WORDS.len()) / 2;
    let before = width.saturating_sub(cells::width(WORDS[0])) / 2;
    let mut lines = vec![Line::default(); above];
    let line = |words: &str| Line::styled(format!("{}{words}", " ".repeat(before)), app.palette.dim());
    lines.extend(WORDS.iter().map(|words| line(words)));
    frame.render_widget(Paragraph::new(lines), area);
}

/// Draws the name of the conversation and what is worth knowing of it.
pub fn draw_header(app: &App, open: &Open, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let palette = app.palette;
    let width = usize::from(area.width);
    let title = cells::fit(&app.open_title(), width.saturating_sub(2));
    let aside = match (app.open_summary(), &open.peer) {
        (Some(summary), _) if !summary.member => "you are not a member any more".to_owned(),
        (Some(summary), _) if summary.group.dissolved => "dissolved".to_owned(),
        (Some(summary), _) if open.id.kind() == ConversationKind::Channel => match summary.member_count {
            1 => "channel, 1 subscriber".to_owned(),
            count => format!("channel, {count} subscribers"),
        },
        (Some(summary), _) if open.id.kind() == ConversationKind::Group => match summary.member_count {
            1 => "1 member".to_owned(),
            count => format!("{count} members"),
        },
        (_, Some(peer)) => {
            let id = Some(peer.to_string()).filter(|id| *id != title);
            let there = app.presences.get(peer).map(|it| words::presence(it, app.now, app.offset));
            id.into_iter().chain(there).collect::<Vec<_>>().join("  ·  ")
        }
        (_, None) => String::new(),
    };
    let aside = cells::fit(&aside, width.saturating_sub(cells::width(&title) + 4));
    let line = Line::from(vec![
        Span::raw(" "),
        Span::styled(title, palette.bold()),
        Span::styled(format!("  {aside}"), palette.dim()),
    ]);
    let announced = open.facts.as_ref().and_then(|facts| facts.announced.as_ref());
    let announced = announced.map_or_else(Line::default, |announced| {
        let words = format!(" ◆ {}", sanitise::one_line(&announced.text));
        let seen = app.open_summary().is_some_and(|summary| summary.read_seq >= announced.seq);
        Line::styled(cells::fit(&words, width), if seen { palette.dim() } else { palette.accent() })
    });
    frame.render_widget(Paragraph::new(vec![line, announced]), area);
}

/// Draws the messages, the newest at the bottom.
pub fn draw_timeline(app: &App, open: &Open, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let height = usize::from(area.height);
    let rows = Rows::new(app, open, area.width);
    let seen = scroll::seen(&rows, open.anchor, height);
    let mut lines = vec![Line::default(); height.saturating_sub(seen.rows.len())];
    lines.extend(seen.rows);
    if seen.first == 0
        && !seen.first_is_cut
        && let (Some(top), Some(first)) = (rows.top(), lines.first_mut())
    {
        *first = top;
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// Draws the line above the composer. It says who is writing, or that there is more below.
pub fn draw_rule(app: &App, open: &Open, area: Rect, frame: &mut Frame<'_>) {
    let palette = app.palette;
    let width = usize::from(area.width);
    let focused = app.pane == Pane::Composer && app.dialog.is_none();
    let style = if focused { palette.accent() } else { palette.rule() };
    let typing = typing(app, open);
    let (left, right) = match (typing.is_empty(), open.anchor) {
        (false, _) => (typing, ""),
        (true, Anchor::Item { .. }) => (String::new(), "↓ newer below, Ctrl+End"),
        (true, Anchor::Bottom) => (String::new(), ""),
    };
    let left = match (&app.editing, &app.answering) {
        (Some(_), _) => "editing  ·  Esc lets it be".to_owned(),
        (None, Some((_, author))) if *author == app.me => "answering yourself  ·  Esc lets it be".to_owned(),
        (None, Some((_, author))) => format!("answering {}  ·  Esc lets it be", app.name_here(author)),
        (None, None) => left,
    };
    let left = if left.is_empty() { left } else { format!(" {} ", cells::fit(&left, width.saturating_sub(6))) };
    let right =
        if right.is_empty() { String::new() } else { format!(" {} ", cells::fit(right, width.saturating_sub(6))) };
    let rest = width.saturating_sub(2 + cells::width(&left) + cells::width(&right));
    let line = Line::from(vec![
        Span::styled("─", style),
        Span::styled(left, palette.dim()),
        Span::styled("─".repeat(rest), style),
        Span::styled(right, palette.care()),
        Span::styled("─", style),
    ]);
    frame.render_widget(Paragraph::new(line), area);
}

fn typing(app: &App, open: &Open) -> String {
    match open.typing.as_slice() {
        [] => String::new(),
        [one] => format!("{} is writing …", app.name_here(one)),
        [one, two] => format!("{} and {} are writing …", app.name_here(one), app.name_here(two)),
        [one, rest @ ..] => format!("{} and {} others are writing …", app.name_here(one), rest.len()),
    }
}

/// Draws the composer, and puts the terminal's cursor into it.
pub fn draw_composer(app: &App, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let palette = app.palette;
    let has_keys = app.pane == Pane::Composer && app.dialog.is_none();
    if let Some(why_not) = app.why_not() {
        let words = cells::fit(why_not, usize::from(area.width));
        frame.render_widget(Paragraph::new(Line::styled(words, palette.dim())), area);
        return;
    }
    let shown = app.composer.shown(area.width, area.height);
    if app.composer.is_blank() && shown.rows.len() <= 1 {
        let words = cells::fit(&format!("Write to {}", app.open_title()), usize::from(area.width));
        frame.render_widget(Paragraph::new(Line::styled(words, palette.dim())), area);
    } else {
        let rows: Vec<Line<'_>> = shown.rows.into_iter().map(Line::raw).collect();
        frame.render_widget(Paragraph::new(rows), area);
    }
    let (Ok(x), Ok(y)) = (u16::try_from(shown.cursor.0), u16::try_from(shown.cursor.1)) else { return };
    if has_keys {
        frame.set_cursor_position(Position::new(area.x.saturating_add(x), area.y.saturating_add(y)));
    }
}
