//! A backend at work: the router over the application whole, with a store in memory. Every answer is held against
//! `openapi.json`.

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::Request;
use prometheus_client::registry::Registry;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use stonechat_app::api::{Answer, Call, ContentTypes, Failure, OwnProfile, PresenceView, ProfilePatch};
use stonechat_app::application::{App, Parts};
use stonechat_app::node::Options;
use stonechat_app::ports::{AnyContent, Clock, Entropy, Identity, TokenError, TokenVerifier};
use stonechat_http::backend::{Backend, BoxFuture, Readiness};
use stonechat_http::metrics::Metrics;
use stonechat_http::router::router;
use stonechat_http::state::HttpState;
use stonechat_log::memory::MemoryLog;
use stonechat_log::vault::MemoryVault;
use stonechat_types::id::{AppName, DeviceId, UserId, Username};
use stonechat_types::number::{AppId, Timestamp};
use tokio_util::task::TaskTracker;
use tower::ServiceExt as _;

#[path = "backend/conversations.rs"]
mod conversations;

const NOW: Timestamp = Timestamp(1_790_000_000_000);

struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        NOW
    }

    fn monotonic_ms(&self) -> u64 {
        0
    }
}

#[derive(Default)]
struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, buffer: &mut [u8]) {
        for chunk in buffer.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&next[..chunk.len()]);
        }
    }
}

/// Nobody has a session here.
struct NoTokens;

impl TokenVerifier for NoTokens {
    fn verify(&self, _token: &str, _now: Timestamp) -> Result<Identity, TokenError> {
        Err(TokenError::Invalid)
    }
}

struct Composed(Arc<App>);

impl Backend for Composed {
    fn verify_secret(&self, app: &AppName, secret: &str) -> Option<AppId> {
        (app.as_str() == "default" && secret == "sk_default_right").then_some(AppId::DEFAULT)
    }

    fn change_user(&self, app: AppId, user: UserId, patch: ProfilePatch) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(self.0.change_user(app, user, patch))
    }

    fn user(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<OwnProfile, Failure>> {
        Box::pin(self.0.user(app, user))
    }

    fn user_named(&self, app: AppId, name: Username) -> BoxFuture<'_, Result<Option<OwnProfile>, Failure>> {
        Box::pin(self.0.user_named(app, name))
    }

    fn content_types(&self, app: AppId) -> Arc<ContentTypes> {
        self.0.content_types(app)
    }

    fn presence(&self, app: AppId, users: Vec<UserId>) -> BoxFuture<'_, Result<Vec<PresenceView>, Failure>> {
        Box::pin(self.0.presence(app, users))
    }

    fn unread_total(&self, app: AppId, user: UserId) -> BoxFuture<'_, Result<u64, Failure>> {
        Box::pin(self.0.unread_total(app, user))
    }

    fn call_as(&self, app: AppId, user: UserId, call: Call) -> BoxFuture<'_, Result<Answer, Failure>> {
        Box::pin(self.0.call_as(app, user, call))
    }

    fn mint_token(&self, _: AppId, user: &UserId, _: Option<&DeviceId>, _: Timestamp) -> Result<String, Failure> {
        Ok(format!("token of {user}"))
    }

    fn readiness(&self) -> Readiness {
        Readiness::Ready
    }
}

/// Whether a user begins to exist when somebody writes to him.
enum Users {
    ByFirstMessage,
    ByPutOnly,
}

struct World {
    router: Router,
    document: Value,
}

fn world(users: Users) -> World {
    let mut registry = Registry::default();
    let (clock, entropy) = (Arc::new(Fixed), Arc::new(Counting::default()));
    let parts = Parts {
        log: Arc::new(MemoryLog::new([7; 16])),
        vault: Arc::new(MemoryVault::new([7; 32])),
        clock: clock.clone(),
        entropy: entropy.clone(),
        verifier: Arc::new(NoTokens),
        content: Arc::new(AnyContent),
        tasks: TaskTracker::new(),
        options: Options { auto_create: matches!(users, Users::ByFirstMessage), ..Options::default() },
    };
    let app = App::start(parts, &mut registry);
    let metrics = Metrics::register(&mut registry);
    let router = router(HttpState {
        backend: Arc::new(Composed(app)),
        clock,
        entropy,
        metrics,
        registry: Arc::new(registry),
        metrics_allowed: Arc::new(|_| false),
        web: None,
        demo: None,
    });
    World { router, document: serde_json::from_str(include_str!("../openapi.json")).unwrap() }
}

