//! What each message changes, and what is to be done then.

use std::collections::BTreeSet;
use std::sync::Arc;

use stonechat_client::state::{ConnectionState, ConversationSummary, TimelineItem, TimelineItemKind};
use stonechat_client::timeline::Pagination;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{Ordinal, Seq};

use crate::tui::composer::Composer;
use crate::tui::dialog::{Dialog, Purpose};
use crate::tui::found::{self, Hit, Sought};
use crate::tui::happened::NAMED_MAX;
use crate::tui::menu::Menu;
use crate::tui::message::{Effect, Msg, Preference};
use crate::tui::rows::Rows;
use crate::tui::scroll::{self, Anchor};
use crate::tui::state::{App, DraftKept, History, Open, Pane, Window};
use crate::tui::{areas, keys, sanitise};

/// Least time between two bells.
const BELL_EVERY_MS: i64 = 2_000;

/// A conversation that we did not know is new when its last message is not older than this.
const BEGINS_WITHIN_MS: i64 = 30_000;

/// A message moves its conversation to the top, so news are looked for there only, however long the list is.
const NEWS_MAX: usize = 32;

/// So many items above the window, older ones are asked for.
const ITEMS_AHEAD: usize = 8;

/// How long nothing is written before what was written is kept.
const PAUSE_MS: i64 = 1_000;

/// Most names that are asked for at once.
const NAMES_PER_CALL: usize = 50;

/// People whose names are asked for when contacts are listed.
const RELATED_MAX: usize = 500;

/// Most people who are watched: more than a list shows at once, and less than a session may watch.
const PEERS_WATCHED: usize = 100;

/// Takes a message.
pub fn update(app: &mut App, msg: Msg) -> Vec<Effect> {
    let mut effects = Vec::new();
    match msg {
        Msg::Key(key) => {
            app.keys += 1;
            keys::press(app, key, &mut effects);
        }
        Msg::Paste(text) => {
            app.keys += 1;
            keys::paste(app, &text, &mut effects);
        }
        Msg::Resize(size) => app.size = size,
        Msg::Focused => app.window = Window::Focused,
        Msg::Unfocused => app.window = Window::Away,
        Msg::Tick(now) => {
            app.now = now;
            app.notice = app.notice.take().filter(|notice| notice.until > now);
            if app.notice.is_none() {
                (app.recalling, app.deleting) = (None, None);
            }
            take_up_draft(app);
            keep_after_pause(app, &mut effects);
        }
        Msg::Connection(state) => connection(app, state),
        Msg::Windows(windows) => app.windows = windows,
        Msg::ContentTypes(types) => app.content_types = types,
        Msg::TotalUnread(unread) => app.total_unread = unread,
        Msg::Presences(presences) => app.presences = presences,
        Msg::Conversations(list) => conversations(app, list, &mut effects),
        Msg::Opened(id, peer) => came(app, id, peer, &mut effects),
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
                let named = members.iter().filter(|member| !member.nickname.trim().is_empty());
                open.nicknames = named.map(|member| (member.user.clone(), member.nickname.clone())).collect();
                open.members = Some(members);
            }
        }
        Msg::Members(_, Err(reason)) => {
            app.say(format!("the members could not be listed: {}", sanitise::one_line(&reason)));
        }
        Msg::Names(names) => app.names.extend(names),
        Msg::OldNames(names) => app.old_names.extend(names),
        Msg::Listed(title, none, hits) => listed(app, title, none, hits),
        Msg::Mentioned(id, mark) => mentioned(app, id, mark),
        Msg::Readers(id, readers) => {
            if let Some(open) = opened(app, id) {
                open.readers = Some(readers);
            }
        }
        Msg::Found(text, hits) => found(app, &text, hits),
        Msg::GroupChanged(id) => ask_again(app, id, &mut effects),
        Msg::LinkMade(id, link) => {
            app.dialog = Some(Dialog::Link(link));
            ask_again(app, id, &mut effects);
        }
        Msg::Facts(id, facts) => {
            if let Some(open) = opened(app, id) {
                open.facts = Some(*facts);
            }
        }
        Msg::Relations(relations) => app.relations = relations,
        Msg::Asking(asking) => app.asking = asking,
        Msg::Told(text) => app.say(sanitise::one_line(&text)),
        Msg::GroupCreated(id) => came(app, id, None, &mut effects),
        Msg::Quiet(quiet) => app.quiet = quiet,
        Msg::Failed(reason) => app.say(sanitise::one_line(&reason)),
        Msg::NotKept(id, text, reason) => {
            app.say(format!("not sent: {}", sanitise::one_line(&reason)));
            if app.open.as_ref().is_some_and(|open| open.id == id) && app.composer.is_blank() {
                app.composer = Composer::with(text);
                app.changed_at = Some(app.now);
            }
        }
    }
    settle(app, &mut effects);
    if effects.iter().any(Effect::asks_to_open) {
        app.asked_to_open = Some(app.keys);
    }
    effects
}

