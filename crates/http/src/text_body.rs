//! The body of a text message, `TextBody` of the protocol's schema, in protobuf. By hand, since a gateway names no other
//! gateway's wire format and this is all that it needs of it. Whether the stretches are good is the rule of whoever checks
//! bodies for all gateways.

use bytes::Bytes;
use std::borrow::Cow;

const VARINT: u8 = 0;
const FIXED_64: u8 = 1;
const LENGTH_DELIMITED: u8 = 2;
const FIXED_32: u8 = 5;

const TEXT_FIELD: u64 = 1;
const ENTITIES: u64 = 2;
const OFFSET: u64 = 1;
const LENGTH: u64 = 2;

/// The `body_type` of it.
pub(crate) const TEXT: &str = "text";

/// A text, with what is marked in it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct RichText<'a> {
    /// What it says.
    pub text: &'a str,
    /// Its stretches; those of a kind that we do not know are left out.
    pub entities: Vec<Entity<'a>>,
}

/// A stretch of a text, in code points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Entity<'a> {
    /// Where it begins.
    pub offset: u32,
    /// How long it is.
    pub length: u32,
    /// What it is.
    pub kind: EntityKind,
    /// Of a mention, a link and a block of code: the user, the address, the language.
    pub value: Cow<'a, str>,
}

/// What a stretch is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EntityKind {
    Mention,
    MentionAll,
    Link,
    Bold,
    Italic,
    Strikethrough,
    Code,
    CodeBlock,
    Quote,
}

impl EntityKind {
    const ALL: [(Self, u64); 9] = [
        (Self::Mention, 3),
        (Self::MentionAll, 4),
        (Self::Link, 5),
        (Self::Bold, 6),
        (Self::Italic, 7),
        (Self::Strikethrough, 8),
        (Self::Code, 9),
        (Self::CodeBlock, 10),
        (Self::Quote, 11),
    ];

    /// Whether something is said of it beside where it is.
    pub(crate) const fn has_value(self) -> bool {
        match self {
            Self::Mention | Self::Link | Self::CodeBlock => true,
            Self::MentionAll | Self::Bold | Self::Italic | Self::Strikethrough | Self::Code | Self::Quote => false,
        }
    }

    fn of(number: u64) -> Option<Self> {
        Self::ALL.into_iter().find(|(_, own)| *own == number).map(|(kind, _)| kind)
    }

    fn number(self) -> u64 {
        Self::ALL.into_iter().find(|(kind, _)| *kind == self).map_or(0, |(_, number)| number)
    }
}

/// The bytes of a text, as every writer of protobuf has them.
pub(crate) fn encode(text: &str, entities: &[Entity<'_>]) -> Bytes {
    let mut bytes = Vec::with_capacity(text.len() + 6);
    if !text.is_empty() {
        put_bytes(&mut bytes, TEXT_FIELD, text.as_bytes());
    }
    for Entity { offset, length, kind, value } in entities {
        let mut entity = Vec::new();
        for (field, number) in [(OFFSET, offset), (LENGTH, length)] {
            if *number > 0 {
                put_tag(&mut entity, field, VARINT);
                put_varint(&mut entity, u64::from(*number));
            }
        }
        if kind.has_value() {
            put_bytes(&mut entity, kind.number(), value.as_bytes());
        } else {
            put_tag(&mut entity, kind.number(), VARINT);
            put_varint(&mut entity, 1);
        }
        put_bytes(&mut bytes, ENTITIES, &entity);
    }
    bytes.into()
}

fn put_bytes(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_tag(bytes, field, LENGTH_DELIMITED);
    put_varint(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

fn put_tag(bytes: &mut Vec<u8>, field: u64, wire_type: u8) {
    put_varint(bytes, field << 3 | u64::from(wire_type));
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

/// The text of the bytes; fields that we do not know are passed over, and the last text counts. `None` when they are
/// not protobuf or a text in them is not UTF-8.
pub(crate) fn decode(mut bytes: &[u8]) -> Option<RichText<'_>> {
    let mut found = RichText::default();
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            (TEXT_FIELD, Value::Bytes(text)) => found.text = std::str::from_utf8(text).ok()?,
            (ENTITIES, Value::Bytes(entity)) => found.entities.extend(decode_entity(entity)?),
            _ => {}
        }
    }
    Some(found)
}

/// `Some(None)` for a stretch of a kind that we do not know.
fn decode_entity(mut bytes: &[u8]) -> Option<Option<Entity<'_>>> {
    let (mut offset, mut length, mut kind) = (0, 0, None);
    while !bytes.is_empty() {
        match field(&mut bytes)? {
            // As every reader of protobuf cuts it.
            (OFFSET, Value::Number(number)) => offset = number as u32,
            (LENGTH, Value::Number(number)) => length = number as u32,
            (number, value) => match (EntityKind::of(number), value) {
                (Some(of), Value::Bytes(value)) if of.has_value() => {
                    kind = Some((of, std::str::from_utf8(value).ok()?));
                }
                (Some(of), Value::Number(on)) if !of.has_value() => kind = Some((of, "")).filter(|_| on != 0),
                _ => {}
            },
        }
    }
    Some(kind.map(|(kind, value)| Entity { offset, length, kind, value: Cow::Borrowed(value) }))
}