impl World {
    /// Calls as a backend does, and checks that the description knows the answer.
    async fn call(&self, method: &str, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("authorization", "Bearer sk_default_right")
            .header("content-type", "application/json")
            .body(body.map_or_else(Body::empty, |body| Body::from(body.to_string())))
            .unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let status = response.status().as_u16();
        let bytes = to_bytes(response.into_body(), 1 << 20).await.unwrap();
        let answer: Value = serde_json::from_slice(&bytes).unwrap();
        self.check_described(method, path, status, &answer);
        (status, answer)
    }

    fn check_described(&self, method: &str, path: &str, status: u16, answer: &Value) {
        let given: Vec<&str> = path.split('?').next().unwrap_or_default().split('/').collect();
        let fits = |template: &str| {
            let template: Vec<&str> = template.split('/').collect();
            template.len() == given.len() && template.iter().zip(&given).all(|(t, g)| t.starts_with('{') || t == g)
        };
        let paths = self.document["paths"].as_object().unwrap();
        let (_, operations) = paths.iter().find(|(template, _)| fits(template)).expect("the path is described");
        let operation = &operations[method.to_lowercase()];
        if let (Some(codes), 400..) = (operation["x-error-codes"].as_array(), status) {
            assert!(codes.contains(&answer["code"]), "{} of {method} {path} is not described", answer["code"]);
        }
        let responses = &operation["responses"];
        let exact = &responses[status.to_string()];
        let response = if exact.is_object() { exact } else { &responses["default"] };
        assert!(response.is_object(), "{status} of {method} {path} is not described");
        let response = self.resolved(response);
        self.check_shape(&response["content"]["application/json"]["schema"], answer);
    }

    fn resolved<'a>(&'a self, part: &'a Value) -> &'a Value {
        match part["$ref"].as_str() {
            Some(reference) => self.document.pointer(reference.trim_start_matches('#')).unwrap(),
            None => part,
        }
    }

    /// Required keys are there, and no key is that the description does not know, all the way down.
    fn check_shape(&self, schema: &Value, answer: &Value) {
        let schema = self.resolved(schema);
        let parts: Vec<&Value> = match schema["allOf"].as_array() {
            Some(parts) => parts.iter().map(|part| self.resolved(part)).collect(),
            None => vec![schema],
        };
        let strings = |list: &Value| -> Vec<String> {
            list.as_array().into_iter().flatten().map(|name| name.as_str().unwrap().to_owned()).collect()
        };
        let required: BTreeSet<String> = parts.iter().flat_map(|part| strings(&part["required"])).collect();
        let properties: Vec<(&String, &Value)> =
            parts.iter().filter_map(|part| part["properties"].as_object()).flatten().collect();
        let object = answer.as_object().expect("an answer is an object");
        for key in required {
            assert!(object.contains_key(&key), "{key} is missing in {answer}");
        }
        for (key, value) in object {
            let known = properties.iter().find(|(name, _)| *name == key);
            let (_, schema) = known.unwrap_or_else(|| panic!("{key} is not described: {answer}"));
            let schema = self.resolved(schema);
            for item in value.as_array().into_iter().flatten().filter(|item| item.is_object()) {
                self.check_shape(&schema["items"], item);
            }
            // One without properties is a map, or of the app.
            if value.is_object() && schema["properties"].is_object() {
                self.check_shape(schema, value);
            }
        }
    }

    async fn send(&self, body: Value) -> (u16, Value) {
        self.call("POST", "/v1/apps/default/messages", Some(body)).await
    }
}

fn id(n: u8) -> String {
    format!("019a0000-0000-7000-8000-0000000000{n:02x}")
}

