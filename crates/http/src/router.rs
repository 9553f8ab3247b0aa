//! The table of routes, and the router that is made from it.

use crate::endpoint::{
    admission, change_conversation, change_message, content_types, conversations, create_conversation, create_token,
    devices, health, home, list_members, list_messages, list_readers, message_history, metrics_page, openapi,
    preferences, presence, put_user, quiet, reading, relations, send_message, stars,
};
use crate::error::no_such_method;
use crate::guard::{self, Places, REQUESTS_MAX};
use crate::state::HttpState;
use crate::web::{self, demo};
use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::routing::{MethodRouter, delete, get, post, put};
use std::sync::Arc;
use tokio::sync::Semaphore;

/// Who may call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Access {
    /// Everybody.
    Open,
    /// Who has the secret key of the app in the path.
    Secret,
}

/// One line of the table.
struct Route {
    /// For the test that compares the table with the description.
    #[cfg_attr(not(test), expect(dead_code, reason = "axum has it in the handler"))]
    method: &'static str,
    path: &'static str,
    access: Access,
    handler: MethodRouter<HttpState>,
}

const USER: &str = "/v1/apps/{app}/users/{user}";
const USERS: &str = "/v1/apps/{app}/users";
const USER_PRESENCE: &str = "/v1/apps/{app}/users/{user}/presence";
const PRESENCE: &str = "/v1/apps/{app}/presence";
const RELATIONS: &str = "/v1/apps/{app}/users/{user}/relations";
const RELATION: &str = "/v1/apps/{app}/users/{user}/relations/{peer}";
const DEVICES: &str = "/v1/apps/{app}/users/{user}/devices";
const DEVICE: &str = "/v1/apps/{app}/users/{user}/devices/{device}";
const CONTENT_TYPES: &str = "/v1/apps/{app}/content-types";
const TOKENS: &str = "/v1/apps/{app}/tokens";
const CONVERSATIONS: &str = "/v1/apps/{app}/conversations";
const CONVERSATION_MESSAGES: &str = "/v1/apps/{app}/conversations/{conversation}/messages";
const CONVERSATION_CHANGES: &str = "/v1/apps/{app}/conversations/{conversation}/changes";
const CONVERSATION_MEMBERS: &str = "/v1/apps/{app}/conversations/{conversation}/members";
const MESSAGE_EDIT: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/edit";
const MESSAGE_REACT: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/react";
const MESSAGE_RECALL: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/recall";
const MESSAGE_PIN: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/pin";
const MESSAGE_READERS: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/readers";
const CONVERSATION_PINNED: &str = "/v1/apps/{app}/conversations/{conversation}/pinned";
const PREFERENCES: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/preferences";
const QUIET: &str = "/v1/apps/{app}/users/{user}/quiet";
const MESSAGE_DELETE: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/delete";
const CONVERSATION: &str = "/v1/apps/{app}/conversations/{conversation}";
const CONVERSATION_ASKERS: &str = "/v1/apps/{app}/conversations/{conversation}/askers";
const CONVERSATION_BANS: &str = "/v1/apps/{app}/conversations/{conversation}/bans";
const MESSAGE_REACTIONS: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/reactions";
const MESSAGE_EDITS: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/edits";
const MESSAGE_STAR: &str = "/v1/apps/{app}/conversations/{conversation}/messages/{seq}/star";
const USER_CONVERSATIONS: &str = "/v1/apps/{app}/users/{user}/conversations";
const USER_UNREAD: &str = "/v1/apps/{app}/users/{user}/unread";
const USER_STARRED: &str = "/v1/apps/{app}/users/{user}/starred";
const READ: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/read";
const DELIVERED: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/delivered";
const PLAYED: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/played";
const TYPING: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/typing";
const MENTIONS: &str = "/v1/apps/{app}/users/{user}/conversations/{conversation}/mentions";
const MESSAGES: &str = "/v1/apps/{app}/messages";

