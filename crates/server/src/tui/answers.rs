//! What each key does in a dialog.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stonechat_client::state::Role;
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::text::{Title, shows_nothing};

use crate::tui::dialog::{Dialog, Filled, Form, Purpose, parse_users};
use crate::tui::message::Effect;
use crate::tui::state::App;
use crate::tui::{found, help};

/// Shows who is in the open group.
pub fn show_members(app: &mut App, effects: &mut Vec<Effect>) {
    match group(app) {
        Some(id) => {
            app.dialog = Some(Dialog::Members { scroll: 0 });
            effects.push(Effect::FetchMembers(id));
        }
        None => app.say("open a group to see who is in it"),
    }
}

fn group(app: &App) -> Option<ConversationId> {
    app.open.as_ref().map(|open| open.id).filter(|id| id.kind() == ConversationKind::Group)
}

/// Gives a key to a dialog; gives back what lies there then.
pub fn answer(app: &mut App, dialog: Dialog, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Dialog> {
    if key.code == KeyCode::Esc {
        return None;
    }
    let held = key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    if held && !matches!(dialog, Dialog::Fill(..)) {
        return Some(dialog);
    }
    match dialog {
        Dialog::Help { scroll } => help(app, scroll, key),
        Dialog::Fill(purpose, mut form) => {
            if form.key(key) == Filled::Going {
                return Some(Dialog::Fill(purpose, form));
            }
            match filled(app, &purpose, &form.fields, effects) {
                Ok(next) => next,
                Err(wrong) => Some(Dialog::Fill(purpose, Form { wrong: Some(wrong), ..form })),
            }
        }
        Dialog::Found { hits, at } => match key.code {
            KeyCode::Enter => {
                if let Some(hit) = hits.get(at) {
                    found::go_to(app, hit, effects);
                }
                None
            }
            _ => Some(Dialog::Found { at: moved(at, hits.len(), key), hits }),
        },
        Dialog::Members { scroll } => match key.code {
            KeyCode::Up | KeyCode::Char('k') => Some(Dialog::Members { scroll: scroll.saturating_sub(1) }),
            KeyCode::Down | KeyCode::Char('j') => {
                let last = app.open.as_ref().and_then(|open| open.members.as_ref()).map_or(0, Vec::len);
                Some(Dialog::Members { scroll: (scroll + 1).min(last.saturating_sub(1)) })
            }
            KeyCode::Char('a') if app.open_summary().is_some_and(|summary| summary.role >= Role::Admin) => {
                Some(Purpose::AddMembers.form())
            }
            KeyCode::Char('l') => Some(Dialog::Leave),
            KeyCode::Enter | KeyCode::Char('q') => None,
            _ => Some(Dialog::Members { scroll }),
        },
        Dialog::Leave => match (key.code, group(app)) {
            (KeyCode::Char('y'), Some(id)) => {
                effects.push(Effect::Leave(id));
                None
            }
            (KeyCode::Char('n') | KeyCode::Enter, _) => None,
            _ => Some(Dialog::Leave),
        },
    }
}

fn help(app: &App, scroll: usize, key: KeyEvent) -> Option<Dialog> {
    let last = help::scroll_max(app.size);
    let by = |rows: isize| scroll.saturating_add_signed(rows).min(last);
    let scroll = match key.code {
        KeyCode::Enter | KeyCode::F(1) | KeyCode::Char('?' | 'q') => return None,
        KeyCode::Up | KeyCode::Char('k') => by(-1),
        KeyCode::Down | KeyCode::Char('j') => by(1),
        KeyCode::PageUp => by(-10),
        KeyCode::PageDown | KeyCode::Char(' ') => by(10),
        _ => scroll.min(last),
    };
    Some(Dialog::Help { scroll })
}

/// Which of a list is chosen after a key.
fn moved(at: usize, count: usize, key: KeyEvent) -> usize {
    let to = match key.code {
        KeyCode::Up | KeyCode::Char('k') => at.saturating_sub(1),
        KeyCode::Down | KeyCode::Char('j') => at + 1,
        KeyCode::PageUp => at.saturating_sub(5),
        KeyCode::PageDown => at + 5,
        KeyCode::Home => 0,
        KeyCode::End => count,
        _ => at,
    };
    to.min(count.saturating_sub(1))
}

/// Does what a form was filled in for; gives back what lies there then, or what is wrong with it.
fn filled(
    app: &App,
    purpose: &Purpose,
    fields: &[String],
    effects: &mut Vec<Effect>,
) -> Result<Option<Dialog>, String> {
    let field = |at: usize| fields.get(at).map_or("", |field| field.trim());
    match purpose {
        Purpose::NewChat => match &parse_users(field(0))?[..] {
            [user] if *user == app.me => Err("that is you".into()),
            [user] => {
                effects.push(Effect::OpenDirect(user.clone()));
                Ok(None)
            }
            _ => Err("write one user id, like bob".into()),
        },
        Purpose::NewGroup => {
            let title = Title::new(field(0)).map_err(|wrong| format!("the title {wrong}"))?;
            let mut users = parse_users(field(1))?;
            users.retain(|user| *user != app.me);
            effects.push(Effect::CreateGroup(title.as_str().to_owned(), users));
            Ok(None)
        }
        Purpose::AddMembers => match (parse_users(field(0))?, group(app)) {
            (users, Some(id)) if !users.is_empty() => {
                effects.push(Effect::AddMembers(id, users));
                Ok(Some(Dialog::Members { scroll: 0 }))
            }
            _ => Err("write user ids, like bob carol".into()),
        },
        Purpose::Search if shows_nothing(field(0)) => Err("write what was said, or a part of it".into()),
        Purpose::Search => {
            effects.push(Effect::Search(field(0).to_owned()));
            let fields = vec![fields.first().cloned().unwrap_or_default()];
            Ok(Some(Dialog::Fill(Purpose::Search, Form { fields, at: 0, wrong: None })))
        }
    }
}