/// What a field has.
enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
    /// What no field of ours has.
    Fixed,
}

/// The next field, by its number.
fn field<'a>(bytes: &mut &'a [u8]) -> Option<(u64, Value<'a>)> {
    let tag = varint(bytes)?;
    let value = match (tag & 7) as u8 {
        VARINT => Value::Number(varint(bytes)?),
        FIXED_64 => take(bytes, 8).map(|_| Value::Fixed)?,
        FIXED_32 => take(bytes, 4).map(|_| Value::Fixed)?,
        LENGTH_DELIMITED => {
            let length = usize::try_from(varint(bytes)?).ok()?;
            Value::Bytes(take(bytes, length)?)
        }
        _ => return None,
    };
    Some((tag >> 3, value))
}

fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for shift in (0..64).step_by(7) {
        let (byte, rest) = bytes.split_first()?;
        *bytes = rest;
        value |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Some(value);
        }
    }
    None
}

fn take<'a>(bytes: &mut &'a [u8], length: usize) -> Option<&'a [u8]> {
    let (field, rest) = bytes.split_at_checked(length)?;
    *bytes = rest;
    Some(field)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use prost::Message as _;

    /// The schema once more, for a writer and reader that others wrote.
    mod schema {
        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct TextBody {
            #[prost(string, tag = "1")]
            pub(super) text: String,
            #[prost(message, repeated, tag = "2")]
            pub(super) entities: Vec<Entity>,
        }

        #[derive(Clone, PartialEq, prost::Message)]
        pub(super) struct Entity {
            #[prost(uint32, tag = "1")]
            pub(super) offset: u32,
            #[prost(uint32, tag = "2")]
            pub(super) length: u32,
            #[prost(oneof = "Kind", tags = "3, 4, 5, 6, 7, 8, 9, 10, 11")]
            pub(super) kind: Option<Kind>,
        }

        #[derive(Clone, PartialEq, prost::Oneof)]
        pub(super) enum Kind {
            #[prost(string, tag = "3")]
            Mention(String),
            #[prost(bool, tag = "4")]
            MentionAll(bool),
            #[prost(string, tag = "5")]
            Link(String),
            #[prost(bool, tag = "6")]
            Bold(bool),
            #[prost(bool, tag = "7")]
            Italic(bool),
            #[prost(bool, tag = "8")]
            Strikethrough(bool),
            #[prost(bool, tag = "9")]
            Code(bool),
            #[prost(string, tag = "10")]
            CodeBlock(String),
            #[prost(bool, tag = "11")]
            Quote(bool),
        }
    }

    use schema::Kind;

    fn theirs(entity: &Entity<'_>) -> schema::Entity {
        let value = entity.value.clone().into_owned();
        let kind = match entity.kind {
            EntityKind::Mention => Kind::Mention(value),
            EntityKind::MentionAll => Kind::MentionAll(true),
            EntityKind::Link => Kind::Link(value),
            EntityKind::Bold => Kind::Bold(true),
            EntityKind::Italic => Kind::Italic(true),
            EntityKind::Strikethrough => Kind::Strikethrough(true),
            EntityKind::Code => Kind::Code(true),
            EntityKind::CodeBlock => Kind::CodeBlock(value),
            EntityKind::Quote => Kind::Quote(true),
        };
        schema::Entity { offset: entity.offset, length: entity.length, kind: Some(kind) }
    }

    fn any_entity() -> impl Strategy<Value = Entity<'static>> {
        (any::<u32>(), any::<u32>(), 0..EntityKind::ALL.len(), ".{0,8}").prop_map(|(offset, length, kind, value)| {
            let kind = EntityKind::ALL[kind].0;
            let value = if kind.has_value() { Cow::Owned(value) } else { Cow::Borrowed("") };
            Entity { offset, length, kind, value }
        })
    }

    proptest! {
        #[test]
        fn what_is_written_is_what_others_write_and_reads_back(
            text in ".{0,40}",
            entities in prop::collection::vec(any_entity(), 0..6),
        ) {
            let body = schema::TextBody { text: text.clone(), entities: entities.iter().map(theirs).collect() };
            let bytes = encode(&text, &entities);
            prop_assert_eq!(&bytes[..], &body.encode_to_vec()[..]);
            prop_assert_eq!(decode(&bytes), Some(RichText { text: &text, entities }));
        }

        #[test]
        fn what_others_read_is_read_the_same(bytes in prop::collection::vec(any::<u8>(), 0..40)) {
            // They are strict where a known field has another form, and know groups; so only what both read is compared.
            if let (Ok(body), Some(found)) = (schema::TextBody::decode(&bytes[..]), decode(&bytes)) {
                prop_assert_eq!(&body.text, found.text);
            }
        }

        #[test]
        fn no_bytes_are_too_strange(
            parts in prop::collection::vec(prop_oneof![any_entity().prop_map(|it| encode("a", &[it])), Just(Bytes::from_static(b"\x12\x02\x08\x01"))], 0..4),
            cut in any::<prop::sample::Index>(),
        ) {
            let bytes = parts.concat();
            _ = decode(&bytes[..cut.index(bytes.len() + 1)]);
            prop_assert!(decode(&bytes).is_some());
        }
    }

    fn text(bytes: &[u8]) -> Option<&str> {
        decode(bytes).map(|found| found.text)
    }

    #[test]
    fn the_bytes_are_those_of_protobuf() {
        assert_eq!(&encode("Hi", &[])[..], b"\x0a\x02Hi");
        assert_eq!(&encode(&"a".repeat(300), &[])[..4], b"\x0a\xac\x02a");
        for said in ["", "Hi", "👩‍👩‍👧 مرحبا 你好", &"x".repeat(65_000)] {
            assert_eq!(text(&encode(said, &[])), Some(said));
        }
        let bold = Entity { offset: 0, length: 2, kind: EntityKind::Bold, value: "".into() };
        let block = Entity { offset: 1, length: 300, kind: EntityKind::CodeBlock, value: "".into() };
        let golden = b"\x0a\x02Hi\x12\x04\x10\x02\x30\x01\x12\x07\x08\x01\x10\xac\x02\x52\x00";
        assert_eq!(&encode("Hi", &[bold, block])[..], golden);
    }

    #[test]
    fn unknown_fields_are_passed_over_and_broken_bytes_refused() {
        assert_eq!(text(b""), Some(""));
        assert_eq!(text(b"\x10\x96\x01\x0a\x01a\x1d1234\x21abcdefgh\x2a\x02zz"), Some("a"));
        for broken in [&b"\x0a"[..], b"\x0a\x05Hi", b"\x0a\x02\xff\xfe", b"\x0b", b"\x10", b"\x10\xff\xff", b"\x19abc"]
        {
            assert_eq!(decode(broken), None, "{broken:?}");
        }
        assert_eq!(decode(&[0xff; 12]), None);
        assert_eq!(decode(b"\x12\x03\x1a\x01\xff"), None, "a mention that is not UTF-8");
        assert_eq!(decode(b"\x12\x02\x1a\x05"), None, "a stretch that is cut off");
        let none = Some(RichText { text: "a", entities: Vec::new() });
        assert_eq!(decode(b"\x0a\x01a\x12\x04\x10\x01\x30\x00"), none, "not what it marks");
        assert_eq!(decode(b"\x0a\x01a\x12\x04\x10\x01\x60\x01"), none, "of a later version");
    }
}
