//! When a user is not to be disturbed: windows of his week, and a pause until a time. Nobody is notified meanwhile; what
//! comes is there, and counts.
//!
//! A window is of the clock on the user's wall. There is no table of time zones here: the device that sets the windows says
//! how far its zone is ahead of UTC, and when that changes next. So on the day on which clocks are set forward a window
//! loses the minutes that are skipped, and on the day on which they are set back it has those that come twice, twice. After
//! the last change that is known the offset stays; a device says more whenever it knows more.

use std::sync::Arc;
use stonechat_types::limits::{OFFSET_CHANGES_MAX, QUIET_WINDOWS_MAX, TIME_ZONE_BYTES_MAX};
use stonechat_types::number::Timestamp;

pub use crate::group::FOR_GOOD;

const MINUTES_OF_DAY: i64 = 24 * 60;
/// 1970-01-01 was a Thursday; Monday is 0.
const FIRST_WEEKDAY: i64 = 3;
/// All days of a week.
const ALL_DAYS: u8 = 0x7F;
/// The largest offset of a zone, in minutes: clocks are at most this far from UTC.
pub const OFFSET_MINUTES_MAX: u32 = 18 * 60;

/// Days of the week: bit 0 is Monday.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Days(u8);

impl Days {
    /// Of bits; `None` for none, and for days that a week does not have.
    #[must_use]
    pub const fn new(bits: u8) -> Option<Self> {
        if bits == 0 || bits & !ALL_DAYS != 0 { None } else { Some(Self(bits)) }
    }

    /// The bits.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    const fn has(self, weekday: i64) -> bool {
        self.0 >> weekday & 1 == 1
    }
}

/// A stretch of some days, in minutes since midnight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    days: Days,
    from: u16,
    upto: u16,
}

impl Window {
    /// One that begins on some days. When it ends at or before its beginning, it ends on the next day. `None` for minutes
    /// that a day does not have.
    #[must_use]
    pub fn new(days: Days, from: u16, upto: u16) -> Option<Self> {
        let (from_is, upto_is) = (i64::from(from) < MINUTES_OF_DAY, i64::from(upto) <= MINUTES_OF_DAY);
        (from_is && upto_is).then_some(Self { days, from, upto })
    }

    /// The days on which it begins.
    #[must_use]
    pub const fn days(&self) -> Days {
        self.days
    }

    /// The minute with which it begins.
    #[must_use]
    pub const fn from(&self) -> u16 {
        self.from
    }

    /// The minute before which it ends.
    #[must_use]
    pub const fn upto(&self) -> u16 {
        self.upto
    }

    fn holds(&self, weekday: i64, minute: i64) -> bool {
        let (from, upto) = (i64::from(self.from), i64::from(self.upto));
        if from < upto {
            return self.days.has(weekday) && (from..upto).contains(&minute);
        }
        let yesterday = (weekday + 6) % 7;
        self.days.has(weekday) && minute >= from || self.days.has(yesterday) && minute < upto
    }
}

/// From when on a zone has another offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OffsetChange {
    /// When.
    pub at: Timestamp,
    /// Minutes ahead of UTC from then on.
    pub offset_minutes: i32,
}

/// How the clock on a user's wall goes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Zone {
    name: Option<Arc<str>>,
    offset_minutes: i32,
    changes: Vec<OffsetChange>,
}

impl Zone {
    /// A zone by its offset, and by the changes of that which are known. The name is for people and for devices that know
    /// such. `None` when it is not in its form: too long, not in order of time, or of clocks that nobody has.
    #[must_use]
    pub fn new(name: Option<&str>, offset_minutes: i32, changes: Vec<OffsetChange>) -> Option<Self> {
        let is_offset = |minutes: i32| minutes.unsigned_abs() <= OFFSET_MINUTES_MAX;
        let in_name = |byte: u8| byte.is_ascii_alphanumeric() || b"_+-/".contains(&byte);
        let is_name = |name: &str| (1..=TIME_ZONE_BYTES_MAX).contains(&name.len()) && name.bytes().all(in_name);
        let named = name.is_none_or(is_name);
        let ordered = changes.windows(2).all(|pair| pair[0].at < pair[1].at);
        let known =
            changes.len() <= OFFSET_CHANGES_MAX && changes.iter().all(|change| is_offset(change.offset_minutes));
        (named && ordered && known && is_offset(offset_minutes)).then(|| Self {
            name: name.map(Arc::from),
            offset_minutes,
            changes,
        })
    }

