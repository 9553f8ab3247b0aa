//! When a user is not to be disturbed, as a part of his personal state.

use super::codec::{Reader, Writer};
use stonechat_domain::quiet::{Days, OffsetChange, Quiet, QuietHours, QuietPatch, Window, Zone};

fn hours(row: &mut Writer, hours: &QuietHours) {
    row.u8(hours.windows().len() as u8);
    for window in hours.windows() {
        row.u8(window.days().bits()).u32(window.from().into()).u32(window.upto().into());
    }
    let zone = &hours.zone;
    row.maybe(zone.name()).u32(zone.offset_minutes() as u32).u8(zone.changes().len() as u8);
    for change in zone.changes() {
        row.u64(change.at.0 as u64).u32(change.offset_minutes as u32);
    }
}

fn read_hours(row: &mut Reader<'_>) -> Option<QuietHours> {
    let mut windows = Vec::new();
    for _ in 0..row.u8()? {
        let days = Days::new(row.u8()?)?;
        windows.push(Window::new(days, row.u32()?.try_into().ok()?, row.u32()?.try_into().ok()?)?);
    }
    let name = row.text()?;
    let offset_minutes = row.u32()? as i32;
    let mut changes = Vec::new();
    for _ in 0..row.u8()? {
        changes.push(OffsetChange { at: row.time()?, offset_minutes: row.u32()? as i32 });
    }
    let zone = Zone::new(Some(name).filter(|name| !name.is_empty()), offset_minutes, changes)?;
    QuietHours::new(windows, zone)
}

/// Writes it into a row.
pub(super) fn write(row: &mut Writer, quiet: &Quiet) {
    row.maybe_time(quiet.paused_until);
    hours(row, &quiet.hours);
}

/// Reads it.
pub(super) fn read(row: &mut Reader<'_>) -> Option<Quiet> {
    Some(Quiet { paused_until: row.maybe_time()?, hours: read_hours(row)? })
}

/// The bytes by which a repeated change is known.
#[must_use]
pub fn patch_bytes(patch: &QuietPatch) -> Vec<u8> {
    let QuietPatch { hours: windows, paused_until } = patch;
    let mut row = Writer::new(1);
    row.u8(u8::from(paused_until.is_some())).maybe_time(paused_until.unwrap_or_default());
    if let Some(windows) = windows {
        hours(&mut row, windows);
    }
    row.finish().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use stonechat_types::number::Timestamp;

    #[test]
    fn rows_are_read_as_they_were_written() {
        let change = OffsetChange { at: Timestamp(9), offset_minutes: -300 };
        let zone = Zone::new(Some("America/New_York"), -240, vec![change]).unwrap();
        let window = Window::new(Days::new(0x1F).unwrap(), 1_320, 420).unwrap();
        for paused_until in [None, Some(Timestamp(7))] {
            let quiet = Quiet { hours: QuietHours::new(vec![window], zone.clone()).unwrap(), paused_until };
            let mut row = Writer::new(1);
            write(&mut row, &quiet);
            let row = row.finish();
            let mut reader = Reader::new(&row, 1, "").unwrap();
            assert_eq!(read(&mut reader), Some(quiet));
            assert_eq!(reader.end(), Some(()));
        }
    }
}
