//! One of each of what members and devices see, for samples.

use super::samples::{SENT_AT, bob, direct, group, message, title, view};
use bytes::Bytes;
use std::sync::Arc;
use stonechat_app::api::{
    AskingView, Content, ConversationView, EventView, GroupView, MessageView, PersonalItem, ReactionView, ReadMark,
    StateView,
};
use stonechat_domain::deletions::{Deletions, Place, Run};
use stonechat_domain::event::Change;
use stonechat_domain::group::{Asking, FOR_GOOD, GroupChange, Info, JoinMode, Link, LinkId, Measure, Settings};
use stonechat_domain::member::Role;
use stonechat_domain::plays::{Played, Plays};
use stonechat_domain::preferences::{Draft, Preferences};
use stonechat_domain::quiet::{Days, OffsetChange, Quiet, QuietHours, Window, Zone};
use stonechat_domain::stars::{Star, Stars};
use stonechat_types::emoji::Emoji;
use stonechat_types::fields::Fields;
use stonechat_types::id::ConversationKind;
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason, Tag};

pub fn emoji(text: &str) -> Emoji {
    Emoji::new(text).unwrap()
}

/// A message that people edited and added to.
pub fn changed() -> MessageView {
    let state = StateView {
        pinned: false,
        changed: Seq(57),
        edits: 1,
        edited_at: SENT_AT,
        reactions: vec![ReactionView { emoji: emoji("👍"), count: 2, own: true }],
        recalled: None,
    };
    MessageView { event: message(), state: Some(Box::new(state)) }
}

pub fn group_view() -> ConversationView {
    ConversationView {
        unread_mentions: 3,
        removals_version: PersonalSeq(23),
        id: group(),
        title: Some(title()),
        peer: None,
        role: Some(Role::Admin),
        member_count: 3,
        head: Seq(99),
        head_ordinal: Ordinal(60),
        read: Seq(42),
        read_ordinal: Ordinal(12),
        unread: 48,
        active_at: SENT_AT,
        last_message: Some(Arc::new(changed())),
        visible_from: Seq(35),
        floor_ordinal: Ordinal(9),
        read_marks: vec![ReadMark { user: bob().id, read: Seq(40), delivered: Seq(44) }],
        group: Some(Box::new(group_besides())),
    }
}

pub fn link() -> Link {
    Link { id: LinkId([7; 16]), until: SENT_AT, left: Some(3) }
}

pub fn info() -> Info {
    Info {
        description: Description::new("Birds,\nand who watches them").ok(),
        avatar: AvatarRef::new("pictures/birds").ok(),
        extension: Bytes::from_static(&[0, 0xff, 7]),
    }
}

pub fn group_besides() -> GroupView {
    let announced = Change::Group(GroupChange::Announced(Announcement::new("Sunday at six").ok()));
    GroupView {
        info: info(),
        settings: Settings { join: JoinMode::Approval, history: true, ..Settings::of(ConversationKind::Group) },
        announcement: Seq(40),
        dissolved: true,
        muted_until: SENT_AT,
        nickname: Nickname::new("Captain").ok(),
        links: vec![link()],
        announced: Some(EventView { kind: announced.kind(), content: Content::Change(announced), ..message() }),
    }
}

/// A change of a group of every kind.
pub fn group_changes() -> Vec<GroupChange> {
    let measure = || Measure { user: bob(), until: SENT_AT, reason: Reason::new("spam").ok() };
    vec![
        GroupChange::InfoChanged(info()),
        GroupChange::SettingsChanged(Settings::of(ConversationKind::Channel)),
        GroupChange::OwnerChanged(bob()),
        GroupChange::OwnerLeft(bob()),
        GroupChange::Dissolved,
        GroupChange::Muted(measure()),
        GroupChange::Unmuted(bob()),
        GroupChange::Banned { measure: measure(), removed: true },
        GroupChange::BanLifted(bob()),
        GroupChange::NicknameChanged(Nickname::new("Captain").ok()),
        GroupChange::Announced(Announcement::new("Sunday at six").ok()),
        GroupChange::Joined(Some(LinkId([7; 16]))),
        GroupChange::Applied,
        GroupChange::ApplicationDeclined(bob()),
        GroupChange::Invited(bob()),
        GroupChange::InvitationDeclined,
        GroupChange::LinkMade(link()),
        GroupChange::LinkRevoked(LinkId([7; 16])),
    ]
}

pub fn direct_view() -> ConversationView {
    ConversationView {
        id: direct(),
        title: None,
        peer: Some(view(&bob(), Some("Bob"))),
        role: None,
        last_message: None,
        read_marks: Vec::new(),
        group: None,
        ..group_view()
    }
}

pub fn preferences() -> Preferences {
    Preferences {
        pinned_at: Some(SENT_AT),
        muted_until: Some(FOR_GOOD),
        marked_unread: true,
        archived: true,
        folders: vec![Tag::new("Work").unwrap()],
        draft: Some(Draft { text: "half a".into(), reply_to: Some(Seq(30)), at: SENT_AT }),
        cleared_upto: Seq(7),
        hidden_upto: Seq(8),
        fields: Fields::of([("color", "red")]).unwrap(),
    }
}

pub fn deletions() -> PersonalItem {
    let place = |seq, ordinal| Place { seq: Seq(seq), ordinal: Ordinal(ordinal) };
    let runs = vec![Run { first: place(1, 1), last: place(7, 3) }, Run { first: place(40, 10), last: place(42, 11) }];
    PersonalItem::Deletions(group(), Arc::new(Deletions::from_runs(runs).unwrap()))
}

pub fn stars() -> PersonalItem {
    let place = Place { seq: Seq(42), ordinal: Ordinal(12) };
    let stars = Stars::from_all(vec![Star { place, at: SENT_AT }]).unwrap();
    PersonalItem::Stars(group(), Arc::new(stars))
}

pub fn plays() -> PersonalItem {
    let others = vec![Played { seq: Seq(42), by: 2 }];
    let plays = Plays::from_parts(Seq(3), vec![Seq(39), Seq(41)], others).unwrap();
    PersonalItem::Plays(group(), Arc::new(plays))
}

pub fn quiet() -> PersonalItem {
    let changes = vec![OffsetChange { at: SENT_AT, offset_minutes: 120 }];
    let zone = Zone::new(Some("Europe/Berlin"), 60, changes).unwrap();
    let window = Window::new(Days::new(0b001_1111).unwrap(), 22 * 60, 7 * 60).unwrap();
    let hours = QuietHours::new(vec![window], zone).unwrap();
    PersonalItem::Quiet(Box::new(Quiet { hours, paused_until: Some(SENT_AT) }))
}

pub fn asking() -> AskingView {
    let (conversation, title) = (group(), Some(title()));
    AskingView { conversation, asking: Asking::Invited, title, by: bob().id, at: SENT_AT }
}
