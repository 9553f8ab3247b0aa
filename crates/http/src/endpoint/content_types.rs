//! `GET /v1/apps/{app}/content-types`: the types of content that the app declares in its configuration.

use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::Serialize;
use serde_json::Value;
use stonechat_app::api::ContentType;

#[derive(Serialize)]
pub(crate) struct ContentTypes {
    content_types: Vec<Declared>,
}

#[derive(Serialize)]
struct Declared {
    body_type: String,
    fallback: String,
    schema: Option<Value>,
}

pub(crate) async fn list(State(state): State<HttpState>, Extension(caller): Extension<Caller>) -> Json<ContentTypes> {
    let declared = |it: &ContentType| Declared {
        body_type: it.body_type.clone(),
        fallback: it.fallback.clone(),
        schema: it.schema.as_deref().and_then(|schema| serde_json::from_str(schema).ok()),
    };
    let content_types = state.backend.content_types(caller.app).types.iter().map(declared).collect();
    Json(ContentTypes { content_types })
}

#[cfg(test)]
mod tests {
    use crate::stub::{request, send};
    use serde_json::json;

    #[tokio::test]
    async fn what_the_app_declares_is_listed_with_its_schema() {
        let (status, reply) = send(request("GET", "/v1/apps/default/content-types", None)).await;
        assert_eq!(status.as_u16(), 200);
        let order = json!({"body_type": "acme.order", "fallback": "Order {number}", "schema": {"type": "object"}});
        assert_eq!(reply, json!({"content_types": [order]}));
    }
}