    /// What it is called.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        self.name.as_deref()
    }

    /// Minutes ahead of UTC before the first change.
    #[must_use]
    pub const fn offset_minutes(&self) -> i32 {
        self.offset_minutes
    }

    /// The changes that are known.
    #[must_use]
    pub fn changes(&self) -> &[OffsetChange] {
        &self.changes
    }

    /// Minutes ahead of UTC at a time.
    #[must_use]
    pub fn offset_at(&self, now: Timestamp) -> i32 {
        let after = self.changes.partition_point(|change| change.at <= now);
        after.checked_sub(1).map_or(self.offset_minutes, |last| self.changes[last].offset_minutes)
    }
}

/// The windows of a user's week.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietHours {
    windows: Vec<Window>,
    /// Whose clock they are of.
    pub zone: Zone,
}

impl QuietHours {
    /// Of windows; `None` for too many.
    #[must_use]
    pub fn new(windows: Vec<Window>, zone: Zone) -> Option<Self> {
        (windows.len() <= QUIET_WINDOWS_MAX).then_some(Self { windows, zone })
    }

    /// The windows.
    #[must_use]
    pub fn windows(&self) -> &[Window] {
        &self.windows
    }

    fn hold(&self, now: Timestamp) -> bool {
        let minutes = now.0.div_euclid(60_000) + i64::from(self.zone.offset_at(now));
        let weekday = (minutes.div_euclid(MINUTES_OF_DAY) + FIRST_WEEKDAY).rem_euclid(7);
        let minute = minutes.rem_euclid(MINUTES_OF_DAY);
        self.windows.iter().any(|window| window.holds(weekday, minute))
    }
}

/// When a user is not to be disturbed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Quiet {
    /// In the windows of his week.
    pub hours: QuietHours,
    /// And until a time; [`FOR_GOOD`] has no end.
    pub paused_until: Option<Timestamp>,
}

/// A change of it; `None` leaves things as they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QuietPatch {
    /// The windows.
    pub hours: Option<QuietHours>,
    /// Until when; `None` inside ends the pause.
    pub paused_until: Option<Option<Timestamp>>,
}

impl Quiet {
    /// Whether nobody is to be notified now.
    #[must_use]
    pub fn is_quiet(&self, now: Timestamp) -> bool {
        self.paused_until.is_some_and(|until| until > now) || self.hours.hold(now)
    }

