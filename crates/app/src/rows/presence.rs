//! What a user says of himself for the time being and who is shown what, as a part of his personal state; and the row of
//! when he was seen last.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_domain::presence::{PresencePatch, PresenceSettings, Status, WhoMaySee};
use stonechat_log::store::LogError;
use stonechat_types::emoji::Emoji;
use stonechat_types::number::Timestamp;
use stonechat_types::text::StatusText;

const VERSION: u8 = 1;

/// Writes settings into a row.
pub(super) fn write(row: &mut Writer, settings: &PresenceSettings) {
    let PresenceSettings { status, who_may_see, who_may_see_last_seen, invisible } = settings;
    row.u8(who_byte(*who_may_see)).u8(who_byte(*who_may_see_last_seen)).u8(u8::from(*invisible));
    write_status(row, status.as_ref());
}

/// Reads them.
pub(super) fn read(row: &mut Reader<'_>) -> Option<PresenceSettings> {
    let (who_may_see, who_may_see_last_seen) = (who_of(row.u8()?)?, who_of(row.u8()?)?);
    let invisible = row.flag()?;
    Some(PresenceSettings { status: read_status(row)?, who_may_see, who_may_see_last_seen, invisible })
}

fn write_status(row: &mut Writer, status: Option<&Status>) {
    row.u8(u8::from(status.is_some()));
    if let Some(Status { emoji, text, until }) = status {
        row.maybe(emoji.as_ref().map(Emoji::as_str)).maybe(text.as_ref().map(StatusText::as_str)).maybe_time(*until);
    }
}

#[expect(clippy::option_option, reason = "the outer says whether the row is in its form")]
fn read_status(row: &mut Reader<'_>) -> Option<Option<Status>> {
    if !row.flag()? {
        return Some(None);
    }
    Some(Some(Status { emoji: row.maybe(Emoji::new)?, text: row.maybe(StatusText::new)?, until: row.maybe_time()? }))
}

fn who_byte(who: WhoMaySee) -> u8 {
    match who {
        WhoMaySee::Everybody => 1,
        WhoMaySee::Contacts => 2,
        WhoMaySee::Nobody => 3,
    }
}

fn who_of(byte: u8) -> Option<WhoMaySee> {
    match byte {
        1 => Some(WhoMaySee::Everybody),
        2 => Some(WhoMaySee::Contacts),
        3 => Some(WhoMaySee::Nobody),
        _ => None,
    }
}

/// The bytes by which a repeated change is known.
#[must_use]
pub fn patch_bytes(patch: &PresencePatch) -> Bytes {
    let PresencePatch { status, who_may_see, who_may_see_last_seen, invisible } = patch;
    let mut row = Writer::new(VERSION);
    row.u8(who_may_see.map_or(0, who_byte)).u8(who_may_see_last_seen.map_or(0, who_byte));
    row.u8(invisible.map_or(0, |it| 1 + u8::from(it))).u8(u8::from(status.is_some()));
    write_status(&mut row, status.as_ref().and_then(Option::as_ref));
    row.finish()
}

/// The row of when somebody was seen last.
#[must_use]
pub fn encode_seen(at: Timestamp) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.u64(at.0 as u64);
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_seen(row: &[u8]) -> Result<Timestamp, LogError> {
    let mut row = Reader::new(row, VERSION, "when a user was seen")?;
    let mut read = || {
        let at = row.time()?;
        row.end()?;
        Some(at)
    };
    read().ok_or_else(|| damaged("when a user was seen"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::api::PersonalItem;
    use crate::rows::personal;

    fn settings() -> PresenceSettings {
        PresenceSettings {
            status: Some(Status {
                emoji: Emoji::new("🥪").ok(),
                text: StatusText::new("at lunch").ok(),
                until: Some(Timestamp(7)),
            }),
            who_may_see: WhoMaySee::Contacts,
            who_may_see_last_seen: WhoMaySee::Nobody,
            invisible: true,
        }
    }

    #[test]
    fn settings_are_read_as_they_were_written() {
        for it in [settings(), PresenceSettings::default()] {
            let item = PersonalItem::Presence(Box::new(it));
            let (key, value) = personal::encode(&item);
            assert_eq!(personal::decode(&key, &value), Ok(Some(item)));
            assert!(personal::decode(&key, &[&value[..], &[0]].concat()).is_err());
        }
        assert_eq!(decode_seen(&encode_seen(Timestamp(9))), Ok(Timestamp(9)));
        assert!(decode_seen(&[&encode_seen(Timestamp(9))[..], &[0]].concat()).is_err());
    }

    #[test]
    fn changes_that_differ_have_different_bytes() {
        let status = |status| PresencePatch { status, ..PresencePatch::default() };
        let patches = [
            PresencePatch::default(),
            status(Some(None)),
            status(Some(settings().status)),
            status(Some(Some(Status { until: None, ..settings().status.unwrap() }))),
            PresencePatch { invisible: Some(false), ..PresencePatch::default() },
            PresencePatch { invisible: Some(true), ..PresencePatch::default() },
            PresencePatch { who_may_see: Some(WhoMaySee::Nobody), ..PresencePatch::default() },
            PresencePatch { who_may_see_last_seen: Some(WhoMaySee::Nobody), ..PresencePatch::default() },
        ];
        let all: std::collections::BTreeSet<_> = patches.iter().map(patch_bytes).collect();
        assert_eq!(all.len(), patches.len());
    }
}
