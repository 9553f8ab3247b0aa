//! The bodies of messages whose types this schema names. A body of another type is opaque.

use crate::v1::{self, entity};
use bytes::Bytes;
use std::fmt::Display;
use stonechat_types::id::UserId;
use stonechat_types::limits::{ENTITIES_MAX, URL_BYTES_MAX};
use stonechat_types::text::check_message_text;

/// The type of a text.
pub const TEXT: &str = "text";
/// The type of an image.
pub const IMAGE: &str = "image";
/// The type of a voice message.
pub const VOICE: &str = "voice";
/// The type of a video.
pub const VIDEO: &str = "video";
/// The type of a file.
pub const FILE: &str = "file";
/// The type of a place.
pub const LOCATION: &str = "location";
/// The type of a user, as somebody whom one may write to.
pub const CONTACT_CARD: &str = "contact_card";
/// The type of several messages that were forwarded as one.
pub const MERGED: &str = "merged";

/// All of them.
pub const KNOWN: [&str; 8] = [TEXT, IMAGE, VOICE, VIDEO, FILE, LOCATION, CONTACT_CARD, MERGED];

/// Longest name of anything in a body, in bytes.
pub const NAME_BYTES_MAX: usize = 512;
/// Most values of the loudness of a voice message.
pub const WAVEFORM_MAX: usize = 256;
/// Most messages that are forwarded as one.
pub const MERGED_MAX: usize = 100;

const LANGUAGE_BYTES_MAX: usize = 32;
const UPLOAD_ID_BYTES_MAX: usize = 64;
const SCHEMES: [&str; 4] = ["http://", "https://", "mailto:", "tel:"];

/// What is wrong with a body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field} {why}")]
pub struct BodyError {
    /// The field.
    pub field: &'static str,
    /// What is wrong, as the end of a sentence.
    pub why: String,
}

fn wrong(field: &'static str, why: impl Display) -> BodyError {
    BodyError { field, why: why.to_string() }
}

/// Checks the body of a message.
///
/// # Errors
/// [`BodyError`] when its type is one of this schema and it is not in its form.
pub fn check(body_type: &str, body: &Bytes) -> Result<(), BodyError> {
    match body_type {
        TEXT => check_text(&decode(body)?),
        IMAGE => {
            let v1::ImageBody { file, thumbnail, caption, .. } = decode(body)?;
            check_file(file.as_ref())?;
            check_thumbnail(thumbnail.as_ref())?;
            check_name("caption", &caption)
        }
        VOICE => {
            let v1::VoiceBody { file, waveform, .. } = decode(body)?;
            check_file(file.as_ref())?;
            at_most("waveform", waveform.len(), WAVEFORM_MAX)
        }
        VIDEO => {
            let v1::VideoBody { file, thumbnail, caption, .. } = decode(body)?;
            check_file(file.as_ref())?;
            check_thumbnail(thumbnail.as_ref())?;
            check_name("caption", &caption)
        }
        FILE => {
            let v1::FileBody { file, caption } = decode(body)?;
            check_file(file.as_ref())?;
            check_name("caption", &caption)
        }
        LOCATION => check_location(&decode(body)?),
        CONTACT_CARD => {
            let v1::ContactCardBody { user_id, display_name } = decode(body)?;
            check_user("user_id", &user_id)?;
            check_name("display_name", &display_name)
        }
        MERGED => check_merged(&decode(body)?),
        _ => Ok(()),
    }
}

fn decode<T: prost::Message + Default>(body: &Bytes) -> Result<T, BodyError> {
    T::decode(body.clone()).map_err(|_| wrong("body", "is not what its type says"))
}

/// Checks a text and its entities.
///
/// # Errors
/// [`BodyError`], by rule.
pub fn check_text(body: &v1::TextBody) -> Result<(), BodyError> {
    check_message_text(&body.text).map_err(|error| wrong("text", error))?;
    at_most("entities", body.entities.len(), ENTITIES_MAX)?;
    if body.entities.is_empty() {
        return Ok(());
    }
    let length = body.text.chars().count();
    for entity in &body.entities {
        let end = u64::from(entity.offset) + u64::from(entity.length);
        if entity.length == 0 || end > length as u64 {
            return Err(wrong("entities", "has a stretch that is empty or not within the text"));
        }
        match &entity.kind {
            None => return Err(wrong("entities", "has a stretch without a kind that is known")),
            Some(entity::Kind::Mention(user)) => check_user("entities", user)?,
            Some(entity::Kind::Link(address)) => check_link(address)?,
            Some(entity::Kind::CodeBlock(language)) => {
                at_most("entities", language.len(), LANGUAGE_BYTES_MAX)?;
                one_line("entities", language)?;
            }
            Some(
                entity::Kind::MentionAll(on)
                | entity::Kind::Bold(on)
                | entity::Kind::Italic(on)
                | entity::Kind::Strikethrough(on)
                | entity::Kind::Code(on)
                | entity::Kind::Quote(on),
            ) if *on => {}
            Some(_) => return Err(wrong("entities", "has a stretch that is not what it marks")),
        }
    }
    Ok(())
}

