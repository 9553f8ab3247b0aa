//! What each key does in a dialog.

use std::str::FromStr as _;
use std::time::Duration;

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use stonechat_client::group::JoinLink;
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::limits::FOLDERS_MAX;
use stonechat_types::text::{Tag, Title, shows_nothing};

use crate::cli::duration::parse_duration;
use crate::tui::dialog::{Dialog, Filled, Form, Purpose, parse_users};
use crate::tui::menu::{Menu, Then};
use crate::tui::message::{Effect, Preference};
use crate::tui::state::App;
use crate::tui::wish::{GroupWish, PeopleWish};
use crate::tui::{found, help, menu_chat, menu_group};

/// Shows who is in the open group, or who the other of a direct conversation is to the user.
pub fn show_members(app: &mut App, effects: &mut Vec<Effect>) {
    let peer = app.open.as_ref().and_then(|open| open.peer.clone());
    match (group(app), peer) {
        (Some(_), _) => app.dialog = Some(opened_menu(app, Menu::Members, effects)),
        (None, Some(peer)) => app.dialog = Some(opened_menu(app, Menu::Person(peer), effects)),
        (None, None) => app.say("open a conversation to see who is in it"),
    }
}

/// A list, and what it needs from the server.
pub fn opened_menu(app: &App, menu: Menu, effects: &mut Vec<Effect>) -> Dialog {
    if let (Some(id), Some(summary)) = (group(app), app.open_summary()) {
        match menu {
            Menu::Members => effects.push(Effect::FetchMembers(id)),
            Menu::Group => effects.push(Effect::FetchFacts(id, summary.role)),
            _ => {}
        }
    }
    Dialog::Menu { menu, at: 0 }
}

/// The list from which one came, at the row where one was.
fn back_to(app: &App, child: &Menu, parent: Option<Menu>) -> Option<Dialog> {
    let parent = parent?;
    Some(Dialog::Menu { at: child.row_in(app, &parent), menu: parent })
}

fn group(app: &App) -> Option<ConversationId> {
    app.open
        .as_ref()
        .map(|open| open.id)
        .filter(|id| matches!(id.kind(), ConversationKind::Group | ConversationKind::Channel))
}

