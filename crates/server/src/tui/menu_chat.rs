//! What a user may do with a conversation for himself.

use stonechat_types::id::ConversationId;
use stonechat_types::number::Timestamp;

use crate::tui::dialog::Purpose;
use crate::tui::menu::{Entry, Menu, Then};
use crate::tui::message::{Effect, Preference};
use crate::tui::sanitise;
use crate::tui::state::App;

const HOUR_MS: i64 = 3_600_000;

/// The rows of the list.
#[must_use]
pub fn entries(app: &App, menu: &Menu) -> Vec<Entry> {
    let Menu::Chat(id) = menu else { return Vec::new() };
    let Some(summary) = app.summary(id) else { return Vec::new() };
    let (id, preferences) = (*id, &summary.preferences);
    let prefer = |preference| Then::Do(Effect::Prefer(id, preference));
    let mut entries = Vec::new();
    let mut add = |text: &str, preference| entries.push(Entry::new(text, prefer(preference)));
    match preferences.pinned_at {
        None => add("Pin above the others", Preference::Pinned(true)),
        Some(_) => add("Pin no longer", Preference::Pinned(false)),
    }
    if preferences.is_muted(app.now) {
        add("Mute no longer", Preference::Muted(false));
    } else {
        let until = |hours: i64| Preference::MutedUntil(Timestamp(app.now.as_millis() + hours * HOUR_MS));
        add("Mute for an hour", until(1));
        add("Mute for eight hours", until(8));
        add("Mute for good", Preference::Muted(true));
    }
    match preferences.marked_unread {
        false => add("Mark as unread", Preference::MarkedUnread(true)),
        true => add("Mark as read", Preference::MarkedUnread(false)),
    }
    match preferences.archived {
        false => add("Archive", Preference::Archived(true)),
        true => add("Take out of the archive", Preference::Archived(false)),
    }
    let folders = preferences.folders.iter().map(|folder| sanitise::one_line(folder.as_str()));
    let folders = folders.collect::<Vec<_>>().join(", ");
    entries.push(Entry::new("Folders", Then::Fill(Purpose::Folders(id))).aside(folders));
    let sure = |question: String, preference| Then::Sure(question, Effect::Prefer(id, preference));
    let title = sanitise::one_line(&app.title(summary));
    let clear = format!("Clear what was said with {title}, on all of your devices?");
    entries.push(Entry::new("Clear the history, for me", sure(clear, Preference::Cleared)));
    let delete = format!("Delete {title} from your list, with what was said?");
    entries.push(Entry::new("Delete, for me", sure(delete, Preference::Deleted)));
    entries
}

/// The folders of a conversation, as they are filled in.
#[must_use]
pub fn folders(app: &App, id: &ConversationId) -> Option<String> {
    let folders = &app.summary(id)?.preferences.folders;
    Some(folders.iter().map(|folder| folder.as_str()).collect::<Vec<_>>().join(", "))
}
