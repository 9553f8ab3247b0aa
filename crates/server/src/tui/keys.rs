//! What each key does.

use std::sync::Arc;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};
use stonechat_client::content::MediaKind;
use stonechat_client::state::{Content, ItemKey, MessageItem, SendState, Target, TimelineItem, TimelineItemKind};
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind};
use stonechat_types::number::Seq;

use crate::tui::answers::{answer, opened_menu, show_members};
use crate::tui::areas;
use crate::tui::composer::Composer;
use crate::tui::dialog::{Dialog, Purpose};
use crate::tui::menu::Menu;
use crate::tui::message::{Activity, Effect, Preference};
use crate::tui::rows::Rows;
use crate::tui::scroll::{self, Anchor};
use crate::tui::state::{App, History, Pane};
use crate::tui::update::{self, open};

/// What the keys 1 to 5 add to a message.
pub const EMOJIS: [&str; 5] = ["👍", "❤", "😂", "🎉", "😢"];

/// Takes a key.
pub fn press(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    if key.kind == KeyEventKind::Release {
        return;
    }
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    // Whoever does something has seen the notice. Who is in the middle of a line may not have.
    if !writes(app, key) {
        app.notice = None;
    }
    if control && matches!(key.code, KeyCode::Char('c' | 'q')) {
        effects.push(Effect::Quit);
    } else if let Some(dialog) = app.dialog.take() {
        app.dialog = answer(app, dialog, key, effects);
    } else if !everywhere(app, key, effects) {
        match app.pane {
            Pane::List => in_list(app, key, effects),
            Pane::Messages => in_messages(app, key, effects),
            Pane::Composer => in_composer(app, key, effects),
        }
    }
}

/// Whether a key adds to a line, or takes from it.
fn writes(app: &App, key: KeyEvent) -> bool {
    let in_a_line = match app.dialog {
        Some(Dialog::Fill(..)) => true,
        Some(_) => false,
        None => app.pane == Pane::Composer,
    };
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    in_a_line && !held && matches!(key.code, KeyCode::Char(_) | KeyCode::Backspace | KeyCode::Delete)
}

/// Takes a pasted text.
pub fn paste(app: &mut App, text: &str, effects: &mut Vec<Effect>) {
    match &mut app.dialog {
        Some(Dialog::Fill(_, form)) => form.insert(text),
        Some(_) => {}
        None => {
            if app.pane == Pane::Composer && app.may_write() {
                app.composer.insert(text);
                app.changed_at = Some(app.now);
                say_typing(app, effects);
            }
        }
    }
}

/// The last message of a timeline.
#[must_use]
pub fn last_message(items: &[Arc<TimelineItem>]) -> Option<ItemKey> {
    items.iter().rev().find(|item| matches!(item.kind, TimelineItemKind::Message(_))).map(|item| item.key)
}

/// Keys that do the same in each pane; says whether it was one.
fn everywhere(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) -> bool {
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    let alt = key.modifiers.contains(KeyModifiers::ALT);
    match key.code {
        KeyCode::F(1) => app.dialog = Some(Dialog::Help { scroll: 0 }),
        KeyCode::Char('n') if control => app.dialog = Some(Purpose::NewChat.form()),
        KeyCode::Char('g') if control => app.dialog = Some(Purpose::NewGroup.form()),
        KeyCode::Char('f') if control => app.dialog = Some(Purpose::Search.form()),
        KeyCode::Char('p') if control => show_members(app, effects),
        KeyCode::Char('t') if control => app.dialog = Some(opened_menu(app, Menu::People, effects)),
        KeyCode::Char('r') if control => effects.push(Effect::TryNow),
        KeyCode::Up if alt => open_neighbour(app, Step::Before, effects),
        KeyCode::Down if alt => open_neighbour(app, Step::After, effects),
        KeyCode::PageUp if app.shows_conversation() => scroll(app, Step::Before, page(app)),
        KeyCode::PageDown if app.shows_conversation() => scroll(app, Step::After, page(app)),
        KeyCode::Home if control && app.shows_conversation() => to_the_top(app),
        KeyCode::End if control && app.shows_conversation() => to_the_bottom(app),
        KeyCode::Tab if app.open.is_some() => {
            let next = match app.pane {
                Pane::List => Pane::Composer,
                Pane::Composer => Pane::Messages,
                Pane::Messages => Pane::List,
            };
            go_to(app, next);
        }
        KeyCode::BackTab if app.open.is_some() => {
            let next = match app.pane {
                Pane::List => Pane::Messages,
                Pane::Composer => Pane::List,
                Pane::Messages => Pane::Composer,
            };
            go_to(app, next);
        }
        _ => return false,
    }
    true
}