/// Gives a key to a dialog; gives back what lies there then.
pub fn answer(app: &mut App, dialog: Dialog, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Dialog> {
    if key.code == KeyCode::Esc {
        return match dialog {
            Dialog::Menu { menu, .. } => back_to(app, &menu, menu.parent()),
            Dialog::Fill(purpose, _) => purpose.back().map(|menu| Dialog::Menu { menu, at: 0 }),
            Dialog::Sure { back, .. } => back.map(|menu| Dialog::Menu { menu, at: 0 }),
            Dialog::Link(_) => Some(Dialog::Menu { menu: Menu::Links, at: 0 }),
            Dialog::Help { .. } | Dialog::Found { .. } => None,
        };
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
        Dialog::Found { title, hits, at } => match key.code {
            KeyCode::Enter => {
                if let Some(hit) = hits.get(at) {
                    found::go_to(app, hit, effects);
                }
                None
            }
            _ => Some(Dialog::Found { title, at: moved(at, hits.len(), key), hits }),
        },
        Dialog::Menu { menu, at } => in_menu(app, menu, at, key, effects),
        Dialog::Sure { question, effect, back } => match key.code {
            KeyCode::Char('y') => {
                effects.push(*effect);
                back.and_then(|menu| after(app, &menu))
            }
            KeyCode::Char('n') | KeyCode::Enter => back.map(|menu| Dialog::Menu { menu, at: 0 }),
            _ => Some(Dialog::Sure { question, effect, back }),
        },
        Dialog::Link(link) => match key.code {
            KeyCode::Enter => Some(Dialog::Menu { menu: Menu::Links, at: 0 }),
            _ => Some(Dialog::Link(link)),
        },
    }
}

/// What lies there once something was done that was chosen from a list.
fn after(app: &App, menu: &Menu) -> Option<Dialog> {
    match menu {
        Menu::Group => None,
        Menu::Members | Menu::People | Menu::Bans | Menu::Links => Some(Dialog::Menu { menu: menu.clone(), at: 0 }),
        _ => back_to(app, menu, menu.parent()),
    }
}

fn in_menu(app: &mut App, menu: Menu, at: usize, key: KeyEvent, effects: &mut Vec<Effect>) -> Option<Dialog> {
    let entries = menu.entries(app);
    let at = at.min(entries.len().saturating_sub(1));
    let chosen = match key.code {
        KeyCode::Enter => entries.into_iter().nth(at).map(|entry| entry.then),
        KeyCode::Char('a') if menu == Menu::Members && menu_group::may_add(app) => {
            Some(Then::Fill(Purpose::AddMembers))
        }
        KeyCode::Char('l') if menu == Menu::Members => Some(menu_group::leave(app)),
        KeyCode::Char('g') if menu == Menu::Members => Some(Then::Menu(Menu::Group)),
        KeyCode::Char('q') => return None,
        _ => return Some(Dialog::Menu { at: moved(at, entries.len(), key), menu }),
    };
    match chosen {
        None | Some(Then::Nothing) => Some(Dialog::Menu { menu, at }),
        Some(Then::Menu(next)) => Some(opened_menu(app, next, effects)),
        Some(Then::Fill(purpose)) => Some(begun(app, purpose)),
        Some(Then::Sure(question, effect)) => {
            Some(Dialog::Sure { question, effect: Box::new(effect), back: Some(menu) })
        }
        Some(Then::Do(effect)) => {
            let opens = matches!(effect, Effect::OpenDirect(_));
            effects.push(effect);
            if opens { None } else { after(app, &menu) }
        }
    }
}

/// A form with what holds now.
fn begun(app: &App, purpose: Purpose) -> Dialog {
    let now = match &purpose {
        Purpose::Announce => {
            let facts = app.open.as_ref().and_then(|open| open.facts.as_ref());
            facts.and_then(|facts| facts.announced.as_ref()).map(|announced| announced.text.clone())
        }
        Purpose::Rename => app.open_summary().map(|summary| summary.title.clone()),
        Purpose::Nickname => app.open_summary().map(|summary| summary.group.nickname.clone()),
        Purpose::Alias(user) => app.relations.get(user).map(|relation| relation.remarks.alias.clone()),
        Purpose::Folders(id) => menu_chat::folders(app, id),
        _ => None,
    };
    let mut dialog = purpose.form();
    if let (Dialog::Fill(_, form), Some(now)) = (&mut dialog, now) {
        form.insert(&now);
    }
    dialog
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
    let change = |wish: GroupWish, effects: &mut Vec<Effect>| {
        effects.extend(group(app).map(|id| Effect::ChangeGroup(id, wish)));
        Ok(purpose.back().and_then(|menu| after(app, &menu)))
    };
    match purpose {
        Purpose::NewChat if field(0).contains('.') && JoinLink::from_str(field(0)).is_ok() => {
            effects.extend(JoinLink::from_str(field(0)).ok().map(Effect::JoinByLink));
            Ok(None)
        }
        Purpose::NewChat if foreign(field(0)).is_some() => {
            Ok(foreign(field(0)).map(|id| Dialog::Menu { menu: Menu::Foreign(id), at: 0 }))
        }
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
                Ok(Some(Dialog::Menu { menu: Menu::Members, at: 0 }))
            }
            _ => Err("write user ids, like bob carol".into()),
        },
        Purpose::Search if shows_nothing(field(0)) => Err("write what was said, or a part of it".into()),
        Purpose::Search => {
            effects.push(Effect::Search(field(0).to_owned()));
            let fields = vec![fields.first().cloned().unwrap_or_default()];
            Ok(Some(Dialog::Fill(Purpose::Search, Form { fields, at: 0, wrong: None })))
        }
        Purpose::Announce => change(GroupWish::Announce(field(0).to_owned()), effects),
        Purpose::Invite => match (parse_users(field(0))?, group(app)) {
            (users, Some(id)) if !users.is_empty() => {
                effects.extend(users.into_iter().map(|user| Effect::ChangeGroup(id, GroupWish::Invite(user))));
                Ok(purpose.back().map(|menu| Dialog::Menu { menu, at: 0 }))
            }
            _ => Err("write user ids, like bob carol".into()),
        },
        Purpose::Rename => {
            let title = Title::new(field(0)).map_err(|wrong| format!("the title {wrong}"))?;
            change(GroupWish::Rename(title.as_str().to_owned()), effects)
        }
        Purpose::Apply(id) => {
            effects.push(Effect::ChangeGroup(*id, GroupWish::Apply(field(0).to_owned())));
            Ok(None)
        }
        Purpose::Nickname => change(GroupWish::Nickname(field(0).to_owned()), effects),
        Purpose::Mute(user) => {
            let wish = GroupWish::Mute(user.clone(), lasts(field(0))?, field(1).to_owned());
            change(wish, effects)
        }
        Purpose::Ban(user) => {
            let wish = GroupWish::Ban(user.clone(), lasts(field(0))?, field(1).to_owned());
            change(wish, effects)
        }
        Purpose::MakeLink => {
            let uses = match field(1) {
                "" => None,
                number => Some(number.parse().map_err(|_| "for how many has to be a number, like 5".to_owned())?),
            };
            change(GroupWish::MakeLink(lasts(field(0))?, uses), effects)
        }
        Purpose::AddContact if field(0).is_empty() => Err("write a user id, like bob, or @ and a username".into()),
        Purpose::AddContact => {
            let [who, message, answer] = [0, 1, 2].map(|at| field(at).to_owned());
            effects.push(Effect::ChangePeople(PeopleWish::Ask { who, message, answer }));
            Ok(Some(Dialog::Menu { menu: Menu::People, at: 0 }))
        }
        Purpose::Ask(user) => {
            let (who, [message, answer]) = (user.to_string(), [0, 1].map(|at| field(at).to_owned()));
            effects.push(Effect::ChangePeople(PeopleWish::Ask { who, message, answer }));
            Ok(purpose.back().and_then(|menu| after(app, &menu)))
        }
        Purpose::Decline(user) => {
            effects.push(Effect::ChangePeople(PeopleWish::Decline(user.clone(), field(0).to_owned())));
            Ok(purpose.back().and_then(|menu| after(app, &menu)))
        }
        Purpose::Alias(user) => {
            effects.push(Effect::ChangePeople(PeopleWish::Alias(user.clone(), field(0).to_owned())));
            Ok(purpose.back().map(|menu| Dialog::Menu { menu, at: 0 }))
        }
        Purpose::Folders(id) => {
            let mut folders = Vec::new();
            for name in field(0).split([',', '，', '،']).map(str::trim).filter(|name| !name.is_empty()) {
                folders.push(Tag::new(name).map_err(|error| error.to_string())?);
            }
            if folders.len() > FOLDERS_MAX {
                return Err(format!("at most {FOLDERS_MAX} folders"));
            }
            effects.push(Effect::Prefer(*id, Preference::Folders(folders)));
            Ok(None)
        }
    }
}

/// The id of a group or a channel.
fn foreign(text: &str) -> Option<ConversationId> {
    let id: ConversationId = text.parse().ok()?;
    matches!(id.kind(), ConversationKind::Group | ConversationKind::Channel).then_some(id)
}

/// How long something lasts; nothing is for good.
fn lasts(text: &str) -> Result<Option<Duration>, String> {
    if text.is_empty() { Ok(None) } else { parse_duration(text).map(Some) }
}