/// A conversation that was asked for is there. It is opened, unless the user has gone on to something else since: no answer
/// of a server takes what he writes away from under him.
fn came(app: &mut App, id: ConversationId, peer: Option<UserId>, effects: &mut Vec<Effect>) {
    if app.open.is_none() || app.asked_to_open.is_none_or(|keys| keys == app.keys) {
        app.dialog = None;
        return open(app, id, peer, effects);
    }
    if app.open.as_ref().is_none_or(|open| open.id != id) {
        app.say("the conversation that you asked for is in the list now");
    }
}

/// Opens a conversation, and puts away what was begun in the one before.
pub fn open(app: &mut App, id: ConversationId, peer: Option<UserId>, effects: &mut Vec<Effect>) {
    app.pane = Pane::Composer;
    app.cursor = Some(id);
    if app.open.as_ref().is_some_and(|open| open.id == id) {
        return;
    }
    put_draft_away(app, effects);
    (app.recalling, app.deleting) = (None, None);
    // What lies there and is about the conversation before is not to be done in this one.
    app.dialog = app.dialog.take().filter(|dialog| !dialog.is_about_open());
    let marked = app.summary(&id).is_some_and(|summary| summary.preferences.marked_unread);
    if marked {
        effects.push(Effect::Prefer(id, Preference::MarkedUnread(false)));
    }
    let peer = peer.or_else(|| app.summary(&id).and_then(|summary| summary.peer.clone()));
    let mut open = Open::new(id, peer.clone());
    open.mentioned = app.summary(&id).map(|summary| summary.read_ordinal).unwrap_or_default();
    let elsewhere = stored_draft(app, &id);
    let begun_early = app.early_drafts.remove(&id);
    if !begun_early && (app.live || !elsewhere.is_empty()) {
        open.draft = DraftKept::Known;
    }
    let begun = app.drafts.remove(&id).unwrap_or_else(|| if begun_early { String::new() } else { elsewhere });
    app.composer = Composer::with(begun);
    app.changed_at = None;
    app.open = Some(open);
    effects.push(Effect::Open(id, peer));
    if id.kind() == ConversationKind::Group {
        effects.push(Effect::FetchMembers(id));
    }
}

/// What to do before the client ends: what is in the composer is not lost.
#[must_use]
pub fn leave(app: &mut App) -> Vec<Effect> {
    let mut effects = Vec::new();
    put_draft_away(app, &mut effects);
    app.open = None;
    // Of these too little was known until now. Both texts stay.
    for id in std::mem::take(&mut app.early_drafts) {
        let both = joined(&stored_draft(app, &id), app.drafts.get(&id).map_or("", String::as_str));
        keep_draft(app, id, &both, &mut effects);
    }
    effects
}

fn put_draft_away(app: &mut App, effects: &mut Vec<Effect>) {
    app.answering = None;
    app.changed_at = None;
    let was_editing = app.editing.take().is_some();
    let Some(open) = &app.open else { return };
    let (id, kept) = (open.id, open.draft);
    // What was written over a message is no draft; that was put away before.
    if !was_editing && !app.composer.is_blank() {
        app.drafts.insert(id, app.composer.text().to_owned());
    }
    match (kept, app.drafts.get(&id).cloned()) {
        (DraftKept::Known, text) => keep_draft(app, id, &text.unwrap_or_default(), effects),
        (DraftKept::Unknown, Some(_)) => {
            app.early_drafts.insert(id);
        }
        (DraftKept::Unknown, None) => {}
    }
}

/// Lets the user's other devices have what he was writing, when that is different.
pub fn keep_draft(app: &App, id: ConversationId, text: &str, effects: &mut Vec<Effect>) {
    let Some(summary) = app.summary(&id) else { return };
    let before = summary.preferences.draft.as_ref().map_or("", |draft| &draft.text);
    if before != text {
        effects.push(Effect::Prefer(id, Preference::Draft(text.to_owned())));
    }
}

