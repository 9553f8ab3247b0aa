//! What messages say: texts with marked stretches, references to uploads, places, people, and other messages.

use std::ops::Range;

use bytes::Bytes;
use prost::Message as _;
use stonechat_types::id::UserId;
use stonechat_types::number::Timestamp;
use stonechat_wire::body;
use stonechat_wire::v1::{self, entity};

pub use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};

/// The content of a message.
#[derive(Clone, Debug, PartialEq)]
pub enum Content {
    /// A text.
    Text(RichText),
    /// An image, a voice message, a video or a file.
    Media(Box<Media>),
    /// A place.
    Location(Box<Location>),
    /// A user, as somebody whom one may write to.
    ContactCard {
        /// Who.
        user: UserId,
        /// What people call him.
        display_name: String,
    },
    /// Several messages, forwarded as one.
    Merged(Box<Merged>),
    /// A body of a type that this SDK does not know.
    Opaque {
        /// Its type.
        body_type: String,
        /// Its bytes.
        body: Bytes,
    },
    /// The stored body is damaged.
    Corrupt,
    /// It was taken back: it keeps its place and says nothing.
    Recalled {
        /// By whom, where that is known.
        by: Option<UserId>,
        /// When; zero where that is not known.
        at: Timestamp,
    },
}

/// A text and its marked stretches. Markup is never in the text itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RichText {
    text: String,
    entities: Vec<Entity>,
}

/// A marked stretch of a text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entity {
    /// Bytes of the text, at borders of characters.
    pub range: Range<usize>,
    /// What it is.
    pub kind: EntityKind,
}

/// What a stretch of a text is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EntityKind {
    /// A user is called here.
    Mention(UserId),
    /// Everybody is called here.
    MentionAll,
    /// It leads to an address of http, https, mailto or tel.
    Link(String),
    /// Bold.
    Bold,
    /// Italic.
    Italic,
    /// Struck through.
    Strikethrough,
    /// Code in a line.
    Code,
    /// A block of code, with its language where that is said.
    CodeBlock(String),
    /// Somebody else's words.
    Quote,
}

impl RichText {
    /// A text without marks.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), entities: Vec::new() }
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Its marked stretches, as they were marked.
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// Marks a stretch. One that is not within the text, or cuts a character, is refused when the text is sent.
    pub fn mark(&mut self, range: Range<usize>, kind: EntityKind) {
        self.entities.push(Entity { range, kind });
    }

    pub(crate) fn to_wire(&self) -> Option<v1::TextBody> {
        let entity = |entity: &Entity| {
            let before = self.text.get(..entity.range.start)?;
            let marked = self.text.get(entity.range.clone())?;
            let count = |text: &str| u32::try_from(text.chars().count()).ok();
            let kind = match &entity.kind {
                EntityKind::Mention(user) => entity::Kind::Mention(user.to_string()),
                EntityKind::MentionAll => entity::Kind::MentionAll(true),
                EntityKind::Link(address) => entity::Kind::Link(address.clone()),
                EntityKind::Bold => entity::Kind::Bold(true),
                EntityKind::Italic => entity::Kind::Italic(true),
                EntityKind::Strikethrough => entity::Kind::Strikethrough(true),
                EntityKind::Code => entity::Kind::Code(true),
                EntityKind::CodeBlock(language) => entity::Kind::CodeBlock(language.clone()),
                EntityKind::Quote => entity::Kind::Quote(true),
            };
            Some(v1::Entity { offset: count(before)?, length: count(marked)?, kind: Some(kind) })
        };
        let entities = self.entities.iter().map(entity).collect::<Option<_>>()?;
        Some(v1::TextBody { text: self.text.clone(), entities })
    }

    /// What is not in its form, or of a later version, is left out: the text is there all the same.
    pub(crate) fn from_wire(body: v1::TextBody) -> Self {
        let v1::TextBody { text, entities } = body;
        if entities.is_empty() {
            return Self { text, entities: Vec::new() };
        }
        let borders: Vec<usize> = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        let entity = |entity: v1::Entity| {
            let start = usize::try_from(entity.offset).ok()?;
            let end = start.checked_add(usize::try_from(entity.length).ok()?)?;
            let kind = match entity.kind? {
                entity::Kind::Mention(user) => EntityKind::Mention(UserId::new(&user).ok()?),
                entity::Kind::MentionAll(_) => EntityKind::MentionAll,
                entity::Kind::Link(address) => EntityKind::Link(address),
                entity::Kind::Bold(_) => EntityKind::Bold,
                entity::Kind::Italic(_) => EntityKind::Italic,
                entity::Kind::Strikethrough(_) => EntityKind::Strikethrough,
                entity::Kind::Code(_) => EntityKind::Code,
                entity::Kind::CodeBlock(language) => EntityKind::CodeBlock(language),
                entity::Kind::Quote(_) => EntityKind::Quote,
            };
            let range = *borders.get(start)?..*borders.get(end)?;
            (!range.is_empty()).then_some(Entity { range, kind })
        };
        let entities = entities.into_iter().filter_map(entity).collect();
        Self { text, entities }
    }
}

