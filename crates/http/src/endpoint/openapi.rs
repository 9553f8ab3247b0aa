//! `GET /v1/openapi.json`: the description of this API, written by hand. A test of the router compares the two.

use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};

/// OpenAPI 3.1.
pub(crate) const DOCUMENT: &str = include_str!("../../openapi.json");

pub(crate) async fn handle() -> Response {
    ([(CONTENT_TYPE, "application/json")], DOCUMENT).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::status;
    use serde_json::Value;
    use std::collections::BTreeSet;
    use stonechat_types::error_code::ErrorCode;
    use stonechat_types::limits;

    #[test]
    fn every_code_is_described() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let listed = document["components"]["schemas"]["Error"]["properties"]["code"]["enum"].as_array().unwrap();
        let listed: BTreeSet<_> = listed.iter().map(|code| code.as_str().unwrap()).collect();
        assert_eq!(listed, ErrorCode::ALL.iter().map(|code| code.as_str()).collect());
    }

    #[test]
    fn every_reference_leads_somewhere() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let references: Vec<_> = DOCUMENT.split("\"$ref\": \"#").skip(1).map(|rest| rest.split('"').next()).collect();
        assert!(references.len() > 10);
        for reference in references.into_iter().flatten() {
            assert!(document.pointer(reference).is_some(), "{reference}");
        }
    }
    /// The operations of backends, with their paths.
    fn operations(document: &Value) -> impl Iterator<Item = (&String, &Value)> {
        let paths = document["paths"].as_object().unwrap();
        let all =
            paths.iter().flat_map(|(path, methods)| methods.as_object().unwrap().values().map(move |it| (path, it)));
        all.filter(|(_, operation)| operation["security"].is_null())
    }

    #[test]
    fn every_operation_says_with_which_codes_it_is_refused() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        for (path, operation) in operations(&document) {
            let codes = operation["x-error-codes"].as_array().unwrap_or_else(|| panic!("{path} lists no codes"));
            let mut statuses = BTreeSet::from(["200".to_owned(), "default".to_owned()]);
            for code in codes {
                let found = ErrorCode::ALL.iter().find(|known| Some(known.as_str()) == code.as_str());
                let status = status(*found.unwrap_or_else(|| panic!("{path} has the code {code}")));
                statuses.insert(status.as_u16().to_string());
            }
            let described: BTreeSet<_> = operation["responses"].as_object().unwrap().keys().cloned().collect();
            assert_eq!(described, statuses, "{path}");
        }
    }

    #[test]
    fn every_value_of_a_request_has_a_limit() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        for (path, operation) in operations(&document) {
            for parameter in operation["parameters"].as_array().unwrap() {
                check_limits(&document, path, &resolved(&document, parameter)["schema"]);
            }
            check_limits(&document, path, &operation["requestBody"]["content"]["application/json"]["schema"]);
        }
    }

    fn resolved<'a>(document: &'a Value, part: &'a Value) -> &'a Value {
        part["$ref"].as_str().map_or(part, |to| document.pointer(to.trim_start_matches('#')).unwrap())
    }

    fn check_limits(document: &Value, place: &str, schema: &Value) {
        let schema = resolved(document, schema);
        let has = |name: &str| !schema[name].is_null();
        let is = |name: &str| match &schema["type"] {
            Value::Array(any) => any.contains(&name.into()),
            one => one == name,
        };
        let bounded = !is("string") || has("maxLength") || has("pattern") || schema["format"] == "uuid";
        assert!(bounded, "{place}: a text has no limit: {schema}");
        // A time has the limits of its type.
        let is_time = schema["format"] == "int64" && (has("description") || schema["minimum"] == 0);
        assert!(!is("integer") || is_time || has("maximum") || has("minimum"), "{place}: a number has none: {schema}");
        assert!(!is("array") || has("maxItems"), "{place}: a list has none: {schema}");
        let map = &schema["additionalProperties"];
        assert!(!map.is_object() || has("maxProperties"), "{place}: a map has none: {schema}");
        let properties = schema["properties"].as_object().into_iter().flatten();
        for (name, part) in
            properties.map(|(name, part)| (name.as_str(), part)).chain([("", &schema["items"]), ("", map)])
        {
            if part.is_object() {
                check_limits(document, &format!("{place} {name}"), part);
            }
        }
    }

    #[test]
    fn limits_are_those_that_hold() {
        let document: Value = serde_json::from_str(DOCUMENT).unwrap();
        let schemas = &document["components"]["schemas"];
        for (place, limit) in [
            ("/SendMessage/properties/text/maxLength", limits::BODY_BYTES_MAX),
            ("/SendMessage/properties/body_type/maxLength", limits::BODY_TYPE_BYTES_MAX),
            ("/SendMessage/properties/body/maxLength", limits::BODY_BYTES_MAX.div_ceil(3) * 4),
            ("/EditMessage/properties/entities/maxItems", limits::ENTITIES_MAX),
            ("/Entity/properties/value/maxLength", limits::URL_BYTES_MAX),
            ("/Attributes/properties/mentions/maxItems", limits::MENTIONS_MAX),
            ("/Attributes/properties/priority/maximum", limits::PRIORITY_MAX.into()),
            ("/Attributes/properties/extension/maxLength", limits::MESSAGE_EXTENSION_BYTES_MAX.div_ceil(3) * 4),
            ("/Emoji/maxLength", stonechat_types::emoji::EMOJI_BYTES_MAX),
            ("/Conversation/properties/unread_mentions/maximum", limits::MENTIONS_COUNTED_MAX as usize),
            ("/Conversations/properties/conversations/maxItems", limits::WINDOW_MAX as usize),
            ("/Group/properties/links/maxItems", limits::LINKS_MAX),
            ("/Edits/properties/versions/maxItems", limits::EDITS_MAX + 1),
            ("/SetQuiet/properties/hours/properties/windows/maxItems", limits::QUIET_WINDOWS_MAX),
            ("/SetQuiet/properties/hours/properties/offset_changes/maxItems", limits::OFFSET_CHANGES_MAX),
            ("/SetPreferences/properties/folders/maxItems", limits::FOLDERS_MAX),
            ("/SetPreferences/properties/fields/maxProperties", limits::FIELDS_MAX),
            ("/PutUser/properties/avatar/maxLength", limits::AVATAR_BYTES_MAX),
            ("/PresenceQuery/properties/users/maxItems", limits::PRESENCE_SUBSCRIPTIONS_MAX),
        ] {
            assert_eq!(schemas.pointer(place).and_then(Value::as_u64), Some(limit as u64), "{place}");
        }
        for (id, limit) in [
            ("listMessages", limits::PAGE_ITEMS_MAX),
            ("listPinned", limits::PINS_MAX as u32),
            ("listMembers", limits::MEMBERS_PAGE_MAX),
            ("listReactions", limits::MEMBERS_PAGE_MAX),
            ("listMentions", limits::PAGE_ITEMS_MAX),
            ("listConversations", limits::WINDOW_MAX),
            ("listStarred", limits::STARS_PAGE_MAX),
            ("listAskers", limits::GROUP_PAGE_MAX),
            ("listBans", limits::GROUP_PAGE_MAX),
            ("listRelations", limits::RELATIONS_PAGE_MAX),
        ] {
            let (_, operation) = operations(&document).find(|(_, it)| it["operationId"] == id).unwrap();
            let parameters = operation["parameters"].as_array().unwrap();
            let parameter = parameters.iter().find(|parameter| parameter["name"] == "limit").unwrap();
            assert_eq!(parameter["schema"]["maximum"], limit, "{id}");
        }
    }
}
