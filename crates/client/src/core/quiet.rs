//! When the user is not to be disturbed: as the server said it last, with what waits in the outbox on top.

use std::sync::Arc;

use stonechat_domain::quiet::{Days, FOR_GOOD, OffsetChange, Quiet, QuietHours, QuietPatch, Window, Zone};
use stonechat_types::number::Timestamp;
use stonechat_wire::v1::{self, frame::Body};

use crate::core::change::Change;
use crate::core::machine::Core;
use crate::core::rows::QueuedCommand;

/// Quiet times of the wire; what is not in its form is left out.
pub fn from_wire(wire: &v1::Quiet) -> Quiet {
    Quiet { hours: wire.hours.as_ref().and_then(hours).unwrap_or_default(), paused_until: time(wire.paused_until) }
}

fn hours(wire: &v1::QuietHours) -> Option<QuietHours> {
    let window = |it: &v1::QuietWindow| {
        let days = Days::new(u8::try_from(it.days).ok()?)?;
        Window::new(days, u16::try_from(it.from_minute).ok()?, u16::try_from(it.upto_minute).ok()?)
    };
    let windows = wire.windows.iter().filter_map(window).collect();
    let zone = wire.zone.as_ref().and_then(zone).unwrap_or_default();
    QuietHours::new(windows, zone)
}

fn zone(wire: &v1::TimeZone) -> Option<Zone> {
    let change = |it: &v1::OffsetChange| OffsetChange { at: Timestamp(it.at), offset_minutes: it.offset_minutes };
    let name = Some(wire.name.as_str()).filter(|name| !name.is_empty());
    Zone::new(name, wire.offset_minutes, wire.changes.iter().map(change).collect())
}

fn time(wire: i64) -> Option<Timestamp> {
    match wire {
        0 => None,
        -1 => Some(FOR_GOOD),
        time => Some(Timestamp(time)),
    }
}

/// Windows for the wire.
#[must_use]
pub fn hours_to_wire(hours: &QuietHours) -> v1::QuietHours {
    let window = |it: &Window| v1::QuietWindow {
        days: it.days().bits().into(),
        from_minute: it.from().into(),
        upto_minute: it.upto().into(),
    };
    let change = |it: &OffsetChange| v1::OffsetChange { at: it.at.as_millis(), offset_minutes: it.offset_minutes };
    let zone = v1::TimeZone {
        name: hours.zone.name().unwrap_or_default().to_owned(),
        offset_minutes: hours.zone.offset_minutes(),
        changes: hours.zone.changes().iter().map(change).collect(),
    };
    v1::QuietHours { windows: hours.windows().iter().map(window).collect(), zone: Some(zone) }
}

/// The change that a command in the outbox asks for.
pub fn asked_by(command: &QueuedCommand) -> Option<QuietPatch> {
    match &command.call {
        Body::SetQuiet(set) => {
            Some(QuietPatch { hours: set.hours.as_ref().and_then(hours), paused_until: set.paused_until.map(time) })
        }
        _ => None,
    }
}

impl Core {
    /// Tells when the user is not to be disturbed, what waits in the outbox included.
    pub(super) fn tell_quiet(&mut self) {
        let mut quiet = self.quiet.clone();
        for (patch, at) in self.outbox.quiet_patches() {
            quiet.apply(&patch, at);
        }
        self.journal.tell(Change::Quiet(Arc::new(quiet)));
    }
}
