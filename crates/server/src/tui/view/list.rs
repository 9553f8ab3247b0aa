//! The conversations: two rows each.

use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use stonechat_client::state::{ConnectionState, ConversationSummary};
use stonechat_types::id::ConversationKind;

use crate::tui::menu_people;
use crate::tui::state::{App, Pane};
use crate::tui::{cells, sanitise, words};

/// Rows of one conversation.
const ROWS: usize = 2;

/// Draws the list.
pub fn draw(app: &App, area: Rect, frame: &mut Frame<'_>) {
    if area.is_empty() {
        return;
    }
    let palette = app.palette;
    let width = usize::from(area.width);
    let me = cells::fit(&format!("  {}", app.name(&app.me)), width.saturating_sub(11));
    let head = Line::from(vec![Span::styled(" Stonechat", palette.bold()), Span::styled(me, palette.dim())]);
    let waiting = match menu_people::waiting(app) {
        0 => String::new(),
        1 => " 1 request: c".to_owned(),
        count => format!(" {count} requests: c"),
    };
    let mut lines = vec![head, Line::styled(cells::fit(&waiting, width), palette.accent())];
    if app.list.is_empty() {
        lines.extend(nothing(app));
    }
    let room = usize::from(area.height).saturating_sub(lines.len()) / ROWS;
    let from = first_shown(app, room);
    for summary in app.list.iter().skip(from).take(room) {
        lines.extend(conversation(app, summary, width));
    }
    frame.render_widget(Paragraph::new(lines), area);
}

/// The list stands so that the cursor is near its middle.
fn first_shown(app: &App, room: usize) -> usize {
    let at = app.list.iter().position(|summary| Some(summary.id) == app.cursor).unwrap_or_default();
    at.saturating_sub(room / 2).min(app.list.len().saturating_sub(room))
}

fn nothing(app: &App) -> Vec<Line<'static>> {
    let text = match app.connection {
        ConnectionState::Online => " No conversations yet.\n Press n to write to somebody.",
        _ => " No conversations yet.",
    };
    text.lines().map(|line| Line::styled(line, app.palette.dim())).collect()
}

fn conversation(app: &App, summary: &ConversationSummary, width: usize) -> [Line<'static>; ROWS] {
    let palette = app.palette;
    let under_cursor = app.cursor == Some(summary.id) && app.pane == Pane::List;
    let is_open = app.open.as_ref().is_some_and(|open| open.id == summary.id);
    let preferences = &summary.preferences;
    let unread = summary.unread > 0 || preferences.marked_unread;
    let muted = preferences.is_muted(app.now);

    let time = words::when(summary.active_at, app.now, app.offset);
    let title_room = width.saturating_sub(2 + cells::width(&time) + 2);
    let pinned = if preferences.pinned_at.is_some() { "↑ " } else { "" };
    let silent = if muted { "⊘ " } else { "" };
    let apart = if preferences.archived { "▽ " } else { "" };
    let peer = summary.peer.as_ref().filter(|_| summary.kind == ConversationKind::Direct);
    let there = peer.and_then(|peer| app.presences.get(peer)).map_or("", |it| words::mark(it.availability));
    let title = cells::pad(&format!("{apart}{pinned}{silent}{there}{}", app.title(summary)), title_room);
    let title_style = match (is_open, unread) {
        (true, _) => palette.open(),
        (false, true) => palette.bold(),
        (false, false) => palette.plain(),
    };
    let called = if summary.unread_mentions > 0 { "@ " } else { "" };
    let badge = match summary.unread {
        0 if unread => " ● ".to_owned(),
        0 => String::new(),
        count => format!(" {called}{} ", words::count(count)),
    };
    let preview_room = width.saturating_sub(2 + cells::width(&badge) + 2);
    let preview = cells::pad(&preview(app, summary), preview_room);

    let mark = if is_open { Span::styled("▌", palette.accent()) } else { Span::raw(" ") };
    let first = Line::from(vec![
        mark.clone(),
        Span::styled(title, title_style),
        Span::raw(" "),
        Span::styled(time, palette.dim()),
        Span::raw("  "),
    ]);
    let mut second = vec![mark, Span::styled(preview, palette.dim()), Span::raw(" ")];
    if unread {
        second.push(Span::styled(badge, if muted { palette.dim() } else { palette.badge() }));
    }
    second.push(Span::raw("  "));
    let second = Line::from(second);
    if under_cursor {
        return [first.patch_style(palette.cursor()), second.patch_style(palette.cursor())];
    }
    [first, second]
}

/// What was said last, and by whom where that is not clear.
fn preview(app: &App, summary: &ConversationSummary) -> String {
    if let Some(draft) =
        summary.preferences.draft.as_ref().filter(|_| app.open.as_ref().is_none_or(|open| open.id != summary.id))
    {
        return format!("Draft: {}", sanitise::one_line(&draft.text));
    }
    let Some(last) = &summary.preview else {
        return if summary.member { String::new() } else { "you are not a member any more".to_owned() };
    };
    let text = if last.recalled {
        "(recalled)".to_owned()
    } else if last.text.is_empty() {
        app.content_types.name(&last.body_type).unwrap_or_else(|| format!("({})", last.body_type))
    } else {
        last.text.clone()
    };
    let text = sanitise::one_line(&text);
    if last.sender == app.me {
        return format!("You: {text}");
    }
    match summary.kind {
        ConversationKind::Direct | ConversationKind::Support => text,
        ConversationKind::Group | ConversationKind::Channel | ConversationKind::Room => {
            let name = app.name(&last.sender);
            let short = name.split(' ').next().unwrap_or_default();
            format!("{short}: {text}")
        }
    }
}