/// Whether a key is not the letter that it bears.
fn is_held(key: KeyEvent) -> bool {
    matches!(key.code, KeyCode::Char(_)) && key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT)
}

fn in_list(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    match key.code {
        _ if is_held(key) => {}
        KeyCode::Up | KeyCode::Char('k') => move_cursor(app, -1),
        KeyCode::Down | KeyCode::Char('j') => move_cursor(app, 1),
        KeyCode::PageUp => move_cursor(app, -5),
        KeyCode::PageDown => move_cursor(app, 5),
        KeyCode::Home => move_cursor(app, i64::MIN / 2),
        KeyCode::End => move_cursor(app, i64::MAX / 2),
        KeyCode::Enter | KeyCode::Right | KeyCode::Char('l') => {
            if let Some(id) = app.cursor {
                open(app, id, None, effects);
            }
        }
        KeyCode::Char('n') => app.dialog = Some(Purpose::NewChat.form()),
        KeyCode::Char('g') => app.dialog = Some(Purpose::NewGroup.form()),
        KeyCode::Char('p' | 'm' | 'u') => prefer(app, key, effects),
        KeyCode::Char('o') => {
            if let Some(id) = app.cursor {
                app.dialog = Some(opened_menu(app, Menu::Chat(id), effects));
            }
        }
        KeyCode::Char('?') => app.dialog = Some(Dialog::Help { scroll: 0 }),
        KeyCode::Char('c') => app.dialog = Some(opened_menu(app, Menu::People, effects)),
        KeyCode::Char('*') => effects.push(Effect::ListStarred),
        KeyCode::Char('/') => app.dialog = Some(Purpose::Search.form()),
        KeyCode::Char('q') => effects.push(Effect::Quit),
        _ => {}
    }
}

/// Pins, mutes or marks the conversation under the cursor, or undoes that.
fn prefer(app: &App, key: KeyEvent, effects: &mut Vec<Effect>) {
    let Some(summary) = app.cursor.and_then(|id| app.summary(&id)) else { return };
    let preferences = &summary.preferences;
    let preference = match key.code {
        KeyCode::Char('p') => Preference::Pinned(preferences.pinned_at.is_none()),
        KeyCode::Char('m') => Preference::Muted(!preferences.is_muted(app.now)),
        _ => Preference::MarkedUnread(!preferences.marked_unread),
    };
    effects.push(Effect::Prefer(summary.id, preference));
}

fn in_messages(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    let (recalling, deleting) = (app.recalling.take(), app.deleting.take());
    match key.code {
        _ if is_held(key) => {}
        KeyCode::Up | KeyCode::Char('k') => select(app, Step::Before),
        KeyCode::Down | KeyCode::Char('j') => select(app, Step::After),
        KeyCode::Char('G') | KeyCode::End => to_the_bottom(app),
        KeyCode::Home => to_the_top(app),
        KeyCode::Char('r') => match selected_failure(app) {
            Some(id) => effects.push(Effect::Retry(id)),
            None => begin_answer(app),
        },
        KeyCode::Char('d') | KeyCode::Delete => match selected_failure(app) {
            Some(id) => effects.push(Effect::Discard(id)),
            None => recall(app, recalling, effects),
        },
        KeyCode::Char('x') => delete(app, deleting, effects),
        KeyCode::Char('f') => forward(app, effects),
        KeyCode::Char('w') => show_readers(app, effects),
        KeyCode::Char('P') => effects.extend(app.open.as_ref().map(|open| Effect::ListPinned(open.id))),
        KeyCode::Char('*') => effects.push(Effect::ListStarred),
        KeyCode::Char('/') => app.dialog = Some(Purpose::Search.form()),
        KeyCode::Char('@') => {
            effects.extend(app.open.as_ref().map(|open| Effect::NextMention(open.id, open.mentioned)));
        }
        KeyCode::Char('s') => star(app, effects),
        KeyCode::Char('e') => edit(app),
        KeyCode::Char('p') => pin(app, effects),
        KeyCode::Char(digit @ '1'..='9') => react(app, digit, effects),
        KeyCode::Char('?') => app.dialog = Some(Dialog::Help { scroll: 0 }),
        KeyCode::Enter if play(app, effects) => {}
        KeyCode::Esc | KeyCode::Enter | KeyCode::Char('i') => go_to(app, Pane::Composer),
        _ => {}
    }
}

