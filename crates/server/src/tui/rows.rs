//! The lines of a timeline as rows of the screen.

use std::sync::Arc;

use ratatui::text::{Line, Span};
use stonechat_client::content::MediaKind;
use stonechat_client::state::{Content, ItemKey, MessageItem, Pending, SendState, TimelineItem, TimelineItemKind};
use stonechat_types::id::{ConversationKind, UserId};

use crate::cli::civil::Civil;
use crate::tui::state::{App, History, Open};
use crate::tui::{cells, happened, sanitise, words};

/// Messages of one person within this time stand under one name.
const TOGETHER_MS: i64 = 5 * 60_000;

/// Most rows of one message; the rest is counted.
const ROWS_PER_MESSAGE_MAX: usize = 200;

/// Marks that may stand behind the text: that it was edited, and how far it has come.
const BEHIND_THE_TEXT: usize = 2;

/// Cells that are kept for the number of reactions that find no room.
const REST_CELLS: usize = 4;

/// Cells left of each message, for the mark of the selection.
const MARGIN: usize = 1;

/// Makes rows for one conversation at one width.
#[derive(Clone, Copy, Debug)]
pub struct Rows<'a> {
    app: &'a App,
    open: &'a Open,
    width: usize,
}

impl<'a> Rows<'a> {
    /// For the open conversation.
    #[must_use]
    pub fn new(app: &'a App, open: &'a Open, width: u16) -> Self {
        Self { app, open, width: usize::from(width) }
    }

