//! Presence: whether a user is there, when he was last, and what he says of himself for the time being. Who is shown what
//! follows from what both allow and from what they are to each other; nothing of it is an event.

use crate::device::Platform;
use crate::relation::Relation;
use stonechat_types::emoji::Emoji;
use stonechat_types::number::Timestamp;
use stonechat_types::text::StatusText;

/// Last seen is told in steps of this: enough for people, and little for whoever draws up when they sleep.
pub const LAST_SEEN_STEP_MS: i64 = 60_000;

/// Who is shown something of a user. Whoever blocks him, or is blocked by him, never is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum WhoMaySee {
    /// Everybody.
    #[default]
    Everybody,
    /// His contacts.
    Contacts,
    /// Nobody.
    Nobody,
}

/// What a user says of himself for the time being.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Status {
    /// One character.
    pub emoji: Option<Emoji>,
    /// A line.
    pub text: Option<StatusText>,
    /// Until when; `None` has no end.
    pub until: Option<Timestamp>,
}

impl Status {
    /// Whether it still holds.
    #[must_use]
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// What a user says of himself, and who is shown what: durable, and the same on all of his devices.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresenceSettings {
    /// His custom status.
    pub status: Option<Status>,
    /// Who is shown whether he is there, and his status.
    pub who_may_see: WhoMaySee,
    /// Who, of those, is shown when he was there last.
    pub who_may_see_last_seen: WhoMaySee,
    /// Whether he looks as if he were not there. Being there meanwhile does not move when he was seen last.
    pub invisible: bool,
}

/// A change of them; `None` leaves things as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PresencePatch {
    /// His custom status; `None` inside is none.
    pub status: Option<Option<Status>>,
    /// Who is shown whether he is there.
    pub who_may_see: Option<WhoMaySee>,
    /// Who is shown when he was there last.
    pub who_may_see_last_seen: Option<WhoMaySee>,
    /// Whether he looks as if he were not there.
    pub invisible: Option<bool>,
}

impl PresenceSettings {
    /// Takes a change in. A status that says nothing is none.
    pub fn apply(&mut self, patch: &PresencePatch) {
        let PresencePatch { status, who_may_see, who_may_see_last_seen, invisible } = patch;
        if let Some(status) = status {
            self.status = status.clone().filter(|it| it.emoji.is_some() || it.text.is_some());
        }
        self.who_may_see = who_may_see.unwrap_or(self.who_may_see);
        self.who_may_see_last_seen = who_may_see_last_seen.unwrap_or(self.who_may_see_last_seen);
        self.invisible = invisible.unwrap_or(self.invisible);
    }
}

/// What one user is shown of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sight {
    /// Whether he is there, and his status.
    pub presence: bool,
    /// When he was there last.
    pub last_seen: bool,
}

impl Sight {
    /// Everything, as users see of themselves and apps of their users.
    pub const ALL: Self = Self { presence: true, last_seen: true };
}

/// What a viewer is shown of another user. It is mutual: nobody is shown more of another than he shows him.
#[must_use]
pub fn sight(relation: &Relation, viewer: &PresenceSettings, other: &PresenceSettings) -> Sight {
    if relation.is_blocked() {
        return Sight::default();
    }
    let shows = |who: WhoMaySee| match who {
        WhoMaySee::Everybody => true,
        WhoMaySee::Contacts => relation.are_contacts(),
        WhoMaySee::Nobody => false,
    };
    let presence = shows(viewer.who_may_see) && shows(other.who_may_see);
    let last_seen = shows(viewer.who_may_see_last_seen) && shows(other.who_may_see_last_seen);
    Sight { presence, last_seen: presence && last_seen }
}

/// Classes of devices, as a set.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Platforms(u8);

impl Platforms {
    /// Adds one.
    pub fn insert(&mut self, platform: Platform) {
        self.0 |= 1 << platform as u8;
    }

    /// Those in it, in their order.
    pub fn iter(self) -> impl Iterator<Item = Platform> {
        Platform::ALL.iter().map(|(platform, _)| *platform).filter(move |platform| self.0 & (1 << *platform as u8) != 0)
    }
}

/// Whether somebody is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Availability {
    /// None of his devices is connected.
    #[default]
    Offline,
    /// All that are connected say that he is away.
    Away,
    /// He is there.
    Online,
}

