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
    use serde_json::Value;
    use std::collections::BTreeSet;
    use stonechat_types::error_code::ErrorCode;

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
}
