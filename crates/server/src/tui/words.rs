//! What the client says, in calm words.

use stonechat_client::client::Platform;
use stonechat_client::content::{Location, Media, MediaKind, Merged, MergedMessage};
use stonechat_client::error::AuthError;
use stonechat_client::presence::{Availability, CustomStatus, Presence};
use stonechat_client::state::{ConnectionState, ConversationSummary, Date, EndReason, SendFailure, Wish};
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;

use crate::cli::civil::{Civil, UtcOffset, month_name};
use crate::tui::{cells, sanitise};

/// A file in words, with what stands beside it.
#[must_use]
pub fn media(media: &Media) -> Vec<String> {
    let what = match media.kind {
        MediaKind::Image => "image",
        MediaKind::Voice => "voice message",
        MediaKind::Video => "video",
        MediaKind::File => "file",
    };
    let name = sanitise::one_line(&media.file.name);
    let size = format!("{} bytes", media.file.bytes);
    let facts: Vec<_> = [name, size].into_iter().filter(|fact| !fact.is_empty()).collect();
    let mut lines = vec![format!("({what}: {})", facts.join(", "))];
    if !media.caption.is_empty() {
        lines.extend(sanitise::lines(&media.caption));
    }
    lines
}

/// A place in words.
#[must_use]
pub fn location(location: &Location) -> Vec<String> {
    let place = format!("(place: {:.5}, {:.5})", location.latitude, location.longitude);
    let named = [&location.name, &location.address].into_iter().filter(|name| !name.is_empty());
    [place].into_iter().chain(named.map(|name| sanitise::one_line(name))).collect()
}

/// A user as somebody whom one may write to, in words.
#[must_use]
pub fn contact_card(user: &UserId, display_name: &str) -> Vec<String> {
    let user = sanitise::one_line(user.as_str());
    vec![if display_name.is_empty() {
        format!("(contact: {user})")
    } else {
        format!("(contact: {}, {user})", sanitise::one_line(display_name))
    }]
}

/// Several messages as one, in words: who said what.
#[must_use]
pub fn merged(merged: &Merged) -> Vec<String> {
    let title = sanitise::one_line(&merged.title);
    let head = match merged.messages.len() {
        1 => format!("({title}: one message)"),
        count => format!("({title}: {count} messages)"),
    };
    let line = |it: &MergedMessage| {
        let name = if it.author_name.is_empty() { it.author.as_str() } else { &it.author_name };
        let words = sanitise::one_line(it.content.words());
        format!("│ {}: {}", sanitise::one_line(name), if words.is_empty() { "…" } else { &words })
    };
    [head].into_iter().chain(merged.messages.iter().map(line)).collect()
}

/// How the connection is, and how much that matters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Link {
    /// In words.
    pub words: String,
    /// How much it matters.
    pub mood: Mood,
}

/// How much something matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mood {
    /// All is well.
    Fine,
    /// It mends itself.
    Waiting,
    /// It does not.
    Over,
}

/// The connection in words; `retry_at` is when the next try begins.
#[must_use]
pub fn link(state: &ConnectionState, retry_at: Option<Timestamp>, now: Timestamp) -> Link {
    let (words, mood) = match state {
        ConnectionState::Online => ("online".to_owned(), Mood::Fine),
        ConnectionState::Idle => ("starting".to_owned(), Mood::Waiting),
        ConnectionState::Connecting { attempt: 0 } => ("connecting".to_owned(), Mood::Waiting),
        ConnectionState::Connecting { .. } => ("reconnecting".to_owned(), Mood::Waiting),
        ConnectionState::Syncing { total: 0, .. } => ("catching up".to_owned(), Mood::Waiting),
        ConnectionState::Syncing { done, total } => (format!("catching up, {done} of {total}"), Mood::Waiting),
        ConnectionState::Offline { .. } => (offline(retry_at, now), Mood::Waiting),
        ConnectionState::Ended(reason) => (ended(reason), Mood::Over),
    };
    Link { words, mood }
}

fn offline(retry_at: Option<Timestamp>, now: Timestamp) -> String {
    let left = retry_at.map_or(0, |at| at.as_millis().saturating_sub(now.as_millis()));
    match left {
        i64::MIN..=0 => "offline, reconnecting".to_owned(),
        _ => format!("offline, reconnecting in {} s", (left + 999) / 1_000),
    }
}

