//! What each message changes, and what is to be done then.

use std::collections::BTreeSet;
use std::sync::Arc;

use stonechat_client::state::{ConnectionState, ConversationSummary, TimelineItem, TimelineItemKind};
use stonechat_client::timeline::Pagination;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};

use crate::tui::message::{Effect, Msg, Preference};
use crate::tui::rows::Rows;
use crate::tui::scroll::{self, Anchor};
use crate::tui::state::{App, History, Open, Pane, Window};
use crate::tui::{areas, composer, keys, sanitise};

/// Least time between two bells.
const BELL_EVERY_MS: i64 = 2_000;

/// A conversation that we did not know is new when its last message is not older than this.
const BEGINS_WITHIN_MS: i64 = 30_000;

/// A message moves its conversation to the top, so news are looked for there only, however long the list is.
const NEWS_MAX: usize = 32;

/// So many items above the window, older ones are asked for.
const ITEMS_AHEAD: usize = 8;

/// Most names that are asked for at once.
const NAMES_PER_CALL: usize = 50;

/// Most people who are watched: more than a list shows at once, and less than a session may watch.
const PEERS_WATCHED: usize = 100;

/// Takes a message.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(key) => keys::press(app, key, &mut effects),
        Msg::Paste(text) => keys::paste(app, &text, &mut effects),
        Msg::Resize(size) => app.size = size,
        Msg::Focused => app.window = Window::Focused,
        Msg::Unfocused => app.window = Window::Away,
        Msg::Tick(now) => {
            app.now = now;
            app.notice = app.notice.take().filter(|notice| notice.until > now);
        }
        Msg::Connection(state) => connection(app, state),
        Msg::Windows(windows) => app.windows = windows,
        Msg::ContentTypes(types) => app.content_types = types,
        Msg::TotalUnread(unread) => app.total_unread = unread,
        Msg::Presences(presences) => app.presences = presences,
        Msg::Conversations(list) => conversations(app, list, &mut effects),
        Msg::Opened(id, peer) => open(app, id, peer, &mut effects),
        Msg::Timeline(id, items) => timeline(app, id, items),
        Msg::Typing(id, users) => {
            let me = app.me.clone();
            if let Some(open) = opened(app, id) {
                open.typing = users.into_iter().filter(|user| *user != me).collect();
            }
        }
        Msg::Older(id, items, result) => older(app, id, items, result),
        Msg::Members(id, Ok(members)) => {
            let names = members.iter().map(|member| (member.user.clone(), member.display_name.clone()));
            app.names.extend(names);
            if let Some(open) = opened(app, id) {
                open.members = Some(members);
            }
        }
        Msg::Members(_, Err(reason)) => app.say(format!("the members could not be listed: {reason}")),
        Msg::Names(names) => app.names.extend(names),
        Msg::OldNames(names) => app.old_names.extend(names),
        Msg::GroupCreated(id) => open(app, id, None, &mut effects),
        Msg::Failed(reason) => app.say(sanitise::one_line(&reason)),
        Msg::NotKept(id, text, reason) => {
            app.say(format!("not sent: {}", sanitise::one_line(&reason)));
            if app.open.as_ref().is_some_and(|open| open.id == id) && composer::is_blank(&app.composer) {
                app.composer = composer::with(text.split('\n').map(str::to_owned).collect());
            }
        }
    }
    settle(app, &mut effects);
    effects
}

/// Opens a conversation, and puts away what was begun in the one before.
pub fn open(app: &mut App, id: ConversationId, peer: Option<UserId>, effects: &mut Vec<Effect>) {
    app.pane = Pane::Composer;
    app.cursor = Some(id);
    if app.open.as_ref().is_some_and(|open| open.id == id) {
        return;
    }
    put_draft_away(app, effects);
    let marked = app.summary(&id).is_some_and(|summary| summary.preferences.marked_unread);
    if marked {
        effects.push(Effect::Prefer(id, Preference::MarkedUnread(false)));
    }
    let peer = peer.or_else(|| app.summary(&id).and_then(|summary| summary.peer.clone()));
    let kept = || app.summary(&id).and_then(|summary| summary.preferences.draft.as_ref());
    let elsewhere = kept().map(|draft| draft.text.split('\n').map(sanitise::one_line).collect());
    let draft = app.drafts.remove(&id).or(elsewhere).unwrap_or_default();
    app.composer = composer::with(draft);
    app.open = Some(Open::new(id, peer.clone()));
    effects.push(Effect::Open(id, peer));
    if id.kind() == ConversationKind::Group {
        effects.push(Effect::FetchMembers(id));
    }
}

