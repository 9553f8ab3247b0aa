//! Presses keys, and looks at the screen.

mod behaviour;
mod drafts;
mod found;
mod happened;
mod hurtful;
mod lists;
mod menus;
mod picture;
mod presence;
mod screens;
mod voice;

use std::sync::Arc;

use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::{Buffer, CellWidth as _};
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::layout::Size;
use stonechat_client::content::Attributes;
use stonechat_client::group::Group;
use stonechat_client::state::{
    ConnectionState, Content, ConversationSummary, Date, ItemKey, Message, MessageItem, MessageWindows, Pending,
    Preview, Quote, Quoted, Reaction, Role, SendFailure, SendState, SentMark, Target, TimelineItem, TimelineItemKind,
    Wish,
};
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId, ConversationKind, MessageId, UserId};
use stonechat_types::number::{AppId, Ordinal, Seq, Timestamp};

use crate::cli::civil::UtcOffset;
use crate::cli::printer::Paint;
use crate::tui::message::{Effect, Msg};
use crate::tui::palette::Palette;
use crate::tui::state::{App, Begin};
use crate::tui::update::update;
use crate::tui::view;

/// Noon of 27 November 2026, UTC.
const NOON: Timestamp = Timestamp(1_795_780_800_000);
const MINUTE_MS: i64 = 60_000;
/// The last message of the conversations here.
const LAST: Target = Target::Log(Seq(20));
/// Days since 1970 of that day.
const TODAY: i64 = 20_784;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn alice() -> UserId {
    user("alice")
}

fn direct(peer: &str) -> ConversationId {
    ConversationId::direct(AppId::DEFAULT, &alice(), &user(peer))
}

fn group() -> ConversationId {
    ConversationId::created(ConversationKind::Group, AppId::DEFAULT, &alice(), CommandId([7; 16]))
}

fn minutes_ago(minutes: i64) -> Timestamp {
    NOON.plus_ms(-minutes * MINUTE_MS)
}

fn app_of(width: u16, height: u16) -> App {
    let size = Size::new(width, height);
    let (offset, palette) = (UtcOffset::default(), Palette(Paint::Plain));
    let mut app = App::new(Begin { me: alice(), now: NOON, offset, palette, size });
    update(&mut app, Msg::Connection(ConnectionState::Online));
    app
}

/// With three conversations.
fn with_list(width: u16, height: u16) -> App {
    let mut app = app_of(width, height);
    update(&mut app, Msg::Conversations(list()));
    update(&mut app, Msg::TotalUnread(5));
    app
}

fn list() -> Vec<Arc<ConversationSummary>> {
    let bob = quiet(direct("bob"), "Bob Okafor", Some("bob"));
    let launch = quiet(group(), "Launch 🚀", None);
    let omar = quiet(direct("omar"), "عمر حداد", Some("omar"));
    vec![
        summary(bob, 2, "bob", "see you at noon, as always", 1),
        summary(launch, 3, "carol", "the 发布 checklist is done", 90),
        summary(omar, 0, "alice", "thanks!", 60 * 24 * 3),
    ]
    .into_iter()
    .map(Arc::new)
    .collect()
}

/// A conversation in which nothing was said yet.
fn quiet(id: ConversationId, title: &str, peer: Option<&str>) -> ConversationSummary {
    ConversationSummary {
        preferences: Arc::default(),
        removed: Arc::default(),
        starred: Arc::default(),
        played: Arc::default(),
        hidden: false,
        unread_mentions: 0,
        id,
        kind: id.kind(),
        title: title.into(),
        peer: peer.map(user),
        role: Role::Owner,
        member: true,
        member_count: if peer.is_some() { 2 } else { 12 },
        unread: 0,
        preview: None,
        active_at: NOON,
        head_seq: Seq(20),
        head_ordinal: Ordinal(20),
        read_seq: Seq(20),
        read_ordinal: Ordinal(20),
        group: Arc::new(Group::of(id.kind())),
    }
}

/// With a last message.
fn summary(quiet: ConversationSummary, unread: u64, sender: &str, text: &str, minutes: i64) -> ConversationSummary {
    let sent_at = minutes_ago(minutes);
    let preview = Preview {
        sender: user(sender),
        text: text.into(),
        body_type: "text".into(),
        sent_at,
        seq: Seq(20),
        recalled: false,
    };
    ConversationSummary {
        unread,
        preview: Some(preview),
        active_at: sent_at,
        read_seq: Seq(20_u64.saturating_sub(unread)),
        read_ordinal: Ordinal(20_u64.saturating_sub(unread)),
        ..quiet
    }
}

fn message_id(n: u8) -> ClientMsgId {
    ClientMsgId([n; 16])
}

/// A message of somebody else.
fn said(seq: u64, sender: &str, text: &str, minutes: i64) -> Arc<TimelineItem> {
    item(seq, sender, text, minutes, None, 0)
}

/// The same, as edited, and with what people added: emoji, count, own.
fn with_extras(item: &Arc<TimelineItem>, edited: bool, reactions: &[(&str, u32, bool)]) -> Arc<TimelineItem> {
    let mut item = (**item).clone();
    if let TimelineItemKind::Message(message) = &mut item.kind {
        message.message.edited_at = edited.then_some(NOON);
        let reaction =
            |(emoji, count, own): &(&str, u32, bool)| Reaction { emoji: (*emoji).to_owned(), count: *count, own: *own };
        message.message.reactions = reactions.iter().map(reaction).collect();
    }
    Arc::new(item)
}