fn ended(reason: &EndReason) -> String {
    match reason {
        EndReason::Stopped => "stopped".to_owned(),
        EndReason::Auth(AuthError::Revoked) => "signed out: this device was signed out elsewhere".to_owned(),
        EndReason::Auth(AuthError::DeviceReplaced) => {
            "signed out: a newer device took the place of this one".to_owned()
        }
        EndReason::Auth(AuthError::RevokedByApp) => "signed out by the app".to_owned(),
        EndReason::Auth(AuthError::DeviceLimit) => {
            "not signed in: no more devices like this one are allowed".to_owned()
        }
        EndReason::Auth(AuthError::Replaced) => "stopped: this device is used by another chat; try --device".to_owned(),
        EndReason::Auth(AuthError::TokenRefused) => "signed out: the server does not take the token".to_owned(),
        EndReason::Auth(AuthError::TokenExpired) => "signed out: the token has expired".to_owned(),
        EndReason::Auth(AuthError::NoToken) => "signed out: there is no token".to_owned(),
        EndReason::Auth(AuthError::WrongUser) => "signed out: the token is somebody else's".to_owned(),
        EndReason::Auth(AuthError::UnsupportedVersion) => "stopped: the server speaks another version".to_owned(),
        EndReason::Store(error) => format!("stopped: what this device knows cannot be kept ({error})"),
    }
}

/// Why a message was not sent.
#[must_use]
pub fn failure(failure: &SendFailure) -> String {
    let why = match failure.code.as_str() {
        "too_large" => "it is too long",
        "invalid_argument" => "it has characters that are not allowed",
        "not_a_member" => "you are not a member",
        "forbidden" => "you may not send this here",
        "not_found" => "there is no such user or conversation",
        "recipient_unavailable" => "this person cannot be reached",
        "storage_full" => "the server is full",
        "overloaded" | "rate_limited" => "the server is busy",
        "gave_up" => "the server could not be reached for a day",
        "conflict" => "another message has the same id",
        code => return format!("not sent ({})", sanitise::one_line(code)),
    };
    format!("not sent: {why}")
}

/// Why a change of a message was not made.
#[must_use]
pub fn not_changed(wish: &Wish, failure: &SendFailure) -> String {
    let what = match wish {
        Wish::Edit(..) => "not edited",
        Wish::React(..) => "reaction not added",
        Wish::TakeBack(..) => "reaction not removed",
        Wish::Recall(_) => "not recalled",
        Wish::Pin(_, true) => "not pinned",
        Wish::Pin(_, false) => "still pinned",
        Wish::Other => "not changed",
    };
    let why = match failure.code.as_str() {
        "too_late" => "it is too late",
        "too_many" => "there are too many",
        "forbidden" => "you may not",
        "not_a_member" => "you are not a member",
        "not_found" => "the message is gone",
        "gave_up" => "the server could not be reached for a day",
        code => return format!("{what} ({})", sanitise::one_line(code)),
    };
    format!("{what}: {why}")
}

/// The day of a divider.
#[must_use]
pub fn day(date: Date, day_number: i64, now: &Civil) -> String {
    match now.day_number - day_number {
        0 => "Today".to_owned(),
        1 => "Yesterday".to_owned(),
        _ => {
            let weekdays = ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];
            let weekday = weekdays[usize::try_from(day_number.rem_euclid(7)).unwrap_or_default()];
            let year = if i64::from(date.year) == now.year { String::new() } else { format!(" {}", date.year) };
            format!("{weekday}, {} {}{year}", date.day, month_name(date.month))
        }
    }
}

/// When a conversation last moved up, in at most six cells.
#[must_use]
pub fn when(time: Timestamp, now: Timestamp, offset: UtcOffset) -> String {
    if time == Timestamp::default() {
        return String::new();
    }
    let (then, now) = (Civil::at(time, offset), Civil::at(now, offset));
    match now.day_number - then.day_number {
        i64::MIN..=0 => then.clock(),
        1..=6 => then.weekday_name().to_owned(),
        _ if then.year == now.year => format!("{} {}", then.day, then.month_name()),
        _ => then.year.to_string(),
    }
}

/// Whether somebody is there, and what he says of himself, in words.
#[must_use]
pub fn presence(presence: &Presence, now: Timestamp, offset: UtcOffset) -> String {
    let here = match (presence.availability, presence.last_seen) {
        (Availability::Online, _) => "online".to_owned(),
        (Availability::Away, _) => "away".to_owned(),
        (Availability::Offline, Some(at)) => format!("last seen {}", last_seen(at, now, offset)),
        (Availability::Offline, None) => "offline".to_owned(),
    };
    let status = presence.status.as_ref().map(custom_status).filter(|said| !said.is_empty());
    status.map_or_else(|| here.clone(), |said| format!("{here}  ·  {said}"))
}

fn last_seen(at: Timestamp, now: Timestamp, offset: UtcOffset) -> String {
    let (then, today) = (Civil::at(at, offset), Civil::at(now, offset));
    match today.day_number - then.day_number {
        i64::MIN..=0 => format!("at {}", then.clock()),
        1 => format!("yesterday at {}", then.clock()),
        2..=6 => format!("on {} at {}", then.weekday_name(), then.clock()),
        _ if then.year == today.year => format!("on {} {}", then.day, then.month_name()),
        _ => format!("on {} {} {}", then.day, then.month_name(), then.year),
    }
}