impl Availability {
    /// Every one of them, with its name.
    pub const ALL: [(Self, &'static str); 3] =
        [(Self::Offline, "offline"), (Self::Away, "away"), (Self::Online, "online")];

    /// Its name.
    #[must_use]
    pub fn name(self) -> &'static str {
        Self::ALL.iter().find(|(it, _)| *it == self).map_or("offline", |(_, name)| name)
    }
}

/// What is so of a user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Whereabouts {
    /// Whether one of his devices is connected, or was a moment ago.
    pub availability: Availability,
    /// The classes of those.
    pub platforms: Platforms,
    /// When he could last be seen to be there; `None` for never.
    pub last_seen: Option<Timestamp>,
}

impl Whereabouts {
    /// One of his devices is connected, where he is, or is away from it.
    pub fn add(&mut self, platform: Platform, here: Availability) {
        self.availability = self.availability.max(here);
        self.platforms.insert(platform);
    }
}

/// What somebody is shown.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Shown {
    /// Whether he is there.
    pub availability: Availability,
    /// The classes of the devices that are connected.
    pub platforms: Platforms,
    /// When he was there last, where he is not and that is shown.
    pub last_seen: Option<Timestamp>,
    /// His custom status.
    pub status: Option<Status>,
}

/// What is shown of a user to somebody with this sight. What he may not see looks like somebody who was never there, so
/// that it does not tell who is blocked.
#[must_use]
pub fn shown(settings: &PresenceSettings, sight: Sight, is: &Whereabouts, now: Timestamp) -> Shown {
    if !sight.presence {
        return Shown::default();
    }
    let (availability, platforms) = match settings.invisible {
        true => Default::default(),
        false => (is.availability, is.platforms),
    };
    let is_told = sight.last_seen && availability == Availability::Offline;
    let step = |at: Timestamp| Timestamp(at.0 - at.0.rem_euclid(LAST_SEEN_STEP_MS));
    Shown {
        availability,
        platforms,
        last_seen: is.last_seen.filter(|_| is_told).map(step),
        status: settings.status.clone().filter(|status| status.holds(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::relation::Party;
    use proptest::prelude::*;

    const MINUTE: i64 = LAST_SEEN_STEP_MS;

    fn who() -> impl Strategy<Value = WhoMaySee> {
        prop_oneof![Just(WhoMaySee::Everybody), Just(WhoMaySee::Contacts), Just(WhoMaySee::Nobody)]
    }

    fn settings() -> impl Strategy<Value = PresenceSettings> {
        (who(), who(), any::<bool>(), any::<bool>()).prop_map(|(see, last, invisible, says)| {
            let text = says.then(|| StatusText::new("away").unwrap());
            PresenceSettings {
                status: Some(Status { text, ..Status::default() }),
                who_may_see: see,
                who_may_see_last_seen: last,
                invisible,
            }
        })
    }

    fn relation() -> impl Strategy<Value = Relation> {
        (any::<bool>(), any::<bool>(), any::<bool>()).prop_map(|(contacts, low, high)| {
            let party = |blocks: bool| Party { blocks_since: blocks.then_some(Timestamp(1)), ..Party::default() };
            Relation { contacts_since: contacts.then_some(Timestamp(1)), low: party(low), high: party(high) }
        })
    }

    fn whereabouts() -> impl Strategy<Value = Whereabouts> {
        let devices = prop::collection::vec((0..Platform::ALL.len(), any::<bool>()), 0..4);
        (devices, prop::option::of(0..9 * MINUTE)).prop_map(|(devices, seen)| {
            let mut is = Whereabouts { last_seen: seen.map(Timestamp), ..Whereabouts::default() };
            for (platform, away) in devices {
                is.add(Platform::ALL[platform].0, if away { Availability::Away } else { Availability::Online });
            }
            is
        })
    }

    fn gone(is: Whereabouts) -> Whereabouts {
        Whereabouts { last_seen: is.last_seen, ..Whereabouts::default() }
    }

    proptest! {
        #[test]
        fn it_is_mutual(relation in relation(), one in settings(), other in settings()) {
            prop_assert_eq!(sight(&relation, &one, &other), sight(&relation, &other, &one));
        }

        #[test]
        fn a_block_shows_nothing(relation in relation(), one in settings(), other in settings(), is in whereabouts()) {
            let seen = sight(&relation, &one, &other);
            prop_assert!(!relation.is_blocked() || seen == Sight::default());
            prop_assert!(seen.presence || !seen.last_seen, "whoever is not shown is not shown as seen either");
            if !seen.presence {
                let never = shown(&PresenceSettings::default(), Sight::ALL, &Whereabouts::default(), Timestamp(1));
                prop_assert_eq!(shown(&other, seen, &is, Timestamp(1)), never, "he looks like one who never came");
            }
        }

        #[test]
        fn who_may_see_nothing_learns_nothing(one in settings(), other in settings(), is in whereabouts()) {
            // Whatever is so of the other, it looks the same.
            let hidden = sight(&Relation::default(), &one, &PresenceSettings { who_may_see: WhoMaySee::Nobody, ..other.clone() });
            let at = Timestamp(1);
            prop_assert_eq!(shown(&other, hidden, &is, at), shown(&other, hidden, &Whereabouts::default(), at));
        }

        #[test]
        fn who_is_invisible_looks_as_if_he_were_gone(it in settings(), is in whereabouts()) {
            let hides = PresenceSettings { invisible: true, ..it };
            let at = Timestamp(9 * MINUTE);
            let here = shown(&hides, Sight::ALL, &is, at);
            prop_assert_eq!(&here, &shown(&hides, Sight::ALL, &gone(is), at), "nothing tells the two from each other");
            prop_assert_eq!(here.availability, Availability::Offline);
        }

        #[test]
        fn last_seen_is_told_only_of_who_is_gone(it in settings(), is in whereabouts()) {
            let seen = shown(&it, Sight::ALL, &is, Timestamp(0));
            prop_assert!(seen.last_seen.is_none() || seen.availability == Availability::Offline);
            prop_assert!(seen.last_seen.is_none_or(|at| at.0 % MINUTE == 0));
            let hidden = shown(&it, Sight { last_seen: false, ..Sight::ALL }, &is, Timestamp(0));
            prop_assert_eq!(hidden, Shown { last_seen: None, ..seen });
        }
    }

    #[test]
    fn who_may_see_it_is_told() {
        let of = |see, last| PresenceSettings { who_may_see: see, who_may_see_last_seen: last, ..Default::default() };
        let friends = Relation { contacts_since: Some(Timestamp(1)), ..Relation::default() };
        let strangers = Relation::default();
        use WhoMaySee::{Contacts, Everybody, Nobody};
        let open = of(Everybody, Everybody);
        for (relation, viewer, other, presence, last_seen) in [
            (&strangers, &open, &open, true, true),
            (&strangers, &open, &of(Contacts, Everybody), false, false),
            (&friends, &open, &of(Contacts, Contacts), true, true),
            (&friends, &open, &of(Everybody, Nobody), true, false),
            (&friends, &of(Everybody, Nobody), &open, true, false),
            (&friends, &of(Nobody, Everybody), &open, false, false),
            (&strangers, &of(Contacts, Contacts), &open, false, false),
        ] {
            let expected = Sight { presence, last_seen };
            assert_eq!(sight(relation, viewer, other), expected, "{viewer:?} looks at {other:?}");
        }
    }

    #[test]
    fn who_is_away_from_one_device_is_there_by_another() {
        let mut is = Whereabouts::default();
        is.add(Platform::Phone, Availability::Away);
        assert_eq!(is.availability, Availability::Away);
        is.add(Platform::Desktop, Availability::Online);
        is.add(Platform::Phone, Availability::Away);
        assert_eq!(is.availability, Availability::Online);
        assert_eq!(is.platforms.iter().collect::<Vec<_>>(), [Platform::Phone, Platform::Desktop]);
    }

    #[test]
    fn last_seen_is_told_to_the_minute() {
        let is = Whereabouts { last_seen: Some(Timestamp(3 * MINUTE + 59_999)), ..Whereabouts::default() };
        let seen = shown(&PresenceSettings::default(), Sight::ALL, &is, Timestamp(9 * MINUTE));
        assert_eq!(seen.last_seen, Some(Timestamp(3 * MINUTE)));
    }

    #[test]
    fn a_status_ends_and_one_that_says_nothing_is_none() {
        let mut it = PresenceSettings::default();
        let text = Some(StatusText::new("at lunch").unwrap());
        let status = Status { emoji: Emoji::new("🥪").ok(), text, until: Some(Timestamp(10)) };
        it.apply(&PresencePatch { status: Some(Some(status.clone())), ..Default::default() });
        let at = |it: &PresenceSettings, now| shown(it, Sight::ALL, &Whereabouts::default(), Timestamp(now)).status;
        assert_eq!((at(&it, 9), at(&it, 10)), (Some(status.clone()), None));
        it.apply(&PresencePatch { invisible: Some(true), ..Default::default() });
        assert!(it.invisible && it.status == Some(status), "what is not named stays");
        it.apply(&PresencePatch { status: Some(Some(Status::default())), ..Default::default() });
        assert!(it.status.is_none());
    }
}