impl From<&str> for RichText {
    fn from(text: &str) -> Self {
        Self::new(text)
    }
}

/// A reference to a file that was uploaded.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Upload {
    /// The id that the server gave it.
    pub id: String,
    /// What the file is called.
    pub name: String,
    /// What it is, by its media type.
    pub mime_type: String,
    /// Its size.
    pub bytes: u64,
}

/// An image, a voice message, a video or a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Media {
    /// Which.
    pub kind: MediaKind,
    /// The file.
    pub file: Upload,
    /// A small image of it.
    pub thumbnail: Option<Upload>,
    /// Pixels, of an image or a video.
    pub width: u32,
    /// Pixels, of an image or a video.
    pub height: u32,
    /// Milliseconds, of a voice message or a video.
    pub duration_ms: u32,
    /// Loudness over time, of a voice message.
    pub waveform: Bytes,
    /// A text beside it.
    pub caption: String,
}

/// Which kind of media.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MediaKind {
    /// An image.
    Image,
    /// A voice message.
    Voice,
    /// A video.
    Video,
    /// Any file.
    #[default]
    File,
}

/// A place.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Location {
    /// Degrees north of the equator.
    pub latitude: f64,
    /// Degrees east of Greenwich.
    pub longitude: f64,
    /// What the place is called.
    pub name: String,
    /// Where it is.
    pub address: String,
}

/// Several messages, forwarded as one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Merged {
    /// What they are about.
    pub title: String,
    /// The messages, oldest first.
    pub messages: Vec<MergedMessage>,
}

/// One of them.
#[derive(Clone, Debug, PartialEq)]
pub struct MergedMessage {
    /// Who wrote it.
    pub author: UserId,
    /// What people called him.
    pub author_name: String,
    /// When the server took it.
    pub sent_at: Timestamp,
    /// What it said.
    pub content: Content,
}

impl Content {
    /// What a body says. One of a known type that is not in its form is shown as what it is: bytes.
    #[must_use]
    pub fn of(body_type: &str, body: &Bytes) -> Self {
        let known = match body_type {
            body::TEXT => v1::TextBody::decode(body.clone()).ok().map(|it| Self::Text(RichText::from_wire(it))),
            body::IMAGE | body::VOICE | body::VIDEO | body::FILE => media(body_type, body).map(Self::Media),
            body::LOCATION => v1::LocationBody::decode(body.clone()).ok().map(location),
            body::CONTACT_CARD => v1::ContactCardBody::decode(body.clone()).ok().and_then(contact_card),
            body::MERGED => v1::MergedBody::decode(body.clone()).ok().and_then(merged),
            _ => None,
        };
        known.unwrap_or_else(|| Self::Opaque { body_type: body_type.into(), body: body.clone() })
    }

    /// The type and the bytes that say this; `None` where there is nothing to say, or a mark cuts a character.
    #[must_use]
    pub fn to_body(&self) -> Option<(String, Bytes)> {
        let (body_type, body): (&str, Vec<u8>) = match self {
            Self::Text(text) => (body::TEXT, text.to_wire()?.encode_to_vec()),
            Self::Media(media) => media_to_wire(media),
            Self::Location(it) => {
                let (latitude, longitude, name, address) =
                    (it.latitude, it.longitude, it.name.clone(), it.address.clone());
                (body::LOCATION, v1::LocationBody { latitude, longitude, name, address }.encode_to_vec())
            }
            Self::ContactCard { user, display_name } => {
                let card = v1::ContactCardBody { user_id: user.to_string(), display_name: display_name.clone() };
                (body::CONTACT_CARD, card.encode_to_vec())
            }
            Self::Merged(it) => (body::MERGED, merged_to_wire(it)?.encode_to_vec()),
            Self::Opaque { body_type, body } => return Some((body_type.clone(), body.clone())),
            Self::Corrupt | Self::Recalled { .. } => return None,
        };
        Some((body_type.to_owned(), body.into()))
    }

    /// The text that a list or a notification shows of it: what it says, or the words beside it.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Text(text) => text.as_str(),
            Self::Media(media) => &media.caption,
            Self::Location(location) => &location.name,
            Self::ContactCard { display_name, .. } => display_name,
            Self::Merged(merged) => &merged.title,
            Self::Opaque { .. } | Self::Corrupt | Self::Recalled { .. } => "",
        }
    }
}

fn upload(wire: v1::Upload) -> Upload {
    Upload { id: wire.upload_id, name: wire.name, mime_type: wire.mime_type, bytes: wire.bytes }
}

