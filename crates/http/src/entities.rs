//! The stretches of a text, in JSON.

use crate::error::ApiError;
use crate::text_body::{Entity, EntityKind};
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use stonechat_types::limits::ENTITIES_MAX;

/// A stretch, counted in code points: `{"offset": 0, "length": 2, "type": "link", "value": "https://example.org"}`.
#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct EntityBody {
    offset: u32,
    length: u32,
    #[serde(rename = "type")]
    kind: KindName,
    /// Of a mention the user, of a link the address, of a block of code the language.
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<String>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum KindName {
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

impl From<EntityKind> for KindName {
    fn from(kind: EntityKind) -> Self {
        match kind {
            EntityKind::Mention => Self::Mention,
            EntityKind::MentionAll => Self::MentionAll,
            EntityKind::Link => Self::Link,
            EntityKind::Bold => Self::Bold,
            EntityKind::Italic => Self::Italic,
            EntityKind::Strikethrough => Self::Strikethrough,
            EntityKind::Code => Self::Code,
            EntityKind::CodeBlock => Self::CodeBlock,
            EntityKind::Quote => Self::Quote,
        }
    }
}

impl From<KindName> for EntityKind {
    fn from(kind: KindName) -> Self {
        match kind {
            KindName::Mention => Self::Mention,
            KindName::MentionAll => Self::MentionAll,
            KindName::Link => Self::Link,
            KindName::Bold => Self::Bold,
            KindName::Italic => Self::Italic,
            KindName::Strikethrough => Self::Strikethrough,
            KindName::Code => Self::Code,
            KindName::CodeBlock => Self::CodeBlock,
            KindName::Quote => Self::Quote,
        }
    }
}

impl From<&Entity<'_>> for EntityBody {
    fn from(entity: &Entity<'_>) -> Self {
        let value = entity.kind.has_value().then(|| entity.value.clone().into_owned());
        Self { offset: entity.offset, length: entity.length, kind: entity.kind.into(), value }
    }
}

/// The stretches as the body of a text has them. That they lie within it, and lead where it is safe, is checked with the
/// body, by the rule of all gateways.
///
/// # Errors
/// [`ApiError`] for too many, and for one with a value where there is none, or without where there is one.
pub(crate) fn entities(given: &[EntityBody]) -> Result<Vec<Entity<'_>>, ApiError> {
    if given.len() > ENTITIES_MAX {
        return Err(ApiError::invalid("entities", format_args!("has more than {ENTITIES_MAX} entries")));
    }
    given.iter().map(entity).collect()
}

fn entity(given: &EntityBody) -> Result<Entity<'_>, ApiError> {
    let kind = EntityKind::from(given.kind);
    let value = match (&given.value, kind) {
        (Some(value), _) if kind.has_value() => Cow::Borrowed(value.as_str()),
        // The language of a block is not always known.
        (None, EntityKind::CodeBlock) => Cow::Borrowed(""),
        (None, _) if !kind.has_value() => Cow::Borrowed(""),
        (Some(_), _) => return Err(ApiError::invalid("entities", "has a value of a type that has none")),
        (None, _) => return Err(ApiError::invalid("entities", "has a mention or a link without its value")),
    };
    Ok(Entity { offset: given.offset, length: given.length, kind, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Value, ()> {
        let given: Vec<EntityBody> = serde_json::from_value(value).map_err(drop)?;
        let read = entities(&given).map_err(drop)?;
        Ok(serde_json::to_value(read.iter().map(EntityBody::from).collect::<Vec<_>>()).unwrap())
    }

    #[test]
    fn stretches_are_told_as_they_were_given() {
        let given = json!([
            {"offset": 0, "length": 4, "type": "mention", "value": "bob"},
            {"offset": 0, "length": 4, "type": "mention_all"},
            {"offset": 5, "length": 4, "type": "link", "value": "https://example.org"},
            {"offset": 5, "length": 4, "type": "bold"},
            {"offset": 5, "length": 4, "type": "italic"},
            {"offset": 5, "length": 4, "type": "strikethrough"},
            {"offset": 5, "length": 4, "type": "code"},
            {"offset": 5, "length": 4, "type": "code_block", "value": "rust"},
            {"offset": 5, "length": 4, "type": "quote"},
        ]);
        assert_eq!(read(given.clone()), Ok(given));
        let block = read(json!([{"offset": 0, "length": 1, "type": "code_block"}]));
        assert_eq!(block, Ok(json!([{"offset": 0, "length": 1, "type": "code_block", "value": ""}])));
    }

    #[test]
    fn what_is_not_in_its_form_is_refused() {
        let bold = json!({"offset": 0, "length": 1, "type": "bold"});
        assert!(read(json!(vec![bold.clone(); ENTITIES_MAX])).is_ok());
        assert!(read(json!(vec![bold; ENTITIES_MAX + 1])).is_err());
        for wrong in [
            json!({"offset": 0, "length": 1, "type": "shout"}),
            json!({"offset": -1, "length": 1, "type": "bold"}),
            json!({"offset": 0, "type": "bold"}),
            json!({"offset": 0, "length": 1, "type": "bold", "value": "x"}),
            json!({"offset": 0, "length": 1, "type": "link"}),
            json!({"offset": 0, "length": 1, "type": "mention"}),
            json!({"offset": 0, "length": 1, "type": "bold", "colour": "red"}),
        ] {
            assert!(read(json!([wrong])).is_err(), "{wrong}");
        }
    }
}