/// Opens a voice message of another, which counts as played from then on; says whether there is one to be opened.
fn play(app: &App, effects: &mut Vec<Effect>) -> bool {
    let Some((id, _, item)) = selected_message(app) else { return false };
    let is_voice = matches!(&item.message.content, Content::Media(media) if media.kind == MediaKind::Voice);
    match item.message.id.filter(|_| is_voice && !item.message.own && !item.played_by_me) {
        Some(message) => {
            effects.push(Effect::Play(id, message.seq));
            true
        }
        None => false,
    }
}

/// Asks where to forward a message to.
fn forward(app: &mut App, effects: &mut Vec<Effect>) {
    let Some((_, _, item)) = selected_message(app) else { return };
    // What waits in the outbox is not said yet.
    let Some(seq) = item.message.id.map(|id| id.seq) else { return };
    if !matches!(item.message.content, Content::Recalled { .. } | Content::Corrupt) {
        app.dialog = Some(opened_menu(app, Menu::Forward(seq), effects));
    }
}

/// Shows who has read a message.
fn show_readers(app: &mut App, effects: &mut Vec<Effect>) {
    let Some((id, _, item)) = selected_message(app) else { return };
    let Some(seq) = item.message.id.map(|id| id.seq) else { return };
    if id.kind() != ConversationKind::Direct {
        effects.push(Effect::FetchReaders(id, seq));
        app.dialog = Some(opened_menu(app, Menu::Readers(seq), effects));
    }
}

/// The selected message; an own one may still wait.
fn selected_message(app: &App) -> Option<(ConversationId, Target, &MessageItem)> {
    let open = app.open.as_ref()?;
    let item = open.lines().iter().find(|item| Some(item.key) == open.selected)?;
    match &item.kind {
        TimelineItemKind::Message(item) => {
            let log = item.message.id.map(|id| Target::Log(id.seq));
            let target = log.or_else(|| item.message.client_msg_id.map(Target::Own))?;
            Some((open.id, target, item))
        }
        _ => None,
    }
}

/// Begins an answer to a message.
fn begin_answer(app: &mut App) {
    let Some((.., item)) = selected_message(app) else { return };
    // What waits in the outbox has no place yet that an answer could name.
    let Some(seq) = item.message.id.map(|id| id.seq) else { return };
    let author = item.message.sender.clone();
    if !app.may_write() {
        return;
    }
    if app.editing.is_some() {
        end_editing(app);
    }
    go_to(app, Pane::Composer);
    app.answering = Some((seq, author));
}

/// Takes an own text back into the composer.
fn edit(app: &mut App) {
    let Some((id, message, item)) = selected_message(app) else { return };
    let Content::Text(text) = &item.message.content else { return };
    if !item.message.own || !app.may_write() {
        return app.say("only your own messages can be edited");
    }
    if app.windows.is_some_and(|windows| is_late(app, item, windows.edit_ms)) {
        return app.say("it is too late to edit this message");
    }
    let text = text.as_str().to_owned();
    if !app.composer.is_blank() {
        app.drafts.insert(id, app.composer.text().to_owned());
    }
    go_to(app, Pane::Composer);
    app.answering = None;
    (app.composer, app.editing) = (Composer::with(text), Some(message));
}

/// Pins a message for everybody, or no longer.
fn pin(app: &mut App, effects: &mut Vec<Effect>) {
    let Some((id, message, item)) = selected_message(app) else { return };
    if !matches!(item.message.content, Content::Recalled { .. }) && app.may_write() {
        effects.push(Effect::Pin(id, message, !item.message.pinned));
    }
}

/// Recalls a message, when asked twice in a row.
fn recall(app: &mut App, asked: Option<Target>, effects: &mut Vec<Effect>) {
    let Some((id, message, item)) = selected_message(app) else { return };
    if matches!(item.message.content, Content::Recalled { .. }) || !app.may_write() {
        return;
    }
    if !item.message.own && !app.may_recall_all() {
        return app.say("only your own messages can be recalled");
    }
    if !app.may_recall_all() && app.windows.is_some_and(|windows| is_late(app, item, windows.recall_ms)) {
        return app.say("it is too late to recall this message");
    }
    if asked == Some(message) {
        return effects.push(Effect::Recall(id, message));
    }
    app.recalling = Some(message);
    app.say("press d again to recall this message for everybody");
}

/// Stars a message, or takes the star away.
fn star(app: &App, effects: &mut Vec<Effect>) {
    let Some((id, _, item)) = selected_message(app) else { return };
    if let Some(seq) = item.message.id.map(|id| id.seq)
        && !matches!(item.message.content, Content::Recalled { .. })
    {
        effects.push(Effect::Star(id, seq, !item.starred));
    }
}

