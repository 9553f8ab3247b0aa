//! What happened to a conversation, in words.

use stonechat_client::state::Role;
use stonechat_client::system_event::{SystemEvent, SystemEventKind};
use stonechat_domain::group::Who;
use stonechat_types::id::UserId;

use crate::tui::sanitise;

/// So many people are named; the rest is counted.
pub const NAMED_MAX: usize = 3;

/// One line of it. `me` is "you", and `name` what others are called.
#[must_use]
pub fn happened(event: &SystemEvent, me: &UserId, name: impl Fn(&UserId) -> String) -> String {
    let who = |user: &UserId| if user == me { "you".to_owned() } else { name(user) };
    let by = if event.by == *me { "You".to_owned() } else { name(&event.by) };
    match &event.kind {
        SystemEventKind::Created(users) if users.is_empty() => format!("{by} started the group"),
        SystemEventKind::Created(users) => format!("{by} started the group with {}", all(users, who)),
        SystemEventKind::MembersAdded(users) => format!("{by} added {}", all(users, who)),
        SystemEventKind::Joined => format!("{by} joined"),
        SystemEventKind::MemberRemoved(user) => format!("{by} removed {}", who(user)),
        SystemEventKind::MemberBanned(user) => format!("{by} removed {}, who may not come back", who(user)),
        SystemEventKind::MemberLeft => format!("{by} left"),
        SystemEventKind::OwnerLeft(user) if user == me => format!("{by} left; you are the owner now"),
        SystemEventKind::OwnerLeft(user) => format!("{by} left; {} is the owner now", name(user)),
        SystemEventKind::OwnerChanged(user) => format!("{by} made {} the owner", who(user)),
        SystemEventKind::RoleChanged(user, role) => {
            let role = match role {
                Role::Owner => "the owner",
                Role::Admin => "an admin",
                Role::Member | Role::None => "a member",
            };
            format!("{by} made {} {role}", who(user))
        }
        SystemEventKind::MemberMuted(user, _) => format!("{by} muted {}", who(user)),
        SystemEventKind::MemberUnmuted(user) => format!("{by} unmuted {}", who(user)),
        SystemEventKind::Renamed(title) => format!("{by} changed the name to “{}”", sanitise::one_line(title)),
        SystemEventKind::InfoChanged => format!("{by} changed what the group says of itself"),
        SystemEventKind::SettingsChanged(settings) if settings.speak == Who::Admins => {
            format!("{by} changed the settings; only admins can write")
        }
        SystemEventKind::SettingsChanged(_) => format!("{by} changed the settings"),
        SystemEventKind::Announced(text) if text.is_empty() => format!("{by} took the announcement away"),
        SystemEventKind::Announced(text) => format!("{by} announced “{}”", sanitise::one_line(text)),
        SystemEventKind::Pinned(_) => format!("{by} pinned a message"),
        SystemEventKind::Dissolved => format!("{by} closed the group"),
    }
}

fn all(users: &[UserId], who: impl Fn(&UserId) -> String) -> String {
    let named: Vec<_> = users.iter().take(NAMED_MAX).map(who).collect();
    match (users.len() - named.len(), named.as_slice()) {
        (0, [one]) => one.clone(),
        (0, [first @ .., last]) => format!("{} and {last}", first.join(", ")),
        (rest, named) => format!("{} and {rest} more", named.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use stonechat_types::number::{Seq, Timestamp};

    use super::*;

    fn user(id: &str) -> UserId {
        UserId::new(id).unwrap()
    }

    fn says(by: &str, kind: SystemEventKind) -> String {
        let event = SystemEvent { seq: Seq(1), by: user(by), at: Timestamp(1), kind };
        happened(&event, &user("ines"), |user| user.as_str().to_uppercase())
    }

    #[test]
    fn it_says_who_did_what_to_whom() {
        assert_eq!(says("ruth", SystemEventKind::Joined), "RUTH joined");
        assert_eq!(says("ines", SystemEventKind::MemberRemoved(user("kofi"))), "You removed KOFI");
        assert_eq!(says("ruth", SystemEventKind::MemberRemoved(user("ines"))), "RUTH removed you");
        let added = ["kofi", "ines", "dana", "li", "sam"].map(user);
        assert_eq!(says("ruth", SystemEventKind::MembersAdded(added[..2].into())), "RUTH added KOFI and you");
        assert_eq!(says("ruth", SystemEventKind::MembersAdded(added.into())), "RUTH added KOFI, you, DANA and 2 more");
        let title = "a\nname\u{1b}[31m".to_owned();
        assert!(!says("ruth", SystemEventKind::Renamed(title)).contains(char::is_control));
    }
}