fn put_draft_away(app: &mut App, effects: &mut Vec<Effect>) {
    // What was written over a message is no draft; that was put away before.
    app.answering = None;
    let was_editing = app.editing.take().is_some();
    let Some(open) = app.open.as_ref().filter(|_| !was_editing) else { return };
    let id = open.id;
    let blank = composer::is_blank(&app.composer);
    if !blank {
        app.drafts.insert(id, app.composer.lines().to_vec());
    }
    let text = if blank { String::new() } else { composer::text(&app.composer).to_owned() };
    keep_draft(app, id, &text, effects);
}

/// Lets the user's other devices have what he was writing, when that is different.
pub fn keep_draft(app: &App, id: ConversationId, text: &str, effects: &mut Vec<Effect>) {
    let Some(summary) = app.summary(&id) else { return };
    let before = summary.preferences.draft.as_ref().map_or("", |draft| &draft.text);
    if before != text {
        effects.push(Effect::Prefer(id, Preference::Draft(text.to_owned())));
    }
}

fn opened(app: &mut App, id: ConversationId) -> Option<&mut Open> {
    app.open.as_mut().filter(|open| open.id == id)
}

fn connection(app: &mut App, state: ConnectionState) {
    app.retry_at = match &state {
        ConnectionState::Offline { retry_in_ms, .. } => {
            Some(app.now.plus_ms(i64::try_from(*retry_in_ms).unwrap_or(i64::MAX)))
        }
        _ => None,
    };
    if state == ConnectionState::Online {
        app.live = true;
        app.asked.clear();
        if let Some(open) = &mut app.open {
            open.filling = None;
            if open.history == History::Failed {
                open.history = History::Idle;
            }
        }
    }
    app.connection = state;
}

fn conversations(app: &mut App, list: Vec<Arc<ConversationSummary>>, effects: &mut Vec<Effect>) {
    let rings = app.live && list.iter().take(NEWS_MAX).any(|summary| is_news(app, summary));
    let rested = app.rang_at.is_none_or(|rang| app.now.as_millis() - rang.as_millis() >= BELL_EVERY_MS);
    if rings && rested {
        app.rang_at = Some(app.now);
        effects.push(Effect::Bell);
    }
    app.list = list;
    if app.cursor.is_none_or(|cursor| app.summary(&cursor).is_none()) {
        let open = app.open.as_ref().map(|open| open.id);
        app.cursor = open.or_else(|| app.list.first().map(|summary| summary.id));
    }
}

/// Whether a message of somebody else came that nobody sees come.
fn is_news(app: &App, summary: &ConversationSummary) -> bool {
    let Some(last) = summary.preview.as_ref().filter(|last| last.sender != app.me) else { return false };
    let known = app.summary(&summary.id).and_then(|before| before.preview.as_ref()).map(|before| before.seq);
    let is_watched = app.window == Window::Focused
        && app.shows_conversation()
        && app.open.as_ref().is_some_and(|open| open.id == summary.id);
    // Older conversations may be listed late; one that begins now is new.
    let begins = app.now.as_millis().saturating_sub(last.sent_at.as_millis()) < BEGINS_WITHIN_MS;
    summary.unread > 0 && known.map_or(begins, |known| last.seq > known) && !is_watched
}

fn timeline(app: &mut App, id: ConversationId, items: Vec<Arc<TimelineItem>>) {
    let Some(open) = opened(app, id) else { return };
    if items.iter().any(|item| matches!(item.kind, TimelineItemKind::Start)) {
        open.history = History::Complete;
    }
    if let Some(selected) = open.selected
        && !items.iter().any(|item| item.key == selected)
    {
        open.selected = keys::last_message(&items);
    }
    open.items = Some(items);
}

