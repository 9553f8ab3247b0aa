//! Samples of presence, and what of it is refused.

use bytes::Bytes;
use stonechat_app::api::{Answer, PresenceView};
use stonechat_domain::device::Platform;
use stonechat_domain::presence::{Availability, Platforms, PresenceSettings, Shown, Status, WhoMaySee};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;
use stonechat_types::text::StatusText;
use stonechat_wire::v1::{self, frame::Body};

use crate::presence;

const AT: Timestamp = Timestamp(1_790_000_000_123);

fn wire_status() -> v1::CustomStatus {
    v1::CustomStatus { emoji: "🥪".into(), text: "at lunch".into(), until: AT.0 }
}

fn status() -> Status {
    Status { emoji: Emoji::new("🥪").ok(), text: StatusText::new("at lunch").ok(), until: Some(AT) }
}

/// Calls, one of each kind.
pub fn calls(command_id: Bytes) -> Vec<Body> {
    vec![
        Body::SetPresence(v1::SetPresence {
            command_id,
            status: Some(wire_status()),
            who_may_see: v1::WhoMaySee::Contacts.into(),
            who_may_see_last_seen: v1::WhoMaySee::Nobody.into(),
            invisible: Some(true),
        }),
        Body::GetPresenceSettings(v1::GetPresenceSettings {}),
        Body::WatchPresence(v1::WatchPresence { user_ids: vec!["bob".into(), "carol@example.org".into()] }),
        Body::GetPresence(v1::GetPresence { user_ids: vec!["bob".into()] }),
    ]
}

/// Answers, one of each kind.
pub fn answers() -> Vec<Answer> {
    vec![Answer::Presences(vec![online(), gone()]), Answer::PresenceSettings(Box::new(settings()))]
}

pub fn settings() -> PresenceSettings {
    PresenceSettings {
        status: Some(status()),
        who_may_see: WhoMaySee::Contacts,
        who_may_see_last_seen: WhoMaySee::Nobody,
        invisible: true,
    }
}

/// Somebody who is there.
pub fn online() -> PresenceView {
    let mut platforms = Platforms::default();
    platforms.insert(Platform::Phone);
    platforms.insert(Platform::Desktop);
    let shown = Shown { availability: Availability::Online, platforms, last_seen: None, status: Some(status()) };
    PresenceView { user: UserId::new("bob").unwrap(), shown }
}

fn gone() -> PresenceView {
    let shown = Shown { last_seen: Some(Timestamp(1_790_000_000_000)), ..Shown::default() };
    PresenceView { user: UserId::new("carol@example.org").unwrap(), shown }
}

#[test]
fn a_status_that_says_nothing_is_none_and_what_breaks_a_rule_is_refused() {
    let set = |status| {
        let set =
            v1::SetPresence { command_id: Bytes::from_static(&[1; 16]), status: Some(status), ..Default::default() };
        presence::set_presence(set).map(|set| set.patch.status)
    };
    let nothing = v1::CustomStatus { until: 7, ..v1::CustomStatus::default() };
    assert!(set(nothing).unwrap() == Some(None));
    let mut endless = status();
    endless.until = None;
    assert_eq!(set(v1::CustomStatus { until: 0, ..wire_status() }).unwrap(), Some(Some(endless)));
    for broken in [
        v1::CustomStatus { emoji: "ab".into(), ..wire_status() },
        v1::CustomStatus { text: "a\nb".into(), ..wire_status() },
        v1::CustomStatus { text: "x".repeat(257), ..wire_status() },
        v1::CustomStatus { until: -1, ..wire_status() },
    ] {
        assert!(set(broken).is_err());
    }
    let unknown = v1::SetPresence { command_id: Bytes::from_static(&[1; 16]), who_may_see: 77, ..Default::default() };
    assert!(presence::set_presence(unknown).is_err());
}