fn upload_to_wire(upload: &Upload) -> v1::Upload {
    let Upload { id, name, mime_type, bytes } = upload.clone();
    v1::Upload { upload_id: id, name, mime_type, bytes }
}

fn media(body_type: &str, body: &Bytes) -> Option<Box<Media>> {
    let media = match body_type {
        body::IMAGE => {
            let it = v1::ImageBody::decode(body.clone()).ok()?;
            Media {
                kind: MediaKind::Image,
                file: upload(it.file?),
                thumbnail: it.thumbnail.map(upload),
                width: it.width,
                height: it.height,
                caption: it.caption,
                ..Media::default()
            }
        }
        body::VOICE => {
            let it = v1::VoiceBody::decode(body.clone()).ok()?;
            Media {
                kind: MediaKind::Voice,
                file: upload(it.file?),
                duration_ms: it.duration_ms,
                waveform: it.waveform,
                ..Media::default()
            }
        }
        body::VIDEO => {
            let it = v1::VideoBody::decode(body.clone()).ok()?;
            Media {
                kind: MediaKind::Video,
                file: upload(it.file?),
                thumbnail: it.thumbnail.map(upload),
                width: it.width,
                height: it.height,
                duration_ms: it.duration_ms,
                caption: it.caption,
                ..Media::default()
            }
        }
        _ => {
            let it = v1::FileBody::decode(body.clone()).ok()?;
            Media { kind: MediaKind::File, file: upload(it.file?), caption: it.caption, ..Media::default() }
        }
    };
    Some(Box::new(media))
}

fn media_to_wire(media: &Media) -> (&'static str, Vec<u8>) {
    let Media { kind, file, thumbnail, width, height, duration_ms, waveform, caption } = media;
    let (file, thumbnail) = (Some(upload_to_wire(file)), thumbnail.as_ref().map(upload_to_wire));
    let (width, height, duration_ms, caption) = (*width, *height, *duration_ms, caption.clone());
    match kind {
        MediaKind::Image => (body::IMAGE, v1::ImageBody { file, thumbnail, width, height, caption }.encode_to_vec()),
        MediaKind::Voice => {
            (body::VOICE, v1::VoiceBody { file, duration_ms, waveform: waveform.clone() }.encode_to_vec())
        }
        MediaKind::Video => {
            (body::VIDEO, v1::VideoBody { file, thumbnail, width, height, duration_ms, caption }.encode_to_vec())
        }
        MediaKind::File => (body::FILE, v1::FileBody { file, caption }.encode_to_vec()),
    }
}

fn location(wire: v1::LocationBody) -> Content {
    let v1::LocationBody { latitude, longitude, name, address } = wire;
    Content::Location(Box::new(Location { latitude, longitude, name, address }))
}

fn contact_card(wire: v1::ContactCardBody) -> Option<Content> {
    let user = UserId::new(&wire.user_id).ok()?;
    Some(Content::ContactCard { user, display_name: wire.display_name })
}

fn merged(wire: v1::MergedBody) -> Option<Content> {
    let message = |it: v1::MergedMessage| {
        // One that was merged itself stays closed, so that nobody makes a device dig.
        let closed = || Content::Opaque { body_type: it.body_type.clone(), body: it.body.clone() };
        let content = if it.body_type == body::MERGED { closed() } else { Content::of(&it.body_type, &it.body) };
        let author = UserId::new(&it.author_id).ok()?;
        Some(MergedMessage { author, author_name: it.author_name, sent_at: Timestamp(it.sent_at), content })
    };
    let messages = wire.messages.into_iter().map(message).collect::<Option<_>>()?;
    Some(Content::Merged(Box::new(Merged { title: wire.title, messages })))
}

fn merged_to_wire(merged: &Merged) -> Option<v1::MergedBody> {
    let message = |it: &MergedMessage| {
        let (body_type, body) = it.content.to_body()?;
        Some(v1::MergedMessage {
            author_id: it.author.to_string(),
            author_name: it.author_name.clone(),
            sent_at: it.sent_at.as_millis(),
            body_type,
            body,
        })
    };
    let messages = merged.messages.iter().map(message).collect::<Option<_>>()?;
    Some(v1::MergedBody { title: merged.title.clone(), messages })
}

/// Attributes for the wire; what a reply answers is named by its event alone.
#[must_use]
pub(crate) fn attributes_to_wire(attributes: &Attributes) -> v1::Attributes {
    v1::Attributes {
        reply_to_seq: attributes.reply_to.map_or(0, |reply| reply.seq.get()),
        reply_to_ordinal: attributes.reply_to.map_or(0, |reply| reply.ordinal.get()),
        mentions: attributes.mentions.iter().map(ToString::to_string).collect(),
        mention_all: attributes.mention_all,
        silent: attributes.silent,
        priority: attributes.priority.into(),
        extension: attributes.extension.clone(),
        forwarded: attributes
            .forwarded
            .as_ref()
            .map(|it| v1::Forwarded { author_id: it.author.to_string(), sent_at: it.sent_at.as_millis() }),
    }
}