/// An address that is safe to be followed by a click.
fn check_link(address: &str) -> Result<(), BodyError> {
    at_most("link", address.len(), URL_BYTES_MAX)?;
    let scheme = SCHEMES
        .iter()
        .find(|scheme| address.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
    match scheme {
        None => Err(wrong("link", "is not an address of http, https, mailto or tel")),
        Some(scheme) if address.len() == scheme.len() => Err(wrong("link", "leads nowhere")),
        Some(_) if address.chars().any(|c| c.is_control() || c.is_whitespace()) => {
            Err(wrong("link", "has white space or control characters"))
        }
        Some(_) => Ok(()),
    }
}

fn check_file(upload: Option<&v1::Upload>) -> Result<(), BodyError> {
    check_upload(upload.ok_or_else(|| wrong("file", "is missing"))?)
}

fn check_thumbnail(upload: Option<&v1::Upload>) -> Result<(), BodyError> {
    upload.map_or(Ok(()), check_upload)
}

fn check_upload(upload: &v1::Upload) -> Result<(), BodyError> {
    let id = &upload.upload_id;
    let of_ours = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    if id.is_empty() || id.len() > UPLOAD_ID_BYTES_MAX || !id.bytes().all(of_ours) {
        return Err(wrong("upload_id", "is not one of an upload"));
    }
    check_name("name", &upload.name)?;
    check_name("mime_type", &upload.mime_type)
}

fn check_location(body: &v1::LocationBody) -> Result<(), BodyError> {
    let within = |degrees: f64, most: f64| degrees.is_finite() && degrees.abs() <= most;
    if !within(body.latitude, 90.0) {
        return Err(wrong("latitude", "is not within 90 degrees of zero"));
    }
    if !within(body.longitude, 180.0) {
        return Err(wrong("longitude", "is not within 180 degrees of zero"));
    }
    check_name("name", &body.name)?;
    check_name("address", &body.address)
}

fn check_merged(body: &v1::MergedBody) -> Result<(), BodyError> {
    check_name("title", &body.title)?;
    if body.messages.is_empty() {
        return Err(wrong("messages", "is empty"));
    }
    at_most("messages", body.messages.len(), MERGED_MAX)?;
    for message in &body.messages {
        check_user("author_id", &message.author_id)?;
        check_name("author_name", &message.author_name)?;
        at_most("body_type", message.body_type.len(), stonechat_types::limits::BODY_TYPE_BYTES_MAX)?;
        // One that was merged itself stays closed: what is looked into does not grow with its depth.
        if message.body_type != MERGED {
            check(&message.body_type, &message.body)?;
        }
    }
    Ok(())
}

fn check_user(field: &'static str, user: &str) -> Result<(), BodyError> {
    UserId::new(user).map(drop).map_err(|error| wrong(field, error))
}

fn check_name(field: &'static str, name: &str) -> Result<(), BodyError> {
    at_most(field, name.len(), NAME_BYTES_MAX)?;
    one_line(field, name)
}

fn one_line(field: &'static str, text: &str) -> Result<(), BodyError> {
    if text.chars().any(|c| c.is_control() && c != '\n') {
        return Err(wrong(field, "has a control character"));
    }
    Ok(())
}

fn at_most(field: &'static str, count: usize, most: usize) -> Result<(), BodyError> {
    if count > most { Err(wrong(field, format_args!("is longer than {most}"))) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use entity::Kind;
    use prost::Message as _;

    fn text(text: &str, entities: &[(u32, u32, Kind)]) -> Result<(), BodyError> {
        let entity = |(offset, length, kind): &(u32, u32, Kind)| v1::Entity {
            offset: *offset,
            length: *length,
            kind: Some(kind.clone()),
        };
        let body = v1::TextBody { text: text.into(), entities: entities.iter().map(entity).collect() };
        check(TEXT, &body.encode_to_vec().into())
    }

    #[test]
    fn entities_lie_within_their_text_by_code_points() {
        // Five code points, of one to four bytes each.
        let five = "a你👩\u{200D}é";
        assert_eq!(five.chars().count(), 5);
        assert!(text(five, &[(0, 5, Kind::Bold(true)), (4, 1, Kind::Italic(true))]).is_ok());
        assert!(text(five, &[(4, 2, Kind::Bold(true))]).is_err());
        assert!(text(five, &[(0, 0, Kind::Bold(true))]).is_err());
        assert!(text(five, &[(u32::MAX, u32::MAX, Kind::Bold(true))]).is_err());
        assert!(text(five, &[(0, 1, Kind::Bold(false))]).is_err());
        assert!(text(five, &[(0, 1, Kind::Mention("no user".into()))]).is_err());
        assert!(text(" ", &[]).is_err());
        let many = vec![(0, 1, Kind::Bold(true)); ENTITIES_MAX + 1];
        assert!(text(five, &many[..ENTITIES_MAX]).is_ok() && text(five, &many).is_err());
        let unknown = v1::TextBody { text: "a".into(), entities: vec![v1::Entity { length: 1, ..Default::default() }] };
        assert!(check(TEXT, &unknown.encode_to_vec().into()).is_err());
    }

    #[test]
    fn a_text_that_is_none_is_refused() {
        for (case, body) in [
            ("no protobuf", &b"\xFF"[..]),
            ("not UTF-8", b"\x0A\x01\xFF"),
            ("half a surrogate as three bytes", b"\x0A\x03\xED\xA0\x80"),
            ("cut off", b"\x0A\x09a"),
            ("nothing", b""),
        ] {
            assert!(check(TEXT, &Bytes::from_static(body)).is_err(), "{case}");
        }
        for bad in ["", " \n\t\u{3000}", "a\0b", "a\u{1b}[2J", "a\u{9b}2J"] {
            assert!(text(bad, &[]).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn links_lead_where_a_click_is_safe() {
        let link = |address: &str| text("here", &[(0, 4, Kind::Link(address.into()))]).is_ok();
        for good in ["https://example.org/a?b=c#d", "HTTP://example.org", "mailto:ann@example.org", "tel:+123"] {
            assert!(link(good), "{good}");
        }
        let bad = [
            "javascript:alert(1)",
            "java\nscript:x",
            "data:text/html,x",
            "//x",
            "http://",
            "https://a b",
            "é",
            "",
            "ftp://x",
        ];
        for bad in bad {
            assert!(!link(bad), "{bad}");
        }
    }

    #[test]
    fn bodies_of_known_types_are_in_their_form() {
        let upload = |id: &str| Some(v1::Upload { upload_id: id.into(), ..Default::default() });
        let image = |id: &str| v1::ImageBody { file: upload(id), ..Default::default() }.encode_to_vec().into();
        assert!(check(IMAGE, &image("u-1")).is_ok());
        assert!(check(IMAGE, &image("../etc")).is_err());
        for body_type in [IMAGE, VOICE, VIDEO, FILE, CONTACT_CARD, MERGED, TEXT] {
            assert!(check(body_type, &Bytes::new()).is_err(), "{body_type}");
            assert!(check(body_type, &Bytes::from_static(b"\xFF")).is_err(), "{body_type}");
        }
        let place = |latitude, longitude| {
            let body = v1::LocationBody { latitude, longitude, ..Default::default() };
            check(LOCATION, &body.encode_to_vec().into()).is_ok()
        };
        assert!(place(90.0, -180.0) && !place(90.1, 0.0) && !place(0.0, f64::NAN) && !place(f64::INFINITY, 0.0));
        assert!(check("acme.order", &Bytes::from_static(b"\xFF")).is_ok());
    }

    #[test]
    fn merged_messages_are_looked_into_once() {
        let message = |body_type: &str, body: Bytes| v1::MergedMessage {
            author_id: "ann".into(),
            body_type: body_type.into(),
            body,
            ..Default::default()
        };
        let merged =
            |messages: Vec<_>| -> Bytes { v1::MergedBody { title: "Talk".into(), messages }.encode_to_vec().into() };
        let hi: Bytes = v1::TextBody { text: "hi".into(), entities: Vec::new() }.encode_to_vec().into();
        let flat = merged(vec![message(TEXT, hi.clone())]);
        assert!(check(MERGED, &flat).is_ok());
        assert!(check(MERGED, &merged(vec![message(MERGED, flat)])).is_ok());
        assert!(check(MERGED, &merged(vec![message(TEXT, Bytes::new())])).is_err());
        assert!(check(MERGED, &merged(vec![message(TEXT, hi); MERGED_MAX + 1])).is_err());
    }
}
