//! The lists of the open group.

use stonechat_client::state::{Member, Role};
use stonechat_domain::group::{FOR_GOOD, Who};
use stonechat_types::id::{ConversationKind, UserId};
use stonechat_types::number::Timestamp;

use crate::cli::civil::Civil;
use crate::tui::dialog::Purpose;
use crate::tui::menu::{Entry, Menu, Then};
use crate::tui::message::Effect;
use crate::tui::state::App;
use crate::tui::wish::{Facts, GroupWish};
use crate::tui::{sanitise, words};

/// What is to be read before one chooses.
#[must_use]
pub fn about(app: &App, menu: &Menu) -> Vec<String> {
    let facts = facts(app);
    match menu {
        Menu::Group => {
            let said = facts.and_then(|facts| facts.announced.as_ref()).map(|said| {
                let head = format!("{}, {}:", app.name(&said.by), words::when(said.at, app.now, app.offset));
                [vec![head], sanitise::lines(&said.text)].concat()
            });
            said.unwrap_or_default()
        }
        Menu::Members if members(app).is_none() => vec!["asking the server …".into()],
        Menu::Applications if facts.is_some_and(|it| it.applications.is_empty()) => {
            vec!["Nobody asks to be let in.".into()]
        }
        Menu::Application(user) => {
            let asker = facts.and_then(|facts| facts.applications.iter().find(|asker| asker.user == *user));
            asker.map_or_else(|| vec!["This was answered.".into()], |asker| sanitise::lines(&asker.message))
        }
        Menu::Links if facts.is_some_and(|it| it.links.is_empty()) => vec!["There is no link.".into()],
        Menu::Bans if facts.is_some_and(|it| it.bans.is_empty()) => vec!["Nobody is kept out.".into()],
        _ => Vec::new(),
    }
}

/// The rows of a list.
#[must_use]
pub fn entries(app: &App, menu: &Menu) -> Vec<Entry> {
    match menu {
        Menu::Group => group(app),
        Menu::Members => {
            let of = |member: &Member| named(app, member, Then::Menu(Menu::Member(member.user.clone())));
            members(app).unwrap_or_default().iter().map(of).collect()
        }
        Menu::Member(user) => member(app, user),
        Menu::Unread => {
            let unread = facts(app).map(|facts| facts.unread.as_slice()).unwrap_or_default();
            unread.iter().map(|member| named(app, member, Then::Nothing)).collect()
        }
        Menu::Applications => {
            let all = facts(app).map(|facts| facts.applications.as_slice()).unwrap_or_default();
            let of = |asker: &stonechat_client::group::Asker| {
                let then = Then::Menu(Menu::Application(asker.user.clone()));
                Entry::person(app, &asker.user, &asker.display_name, then).aside(moment(app, asker.at))
            };
            all.iter().map(of).collect()
        }
        Menu::Application(user) => vec![
            Entry::new("Let in", wish(app, GroupWish::Accept(user.clone()))),
            Entry::new("Do not let in", wish(app, GroupWish::Decline(user.clone()))),
        ],
        Menu::Links => links(app),
        Menu::Link(link) => vec![Entry::new(
            "Revoke it",
            sure(app, "Revoke the link? Nobody joins by it any more.".into(), GroupWish::RevokeLink(*link)),
        )],
        Menu::Bans => bans(app),
        Menu::People
        | Menu::Person(_)
        | Menu::Invitation(_)
        | Menu::Forward(_)
        | Menu::Readers(_)
        | Menu::Foreign(_)
        | Menu::Chat(_) => Vec::new(),
    }
}

fn facts(app: &App) -> Option<&Facts> {
    app.open.as_ref()?.facts.as_ref()
}

fn members(app: &App) -> Option<&[Member]> {
    app.open.as_ref()?.members.as_deref()
}

/// What the user may do in the open group.
fn role(app: &App) -> Role {
    app.open_summary().filter(|summary| summary.member).map_or(Role::None, |summary| summary.role)
}

/// Whether the user may add others to it.
#[must_use]
pub fn may_add(app: &App) -> bool {
    let anybody = app.open_summary().is_some_and(|summary| summary.group.settings.invite == Who::Everybody);
    role(app) >= Role::Admin || (anybody && role(app) == Role::Member)
}

fn wish(app: &App, wish: GroupWish) -> Then {
    app.open.as_ref().map_or(Then::Nothing, |open| Then::Do(Effect::ChangeGroup(open.id, wish)))
}

fn sure(app: &App, question: String, wish: GroupWish) -> Then {
    app.open.as_ref().map_or(Then::Nothing, |open| Then::Sure(question, Effect::ChangeGroup(open.id, wish)))
}

fn named(app: &App, member: &Member, then: Then) -> Entry {
    let called = if member.nickname.is_empty() { &member.display_name } else { &member.nickname };
    let role = match member.role {
        Role::Owner => "owner",
        Role::Admin => "admin",
        Role::Member | Role::None => "",
    };
    let muted = if member.muted_until > app.now { "muted" } else { "" };
    let aside = [muted, role].into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" · ");
    Entry::person(app, &member.user, called, then).aside(aside)
}

