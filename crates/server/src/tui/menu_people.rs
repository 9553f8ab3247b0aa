//! The lists of what the user and others are to each other.

use stonechat_client::group::AskingState;
use stonechat_client::people::Relation;
use stonechat_types::id::{ConversationId, UserId};

use crate::tui::dialog::Purpose;
use crate::tui::menu::{Entry, Menu, Then};
use crate::tui::message::Effect;
use crate::tui::sanitise;
use crate::tui::state::App;
use crate::tui::wish::{GroupWish, PeopleWish};

/// How many wait for a word of the user: requests of others, and groups that he is asked to come into.
#[must_use]
pub fn waiting(app: &App) -> usize {
    let asked = app.relations.values().filter(|relation| relation.incoming.is_some()).count();
    asked + app.asking.values().filter(|asking| asking.state == AskingState::Invited).count()
}

/// What is to be read before one chooses.
#[must_use]
pub fn about(app: &App, menu: &Menu) -> Vec<String> {
    match menu {
        Menu::Person(user) => app.relations.get(user).map(|relation| said(relation)).unwrap_or_default(),
        Menu::Invitation(id) => {
            let Some(asking) = app.asking.get(id) else { return vec!["This was answered.".into()] };
            let by = asking.by.as_ref().map_or_else(|| "Somebody".to_owned(), |by| app.name(by));
            vec![format!("{by} asks you to come into {}.", sanitise::one_line(&asking.title))]
        }
        _ => Vec::new(),
    }
}

/// What the two said to each other about being contacts.
fn said(relation: &Relation) -> Vec<String> {
    let mut lines = Vec::new();
    let mut add = |head: &str, text: &str| {
        if text.is_empty() {
            lines.push(head.to_owned());
        } else {
            lines.push(format!("{head}:"));
            lines.extend(sanitise::lines(text));
        }
    };
    if let Some(asked) = &relation.incoming {
        add("Asks to be your contact", &asked.message);
        if !asked.answer.is_empty() {
            add("Answers your question", &asked.answer);
        }
    }
    if let Some(asked) = &relation.outgoing {
        add("You asked to be contacts", &asked.message);
    }
    if let Some((why, _)) = relation.declined.as_ref().filter(|_| !relation.is_contact()) {
        add("Declined what you asked", why);
    }
    lines
}

/// The rows of a list.
#[must_use]
pub fn entries(app: &App, menu: &Menu) -> Vec<Entry> {
    match menu {
        Menu::People => people(app),
        Menu::Person(user) => person(app, user),
        Menu::Invitation(id) => invitation(*id),
        Menu::Foreign(id) => vec![
            Entry::new("Come in", Then::Do(Effect::ChangeGroup(*id, GroupWish::Join))),
            Entry::new("Ask to be let in", Then::Fill(Purpose::Apply(*id))),
        ],
        _ => Vec::new(),
    }
}

/// What waits for the user first, then what he waits for, contacts by their names, and whom he blocks.
fn people(app: &App) -> Vec<Entry> {
    let mut rows: Vec<(u8, String, Entry)> = Vec::new();
    for relation in app.relations.values() {
        let then = Then::Menu(Menu::Person(relation.user.clone()));
        let entry = Entry::person(app, &relation.user, "", then);
        let asked = relation.incoming.as_ref().filter(|_| !relation.is_blocked());
        let (place, entry) = match asked {
            Some(asked) if !asked.message.is_empty() => {
                (0, entry.note(sanitise::one_line(&asked.message)).aside("asks you"))
            }
            Some(_) => (0, entry.aside("asks you")),
            None if relation.is_blocked() => (4, entry.aside("blocked")),
            None if relation.outgoing.is_some() => (2, entry.aside("was asked")),
            None if relation.is_contact() => (3, entry),
            None => continue,
        };
        rows.push((place, entry.text.to_lowercase(), entry));
    }
    for asking in app.asking.values() {
        let title = sanitise::one_line(&asking.title);
        let title = if title.trim().is_empty() { "(no title)".to_owned() } else { title };
        let entry = Entry::new(title.clone(), Then::Menu(Menu::Invitation(asking.conversation)));
        match asking.state {
            AskingState::Invited => rows.push((1, title, entry.aside("invites you"))),
            AskingState::Applied => {
                rows.push((2, title, Entry { then: Then::Nothing, ..entry }.aside("you asked to come in")));
            }
            AskingState::Nothing => {}
        }
    }
    rows.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)));
    let add = Entry::new("Add somebody", Then::Fill(Purpose::AddContact));
    std::iter::once(add).chain(rows.into_iter().map(|(.., entry)| entry)).collect()
}

fn person(app: &App, user: &UserId) -> Vec<Entry> {
    let relation = app.relations.get(user);
    let is = |what: fn(&Relation) -> bool| relation.is_some_and(|relation| what(relation));
    let wish = |wish| Then::Do(Effect::ChangePeople(wish));
    let name = app.name(user);
    let mut entries = Vec::new();
    if is(|it| it.incoming.is_some()) {
        entries.push(Entry::new("Become contacts", wish(PeopleWish::Accept(user.clone()))));
        entries.push(Entry::new("Decline", Then::Fill(Purpose::Decline(user.clone()))));
    } else if is(|it| it.outgoing.is_some()) {
        entries.push(Entry::new("Take back what you asked", wish(PeopleWish::Withdraw(user.clone()))));
    } else if !is(Relation::is_contact) && !is(Relation::is_blocked) {
        entries.push(Entry::new("Ask to be contacts", Then::Fill(Purpose::Ask(user.clone()))));
    }
    entries.push(Entry::new("Write to them", Then::Do(Effect::OpenDirect(user.clone()))));
    let alias = relation.map_or("", |relation| &relation.remarks.alias);
    let alias = sanitise::one_line(alias);
    entries.push(Entry::new("Call them something else", Then::Fill(Purpose::Alias(user.clone()))).aside(alias));
    if is(Relation::is_contact) {
        let question = format!("Remove {name} from your contacts?");
        let remove = Effect::ChangePeople(PeopleWish::Remove(user.clone()));
        entries.push(Entry::new("Remove from contacts", Then::Sure(question, remove)));
    }
    if is(Relation::is_blocked) {
        entries.push(Entry::new("Block no longer", wish(PeopleWish::Unblock(user.clone()))));
    } else {
        let question = format!("Block {name}? What they send is refused.");
        let block = Effect::ChangePeople(PeopleWish::Block(user.clone()));
        entries.push(Entry::new("Block", Then::Sure(question, block)));
    }
    entries
}

fn invitation(id: ConversationId) -> Vec<Entry> {
    vec![
        Entry::new("Come in", Then::Do(Effect::ChangeGroup(id, GroupWish::Join))),
        Entry::new("Do not come in", Then::Do(Effect::ChangeGroup(id, GroupWish::DeclineInvitation))),
    ]
}