/// What somebody says of himself for the time being, in one line that is safe to draw.
#[must_use]
pub fn custom_status(status: &CustomStatus) -> String {
    let parts = [&status.emoji, &status.text].into_iter().filter(|part| !part.is_empty());
    parts.map(|part| sanitise::one_line(part)).collect::<Vec<_>>().join(" ")
}

/// The mark before the name of somebody who is there.
#[must_use]
pub fn mark(availability: Availability) -> &'static str {
    match availability {
        Availability::Online => "● ",
        Availability::Away => "○ ",
        Availability::Offline => "",
    }
}

/// A class of devices.
#[must_use]
pub fn platform(platform: Platform) -> &'static str {
    match platform {
        Platform::Unspecified => "other",
        Platform::Phone => "phone",
        Platform::Tablet => "tablet",
        Platform::Desktop => "desktop",
        Platform::Web => "web",
        Platform::Bot => "bot",
    }
}

/// Unread messages over all conversations, for the last row.
#[must_use]
pub fn unread(total: u64) -> String {
    if total == 0 { String::new() } else { format!("  {} unread", count(total)) }
}

/// As many hints as fit, the most useful first.
#[must_use]
pub fn hints(hints: &[&str], room: usize) -> String {
    let mut text = String::new();
    for hint in hints {
        let longer = if text.is_empty() { (*hint).to_owned() } else { format!("{text} · {hint}") };
        if cells::width(&longer) > room {
            break;
        }
        text = longer;
    }
    text
}

/// How many, for a badge.
#[must_use]
pub fn count(number: u64) -> String {
    if number > 999 { "999+".to_owned() } else { number.to_string() }
}

/// The name of a conversation, safe to draw.
#[must_use]
pub fn title(summary: &ConversationSummary) -> String {
    let title = sanitise::one_line(&summary.title);
    match (title.trim().is_empty(), &summary.peer) {
        (false, _) => title,
        (true, Some(peer)) => peer.to_string(),
        (true, None) => "(no title)".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_connection_is_told_in_calm_words() {
        let now = Timestamp(100_000);
        let offline = ConnectionState::Offline { reason: "refused".into(), retry_in_ms: 2_500 };
        assert_eq!(link(&offline, Some(Timestamp(102_500)), now).words, "offline, reconnecting in 3 s");
        assert_eq!(link(&offline, Some(now), now).words, "offline, reconnecting");
        let revoked = ConnectionState::Ended(EndReason::Auth(AuthError::Revoked));
        assert_eq!(link(&revoked, None, now).mood, Mood::Over);
        assert_eq!(link(&ConnectionState::Syncing { done: 3, total: 50 }, None, now).words, "catching up, 3 of 50");
    }

    #[test]
    fn times_of_a_list_are_short() {
        let offset = UtcOffset::default();
        let now = Timestamp(1_795_759_200_000);
        let hour = 3_600_000;
        let shown = |hours_ago: i64| when(Timestamp(now.0 - hours_ago * hour), now, offset);
        assert_eq!(shown(1), "05:00");
        assert_eq!(shown(7), "Thu");
        assert_eq!(shown(24 * 10), "17 Nov");
        assert_eq!(shown(24 * 400), "2025");
        assert_eq!(shown(-1), "07:00");
    }

    #[test]
    fn when_somebody_was_there_is_said_as_people_say_it() {
        let now = Timestamp(1_795_759_200_000);
        let shown = |minutes_ago: i64| last_seen(Timestamp(now.0 - minutes_ago * 60_000), now, UtcOffset::default());
        assert_eq!(shown(30), "at 05:30");
        assert_eq!(shown(7 * 60), "yesterday at 23:00");
        assert_eq!(shown(50 * 60), "on Wed at 04:00");
        assert_eq!(shown(10 * 24 * 60), "on 17 Nov");
        assert_eq!(shown(400 * 24 * 60), "on 23 Oct 2025");
        assert_eq!(shown(-5), "at 06:05", "a clock that is behind");
    }

    #[test]
    fn days_have_names() {
        let now = Civil::at(Timestamp(1_795_759_200_000), UtcOffset::default());
        let date = |month, day| Date { year: 2026, month, day };
        assert_eq!(day(date(11, 27), now.day_number, &now), "Today");
        assert_eq!(day(date(11, 26), now.day_number - 1, &now), "Yesterday");
        assert_eq!(day(date(11, 23), now.day_number - 4, &now), "Monday, 23 Nov");
        let old = Date { year: 2025, month: 12, day: 31 };
        assert_eq!(day(old, 20_453, &now), "Wednesday, 31 Dec 2025");
    }
}