/// Every path, for counting: labels of metrics are bounded.
const PATHS: &[&str] = &[
    USER,
    USERS,
    USER_PRESENCE,
    PRESENCE,
    RELATIONS,
    RELATION,
    DEVICES,
    DEVICE,
    CONTENT_TYPES,
    TOKENS,
    CONVERSATIONS,
    CONVERSATION_MESSAGES,
    CONVERSATION_CHANGES,
    CONVERSATION_MEMBERS,
    MESSAGE_EDIT,
    MESSAGE_REACT,
    MESSAGE_RECALL,
    MESSAGE_DELETE,
    MESSAGE_PIN,
    MESSAGE_READERS,
    CONVERSATION_PINNED,
    PREFERENCES,
    QUIET,
    CONVERSATION,
    CONVERSATION_ASKERS,
    CONVERSATION_BANS,
    MESSAGE_REACTIONS,
    MESSAGE_EDITS,
    MESSAGE_STAR,
    USER_CONVERSATIONS,
    USER_UNREAD,
    USER_STARRED,
    READ,
    DELIVERED,
    PLAYED,
    TYPING,
    MENTIONS,
    MESSAGES,
    "/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/v1/openapi.json",
];

fn table() -> [Route; 48] {
    let open = |path, handler| Route { method: "get", path, access: Access::Open, handler };
    let secret = |method, path, handler| Route { method, path, access: Access::Secret, handler };
    [
        secret("put", USER, put(put_user::handle)),
        secret("get", USER, get(put_user::look)),
        secret("get", USERS, get(put_user::find)),
        secret("put", USER_PRESENCE, put(presence::set)),
        secret("get", USER_PRESENCE, get(presence::look)),
        secret("post", PRESENCE, post(presence::list)),
        secret("get", RELATIONS, get(relations::list)),
        secret("post", RELATION, post(relations::change)),
        secret("get", DEVICES, get(devices::list)),
        secret("delete", DEVICES, delete(devices::sign_out_all)),
        secret("delete", DEVICE, delete(devices::sign_out)),
        secret("get", CONTENT_TYPES, get(content_types::list)),
        secret("post", TOKENS, post(create_token::handle)),
        secret("post", CONVERSATIONS, post(create_conversation::handle)),
        secret("post", MESSAGES, post(send_message::handle)),
        secret("get", CONVERSATION_MESSAGES, get(list_messages::handle)),
        secret("post", CONVERSATION_CHANGES, post(change_conversation::handle)),
        secret("get", CONVERSATION_MEMBERS, get(list_members::handle)),
        secret("post", MESSAGE_EDIT, post(change_message::edit)),
        secret("post", MESSAGE_REACT, post(change_message::react)),
        secret("post", MESSAGE_RECALL, post(change_message::recall)),
        secret("post", MESSAGE_DELETE, post(change_message::delete)),
        secret("post", MESSAGE_PIN, post(change_message::pin)),
        secret("get", MESSAGE_READERS, get(list_readers::handle)),
        secret("get", CONVERSATION_PINNED, get(list_messages::pinned)),
        secret("get", PREFERENCES, get(preferences::look)),
        secret("post", PREFERENCES, post(preferences::change)),
        secret("get", QUIET, get(quiet::look)),
        secret("post", QUIET, post(quiet::change)),
        secret("get", CONVERSATION, get(conversations::look)),
        secret("get", CONVERSATION_ASKERS, get(admission::askers)),
        secret("get", CONVERSATION_BANS, get(admission::bans)),
        secret("get", MESSAGE_REACTIONS, get(message_history::reactions)),
        secret("get", MESSAGE_EDITS, get(message_history::edits)),
        secret("post", MESSAGE_STAR, post(stars::star)),
        secret("get", USER_CONVERSATIONS, get(conversations::list)),
        secret("get", USER_UNREAD, get(conversations::unread)),
        secret("get", USER_STARRED, get(stars::list)),
        secret("post", READ, post(reading::read)),
        secret("post", DELIVERED, post(reading::delivered)),
        secret("post", PLAYED, post(reading::played)),
        secret("post", TYPING, post(reading::typing)),
        secret("get", MENTIONS, get(reading::mentions)),
        open("/", get(home::handle)),
        open("/healthz", get(health::live)),
        open("/readyz", get(health::ready)),
        // Not for everybody, but by address and not by key.
        open("/metrics", get(metrics_page::handle)),
        open("/v1/openapi.json", get(openapi::handle)),
    ]
}

