//! Times as people read them.

use std::process::{Command, Stdio};

use stonechat_types::number::Timestamp;

const DAY_MS: i64 = 86_400_000;
const MINUTE_MS: i64 = 60_000;

/// A moment on the calendar and clock of some place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// The year.
    pub year: i64,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// Days since 1970-01-01 there.
    pub day_number: i64,
    /// 0 is Monday.
    pub weekday: u8,
}

/// How far a place is ahead of UTC.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct UtcOffset {
    /// In minutes.
    pub minutes: i32,
}

impl UtcOffset {
    /// What the system says of here and now: `date` knows the time zone and obeys TZ. UTC when there is no `date`.
    #[must_use]
    pub fn of_this_machine() -> Self {
        let output = Command::new("date").arg("+%z").stdin(Stdio::null()).stderr(Stdio::null()).output();
        let text = output.ok().filter(|output| output.status.success()).map(|output| output.stdout);
        text.and_then(|text| Self::parse(std::str::from_utf8(&text).ok()?.trim())).unwrap_or_default()
    }

    /// Reads `+0530`.
    fn parse(text: &str) -> Option<Self> {
        let (sign, digits) = match text.as_bytes().first()? {
            b'+' => (1, &text[1..]),
            b'-' => (-1, &text[1..]),
            _ => return None,
        };
        if digits.len() != 4 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let (hours, minutes): (i32, i32) = (digits[..2].parse().ok()?, digits[2..].parse().ok()?);
        Some(Self { minutes: sign * (hours * 60 + minutes) })
    }
}

impl Civil {
    /// A time at a place: the Gregorian calendar, counted in eras of 400 years that begin in March.
    #[must_use]
    pub fn at(time: Timestamp, offset: UtcOffset) -> Self {
        let local = time.as_millis().saturating_add(i64::from(offset.minutes) * MINUTE_MS);
        let days = local.div_euclid(DAY_MS);
        let seconds = local.rem_euclid(DAY_MS) / 1_000;
        let shifted = days + 719_468;
        let era = shifted.div_euclid(146_097);
        let of_era = shifted.rem_euclid(146_097);
        let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
        let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let from_march = (5 * day_of_year + 2) / 153;
        let month = if from_march < 10 { from_march + 3 } else { from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month: small(month),
            day: small(day_of_year - (153 * from_march + 2) / 5 + 1),
            hour: small(seconds / 3_600),
            minute: small(seconds / 60 % 60),
            second: small(seconds % 60),
            day_number: days,
            weekday: small((days + 3).rem_euclid(7)),
        }
    }

    /// `12:04`.
    #[must_use]
    pub fn clock(&self) -> String {
        format!("{:02}:{:02}", self.hour, self.minute)
    }

    /// `2026-11-27 12:04:31`.
    #[must_use]
    pub fn date_and_clock(&self) -> String {
        let Self { year, month, day, second, .. } = self;
        format!("{year:04}-{month:02}-{day:02} {}:{second:02}", self.clock())
    }

    /// `Mon` to `Sun`.
    #[must_use]
    pub fn weekday_name(&self) -> &'static str {
        const NAMES: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
        NAMES[usize::from(self.weekday) % NAMES.len()]
    }

    /// `Jan` to `Dec`.
    #[must_use]
    pub fn month_name(&self) -> &'static str {
        month_name(self.month)
    }
}

/// `Jan` to `Dec`, of 1 to 12.
#[must_use]
pub fn month_name(month: u8) -> &'static str {
    const NAMES: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    NAMES[usize::from(month.saturating_sub(1)) % NAMES.len()]
}

fn small(number: i64) -> u8 {
    u8::try_from(number).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: i64, minutes: i32) -> String {
        let civil = Civil::at(Timestamp(ms), UtcOffset { minutes });
        format!("{} {}", civil.weekday_name(), civil.date_and_clock())
    }

    #[test]
    fn times_stand_on_the_calendar() {
        assert_eq!(at(0, 0), "Thu 1970-01-01 00:00:00");
        assert_eq!(at(951_782_400_000, 0), "Tue 2000-02-29 00:00:00");
        assert_eq!(at(1_795_759_200_000, 0), "Fri 2026-11-27 06:00:00");
        assert_eq!(at(1_795_759_200_000, -480), "Thu 2026-11-26 22:00:00");
        assert_eq!(at(-1, 0), "Wed 1969-12-31 23:59:59");
        // A server may say anything.
        let _ = (at(i64::MAX, 720), at(i64::MIN, -720));
    }

    #[test]
    fn offsets_are_read_as_date_writes_them() {
        assert_eq!(UtcOffset::parse("+0530"), Some(UtcOffset { minutes: 330 }));
        assert_eq!(UtcOffset::parse("-0330"), Some(UtcOffset { minutes: -210 }));
        for wrong in ["", "Z", "0530", "+530", "+05:30", "+é12"] {
            assert_eq!(UtcOffset::parse(wrong), None, "{wrong}");
        }
    }
}