/// What was begun in a conversation, here or on another device, as this device knows them.
fn stored_draft(app: &App, id: &ConversationId) -> String {
    let draft = app.summary(id).and_then(|summary| summary.preferences.draft.as_ref());
    draft.map(|draft| sanitise::for_composer(&draft.text)).unwrap_or_default()
}

/// What was stored and what was written beside it.
fn joined(stored: &str, written: &str) -> String {
    if written.trim().is_empty() || stored == written { stored.to_owned() } else { format!("{stored}\n{written}") }
}

/// Takes up what was begun on another device, once it is known. What was written meanwhile stays behind it.
fn take_up_draft(app: &mut App) {
    let stored = match &app.open {
        Some(open) if open.draft == DraftKept::Unknown && app.editing.is_none() => stored_draft(app, &open.id),
        Some(_) | None => return,
    };
    if stored.is_empty() {
        return;
    }
    let is_alone = app.composer.is_blank();
    app.composer = Composer::with(joined(&stored, app.composer.text()));
    app.changed_at = (!is_alone).then_some(app.now);
    if let Some(open) = &mut app.open {
        open.draft = DraftKept::Known;
    }
}

/// Keeps what was written when the user pauses.
fn keep_after_pause(app: &mut App, effects: &mut Vec<Effect>) {
    let Some(open) = &mut app.open else { return };
    // The list of a device that is in step came at least a tick ago: it would have had a draft.
    if app.live {
        open.draft = DraftKept::Known;
    }
    let (id, kept) = (open.id, open.draft);
    let paused = app.changed_at.is_some_and(|at| app.now.as_millis() - at.as_millis() >= PAUSE_MS);
    if !paused || kept == DraftKept::Unknown || app.editing.is_some() {
        return;
    }
    app.changed_at = None;
    let text = if app.composer.is_blank() { String::new() } else { app.composer.text().to_owned() };
    keep_draft(app, id, &text, effects);
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
            // Whoever was away asks again.
            open.announcement = Seq::ZERO;
            if open.history == History::Failed {
                open.history = History::Idle;
            }
        }
    }
    app.connection = state;
}