/// The whole API. Whoever mounts it puts a [`crate::peer::PeerAddr`] into the extensions of each request.
pub fn router(state: HttpState) -> Router {
    let places = Places::new(Semaphore::new(REQUESTS_MAX));
    router_with(state, places)
}

fn router_with(state: HttpState, places: Arc<Semaphore>) -> Router {
    let (mut open, mut secret) = (Router::new(), Router::new());
    for route in table() {
        match route.access {
            Access::Open => open = open.route(route.path, route.handler),
            Access::Secret => secret = secret.route(route.path, route.handler),
        }
    }
    // The last layer is the outermost: first the bounds, then the key.
    let secret = secret
        .route_layer(from_fn_with_state(state.clone(), guard::authenticate))
        .route_layer(from_fn_with_state((state.clone(), places), guard::bound));
    let demo = state.demo.clone().map(demo::routes).unwrap_or_default();
    open.merge(secret)
        .merge(demo)
        .fallback(web::fallback)
        .method_not_allowed_fallback(no_such_method)
        .layer(from_fn_with_state((state.clone(), [PATHS, demo::PATHS]), guard::finish))
        .with_state(state)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::guard::REQUEST_DEADLINE;
    use crate::stub::{Stub, request, send, send_to};
    use axum::body::Body;
    use axum::http::{Request, StatusCode};
    use serde_json::{Value, json};
    use std::collections::BTreeSet;

    #[test]
    fn the_description_has_every_route_and_no_other() {
        let document: Value = serde_json::from_str(openapi::DOCUMENT).unwrap();
        let mut described = BTreeSet::new();
        for (path, methods) in document["paths"].as_object().unwrap() {
            for (method, operation) in methods.as_object().unwrap() {
                let open = operation["security"] == json!([]);
                described.insert((method.clone(), path.clone(), open));
            }
        }
        let routed: BTreeSet<_> = table()
            .iter()
            .map(|route| (route.method.to_owned(), route.path.to_owned(), route.access == Access::Open))
            .collect();
        assert_eq!(described, routed);
        let paths: BTreeSet<_> = table().iter().map(|route| route.path).collect();
        assert_eq!(PATHS.iter().copied().collect::<BTreeSet<_>>(), paths);
    }

    #[tokio::test]
    async fn every_route_has_the_method_that_the_table_says() {
        for route in table() {
            let method = route.method.to_uppercase();
            let request = Request::builder().method(&*method).uri(route.path).body(Body::empty()).unwrap();
            let (status, _) = send(request).await;
            assert!(status != StatusCode::NOT_FOUND && status != StatusCode::METHOD_NOT_ALLOWED, "{}", route.path);
        }
    }

    #[tokio::test]
    async fn every_route_of_a_backend_wants_the_key_of_its_app() {
        for route in table().iter().filter(|route| route.access == Access::Secret) {
            for (app, key) in [
                ("default", None),
                ("default", Some("Bearer sk_default_wrong")),
                ("default", Some("Bearer ")),
                ("default", Some("Basic sk_default_right")),
                ("default", Some("sk_default_right")),
                ("other", Some("Bearer sk_default_right")),
                ("Default", Some("Bearer sk_default_right")),
                ("%00", Some("Bearer sk_default_right")),
            ] {
                let path = route
                    .path
                    .replace("{app}", app)
                    .replace("{user}", "alice")
                    .replace("{peer}", "bob")
                    .replace("{device}", "phone");
                let mut request = Request::builder().method(&*route.method.to_uppercase()).uri(&path);
                if let Some(key) = key {
                    request = request.header("authorization", key);
                }
                let (status, body) = send(request.body(Body::from("not read")).unwrap()).await;
                assert_eq!(status, StatusCode::UNAUTHORIZED, "{path} with {key:?}");
                assert_eq!(body["code"], "unauthenticated");
            }
        }
    }

    #[tokio::test]
    async fn unknown_paths_and_methods_are_refused_in_our_shape() {
        for path in ["/nothing", "/v1", "/v1/apps", "/v1/apps/default", "/v1/apps/default/people", "/%ff"] {
            let (status, body) = send(request("GET", path, None)).await;
            assert_eq!((status, &body["code"]), (StatusCode::NOT_FOUND, &json!("not_found")), "{path}");
        }
        for (method, path) in [("POST", "/healthz"), ("DELETE", "/v1/apps/default/users/alice")] {
            let (status, body) = send(request(method, path, None)).await;
            assert_eq!((status, &body["code"]), (StatusCode::METHOD_NOT_ALLOWED, &json!("malformed")), "{path}");
            assert!(body["message"].is_string());
        }
    }

    #[tokio::test]
    async fn a_wrong_method_is_told_the_right_ones() {
        use tower::ServiceExt as _;
        let router = router(Stub::default().state());
        let response = router.oneshot(request("DELETE", "/healthz", None)).await.unwrap();
        assert_eq!(response.headers()["allow"], "GET,HEAD");
    }

    #[tokio::test]
    async fn media_types_sizes_and_broken_json_are_refused_in_our_shape() {
        let path = "/v1/apps/default/messages";
        let post = |media_type: &str, body: Vec<u8>| {
            Request::builder()
                .method("POST")
                .uri(path)
                .header("authorization", "Bearer sk_default_right")
                .header("content-type", media_type)
                .body(Body::from(body))
                .unwrap()
        };
        for (media_type, body, status, code) in [
            ("text/plain", b"{}".to_vec(), 415, "malformed"),
            ("application/json", b"{".to_vec(), 400, "malformed"),
            ("application/json", b"[]".to_vec(), 400, "invalid_argument"),
            ("application/json", b"\xff".to_vec(), 400, "invalid_argument"),
            ("application/json", vec![b' '; 128 * 1024 + 1], 413, "too_large"),
        ] {
            let (got, answer) = send(post(media_type, body)).await;
            assert_eq!((got.as_u16(), &answer["code"]), (status, &json!(code)), "{answer}");
        }
    }

    #[tokio::test]
    async fn when_every_place_is_taken_the_next_is_told_when_to_come_again() {
        let places = Arc::new(Semaphore::new(1));
        let router = router_with(Stub::default().state(), places.clone());
        let held = places.clone().acquire_owned().await.unwrap();
        let put = || request("PUT", "/v1/apps/default/users/alice", Some(json!({})));
        let (status, body) = send_to(&router, put()).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!((&body["code"], &body["retry_after_ms"]), (&json!("overloaded"), &json!(1000)));
        // Probes answer also then, or an orchestrator would kill a server that is merely busy.
        assert_eq!(send_to(&router, request("GET", "/healthz", None)).await.0, StatusCode::OK);
        drop(held);
        assert_eq!(send_to(&router, put()).await.0, StatusCode::OK);
    }

    #[tokio::test(start_paused = true)]
    async fn what_takes_too_long_ends() {
        let router = router(Stub::silent().state());
        let began = tokio::time::Instant::now();
        let (status, body) = send_to(&router, request("PUT", "/v1/apps/default/users/alice", Some(json!({})))).await;
        assert_eq!((status, &body["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("overloaded")));
        assert_eq!(began.elapsed(), REQUEST_DEADLINE);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_who_goes_away_leaves_his_place() {
        let (state, places) = (Stub::silent().state(), Arc::new(Semaphore::new(1)));
        let metrics = state.metrics.clone();
        let router = router_with(state, places.clone());
        let put = send_to(&router, request("PUT", "/v1/apps/default/users/alice", Some(json!({}))));
        let mut put = Box::pin(put);
        assert!(tokio::time::timeout(REQUEST_DEADLINE / 2, &mut put).await.is_err());
        assert_eq!((metrics.in_flight.get(), places.available_permits()), (1, 0));
        drop(put);
        assert_eq!((metrics.in_flight.get(), places.available_permits()), (0, 1));
    }

    #[tokio::test]
    async fn answers_are_for_no_cache() {
        use tower::ServiceExt as _;
        let router = router(Stub::default().state());
        for path in ["/", "/healthz", "/nothing"] {
            let response = router.clone().oneshot(request("GET", path, None)).await.unwrap();
            assert_eq!(response.headers()["cache-control"], "no-store", "{path}");
            assert_eq!(response.headers()["x-content-type-options"], "nosniff", "{path}");
        }
    }
}