/// Removes a message for this user alone, when asked twice in a row.
fn delete(app: &mut App, asked: Option<Seq>, effects: &mut Vec<Effect>) {
    let Some((id, _, item)) = selected_message(app) else { return };
    // What waits in the outbox is taken back by another key.
    let Some(seq) = item.message.id.map(|id| id.seq) else { return };
    if asked == Some(seq) {
        effects.push(Effect::Delete(id, seq));
        return select(app, Step::Before);
    }
    app.deleting = Some(seq);
    app.say("press x again to remove this message for yourself");
}

/// Whether the time for a change is over; for a message that waits it has not begun.
fn is_late(app: &App, item: &MessageItem, window_ms: u64) -> bool {
    let since = app.now.as_millis().saturating_sub(item.message.sent_at.as_millis());
    item.message.id.is_some() && since > i64::try_from(window_ms).unwrap_or(i64::MAX)
}

/// Back to what was begun before a message was taken up.
fn end_editing(app: &mut App) {
    app.editing = None;
    let draft = app.open.as_ref().and_then(|open| app.drafts.remove(&open.id)).unwrap_or_default();
    app.composer = Composer::with(draft);
}

/// Adds one of a few emojis, or takes it back.
fn react(app: &mut App, digit: char, effects: &mut Vec<Effect>) {
    let emoji = digit.to_digit(10).and_then(|digit| EMOJIS.get(digit as usize - 1));
    let (Some(emoji), Some((id, message, item))) = (emoji, selected_message(app)) else { return };
    if matches!(item.message.content, Content::Recalled { .. }) {
        return;
    }
    let is_there = item.message.reactions.iter().any(|it| it.own && it.emoji == *emoji);
    effects.push(Effect::React { id, message, emoji: (*emoji).to_owned(), add: !is_there });
}

fn in_composer(app: &mut App, key: KeyEvent, effects: &mut Vec<Effect>) {
    let held = key.modifiers.intersects(KeyModifiers::ALT | KeyModifiers::SHIFT | KeyModifiers::CONTROL);
    let blank = app.composer.is_blank();
    match key.code {
        KeyCode::Esc if app.editing.is_some() => {
            effects.extend(app.open.as_ref().map(|open| Effect::Typing(open.id, Activity::Stopped)));
            end_editing(app);
        }
        KeyCode::Esc if app.answering.is_some() => app.answering = None,
        KeyCode::Esc => go_to(app, Pane::List),
        // In many terminals the wheel arrives as these keys.
        KeyCode::Up if blank => scroll(app, Step::Before, 1),
        KeyCode::Down if blank => scroll(app, Step::After, 1),
        _ if !app.may_write() => {}
        KeyCode::Enter if !held => send(app, effects),
        KeyCode::Enter => insert_newline(app),
        KeyCode::Char('j') if key.modifiers.contains(KeyModifiers::CONTROL) => insert_newline(app),
        _ => {
            if app.composer.input(key, areas::divide(app).composer.width) {
                app.changed_at = Some(app.now);
                say_typing(app, effects);
            }
        }
    }
}

fn insert_newline(app: &mut App) {
    app.composer.insert("\n");
    app.changed_at = Some(app.now);
}

fn say_typing(app: &App, effects: &mut Vec<Effect>) {
    let Some(open) = &app.open else { return };
    let blank = app.composer.is_blank();
    effects.push(Effect::Typing(open.id, if blank { Activity::Stopped } else { Activity::Writing }));
}

fn send(app: &mut App, effects: &mut Vec<Effect>) {
    if app.composer.is_blank() {
        return;
    }
    let text = app.composer.text().trim_end().to_owned();
    let Some(open) = &mut app.open else { return };
    if let Some(message) = app.editing {
        effects.extend([Effect::Typing(open.id, Activity::Stopped), Effect::Edit(open.id, message, text)]);
        return end_editing(app);
    }
    let read_upto = if open.anchor == Anchor::Bottom { open.newest() } else { None };
    open.anchor = Anchor::Bottom;
    effects.push(Effect::Typing(open.id, Activity::Stopped));
    let reply_to = app.answering.take().map(|(seq, _)| seq);
    effects.push(Effect::Send { id: open.id, text, read_upto, reply_to });
    effects.push(Effect::HideMarker);
    app.composer = Composer::default();
    app.changed_at = None;
    let id = open.id;
    update::keep_draft(app, id, "", effects);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    Before,
    After,
}