fn conversations(app: &mut App, list: Vec<Arc<ConversationSummary>>, effects: &mut Vec<Effect>) {
    let rings =
        app.live && !app.quiet.is_quiet(app.now) && list.iter().take(NEWS_MAX).any(|summary| is_news(app, summary));
    let rested = app.rang_at.is_none_or(|rang| app.now.as_millis() - rang.as_millis() >= BELL_EVERY_MS);
    if rings && rested {
        app.rang_at = Some(app.now);
        effects.push(Effect::Bell);
    }
    app.list = list;
    app.list.sort_by_key(|summary| summary.preferences.archived);
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

/// Asks anew what the server says of a group that was changed.
fn ask_again(app: &App, id: ConversationId, effects: &mut Vec<Effect>) {
    if let Some(summary) = app.open_summary().filter(|summary| summary.id == id) {
        effects.extend([Effect::FetchMembers(id), Effect::FetchFacts(id, summary.role)]);
    }
}

/// Asks what was announced, when that is something else than before.
fn ask_what_was_announced(app: &mut App, effects: &mut Vec<Effect>) {
    if app.connection != ConnectionState::Online {
        return;
    }
    let Some(summary) = app.open_summary().filter(|summary| summary.member) else { return };
    let (announced, id, role) = (summary.group.announcement, summary.id, summary.role);
    let Some(open) = app.open.as_mut().filter(|open| open.announcement != announced) else { return };
    open.announcement = announced;
    effects.push(Effect::FetchFacts(id, role));
}

/// Shows messages that were asked for, unless something else lies there by now.
fn listed(app: &mut App, title: &'static str, none: &'static str, hits: Result<Vec<Hit>, String>) {
    match hits {
        Ok(hits) if hits.is_empty() => app.say(none),
        Ok(hits) if app.dialog.is_none() => app.dialog = Some(Dialog::Found { title, hits, at: 0 }),
        Ok(_) => {}
        Err(reason) => app.say(sanitise::one_line(&reason)),
    }
}

/// Goes to a message that calls the user. After the last one, the next key begins with the first of all.
fn mentioned(app: &mut App, id: ConversationId, mark: Option<(Seq, Ordinal)>) {
    let Some(open) = opened(app, id) else { return };
    match mark {
        Some((seq, ordinal)) => {
            open.mentioned = ordinal;
            open.sought = Some(Sought::new(seq));
        }
        None => {
            open.mentioned = Ordinal(0);
            app.say("nobody calls you after that; @ again begins with the first");
        }
    }
}

/// Shows what was found, if somebody still waits for it.
fn found(app: &mut App, text: &str, hits: Result<Vec<Hit>, String>) {
    let Some(Dialog::Fill(Purpose::Search, form)) = &mut app.dialog else { return };
    if form.fields.first().is_none_or(|field| field.trim() != text) {
        return;
    }
    match hits {
        Ok(hits) if hits.is_empty() => form.wrong = Some("nothing on this device says that".into()),
        Ok(hits) => app.dialog = Some(Dialog::Found { title: "Found", hits, at: 0 }),
        Err(reason) => form.wrong = Some(sanitise::one_line(&reason)),
    }
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
    take_up_draft(app);
    found::seek(app, effects);
    select_what_is_seen(app);
    mark_read(app, effects);
    load_what_is_near(app, effects);
    ask_for_names(app, effects);
    watch_peers(app, effects);
    ask_what_was_announced(app, effects);
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

/// Keys act on the selected message, so it is always one that can be seen.
fn select_what_is_seen(app: &mut App) {
    if app.pane != Pane::Messages {
        return;
    }
    let area = areas::divide(app).timeline;
    let Some(open) = app.open.as_ref().filter(|open| open.selected.is_some()) else { return };
    let seen = scroll::seen(&Rows::new(app, open, area.width), open.anchor, usize::from(area.height));
    let is_message = |item: &&Arc<TimelineItem>| matches!(item.kind, TimelineItemKind::Message(_));
    let at = open.lines().iter().position(|item| Some(item.key) == open.selected);
    let mut in_sight = open.lines().iter().take(seen.last + 1).skip(seen.first).filter(is_message);
    let nearest = match at {
        Some(at) if at < seen.first => in_sight.next(),
        Some(at) if at > seen.last => in_sight.next_back(),
        Some(_) | None => return,
    };
    if let Some(key) = nearest.map(|item| item.key)
        && let Some(open) = &mut app.open
    {
        open.selected = Some(key);
    }
}

fn mark_read(app: &mut App, effects: &mut Vec<Effect>) {
    let is_seen = app.shows_conversation() && app.window == Window::Focused && app.dialog.is_none();
    let Some(read) = app.open_summary().filter(|summary| summary.member).map(|summary| summary.read_seq) else {
        return;
    };
    let Some(open) = app.open.as_mut().filter(|open| is_seen && open.anchor == Anchor::Bottom) else { return };
    // Who sees the newest message sees above it what was announced.
    let announced = open.facts.as_ref().and_then(|facts| facts.announced.as_ref()).map(|announced| announced.seq);
    if let Some(newest) = open.newest().max(announced).filter(|newest| *newest > read && *newest > open.marked) {
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
    let lines = || open.into_iter().flat_map(|open| open.lines());
    let senders = lines().filter_map(|item| match &item.kind {
        TimelineItemKind::Message(message) => Some(&message.message.sender),
        TimelineItemKind::Event(event) => Some(&event.by),
        _ => None,
    });
    let concerned = lines().flat_map(|item| match &item.kind {
        TimelineItemKind::Event(event) => event.kind.users().get(..NAMED_MAX).unwrap_or(event.kind.users()),
        _ => &[],
    });
    let typing = open.into_iter().flat_map(|open| &open.typing);
    let is_shown = matches!(app.dialog, Some(Dialog::Menu { menu: Menu::People | Menu::Person(_), .. }));
    let related = app.relations.keys().filter(|_| is_shown).take(RELATED_MAX);
    let unknown: BTreeSet<UserId> = std::iter::once(&app.me)
        .chain(previews)
        .chain(senders)
        .chain(concerned)
        .chain(typing)
        .chain(related)
        .filter(|user| !app.names.contains_key(*user) && !app.asked.contains(*user))
        .take(NAMES_PER_CALL)
        .cloned()
        .collect();
    if !unknown.is_empty() {
        app.asked.extend(unknown.iter().cloned());
        effects.push(Effect::FetchNames(unknown.into_iter().collect()));
    }
}
