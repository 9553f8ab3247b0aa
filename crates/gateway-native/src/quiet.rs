//! When a user is not to be disturbed: frames to the application's words, and back.

use stonechat_app::api::{Failure, SetQuiet};
use stonechat_domain::quiet::{Days, FOR_GOOD, OffsetChange, Quiet, QuietHours, QuietPatch, Window, Zone};
use stonechat_types::limits::{OFFSET_CHANGES_MAX, QUIET_WINDOWS_MAX};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1;

use crate::parse::{command_id, invalid};

/// Reads a change.
pub(crate) fn set_quiet(set: &v1::SetQuiet) -> Result<SetQuiet, Failure> {
    let paused_until = match set.paused_until {
        None => None,
        Some(0) => Some(None),
        Some(-1) => Some(Some(FOR_GOOD)),
        Some(until) if until > 0 => Some(Some(Timestamp(until))),
        Some(_) => return Err(invalid("paused_until", "is before the epoch")),
    };
    let hours = set.hours.as_ref().map(hours).transpose()?;
    Ok(SetQuiet { command_id: command_id(&set.command_id)?, patch: QuietPatch { hours, paused_until } })
}

fn hours(hours: &v1::QuietHours) -> Result<QuietHours, Failure> {
    let zone = hours.zone.as_ref().map(zone).transpose()?.unwrap_or_default();
    let windows = hours.windows.iter().map(window).collect::<Result<_, _>>()?;
    let too_many = || invalid("windows", format_args!("has more than {QUIET_WINDOWS_MAX} entries"));
    QuietHours::new(windows, zone).ok_or_else(too_many)
}

fn window(window: &v1::QuietWindow) -> Result<Window, Failure> {
    let days = u8::try_from(window.days).ok().and_then(Days::new);
    let days = days.ok_or_else(|| invalid("days", "are none, or not those of a week"))?;
    let minute = |minute: u32| u16::try_from(minute).unwrap_or(u16::MAX);
    let window = Window::new(days, minute(window.from_minute), minute(window.upto_minute));
    window.ok_or_else(|| invalid("windows", "name minutes that a day does not have"))
}

fn zone(zone: &v1::TimeZone) -> Result<Zone, Failure> {
    let name = Some(zone.name.as_str()).filter(|name| !name.is_empty());
    let change = |it: &v1::OffsetChange| OffsetChange { at: Timestamp(it.at), offset_minutes: it.offset_minutes };
    let wrong = || {
        let what = "has a name or offsets that no zone has";
        invalid("zone", format_args!("{what}, or more than {OFFSET_CHANGES_MAX} changes, or not in order of time"))
    };
    Zone::new(name, zone.offset_minutes, zone.changes.iter().map(change).collect()).ok_or_else(wrong)
}

/// Writes when a user is not to be disturbed.
pub(crate) fn quiet(quiet: &Quiet) -> v1::Quiet {
    let window = |it: &Window| v1::QuietWindow {
        days: it.days().bits().into(),
        from_minute: it.from().into(),
        upto_minute: it.upto().into(),
    };
    let change = |it: &OffsetChange| v1::OffsetChange { at: it.at.0, offset_minutes: it.offset_minutes };
    let zone = &quiet.hours.zone;
    v1::Quiet {
        hours: Some(v1::QuietHours {
            windows: quiet.hours.windows().iter().map(window).collect(),
            zone: Some(v1::TimeZone {
                name: zone.name().unwrap_or_default().to_owned(),
                offset_minutes: zone.offset_minutes(),
                changes: zone.changes().iter().map(change).collect(),
            }),
        }),
        paused_until: match quiet.paused_until {
            None => 0,
            Some(FOR_GOOD) => -1,
            Some(until) => until.0,
        },
    }
}