#[tokio::test(start_paused = true)]
async fn a_message_is_sent_once_and_read_by_both() {
    let world = world(Users::ByFirstMessage);
    let message = json!({"sender": "shop", "to_user": "bob", "text": "Your parcel is here", "client_msg_id": id(1)});
    let (status, first) = world.send(message.clone()).await;
    assert_eq!((status, &first["deduplicated"]), (200, &json!(false)));
    let (status, again) = world.send(message.clone()).await;
    assert_eq!((status, &again["deduplicated"]), (200, &json!(true)));
    assert_eq!(again["message_id"], first["message_id"]);

    let mut other = message;
    other["text"] = json!("Your parcel is lost");
    let (status, conflict) = world.send(other).await;
    assert_eq!((status, &conflict["code"]), (409, &json!("conflict")));
    assert_eq!(conflict["first"]["message_id"], first["message_id"]);

    let path = format!("/v1/apps/default/conversations/{}/messages", first["conversation"].as_str().unwrap());
    for user in ["bob", "shop"] {
        let (status, page) = world.call("GET", &format!("{path}?as_user={user}"), None).await;
        assert_eq!(status, 200);
        assert_eq!(page["messages"].as_array().unwrap().len(), 1);
        let message = &page["messages"][0];
        assert_eq!((&message["text"], &message["sender"]), (&json!("Your parcel is here"), &json!("shop")));
        assert_eq!((&message["message_id"], &message["client_msg_id"]), (&first["message_id"], &json!(id(1))));
    }
    let (status, refusal) = world.call("GET", &format!("{path}?as_user=eve"), None).await;
    assert!(status == 403 || status == 404, "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn a_group_begins_once_and_its_pages_lead_to_the_first_message() {
    let world = world(Users::ByFirstMessage);
    for user in ["bob", "carol"] {
        // A group makes nobody exist.
        assert_eq!(world.call("PUT", &format!("/v1/apps/default/users/{user}"), Some(json!({}))).await.0, 200);
    }
    let path = "/v1/apps/default/conversations";
    let body = json!({"creator": "alice", "title": "Team", "members": ["bob", "carol"], "command_id": id(1)});
    let (status, group) = world.call("POST", path, Some(body.clone())).await;
    assert_eq!((status, &group["seq"], &group["deduplicated"]), (200, &json!(1), &json!(false)));
    let (_, again) = world.call("POST", path, Some(body)).await;
    assert_eq!((&again["conversation"], &again["deduplicated"]), (&group["conversation"], &json!(true)));

    for n in 0..5 {
        let (status, _) =
            world.send(json!({"sender": "bob", "conversation": group["conversation"], "text": format!("{n}")})).await;
        assert_eq!(status, 200);
    }
    let path = format!("{path}/{}/messages?as_user=carol&limit=2", group["conversation"].as_str().unwrap());
    let (mut texts, mut before) = (Vec::new(), 0);
    loop {
        let (_, page) = world.call("GET", &format!("{path}&before_ordinal={before}"), None).await;
        let page_texts = page["messages"].as_array().unwrap().iter().map(|m| m["text"].as_str().unwrap().to_owned());
        texts.splice(0..0, page_texts);
        if page["more_before"] == json!(false) {
            break;
        }
        before = page["from_ordinal"].as_u64().unwrap();
    }
    assert_eq!(texts, ["0", "1", "2", "3", "4"]);

    let stranger = json!({"sender": "eve", "conversation": group["conversation"], "text": "let me in"});
    let (status, refusal) = world.send(stranger).await;
    assert!(status == 403 || status == 404, "{refusal}");
}

#[tokio::test(start_paused = true)]
async fn where_users_are_made_by_put_a_message_makes_none() {
    let world = world(Users::ByPutOnly);
    let message = json!({"sender": "alice", "to_user": "bob", "text": "Hi", "client_msg_id": id(1)});
    assert_eq!(world.send(message.clone()).await.0, 404);
    for user in ["alice", "bob"] {
        let path = format!("/v1/apps/default/users/{user}");
        assert_eq!(world.call("PUT", &path, Some(json!({"display_name": user}))).await.0, 200);
    }
    assert_eq!(world.send(message).await.0, 200);
    // A name stays when it is not given again.
    let (_, alice) = world.call("PUT", "/v1/apps/default/users/alice", Some(json!({}))).await;
    assert_eq!((&alice["user"], &alice["display_name"]), (&json!("alice"), &json!("alice")));
}

#[tokio::test(start_paused = true)]
async fn every_other_answer_is_described_as_well() {
    let world = world(Users::ByFirstMessage);
    for (method, path, body, status) in [
        ("GET", "/healthz", None, 200),
        ("GET", "/readyz", None, 200),
        ("GET", "/metrics", None, 403),
        ("POST", "/v1/apps/default/tokens", Some(json!({"user": "alice"})), 200),
        ("POST", "/v1/apps/default/tokens", Some(json!({})), 400),
        ("POST", "/v1/apps/other/tokens", Some(json!({"user": "alice"})), 401),
    ] {
        assert_eq!(world.call(method, path, body).await.0, status, "{method} {path}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_message_is_edited_reacted_to_and_recalled_once_each() {
    let world = world(Users::ByFirstMessage);
    let (_, sent) = world.send(json!({"sender": "alice", "to_user": "bob", "text": "Helo"})).await;
    let conversation = sent["conversation"].as_str().unwrap();
    let path = format!("/v1/apps/default/conversations/{conversation}/messages");
    let change = async |what: &str, body: Value| world.call("POST", &format!("{path}/2/{what}"), Some(body)).await;
    let shown = async || world.call("GET", &format!("{path}?as_user=bob"), None).await.1["messages"][0].clone();

    let edit = json!({"user": "alice", "text": "Hello", "command_id": id(1)});
    let (status, first) = change("edit", edit.clone()).await;
    assert_eq!((status, &first["seq"], &first["deduplicated"]), (200, &json!(3), &json!(false)));
    let (status, again) = change("edit", edit).await;
    assert_eq!((status, &again["seq"], &again["deduplicated"]), (200, &json!(3), &json!(true)));
    let (status, refusal) = change("edit", json!({"user": "alice", "text": "Bye", "command_id": id(1)})).await;
    assert_eq!((status, &refusal["code"]), (409, &json!("conflict")));
    assert_eq!(change("edit", json!({"user": "bob", "text": "No"})).await.0, 403);
    assert_eq!(change("edit", json!({"user": "bob", "text": "No", "as_app": true})).await.0, 403);
    assert_eq!(change("react", json!({"user": "bob", "emoji": "👍"})).await.1["seq"], json!(4));
    assert_eq!(change("react", json!({"user": "bob", "emoji": "👍"})).await.1["seq"], json!(0), "it is there");
    let message = shown().await;
    assert_eq!((&message["text"], &message["edits"]), (&json!("Hello"), &json!(1)));
    assert_eq!(message["reactions"], json!([{"emoji": "👍", "count": 1, "own": true}]));
    assert_eq!(change("react", json!({"user": "bob", "emoji": "👍", "remove": true})).await.1["seq"], json!(5));

    // It is not bob's to recall, but the app may in his name.
    assert_eq!(change("recall", json!({"user": "bob"})).await.0, 403);
    assert_eq!(change("recall", json!({"user": "eve", "as_app": true})).await.0, 404);
    let (status, recalled) = change("recall", json!({"user": "bob", "as_app": true, "command_id": id(2)})).await;
    assert_eq!((status, &recalled["seq"]), (200, &json!(6)));
    assert_eq!(change("recall", json!({"user": "bob", "as_app": true, "command_id": id(2)})).await.1["seq"], json!(6));
    let message = shown().await;
    assert_eq!((&message["recalled"], &message["text"]), (&json!(true), &Value::Null));
    assert_eq!(change("edit", json!({"user": "alice", "text": "Hello"})).await.0, 404);
}

#[tokio::test]
async fn a_backend_keeps_users_their_contacts_and_their_devices() {
    let world = world(Users::ByFirstMessage);
    let users = "/v1/apps/default/users";
    let alice = json!({
        "display_name": "Alice", "username": "alice.b", "public_fields": {"city": "Utrecht"},
        "private_fields": {"crm": "77"}, "who_may_message": "contacts",
    });
    let (status, made) = world.call("PUT", &format!("{users}/alice"), Some(alice)).await;
    assert_eq!((status, &made["username"]), (200, &json!("alice.b")));
    assert_eq!(world.call("GET", &format!("{users}/alice"), None).await, (200, made.clone()));
    assert_eq!(world.call("GET", &format!("{users}?username=alice.b"), None).await, (200, made));
    assert_eq!(world.call("GET", &format!("{users}/nobody"), None).await.0, 404);
    assert_eq!(world.call("GET", &format!("{users}?username=nobody"), None).await.0, 404);
    world.call("PUT", &format!("{users}/bob"), None).await;
    let (status, taken) = world.call("PUT", &format!("{users}/bob"), Some(json!({"username": "alice.b"}))).await;
    assert_eq!((status, &taken["code"]), (409, &json!("already_exists")));

    let hello = json!({"sender": "bob", "to_user": "alice", "text": "hi"});
    let (_, refused) = world.call("POST", "/v1/apps/default/messages", Some(hello.clone())).await;
    assert_eq!(refused["code"], "recipient_unavailable", "{refused}");
    let ask = json!({"change": {"request": {"message": "It is me"}}});
    assert_eq!(world.call("POST", &format!("{users}/bob/relations/alice"), Some(ask)).await.0, 200);
    let (_, asked) = world.call("GET", &format!("{users}/alice/relations?only=requests"), None).await;
    assert_eq!(asked["relations"][0]["incoming"]["message"], "It is me");
    let accept = json!({"change": {"accept": {}}});
    assert_eq!(world.call("POST", &format!("{users}/alice/relations/bob"), Some(accept)).await.0, 200);
    let (_, contacts) = world.call("GET", &format!("{users}/bob/relations?only=contacts&limit=1"), None).await;
    assert_eq!((&contacts["relations"][0]["user"], &contacts["next_page"]), (&json!("alice"), &json!(null)));
    assert_eq!(world.call("POST", "/v1/apps/default/messages", Some(hello)).await.0, 200);

    assert_eq!(world.call("GET", &format!("{users}/alice/devices"), None).await, (200, json!({"devices": []})));
    assert_eq!(world.call("DELETE", &format!("{users}/alice/devices"), None).await, (200, json!({})));
    assert_eq!(world.call("DELETE", &format!("{users}/alice/devices/phone"), None).await.0, 404);
}

#[tokio::test(start_paused = true)]
async fn presence_is_set_for_users_and_read_of_many() {
    let world = world(Users::ByPutOnly);
    for user in ["alice", "bob"] {
        assert_eq!(world.call("PUT", &format!("/v1/apps/default/users/{user}"), Some(json!({}))).await.0, 200);
    }
    let path = "/v1/apps/default/users/alice/presence";
    let body = json!({"status": {"text": "at lunch"}, "who_may_see_last_seen": "nobody", "command_id": id(1)});
    let (status, set) = world.call("PUT", path, Some(body.clone())).await;
    assert_eq!((status, &set["status"]["text"], &set["who_may_see"]), (200, &json!("at lunch"), &json!("everybody")));
    let (_, other) = world.call("PUT", path, Some(json!({"status": {}}))).await;
    assert_eq!(other["status"], json!(null));
    let (status, again) = world.call("PUT", path, Some(body.clone())).await;
    assert_eq!((status, &again["status"]), (200, &json!(null)), "a repeated change changes nothing again");
    let mut conflict = body;
    conflict["invisible"] = json!(true);
    assert_eq!(world.call("PUT", path, Some(conflict)).await.1["code"], json!("conflict"));
    assert_eq!(world.call("GET", path, None).await.1, again);
    let users = json!({"users": ["alice", "nobody", "bob", "alice"]});
    let (status, found) = world.call("POST", "/v1/apps/default/presence", Some(users)).await;
    assert_eq!((status, found["presences"].as_array().unwrap().len()), (200, 2), "each that exists, once");
    assert_eq!(found["presences"][0]["availability"], json!("offline"));
    assert_eq!(world.call("GET", "/v1/apps/default/users/nobody/presence", None).await.0, 404);
}