fn group(app: &App) -> Vec<Entry> {
    let (Some(open), Some(summary)) = (&app.open, app.open_summary()) else { return Vec::new() };
    let is_admin = role(app) >= Role::Admin;
    let nickname = sanitise::one_line(&summary.group.nickname);
    let mut entries = vec![
        Entry::new("People", Then::Menu(Menu::Members)).aside(summary.member_count.to_string()),
        Entry::new("Your name here", Then::Fill(Purpose::Nickname)).aside(nickname),
    ];
    if may_add(app) {
        entries.push(Entry::new("Add people", Then::Fill(Purpose::AddMembers)));
        entries.push(Entry::new("Ask people to come in", Then::Fill(Purpose::Invite)));
    }
    if is_admin {
        let none = Facts::default();
        let facts = open.facts.as_ref().unwrap_or(&none);
        entries.push(Entry::new("Announce something", Then::Fill(Purpose::Announce)));
        if facts.counts {
            let read = format!("read by {}, not by {}", facts.read, facts.unread.len());
            entries.push(Entry::new("Who has not read it", Then::Menu(Menu::Unread)).aside(read));
        }
        let count = |number: usize| if open.facts.is_some() { number.to_string() } else { "…".into() };
        entries.push(Entry::new("Applications", Then::Menu(Menu::Applications)).aside(count(facts.applications.len())));
        entries.push(Entry::new("Links", Then::Menu(Menu::Links)).aside(count(facts.links.len())));
        entries.push(Entry::new("Kept out", Then::Menu(Menu::Bans)).aside(count(facts.bans.len())));
    }
    if is_admin || summary.group.settings.edit_info == Who::Everybody {
        entries.push(Entry::new("Rename", Then::Fill(Purpose::Rename)));
    }
    if is_admin && summary.kind == ConversationKind::Group {
        entries.push(match summary.group.settings.speak {
            Who::Everybody => Entry::new("Let only admins write", wish(app, GroupWish::Speak(Who::Admins))),
            Who::Admins => Entry::new("Let everybody write", wish(app, GroupWish::Speak(Who::Everybody))),
        });
    }
    entries.push(Entry::new("Leave the group", leave(app)));
    if role(app) == Role::Owner {
        let question = "End the group for everybody? What was said stays.".to_owned();
        entries.push(Entry::new("Dissolve the group", sure(app, question, GroupWish::Dissolve)));
    }
    entries
}

/// What leaving the open group needs.
#[must_use]
pub fn leave(app: &App) -> Then {
    let question = format!("Leave {}?", app.open_title());
    app.open.as_ref().map_or(Then::Nothing, |open| Then::Sure(question, Effect::Leave(open.id)))
}

fn member(app: &App, user: &UserId) -> Vec<Entry> {
    if *user == app.me {
        return vec![
            Entry::new("Your name here", Then::Fill(Purpose::Nickname)),
            Entry::new("Leave the group", leave(app)),
        ];
    }
    let mut entries = vec![
        Entry::new("Write to them", Then::Do(Effect::OpenDirect(user.clone()))),
        Entry::new("Contact, name, block", Then::Menu(Menu::Person(user.clone()))),
    ];
    let Some(member) = members(app).unwrap_or_default().iter().find(|member| member.user == *user) else {
        return entries;
    };
    let mine = role(app);
    let name = app.name(user);
    if mine == Role::Owner {
        let (other, text) = match member.role {
            Role::Admin => (Role::Member, "Make a member like others"),
            Role::Owner => (Role::Admin, "Make an admin, no owner"),
            Role::Member | Role::None => (Role::Admin, "Make an admin"),
        };
        entries.push(Entry::new(text, wish(app, GroupWish::Role(user.clone(), other))));
        let question = format!("Give the group to {name}? You are an admin then.");
        entries.push(Entry::new("Give them the group", sure(app, question, GroupWish::Transfer(user.clone()))));
    }
    // Admins have no say over each other.
    if mine == Role::Owner || (mine == Role::Admin && member.role == Role::Member) {
        entries.push(if member.muted_until > app.now {
            Entry::new("Let write again", wish(app, GroupWish::Unmute(user.clone())))
        } else {
            Entry::new("Mute", Then::Fill(Purpose::Mute(user.clone())))
        });
        let question = format!("Remove {name} from the group?");
        entries.push(Entry::new("Remove", sure(app, question, GroupWish::Remove(user.clone()))));
        entries.push(Entry::new("Remove and keep out", Then::Fill(Purpose::Ban(user.clone()))));
    }
    entries
}

fn links(app: &App) -> Vec<Entry> {
    let mut entries = vec![Entry::new("Make a link", Then::Fill(Purpose::MakeLink))];
    let all = facts(app).map(|facts| facts.links.as_slice()).unwrap_or_default();
    entries.extend(all.iter().enumerate().map(|(n, link)| {
        let until = match link.until {
            until if until >= FOR_GOOD => "until it is revoked".to_owned(),
            until if until <= app.now => "is over".to_owned(),
            until => format!("until {}", moment(app, until)),
        };
        let left = match link.left {
            None => String::new(),
            Some(1) => "for one more".into(),
            Some(left) => format!("for {left} more"),
        };
        Entry::new(format!("Link {}", n + 1), Then::Menu(Menu::Link(link.id))).note(until).aside(left)
    }));
    entries
}

fn bans(app: &App) -> Vec<Entry> {
    let all = facts(app).map(|facts| facts.bans.as_slice()).unwrap_or_default();
    let of = |ban: &stonechat_client::group::Ban| {
        let question = format!("Keep {} out no longer?", app.name(&ban.user));
        let then = sure(app, question, GroupWish::LiftBan(ban.user.clone()));
        let until = ban.until.map_or_else(|| "for good".to_owned(), |until| format!("until {}", moment(app, until)));
        let entry = Entry::person(app, &ban.user, &ban.display_name, then).aside(until);
        if ban.reason.is_empty() { entry } else { entry.note(sanitise::one_line(&ban.reason)) }
    };
    all.iter().map(of).collect()
}

/// A moment, as people say it on their own clock.
fn moment(app: &App, at: Timestamp) -> String {
    let text = Civil::at(at, app.offset).date_and_clock();
    // Seconds tell nobody anything here.
    text.get(..text.len().saturating_sub(3)).unwrap_or(&text).to_owned()
}