/// The same, with a command about it that is this far.
fn with_pending(item: &Arc<TimelineItem>, wish: Wish, state: SendState) -> Arc<TimelineItem> {
    let mut item = (**item).clone();
    if let TimelineItemKind::Message(message) = &mut item.kind {
        let command_id = message_id(99);
        message.pending = vec![Pending { conversation: direct("bob"), command_id, wish, created_at: NOON, state }];
    }
    Arc::new(item)
}

/// The same, as recalled.
fn recalled(item: &Arc<TimelineItem>, by: Option<&str>) -> Arc<TimelineItem> {
    let mut item = (**item).clone();
    if let TimelineItemKind::Message(message) = &mut item.kind {
        message.message.content = Content::Recalled { by: by.map(user), at: NOON };
    }
    Arc::new(item)
}

/// The same, as an answer, with what it carries.
fn answering(item: &Arc<TimelineItem>, says: Option<Quoted>, attributes: Attributes) -> Arc<TimelineItem> {
    let mut item = (**item).clone();
    if let TimelineItemKind::Message(message) = &mut item.kind {
        message.quote = Some(Quote { seq: Seq(1), ordinal: Ordinal(1), says });
        message.message.attributes = Some(Box::new(attributes));
    }
    Arc::new(item)
}

/// An own message.
fn wrote(seq: u64, text: &str, minutes: i64, state: SendState, read_by: u32) -> Arc<TimelineItem> {
    item(seq, "alice", text, minutes, Some(state), read_by)
}

fn item(seq: u64, sender: &str, text: &str, minutes: i64, state: Option<SendState>, read_by: u32) -> Arc<TimelineItem> {
    let stored = matches!(state, None | Some(SendState::Sent(_)));
    let own = state.is_some();
    let n = u8::try_from(seq % 250 + 1).unwrap();
    Arc::new(TimelineItem {
        key: if own { ItemKey::Own(message_id(n)) } else { ItemKey::Log(Seq(seq)) },
        kind: TimelineItemKind::Message(Box::new(MessageItem {
            message: Message {
                pinned: false,
                attributes: None,
                id: stored.then_some(MessageId { conversation: direct("bob"), seq: Seq(seq) }),
                ordinal: stored.then_some(Ordinal(seq)),
                sender: user(sender),
                own,
                sent_at: minutes_ago(minutes),
                client_msg_id: own.then_some(message_id(n)),
                content: Content::Text(text.into()),
                edited_at: None,
                reactions: Vec::new(),
            },
            state,
            read_by,
            delivered_to: read_by,
            pending: Vec::new(),
            quote: None,
            starred: false,
            played_by_me: false,
            played_by_others: 0,
        })),
    })
}

fn sent() -> SendState {
    SendState::Sent(SentMark {
        conversation: direct("bob"),
        seq: Seq(1),
        ordinal: Ordinal(1),
        sent_at: NOON,
        deduplicated: false,
        conflict: false,
    })
}

fn failed(code: &str) -> SendState {
    SendState::Failed(SendFailure { code: code.into(), text: "for developers".into(), recoverable: false })
}

fn line(key: ItemKey, kind: TimelineItemKind) -> Arc<TimelineItem> {
    Arc::new(TimelineItem { key, kind })
}

fn start() -> Arc<TimelineItem> {
    line(ItemKey::Start, TimelineItemKind::Start)
}

fn day(days_ago: i64, date: Date) -> Arc<TimelineItem> {
    line(ItemKey::Day(TODAY - days_ago), TimelineItemKind::DateDivider(date))
}

fn marker() -> Arc<TimelineItem> {
    line(ItemKey::ReadMarker, TimelineItemKind::ReadMarker)
}

/// Opens the first conversation of the list, with these lines.
fn opened(app: &mut App, items: Vec<Arc<TimelineItem>>) -> Vec<Effect> {
    let mut effects = press(app, KeyCode::Enter);
    let id = app.open.as_ref().unwrap().id;
    effects.extend(update(app, Msg::Timeline(id, items)));
    effects
}

fn press(app: &mut App, code: KeyCode) -> Vec<Effect> {
    update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)))
}

fn press_with(app: &mut App, modifiers: KeyModifiers, code: KeyCode) -> Vec<Effect> {
    update(app, Msg::Key(KeyEvent::new(code, modifiers)))
}

fn write(app: &mut App, text: &str) -> Vec<Effect> {
    text.chars().flat_map(|c| press(app, KeyCode::Char(c))).collect()
}

/// The screen as text: wide characters once, no space at the ends of rows.
fn screen(app: &App) -> String {
    let mut terminal = Terminal::new(TestBackend::new(app.size.width, app.size.height)).unwrap();
    terminal.draw(|frame| view::draw(app, frame)).unwrap();
    text_of(terminal.backend().buffer())
}

fn text_of(buffer: &Buffer) -> String {
    let mut text = String::new();
    for y in 0..buffer.area.height {
        let (mut row, mut x) = (String::new(), 0);
        while x < buffer.area.width {
            let cell = &buffer[(x, y)];
            row.push_str(cell.symbol());
            x += cell.cell_width().max(1);
        }
        text.push_str(row.trim_end());
        text.push('\n');
    }
    text
}