fn go_to(app: &mut App, pane: Pane) {
    app.pane = pane;
    // What was asked once is forgotten elsewhere.
    (app.recalling, app.deleting) = (None, None);
    let Some(open) = &mut app.open else { return };
    open.selected = None;
    if pane == Pane::Messages {
        let failed = open.lines().iter().rev().find(|item| is_failed(item)).map(|item| item.key);
        open.selected = failed.or_else(|| last_message(open.lines()));
        reveal_selected(app);
    }
}

fn is_failed(item: &TimelineItem) -> bool {
    failure_of(item).is_some()
}

/// What failed of a message: it, or the first change of it.
fn failure_of(item: &TimelineItem) -> Option<ClientMsgId> {
    let TimelineItemKind::Message(item) = &item.kind else { return None };
    if matches!(item.state, Some(SendState::Failed(_))) {
        return item.message.client_msg_id;
    }
    let failed = item.pending.iter().find(|pending| matches!(pending.state, SendState::Failed(_)));
    failed.map(|pending| pending.command_id)
}

fn selected_failure(app: &App) -> Option<ClientMsgId> {
    let open = app.open.as_ref()?;
    let item = open.lines().iter().find(|item| Some(item.key) == open.selected)?;
    failure_of(item)
}

fn select(app: &mut App, step: Step) {
    let Some(open) = &mut app.open else { return };
    let items = open.lines();
    let at = items.iter().position(|item| Some(item.key) == open.selected);
    let is_message = |item: &&Arc<TimelineItem>| matches!(item.kind, TimelineItemKind::Message(_));
    let next = match (at, step) {
        (None, _) => last_message(items),
        (Some(at), Step::Before) => items[..at].iter().rev().find(is_message).map(|item| item.key),
        (Some(at), Step::After) => items[at + 1..].iter().find(is_message).map(|item| item.key),
    };
    match (next, step) {
        (Some(next), _) => {
            open.selected = Some(next);
            reveal_selected(app);
        }
        (None, step) => scroll(app, step, 1),
    }
}

fn reveal_selected(app: &mut App) {
    let area = areas::divide(app).timeline;
    let Some(open) = &app.open else { return };
    let Some(index) = open.lines().iter().position(|item| Some(item.key) == open.selected) else { return };
    let rows = Rows::new(app, open, area.width);
    let anchor = scroll::reveal(&rows, open.anchor, usize::from(area.height), index);
    if let Some(open) = &mut app.open {
        open.anchor = anchor;
    }
}

fn page(app: &App) -> usize {
    usize::from(areas::divide(app).timeline.height.saturating_sub(2).max(1))
}

fn scroll(app: &mut App, step: Step, by: usize) {
    let area = areas::divide(app).timeline;
    let Some(open) = &app.open else { return };
    let rows = Rows::new(app, open, area.width);
    let anchor = match step {
        Step::Before => scroll::up(&rows, open.anchor, usize::from(area.height), by),
        Step::After => scroll::down(&rows, open.anchor, by),
    };
    if let Some(open) = &mut app.open {
        open.anchor = anchor;
        if step == Step::Before && open.history == History::Failed {
            open.history = History::Idle;
        }
    }
}

fn to_the_top(app: &mut App) {
    scroll(app, Step::Before, usize::MAX / 2);
    if let Some(open) = app.open.as_mut().filter(|_| app.pane == Pane::Messages) {
        let is_message = |item: &&Arc<TimelineItem>| matches!(item.kind, TimelineItemKind::Message(_));
        open.selected = open.lines().iter().find(is_message).map(|item| item.key);
    }
}

fn to_the_bottom(app: &mut App) {
    let Some(open) = &mut app.open else { return };
    open.anchor = Anchor::Bottom;
    if app.pane == Pane::Messages {
        open.selected = last_message(open.lines());
    }
}

fn move_cursor(app: &mut App, by: i64) {
    let at = app.list.iter().position(|summary| Some(summary.id) == app.cursor);
    let last = i64::try_from(app.list.len()).unwrap_or(i64::MAX) - 1;
    let at = at.map_or(0, |at| i64::try_from(at).unwrap_or(0).saturating_add(by).clamp(0, last.max(0)));
    app.cursor = usize::try_from(at).ok().and_then(|at| app.list.get(at)).map(|summary| summary.id);
}

fn open_neighbour(app: &mut App, step: Step, effects: &mut Vec<Effect>) {
    if let Some(open) = &app.open {
        app.cursor = Some(open.id);
        move_cursor(app, if step == Step::Before { -1 } else { 1 });
    }
    if let Some(id) = app.cursor {
        open(app, id, None, effects);
    }
}