/// Attributes of the wire; `None` when there are none. What is not in its form is left out.
#[must_use]
pub(crate) fn attributes(wire: &v1::Attributes) -> Option<Box<Attributes>> {
    use stonechat_types::number::{Ordinal, Seq};
    let reply_to = ReplyTo { seq: Seq(wire.reply_to_seq), ordinal: Ordinal(wire.reply_to_ordinal) };
    let forwarded = wire
        .forwarded
        .as_ref()
        .and_then(|it| Some(Forwarded { author: UserId::new(&it.author_id).ok()?, sent_at: Timestamp(it.sent_at) }));
    let attributes = Attributes {
        reply_to: (wire.reply_to_seq > 0).then_some(reply_to),
        mentions: wire.mentions.iter().filter_map(|user| UserId::new(user).ok()).collect(),
        mention_all: wire.mention_all,
        silent: wire.silent,
        priority: u8::try_from(wire.priority).unwrap_or(u8::MAX),
        extension: wire.extension.clone(),
        forwarded,
    };
    (!attributes.is_empty()).then(|| Box::new(attributes))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn user(name: &str) -> UserId {
        UserId::new(name).unwrap()
    }

    fn contents() -> Vec<Content> {
        let mut text = RichText::new("你好 @bob, see 👩‍👩‍👧");
        text.mark(7..11, EntityKind::Mention(user("bob")));
        text.mark(0..6, EntityKind::Bold);
        text.mark(13..16, EntityKind::Link("https://example.org".into()));
        text.mark(0..text.text.len(), EntityKind::CodeBlock("rust".into()));
        let file = Upload { id: "u-1".into(), name: "a.png".into(), mime_type: "image/png".into(), bytes: 7 };
        let media = |kind| Media { kind, file: file.clone(), ..Media::default() };
        let image = Media { thumbnail: Some(file.clone()), width: 2, height: 3, ..media(MediaKind::Image) };
        let voice = Media { duration_ms: 9, waveform: Bytes::from_static(&[1, 2]), ..media(MediaKind::Voice) };
        let location = Location { latitude: 1.5, longitude: -2.5, name: "Here".into(), address: "There".into() };
        let mut all = vec![
            Content::Text(text),
            Content::Media(Box::new(image)),
            Content::Media(Box::new(voice)),
            Content::Media(Box::new(Media { duration_ms: 9, caption: "look".into(), ..media(MediaKind::Video) })),
            Content::Media(Box::new(media(MediaKind::File))),
            Content::Location(Box::new(location)),
            Content::ContactCard { user: user("bob"), display_name: "Bob".into() },
            Content::Opaque { body_type: "acme.order".into(), body: Bytes::from_static(b"7") },
        ];
        let message = |content: &Content| MergedMessage {
            author: user("ann"),
            author_name: "Ann".into(),
            sent_at: Timestamp(5),
            content: content.clone(),
        };
        all.push(Content::Merged(Box::new(Merged {
            title: "Talk".into(),
            messages: all.iter().map(message).collect(),
        })));
        all
    }

    #[test]
    fn contents_are_read_as_they_were_written_and_accepted() {
        for content in contents() {
            let (body_type, body) = content.to_body().unwrap();
            assert_eq!(body::check(&body_type, &body), Ok(()));
            assert_eq!(Content::of(&body_type, &body), content);
        }
    }

    #[test]
    fn a_body_that_is_not_what_its_type_says_is_shown_as_bytes() {
        let body = Bytes::from_static(b"\xff\xff");
        for body_type in ["text", "image", "voice", "video", "file", "location", "contact_card", "merged"] {
            assert_eq!(
                Content::of(body_type, &body),
                Content::Opaque { body_type: body_type.into(), body: body.clone() }
            );
        }
        let mut text = RichText::new("é");
        text.mark(0..1, EntityKind::Bold);
        assert_eq!(Content::Text(text).to_body(), None, "half a character");
    }

    proptest! {
        #[test]
        fn any_bytes_of_a_text_can_be_read(text in ".{0,12}", marks in prop::collection::vec((0..20_u32, 0..20_u32), 0..4)) {
            let entities = marks.into_iter().map(|(offset, length)| v1::Entity {
                offset,
                length,
                kind: Some(entity::Kind::Bold(true)),
            });
            let rich = RichText::from_wire(v1::TextBody { text: text.clone(), entities: entities.collect() });
            prop_assert_eq!(rich.as_str(), &text);
            for entity in rich.entities() {
                prop_assert!(text.get(entity.range.clone()).is_some_and(|marked| !marked.is_empty()));
            }
        }
    }
}
