//! Messages that a search on this device found, and the way to them.

use std::sync::Arc;

use stonechat_client::state::{Message, TimelineItem, TimelineItemKind};
use stonechat_domain::search::fold;
use stonechat_types::id::{MessageId, UserId};
use stonechat_types::number::{Seq, Timestamp};
use unicode_segmentation::UnicodeSegmentation as _;

use crate::tui::message::Effect;
use crate::tui::rows::Rows;
use crate::tui::scroll::{self, Anchor};
use crate::tui::state::{App, History, Pane};
use crate::tui::update::open;
use crate::tui::{areas, sanitise};

/// Messages that a search shows.
pub const HITS_MAX: u32 = 50;
/// Graphemes that are shown before what was looked for.
const BEFORE: usize = 10;
/// Graphemes that are shown of a message.
const SHOWN: usize = 160;
/// Pages that are loaded at most to come to a message.
const PAGES_MAX: u32 = 200;

/// A message that was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hit {
    /// Where it is.
    pub id: MessageId,
    /// By whom.
    pub sender: UserId,
    /// When.
    pub sent_at: Timestamp,
    /// What it says, around what was looked for; one line that is safe to draw.
    pub says: String,
}

/// A message that is to be shown once it is loaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sought {
    /// Which.
    pub seq: Seq,
    /// Pages that may still be loaded for it.
    pub pages: u32,
}

impl Sought {
    /// One that may be far back.
    #[must_use]
    pub const fn new(seq: Seq) -> Self {
        Self { seq, pages: PAGES_MAX }
    }
}

impl Hit {
    /// Of a message that was found by a text.
    #[must_use]
    pub fn of(message: &Message, text: &str) -> Option<Self> {
        let says = excerpt(message.content.words(), text);
        Some(Self { id: message.id?, sender: message.sender.clone(), sent_at: message.sent_at, says })
    }
}

/// A part of what a message says, beginning shortly before a text that it was found by.
fn excerpt(says: &str, text: &str) -> String {
    let line = sanitise::one_line(says);
    let graphemes: Vec<&str> = line.graphemes(true).collect();
    let part = fold(text);
    let found = |from: &usize| {
        // White space at the ends of a text is folded away: a match does not begin with it.
        let mut folded = String::new();
        for grapheme in &graphemes[*from..] {
            match fold(grapheme) {
                it if !it.is_empty() => folded.push_str(&it),
                _ if grapheme.trim().is_empty() && !folded.is_empty() && !folded.ends_with(' ') => folded.push(' '),
                _ => {}
            }
            if folded.len() >= part.len() || !part.starts_with(&folded) {
                break;
            }
        }
        folded.starts_with(&part)
    };
    let at = (0..graphemes.len()).find(found).unwrap_or(0);
    let from = at.saturating_sub(BEFORE);
    let start = if from > 0 { "…" } else { "" };
    let shown = graphemes[from..].iter().take(SHOWN).copied().collect::<String>();
    format!("{start}{}", shown.trim_start())
}

/// Opens the conversation of a message, and goes there.
pub fn go_to(app: &mut App, hit: &Hit, effects: &mut Vec<Effect>) {
    open(app, hit.id.conversation, None, effects);
    if let Some(open) = &mut app.open {
        open.sought = Some(Sought::new(hit.id.seq));
    }
}

/// Selects the message that is sought, or loads more until it is there.
pub fn seek(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(open) = app.open.as_mut().filter(|open| open.items.is_some()) else { return };
    let Some(sought) = open.sought else { return };
    let (id, history) = (open.id, open.history);
    let seq_of = |item: &Arc<TimelineItem>| match &item.kind {
        TimelineItemKind::Message(item) => item.message.id.map(|id| id.seq),
        _ => None,
    };
    if let Some(index) = open.lines().iter().position(|item| seq_of(item) == Some(sought.seq)) {
        open.sought = None;
        return show(app, index);
    }
    let passed = open.lines().iter().any(|item| seq_of(item).is_some_and(|seq| seq < sought.seq));
    match history {
        History::Loading => {}
        History::Idle if !passed && sought.pages > 0 => {
            open.sought = Some(Sought { pages: sought.pages - 1, ..sought });
            open.history = History::Loading;
            effects.push(Effect::LoadOlder(id));
        }
        History::Idle | History::Complete | History::Failed => {
            open.sought = None;
            app.say("this message is not here any more");
        }
    }
}

/// Selects a message and puts it into the middle of the window.
fn show(app: &mut App, index: usize) {
    let area = areas::divide(app).timeline;
    let height = usize::from(area.height);
    app.pane = Pane::Messages;
    let Some(open) = &app.open else { return };
    let Some(key) = open.lines().get(index).map(|item| item.key) else { return };
    let rows = Rows::new(app, open, area.width);
    let below = scroll::down(&rows, Anchor::Item { key, below: 0 }, height / 2);
    let anchor = scroll::up(&rows, below, height, 0);
    if let Some(open) = &mut app.open {
        open.selected = Some(key);
        open.anchor = anchor;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_excerpt_begins_shortly_before_what_was_found() {
        assert_eq!(excerpt("at the Harbour", "harbour"), "at the Harbour");
        let long = format!("{} then the CAFÉ  by the water", "word ".repeat(40));
        assert_eq!(excerpt(&long, "cafe by"), "…then the CAFÉ  by the water");
        assert_eq!(
            excerpt(&format!("{}今天天气很好", "很".repeat(50)), "天气"),
            format!("…{}今天天气很好", "很".repeat(8))
        );
        let arabic = format!("{} مَرْحَبًا بالعالم", "كلمة ".repeat(30));
        assert!(excerpt(&arabic, "مرحبا").contains("مَرْحَبًا بالعالم"));
        assert!(excerpt(&arabic, "مرحبا").chars().count() < 60);
        let families = "👩\u{200d}👩\u{200d}👧".repeat(300);
        assert_eq!(excerpt(&families, "nothing").graphemes(true).count(), SHOWN);
        assert_eq!(excerpt("a\u{1b}[2Jb\nc", "c"), "a␛[2Jb ⏎ c");
    }
}
