//! The lists of one message: where to forward it to, and who has read it.

use stonechat_client::state::Member;
use stonechat_types::id::ConversationKind;
use stonechat_types::number::Seq;

use crate::tui::menu::{Entry, Menu, Then};
use crate::tui::message::Effect;
use crate::tui::sanitise;
use crate::tui::state::App;

/// Conversations to which one forwards; the others have to be written to first.
const TARGETS_MAX: usize = 200;

/// Who has read a message and who has not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Readers {
    /// Which message.
    pub message: Seq,
    /// Who has.
    pub read: Vec<Member>,
    /// Who has not.
    pub unread: Vec<Member>,
    /// Why nobody can say it.
    pub wrong: Option<String>,
}

/// What is to be read before one chooses.
#[must_use]
pub fn about(app: &App, menu: &Menu) -> Vec<String> {
    let Menu::Readers(message) = menu else { return Vec::new() };
    match readers(app, *message) {
        None => vec!["asking the server …".into()],
        Some(Readers { wrong: Some(wrong), .. }) => vec![sanitise::one_line(wrong)],
        Some(readers) => vec![format!("Read by {}, not yet by {}.", readers.read.len(), readers.unread.len())],
    }
}

/// The rows of a list.
#[must_use]
pub fn entries(app: &App, menu: &Menu) -> Vec<Entry> {
    match menu {
        Menu::Forward(message) => forward(app, *message),
        Menu::Readers(message) => readers(app, *message).map(|readers| who(app, readers)).unwrap_or_default(),
        _ => Vec::new(),
    }
}

fn readers(app: &App, message: Seq) -> Option<&Readers> {
    app.open.as_ref()?.readers.as_ref().filter(|readers| readers.message == message)
}

fn who(app: &App, readers: &Readers) -> Vec<Entry> {
    let row = |member: &Member, aside: &str| {
        Entry::person(app, &member.user, &member.display_name, Then::Nothing).aside(aside)
    };
    let unread = readers.unread.iter().map(|member| row(member, "not yet"));
    unread.chain(readers.read.iter().map(|member| row(member, "has read it"))).collect()
}

fn forward(app: &App, message: Seq) -> Vec<Entry> {
    let Some(open) = &app.open else { return Vec::new() };
    let may_be = app.list.iter().filter(|summary| summary.member && !summary.group.dissolved);
    let row = |summary: &std::sync::Arc<stonechat_client::state::ConversationSummary>| {
        let aside = match summary.kind {
            ConversationKind::Direct | ConversationKind::Support => "",
            ConversationKind::Group => "group",
            ConversationKind::Channel => "channel",
            ConversationKind::Room => "room",
        };
        let then = Then::Do(Effect::Forward { from: open.id, message, to: summary.id });
        Entry { person: summary.peer.clone(), ..Entry::new(app.title(summary), then) }.aside(aside)
    };
    may_be.take(TARGETS_MAX).map(row).collect()
}
