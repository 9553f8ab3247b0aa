//! What a message carries beside its body, in JSON.

use crate::error::ApiError;
use crate::extract::id;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};
use stonechat_types::error_code::ErrorCode;
use stonechat_types::limits::{MENTIONS_MAX, MESSAGE_EXTENSION_BYTES_MAX, PRIORITY_MAX};
use stonechat_types::number::{Ordinal, Seq, Timestamp};

/// The attributes of a message; what is not named is nothing.
#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AttributesBody {
    /// The message that it answers, by its seq.
    #[serde(skip_serializing_if = "Option::is_none")]
    reply_to_seq: Option<u64>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mentions: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    mention_all: bool,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    silent: bool,
    #[serde(skip_serializing_if = "is_zero")]
    priority: u8,
    /// Base64.
    #[serde(skip_serializing_if = "Option::is_none")]
    extension: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded: Option<ForwardedBody>,
}

#[derive(Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
struct ForwardedBody {
    author: String,
    sent_at: i64,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
fn is_zero(priority: &u8) -> bool {
    *priority == 0
}

impl AttributesBody {
    /// Checks them; `None` for nothing.
    ///
    /// # Errors
    /// [`ApiError`] for the first that is over its limit or not in its form.
    pub(crate) fn checked(&self) -> Result<Option<Box<Attributes>>, ApiError> {
        let extension = STANDARD.decode(self.extension.as_deref().unwrap_or_default());
        let extension = extension.map_err(|_| ApiError::invalid("extension", "is not base64"))?;
        if extension.len() > MESSAGE_EXTENSION_BYTES_MAX {
            let message = format!("extension is larger than {MESSAGE_EXTENSION_BYTES_MAX} bytes");
            return Err(ApiError::new(ErrorCode::TooLarge, message));
        }
        if self.mentions.len() > MENTIONS_MAX {
            return Err(ApiError::invalid("mentions", format_args!("has more than {MENTIONS_MAX} entries")));
        }
        if self.priority > PRIORITY_MAX {
            return Err(ApiError::invalid("priority", format_args!("is larger than {PRIORITY_MAX}")));
        }
        let mut mentions = Vec::new();
        for user in &self.mentions {
            let user = id("mentions", user)?;
            if !mentions.contains(&user) {
                mentions.push(user);
            }
        }
        let reply_to = match self.reply_to_seq {
            Some(seq) if seq == 0 || seq > i64::MAX as u64 => {
                return Err(ApiError::invalid("reply_to_seq", "is not the seq of a message"));
            }
            seq => seq.map(|seq| ReplyTo { seq: Seq(seq), ordinal: Ordinal::ZERO }),
        };
        let forwarded = match &self.forwarded {
            Some(it) => Some(Forwarded { author: id("author", &it.author)?, sent_at: Timestamp(it.sent_at) }),
            None => None,
        };
        let attributes = Attributes {
            reply_to,
            mentions,
            mention_all: self.mention_all,
            silent: self.silent,
            priority: self.priority,
            extension: extension.into(),
            forwarded,
        };
        Ok((!attributes.is_empty()).then(|| Box::new(attributes)))
    }
}

impl From<&Attributes> for AttributesBody {
    fn from(attributes: &Attributes) -> Self {
        let forwarded = attributes.forwarded.as_ref();
        Self {
            reply_to_seq: attributes.reply_to.map(|reply| reply.seq.get()),
            mentions: attributes.mentions.iter().map(ToString::to_string).collect(),
            mention_all: attributes.mention_all,
            silent: attributes.silent,
            priority: attributes.priority,
            extension: (!attributes.extension.is_empty()).then(|| STANDARD.encode(&attributes.extension)),
            forwarded: forwarded
                .map(|it| ForwardedBody { author: it.author.to_string(), sent_at: it.sent_at.as_millis() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn read(value: Value) -> Result<Option<Box<Attributes>>, ()> {
        let body: AttributesBody = serde_json::from_value(value).map_err(drop)?;
        body.checked().map_err(drop)
    }

    #[test]
    fn attributes_are_told_as_they_were_given() {
        assert_eq!(read(json!({})), Ok(None));
        let given = json!({
            "reply_to_seq": 7, "mentions": ["ann", "bob"], "mention_all": true, "silent": true, "priority": 10,
            "extension": "e30=", "forwarded": {"author": "cy", "sent_at": 5},
        });
        let attributes = read(given.clone()).unwrap().unwrap();
        assert_eq!(attributes.extension, "{}");
        assert_eq!(serde_json::to_value(AttributesBody::from(&*attributes)).unwrap(), given);
        let one = read(json!({"mentions": ["ann", "ann"]})).unwrap().unwrap();
        assert_eq!(one.mentions.len(), 1);
    }

    #[test]
    fn what_is_over_a_limit_is_refused() {
        let many: Vec<_> = (0..=MENTIONS_MAX).map(|n| format!("user{n}")).collect();
        for wrong in [
            json!({"reply_to_seq": 0}),
            json!({"reply_to_seq": u64::MAX}),
            json!({"mentions": ["no user"]}),
            json!({"mentions": many}),
            json!({"priority": 11}),
            json!({"priority": 256}),
            json!({"extension": "%"}),
            json!({"extension": STANDARD.encode([0; MESSAGE_EXTENSION_BYTES_MAX + 1])}),
            json!({"forwarded": {"author": "", "sent_at": 5}}),
            json!({"colour": "red"}),
        ] {
            assert_eq!(read(wrong.clone()), Err(()), "{wrong}");
        }
    }
}
