//! The one table of event kinds; `docs/protocol/events.md` is made from it.

use std::fmt;

/// What an event refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// Nothing but the conversation.
    Conversation,
    /// Users that the event names.
    Members,
    /// An earlier message, by its seq.
    Message,
}

macro_rules! kinds {
    ($($variant:ident = $number:literal, $name:literal, $countable:literal, $bumps:literal, $notify:literal, $timeline:literal, $target:ident, $fold:literal;)*) => {
        /// The kind of an event in a conversation's log.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum EventKind { $(#[doc = $fold] $variant,)* }

        impl EventKind {
            /// Every kind, in the order of its number.
            pub const ALL: &'static [EventKind] = &[$(EventKind::$variant,)*];

            /// The stable number in records and on the wire.
            #[must_use]
            pub const fn number(self) -> u16 { match self { $(EventKind::$variant => $number,)* } }

            /// The stable name in JSON and documents.
            #[must_use]
            pub const fn name(self) -> &'static str { match self { $(EventKind::$variant => $name,)* } }

            /// Whether it counts for ordinals and for unread.
            #[must_use]
            pub const fn countable(self) -> bool { match self { $(EventKind::$variant => $countable,)* } }

            /// Whether it moves the conversation up in the lists of its members.
            #[must_use]
            pub const fn bumps(self) -> bool { match self { $(EventKind::$variant => $bumps,)* } }

            /// Whether a person may be notified of it.
            #[must_use]
            pub const fn may_notify(self) -> bool { match self { $(EventKind::$variant => $notify,)* } }

            /// Whether people see it as a line between the messages.
            #[must_use]
            pub const fn in_timeline(self) -> bool { match self { $(EventKind::$variant => $timeline,)* } }

            /// What it refers to.
            #[must_use]
            pub const fn target(self) -> Target { match self { $(EventKind::$variant => Target::$target,)* } }

            /// What folding it does, in a sentence.
            #[must_use]
            pub const fn fold_rule(self) -> &'static str { match self { $(EventKind::$variant => $fold,)* } }

            /// The kind of a number; `None` for one of a later version.
            #[must_use]
            pub const fn from_number(number: u16) -> Option<Self> {
                match number { $($number => Some(EventKind::$variant),)* _ => None }
            }
        }
    };
}

// Number, name, countable, bumps activity, may notify, shown in timelines, target, what fold does.
kinds! {
    Message = 1, "message", true, true, true, false, Conversation, "Adds a message at the next ordinal; moves the sender's read cursor to `read_upto` and over own messages directly after it.";
    ConversationCreated = 2, "conversation_created", false, true, false, true, Members, "Begins the log with its kind, title and first members; the creator of a group is its owner.";
    MembersAdded = 3, "members_added", false, true, true, true, Members, "Opens an interval of seqs, from this event on, for each user named.";
    MemberRemoved = 4, "member_removed", false, false, false, true, Members, "Closes the interval of the user named, at this event.";
    MemberLeft = 5, "member_left", false, false, false, true, Members, "Closes the interval of its sender, at this event.";
    Renamed = 6, "renamed", false, false, false, true, Conversation, "Replaces the title.";
    RoleChanged = 7, "role_changed", false, false, false, true, Members, "Replaces the role of the user named.";
    Edited = 8, "edited", false, false, false, false, Message, "Replaces the body of the message named; the earlier ones are its history.";
    Reacted = 9, "reacted", false, false, false, false, Message, "Adds an emoji of its sender to the message named, or takes it back.";
    Recalled = 10, "recalled", false, false, false, false, Message, "Takes the message named back: what it said, its edits and its reactions are gone, and it is nobody's unread any more.";
    Command = 11, "command", false, false, false, false, Conversation, "Changes nothing: it is for the app on the devices, and people do not see it.";
    Pinned = 12, "pinned", false, false, false, true, Message, "Pins the message named for everybody, or no longer.";
    InfoChanged = 20, "info_changed", false, false, false, true, Conversation, "Replaces the description, the avatar and the extension of the group.";
    SettingsChanged = 21, "settings_changed", false, false, false, true, Conversation, "Replaces the settings of the group.";
    OwnerChanged = 22, "owner_changed", false, false, false, true, Members, "Makes the user named an owner, and its sender an admin.";
    OwnerLeft = 23, "owner_left", false, false, false, true, Members, "Makes the user named an owner, and closes the interval of its sender, at this event.";
    Dissolved = 24, "dissolved", false, false, false, true, Conversation, "Ends the group: nothing is added to it any more, but that members leave and take back what they said.";
    MemberMuted = 25, "member_muted", false, false, false, true, Members, "Lets the user named not write until the time that it says.";
    MemberUnmuted = 26, "member_unmuted", false, false, false, true, Members, "Lets the user named write again.";
    MemberBanned = 27, "member_banned", false, false, false, true, Members, "Keeps the user named out until the time that it says, and closes his interval, at this event.";
    BanLifted = 28, "ban_lifted", false, false, false, false, Members, "Keeps the user named out no longer.";
    NicknameChanged = 29, "nickname_changed", false, false, false, false, Conversation, "Replaces what its sender is called in the group.";
    Announced = 30, "announced", false, true, true, true, Conversation, "Replaces the announcement of the group, or takes it away.";
    Joined = 31, "joined", false, true, false, true, Members, "Opens an interval of seqs for its sender, from this event on; uses up one of the link that it names.";
    Applied = 32, "applied", false, false, false, false, Members, "Notes that its sender, who is no member, asks to be let in.";
    ApplicationDeclined = 33, "application_declined", false, false, false, false, Members, "Notes that the user named is not let in.";
    Invited = 34, "invited", false, false, false, false, Members, "Notes that the user named, who is no member, is asked to come in.";
    InvitationDeclined = 35, "invitation_declined", false, false, false, false, Members, "Notes that its sender, who is no member, does not come in.";
    LinkMade = 36, "link_made", false, false, false, false, Conversation, "Adds a link by which one joins, and drops those that are not good any more.";
    LinkRevoked = 37, "link_revoked", false, false, false, false, Conversation, "Drops a link by which one joins.";
}

impl fmt::Display for EventKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn numbers_and_names_are_unique_and_round_trip() {
        let names: BTreeSet<_> = EventKind::ALL.iter().map(|kind| kind.name()).collect();
        assert_eq!(names.len(), EventKind::ALL.len());
        for kind in EventKind::ALL {
            assert_eq!(EventKind::from_number(kind.number()), Some(*kind));
        }
        assert_eq!(EventKind::from_number(0), None);
    }
}