fn older(app: &mut App, id: ConversationId, items: Vec<Arc<TimelineItem>>, result: Result<Pagination, String>) {
    let Some(open) = opened(app, id) else { return };
    open.history = match &result {
        Ok(page) if page.reached_start => History::Complete,
        Ok(page) if page.loaded > 0 => History::Idle,
        Ok(_) | Err(_) => History::Failed,
    };
    timeline(app, id, items);
    if let Err(reason) = result {
        app.say(format!("older messages could not be loaded: {}", sanitise::one_line(&reason)));
    }
}

/// What follows from the state, whatever changed it.
fn settle(app: &mut App, effects: &mut Vec<Effect>) {
    mark_read(app, effects);
    load_what_is_near(app, effects);
    ask_for_names(app, effects);
    watch_peers(app, effects);
}

/// Watches the peers of the direct chats that are nearest to the top, that of the open one first.
fn watch_peers(app: &mut App, effects: &mut Vec<Effect>) {
    let open = app.open.as_ref().and_then(|open| open.peer.as_ref());
    let listed = app.list.iter().filter(|it| it.kind == ConversationKind::Direct).filter_map(|it| it.peer.as_ref());
    let mut peers: Vec<UserId> = open.into_iter().chain(listed).take(PEERS_WATCHED).cloned().collect();
    // Whoever moves up in the list is watched already.
    peers.sort();
    peers.dedup();
    if peers != app.watched {
        app.watched.clone_from(&peers);
        effects.push(Effect::Watch(peers));
    }
}

fn mark_read(app: &mut App, effects: &mut Vec<Effect>) {
    let is_seen = app.shows_conversation() && app.window == Window::Focused && app.dialog.is_none();
    let Some(read) = app.open_summary().filter(|summary| summary.member).map(|summary| summary.read_seq) else {
        return;
    };
    let Some(open) = app.open.as_mut().filter(|open| is_seen && open.anchor == Anchor::Bottom) else { return };
    if let Some(newest) = open.newest().filter(|newest| *newest > read && *newest > open.marked) {
        open.marked = newest;
        effects.push(Effect::MarkRead(open.id, newest));
    }
}

fn load_what_is_near(app: &mut App, effects: &mut Vec<Effect>) {
    if !app.shows_conversation() {
        return;
    }
    let area = areas::divide(app).timeline;
    let Some(open) = app.open.as_ref().filter(|open| open.items.is_some()) else { return };
    let seen = scroll::seen(&Rows::new(app, open, area.width), open.anchor, usize::from(area.height));
    let near = open.history == History::Idle && seen.first < ITEMS_AHEAD;
    let gap = open.lines().iter().take(seen.last + 1).skip(seen.first).find_map(|item| match item.kind {
        TimelineItemKind::Gap { after, .. } => Some(after),
        _ => None,
    });
    let Some(open) = app.open.as_mut() else { return };
    if near {
        open.history = History::Loading;
        effects.push(Effect::LoadOlder(open.id));
    }
    if let Some(after) = gap.filter(|_| gap != open.filling) {
        open.filling = gap;
        effects.push(Effect::FillGap(open.id, after));
    }
}

/// Asks once for the names of everybody who is seen.
fn ask_for_names(app: &mut App, effects: &mut Vec<Effect>) {
    if app.connection != ConnectionState::Online {
        return;
    }
    let groups = app.list.iter().filter(|summary| summary.kind != ConversationKind::Direct);
    let previews = groups.filter_map(|summary| summary.preview.as_ref()).map(|preview| &preview.sender);
    let open = app.open.as_ref();
    let senders = open.into_iter().flat_map(|open| open.lines()).filter_map(|item| match &item.kind {
        TimelineItemKind::Message(message) => Some(&message.message.sender),
        _ => None,
    });
    let typing = open.into_iter().flat_map(|open| &open.typing);
    let unknown: BTreeSet<UserId> = std::iter::once(&app.me)
        .chain(previews)
        .chain(senders)
        .chain(typing)
        .filter(|user| !app.names.contains_key(*user) && !app.asked.contains(*user))
        .take(NAMES_PER_CALL)
        .cloned()
        .collect();
    if !unknown.is_empty() {
        app.asked.extend(unknown.iter().cloned());
        effects.push(Effect::FetchNames(unknown.into_iter().collect()));
    }
}
