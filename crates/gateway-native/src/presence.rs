//! Whether users are there, and what they say of themselves for the time being: frames to the application's words, and
//! back.

use stonechat_app::api::{Failure, PresenceView, SetPresence};
use stonechat_domain::presence::{Availability, PresencePatch, PresenceSettings, Status, WhoMaySee};
use stonechat_types::emoji::Emoji;
use stonechat_types::number::Timestamp;
use stonechat_types::text::StatusText;
use stonechat_wire::v1;

use crate::parse::{command_id, invalid};
use crate::people::platform_of;

/// Reads a change.
pub(crate) fn set_presence(set: v1::SetPresence) -> Result<SetPresence, Failure> {
    Ok(SetPresence {
        command_id: command_id(&set.command_id)?,
        patch: PresencePatch {
            status: set.status.map(|it| status(&it)).transpose()?,
            who_may_see: who_may_see("who_may_see", set.who_may_see)?,
            who_may_see_last_seen: who_may_see("who_may_see_last_seen", set.who_may_see_last_seen)?,
            invisible: set.invisible,
        },
    })
}

fn status(wire: &v1::CustomStatus) -> Result<Option<Status>, Failure> {
    let emoji = Some(&wire.emoji).filter(|emoji| !emoji.is_empty()).map(|emoji| Emoji::new(emoji));
    let text = Some(&wire.text).filter(|text| !text.is_empty()).map(|text| StatusText::new(text));
    let emoji = emoji.transpose().map_err(|error| invalid("emoji", error))?;
    let text = text.transpose().map_err(|error| invalid("text", error))?;
    let until = match wire.until {
        0 => None,
        until if until > 0 => Some(Timestamp(until)),
        _ => return Err(invalid("until", "is before the epoch")),
    };
    Ok((emoji.is_some() || text.is_some()).then_some(Status { emoji, text, until }))
}

fn who_may_see(field: &str, number: i32) -> Result<Option<WhoMaySee>, Failure> {
    match v1::WhoMaySee::try_from(number) {
        Ok(v1::WhoMaySee::Unspecified) => Ok(None),
        Ok(v1::WhoMaySee::Everybody) => Ok(Some(WhoMaySee::Everybody)),
        Ok(v1::WhoMaySee::Contacts) => Ok(Some(WhoMaySee::Contacts)),
        Ok(v1::WhoMaySee::Nobody) => Ok(Some(WhoMaySee::Nobody)),
        Err(_) => Err(invalid(field, "is not one that this server knows")),
    }
}

/// Writes what a user says of himself, and who is shown what.
pub(crate) fn settings(settings: &PresenceSettings) -> v1::PresenceSettings {
    let who = |who: WhoMaySee| match who {
        WhoMaySee::Everybody => v1::WhoMaySee::Everybody,
        WhoMaySee::Contacts => v1::WhoMaySee::Contacts,
        WhoMaySee::Nobody => v1::WhoMaySee::Nobody,
    };
    v1::PresenceSettings {
        status: settings.status.as_ref().map(status_of),
        who_may_see: who(settings.who_may_see).into(),
        who_may_see_last_seen: who(settings.who_may_see_last_seen).into(),
        invisible: settings.invisible,
    }
}

fn status_of(status: &Status) -> v1::CustomStatus {
    v1::CustomStatus {
        emoji: status.emoji.as_ref().map(|emoji| emoji.as_str().into()).unwrap_or_default(),
        text: status.text.as_ref().map(|text| text.as_str().into()).unwrap_or_default(),
        until: status.until.map_or(0, Timestamp::as_millis),
    }
}

/// Writes whether users are there.
pub(crate) fn presences(views: &[PresenceView]) -> v1::Presences {
    v1::Presences { presences: views.iter().map(presence).collect() }
}

fn presence(view: &PresenceView) -> v1::UserPresence {
    let shown = &view.shown;
    let availability = match shown.availability {
        Availability::Offline => v1::Availability::Offline,
        Availability::Away => v1::Availability::Away,
        Availability::Online => v1::Availability::Online,
    };
    v1::UserPresence {
        user_id: view.user.as_str().into(),
        availability: availability.into(),
        platforms: shown.platforms.iter().map(|platform| platform_of(platform).into()).collect(),
        last_seen: shown.last_seen.map_or(0, Timestamp::as_millis),
        status: shown.status.as_ref().map(status_of),
    }
}