    /// The lines of the timeline.
    #[must_use]
    pub fn items(&self) -> &'a [Arc<TimelineItem>] {
        self.open.lines()
    }

    /// How many rows an item takes; at least one.
    #[must_use]
    pub fn height(&self, index: usize) -> usize {
        self.rows(index).len()
    }

    /// The rows of an item.
    #[must_use]
    pub fn rows(&self, index: usize) -> Vec<Line<'static>> {
        let Some(item) = self.items().get(index) else { return vec![Line::default()] };
        let palette = self.app.palette;
        match &item.kind {
            TimelineItemKind::Message(message) => self.message(index, item.key, message),
            TimelineItemKind::Event(event) => {
                vec![self.centred(&happened::happened(event, &self.app.me, |user| self.app.name_here(user)))]
            }
            TimelineItemKind::DateDivider(date) => {
                let ItemKey::Day(number) = item.key else { return vec![Line::default()] };
                let day = words::day(*date, number, &self.app.civil_now());
                vec![Line::default(), self.ruled(&day, palette.dim())]
            }
            TimelineItemKind::ReadMarker => vec![Line::default(), self.ruled("new", palette.accent())],
            TimelineItemKind::Start => {
                let words = match self.open.id.kind() {
                    _ if self.app.open_summary().is_none() && self.open.peer.is_none() => String::new(),
                    ConversationKind::Direct => format!("This is where you and {} begin.", self.app.open_title()),
                    _ => format!("This is where {} begins.", self.app.open_title()),
                };
                vec![self.centred(&words)]
            }
            TimelineItemKind::Gap { missing, .. } => {
                vec![self.centred(&format!("{missing} messages in between are being loaded"))]
            }
        }
    }

    fn message(&self, index: usize, key: ItemKey, item: &MessageItem) -> Vec<Line<'static>> {
        let palette = self.app.palette;
        let selected = self.open.selected == Some(key);
        let margin = || if selected { Span::styled("▌", palette.accent()) } else { Span::raw(" ") };
        let mut rows = Vec::new();
        if !self.stands_under_the_last_name(index, item) {
            if index > 0 {
                rows.push(Line::default());
            }
            rows.push(self.heading(item, margin()));
        }
        let room = self.width.saturating_sub(MARGIN).max(2);
        for line in self.above(item) {
            rows.push(Line::from(vec![margin(), Span::styled(cells::fit(&line, room), palette.dim())]));
        }
        let (text, style) = self.body(item);
        let mut lines: Vec<String> = text.iter().flat_map(|line| cells::wrap(line, room)).collect();
        if lines.len() > ROWS_PER_MESSAGE_MAX {
            let rest = lines.len() - ROWS_PER_MESSAGE_MAX;
            lines.truncate(ROWS_PER_MESSAGE_MAX);
            lines.push(format!("… and {rest} lines more"));
        }
        let mut last_width = lines.last().map_or(0, |line| cells::width(line));
        rows.extend(lines.into_iter().map(|line| Line::from(vec![margin(), Span::styled(line, style)])));
        for (at, mark) in self.marks(item).into_iter().enumerate() {
            let width = 1 + cells::width(&mark.content);
            let fits = at < BEHIND_THE_TEXT && last_width + width <= room;
            match rows.last_mut().filter(|_| fits) {
                Some(row) => {
                    last_width += width;
                    row.spans.extend([Span::raw(" "), mark]);
                }
                None => {
                    let style = mark.style;
                    let wrapped = cells::wrap(&mark.content, room).into_iter();
                    rows.extend(wrapped.map(|line| Line::from(vec![margin(), Span::styled(line, style)])));
                }
            }
        }
        if let Some(reactions) = self.reactions(item, room) {
            rows.push(Line::from([vec![margin()], reactions].concat()));
        }
        rows
    }

    /// What stands above the words of a message: what it answers, and who said it first.
    fn above(&self, item: &MessageItem) -> Vec<String> {
        let mut lines = Vec::new();
        if let Some(quote) = &item.quote {
            lines.push(match &quote.says {
                None => "┃ an earlier message".to_owned(),
                Some(says) if says.recalled => format!("┃ {}: (recalled)", self.who(&says.sender)),
                Some(says) if says.text.is_empty() => format!("┃ {}: …", self.who(&says.sender)),
                Some(says) => format!("┃ {}: {}", self.who(&says.sender), sanitise::one_line(&says.text)),
            });
        }
        let first = item.message.attributes.as_ref().and_then(|attributes| attributes.forwarded.as_ref());
        lines.extend(first.map(|first| format!("↪ from {}", self.who(&first.author))));
        lines
    }

    fn who(&self, user: &UserId) -> String {
        if *user == self.app.me { "you".to_owned() } else { sanitise::one_line(&self.app.name_here(user)) }
    }

    /// What people added, in one row; what finds no room in it is counted.
    fn reactions(&self, item: &MessageItem, room: usize) -> Option<Vec<Span<'static>>> {
        let palette = self.app.palette;
        let reactions = &item.message.reactions;
        let mut spans = Vec::new();
        let mut left = room.checked_sub(REST_CELLS).filter(|_| !reactions.is_empty())?;
        for (at, reaction) in reactions.iter().enumerate() {
            let text = format!("{} {}  ", sanitise::one_line(&reaction.emoji), reaction.count);
            let Some(rest) = left.checked_sub(cells::width(&text)) else {
                spans.push(Span::styled(format!("+{}", reactions.len() - at), palette.dim()));
                break;
            };
            left = rest;
            spans.push(Span::styled(text, if reaction.own { palette.accent() } else { palette.dim() }));
        }
        Some(spans)
    }

    /// Whether a message stands right under another of the same person.
    fn stands_under_the_last_name(&self, index: usize, item: &MessageItem) -> bool {
        let before = index.checked_sub(1).and_then(|before| self.items().get(before)).map(|before| &before.kind);
        match before {
            Some(TimelineItemKind::Message(before)) => {
                let (before, now) = (&before.message, &item.message);
                let apart = now.sent_at.as_millis().saturating_sub(before.sent_at.as_millis());
                before.sender == now.sender && apart < TOGETHER_MS
            }
            _ => false,
        }
    }

    fn heading(&self, item: &MessageItem, margin: Span<'static>) -> Line<'static> {
        let palette = self.app.palette;
        let message = &item.message;
        let time = Civil::at(message.sent_at, self.app.offset).clock();
        let name = if message.own { "You".to_owned() } else { self.app.name_here(&message.sender) };
        let room = self.width.saturating_sub(MARGIN + 2 + time.len());
        Line::from(vec![
            margin,
            Span::styled(cells::fit(&name, room), palette.person(message.sender.as_str())),
            Span::styled(format!("  {time}"), palette.dim()),
        ])
    }

    fn body(&self, item: &MessageItem) -> (Vec<String>, ratatui::style::Style) {
        let palette = self.app.palette;
        match &item.message.content {
            Content::Text(text) => (sanitise::lines(text.as_str()), palette.plain()),
            Content::Media(media) => (words::media(media), palette.plain()),
            Content::Location(location) => (words::location(location), palette.plain()),
            Content::ContactCard { user, display_name } => (words::contact_card(user, display_name), palette.plain()),
            Content::Merged(merged) => (words::merged(merged), palette.plain()),
            content @ Content::Opaque { body_type, body } => {
                let words = self.app.content_types.words(content);
                if !words.is_empty() {
                    return (sanitise::lines(&words), palette.plain());
                }
                let kind = sanitise::one_line(body_type);
                (vec![format!("({kind}, {} bytes: this client cannot show it)", body.len())], palette.dim())
            }
            Content::Corrupt => (vec!["(this message is damaged)".to_owned()], palette.alarm()),
            Content::Recalled { by, .. } => {
                let by_author = by.as_ref().is_none_or(|by| *by == item.message.sender);
                let text = match by {
                    Some(by) if by == &self.app.me => "(you recalled this message)".to_owned(),
                    Some(by) if !by_author => format!("(recalled by {})", sanitise::one_line(&self.app.name_here(by))),
                    Some(_) | None => "(this message was recalled)".to_owned(),
                };
                (vec![text], palette.dim())
            }
        }
    }

    /// How far an own message has come: the first mark stands behind the text, others below.
    fn marks(&self, item: &MessageItem) -> Vec<Span<'static>> {
        let palette = self.app.palette;
        let direct = self.open.id.kind() == ConversationKind::Direct;
        let waits = |pending: &&Pending| matches!(pending.state, SendState::Queued | SendState::Sending);
        let waiting = item.pending.iter().find(waits).map(|_| Span::styled("◌ waiting", palette.dim()));
        if matches!(item.message.content, Content::Recalled { .. }) {
            return waiting.into_iter().collect();
        }
        let attributes = item.message.attributes.as_deref();
        let mut marks = Vec::new();
        if attributes.is_some_and(|it| !item.message.own && it.calls(&self.app.me)) {
            marks.push(Span::styled("@you", palette.care()));
        }
        if matches!(&item.message.content, Content::Media(media) if media.kind == MediaKind::Voice) {
            marks.extend(match (item.message.own, item.played_by_others) {
                (false, _) if item.played_by_me => None,
                (false, _) => Some(Span::styled("● not played", palette.care())),
                (true, 0) => None,
                (true, _) if direct => Some(Span::styled("▶ played", palette.read())),
                (true, players) => Some(Span::styled(format!("▶ {players}"), palette.read())),
            });
        }
        if item.starred {
            marks.push(Span::styled("★", palette.care()));
        }
        if item.message.pinned {
            marks.push(Span::styled("pinned", palette.care()));
        }
        if attributes.is_some_and(|it| it.silent) {
            marks.push(Span::styled("silent", palette.dim()));
        }
        marks.extend(item.message.edited_at.iter().map(|_| Span::styled("edited", palette.dim())));
        marks.extend(match &item.state {
            None => Vec::new(),
            Some(SendState::Queued) => vec![Span::styled("◌", palette.dim())],
            Some(SendState::Sending) => vec![Span::styled("○", palette.dim())],
            Some(SendState::Sent(_) | SendState::Done(_)) if item.read_by == 0 => {
                let arrived = direct && item.delivered_to > 0;
                vec![Span::styled(if arrived { "✓✓" } else { "✓" }, palette.dim())]
            }
            Some(SendState::Sent(_) | SendState::Done(_)) if direct => vec![Span::styled("✓✓", palette.read())],
            Some(SendState::Sent(_) | SendState::Done(_)) => {
                vec![Span::styled(format!("✓✓ {}", item.read_by), palette.read())]
            }
            Some(SendState::Cancelled) => vec![Span::styled("taken back", palette.dim())],
            Some(SendState::Failed(failure)) => vec![
                Span::styled("✗", palette.alarm()),
                Span::styled(format!("{}  ·  r retry  d delete", words::failure(failure)), palette.alarm()),
            ],
        });
        // The mark of a message that waits itself says as much.
        marks.extend(waiting.filter(|_| item.message.id.is_some()));
        let failed = item.pending.iter().find_map(|pending| match &pending.state {
            SendState::Failed(failure) => Some(words::not_changed(&pending.wish, failure)),
            _ => None,
        });
        marks.extend(failed.map(|words| Span::styled(format!("✗ {words}  ·  r retry  d delete"), palette.alarm())));
        marks
    }

    fn ruled(&self, text: &str, style: ratatui::style::Style) -> Line<'static> {
        let text = cells::fit(text, self.width.saturating_sub(4));
        let left = self.width.saturating_sub(cells::width(&text) + 2);
        let (before, after) = (left / 2, left - left / 2);
        Line::styled(format!("{} {text} {}", "─".repeat(before), "─".repeat(after)), style)
    }

    fn centred(&self, text: &str) -> Line<'static> {
        let text = cells::fit(text, self.width);
        let before = self.width.saturating_sub(cells::width(&text)) / 2;
        Line::styled(format!("{}{text}", " ".repeat(before)), self.app.palette.dim())
    }

    /// What stands above the first item while there may be more.
    #[must_use]
    pub fn top(&self) -> Option<Line<'static>> {
        match self.open.history {
            History::Loading => Some(self.centred("loading older messages …")),
            History::Failed => Some(self.centred("older messages could not be loaded; scroll to try again")),
            History::Idle | History::Complete => None,
        }
    }
}