    /// Takes a change in. A pause that is over by now changes nothing: it was said late, and ends none that was said since.
    pub fn apply(&mut self, patch: &QuietPatch, now: Timestamp) {
        let QuietPatch { hours, paused_until } = patch;
        if let Some(hours) = hours {
            self.hours.clone_from(hours);
        }
        match paused_until {
            None => {}
            Some(None) => self.paused_until = None,
            Some(Some(until)) if *until > now => self.paused_until = Some(*until),
            Some(Some(_)) => self.paused_until = self.paused_until.filter(|until| *until > now),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const HOUR: i64 = 3_600_000;
    const DAY: i64 = 24 * HOUR;
    /// Monday, 2026-11-30, 00:00 UTC.
    const MONDAY: i64 = 20_787 * DAY;
    const WEEKDAYS: u8 = 0b001_1111;

    fn quiet(days: u8, from: u16, upto: u16, zone: Zone) -> Quiet {
        let window = Window::new(Days::new(days).unwrap(), from, upto).unwrap();
        Quiet { hours: QuietHours::new(vec![window], zone).unwrap(), paused_until: None }
    }

    fn ahead(minutes: i32) -> Zone {
        Zone::new(Some("Europe/Berlin"), minutes, Vec::new()).unwrap()
    }

    #[test]
    fn a_window_over_midnight_belongs_to_the_day_on_which_it_begins() {
        let nights = quiet(WEEKDAYS, 22 * 60, 7 * 60, ahead(0));
        for (at, expected) in [
            (MONDAY + 6 * HOUR, false), // The night of Sunday.
            (MONDAY + 22 * HOUR, true),
            (MONDAY + 22 * HOUR - 1, false),
            (MONDAY + DAY + 7 * HOUR - 1, true),
            (MONDAY + DAY + 7 * HOUR, false),
            (MONDAY + 5 * DAY + 6 * HOUR, true), // The night of Friday.
            (MONDAY + 5 * DAY + 23 * HOUR, false),
        ] {
            assert_eq!(nights.is_quiet(Timestamp(at)), expected, "{}", (at - MONDAY) / HOUR);
        }
        let all_of_monday = quiet(1, 0, 24 * 60, ahead(0));
        let from_nine_to_nine = quiet(1, 9 * 60, 9 * 60, ahead(0));
        for (hours, expected) in [(-1, false), (0, true), (23, true), (24, false)] {
            assert_eq!(all_of_monday.is_quiet(Timestamp(MONDAY + hours * HOUR)), expected);
            assert_eq!(from_nine_to_nine.is_quiet(Timestamp(MONDAY + (9 + hours) * HOUR)), expected);
        }
    }

    #[test]
    fn windows_are_of_the_clock_on_the_wall_also_when_that_is_changed() {
        let at_nine = |zone| quiet(0x7F, 9 * 60, 10 * 60, zone);
        assert!(at_nine(ahead(60)).is_quiet(Timestamp(MONDAY + 8 * HOUR)));
        assert!(at_nine(ahead(-5 * 60)).is_quiet(Timestamp(MONDAY + 14 * HOUR)));
        // At 01:00 UTC of Tuesday the clocks are set forward by an hour.
        let change = OffsetChange { at: Timestamp(MONDAY + DAY + HOUR), offset_minutes: 120 };
        let zone = Zone::new(None, 60, vec![change]).unwrap();
        let quiet = at_nine(zone.clone());
        assert!(quiet.is_quiet(Timestamp(MONDAY + 8 * HOUR)) && !quiet.is_quiet(Timestamp(MONDAY + 7 * HOUR)));
        assert!(quiet.is_quiet(Timestamp(MONDAY + DAY + 7 * HOUR)));
        // From 02:00 to 02:30 of that day does not exist.
        let skipped = self::quiet(0x7F, 120, 150, zone);
        let tuesday = (MONDAY + DAY - 2 * HOUR..MONDAY + DAY + 20 * HOUR).step_by(60_000);
        assert_eq!(tuesday.filter(|at| skipped.is_quiet(Timestamp(*at))).count(), 0);
    }

    #[test]
    fn a_pause_ends_by_itself_and_leaves_the_windows() {
        let mut quiet = quiet(1, 60, 120, ahead(0));
        let (now, until) = (Timestamp(MONDAY + 5 * HOUR), Timestamp(MONDAY + 6 * HOUR));
        let pause = |until| QuietPatch { paused_until: Some(until), ..QuietPatch::default() };
        quiet.apply(&pause(Some(until)), now);
        assert!(quiet.is_quiet(now) && !quiet.is_quiet(until) && quiet.is_quiet(Timestamp(MONDAY + HOUR)));
        quiet.apply(&pause(Some(FOR_GOOD)), now);
        assert!(quiet.is_quiet(Timestamp(i64::MAX - 1)));
        // Said late: it is over, and ends nothing that was said since.
        quiet.apply(&pause(Some(Timestamp(1))), now);
        assert_eq!(quiet.paused_until, Some(FOR_GOOD));
        quiet.apply(&pause(None), now);
        quiet.apply(&pause(Some(Timestamp(1))), now);
        assert!(quiet.paused_until.is_none() && !quiet.is_quiet(now));
        quiet.apply(&QuietPatch { hours: Some(QuietHours::default()), ..QuietPatch::default() }, now);
        assert_eq!(quiet, Quiet::default());
    }

    #[test]
    fn what_no_clock_shows_is_none() {
        assert!(Days::new(0).is_none() && Days::new(0x80).is_none());
        let days = Days::new(1).unwrap();
        assert!(Window::new(days, 1_440, 10).is_none() && Window::new(days, 0, 1_441).is_none());
        for (name, offset) in [(Some(""), 0), (Some("a b"), 0), (Some("\u{1b}"), 0), (None, 1_081), (None, i32::MIN)] {
            assert!(Zone::new(name, offset, Vec::new()).is_none(), "{name:?} {offset}");
        }
        let change = |at| OffsetChange { at: Timestamp(at), offset_minutes: 0 };
        assert!(Zone::new(None, 0, vec![change(2), change(2)]).is_none());
        assert!(Zone::new(None, 0, (0..=OFFSET_CHANGES_MAX as i64).map(change).collect()).is_none());
    }

    proptest! {
        #[test]
        fn every_week_is_the_same_where_clocks_are_not_changed(
            days in 1u8..0x80, from in 0u16..1440, upto in 0u16..=1440, offset in -720i32..=840, at in 0i64..7 * DAY, weeks in -50i64..50,
        ) {
            let quiet = quiet(days, from, upto, ahead(offset));
            let (now, later) = (Timestamp(MONDAY + at), Timestamp(MONDAY + at + weeks * 7 * DAY));
            prop_assert_eq!(quiet.is_quiet(now), quiet.is_quiet(later));
            // As many minutes of a week as its days say.
            let length = if from < upto { upto - from } else { 1440 - from + upto };
            let minutes = (0..7 * 1440).filter(|n| quiet.is_quiet(Timestamp(MONDAY + n * 60_000))).count();
            let most = usize::from(length) * days.count_ones() as usize;
            prop_assert!(minutes <= most && (length > 1440 || minutes == most));
        }
    }
}
