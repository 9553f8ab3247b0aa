//! The demo people, to pick from without a token: for this machine only, and only where the demo is on.
//!
//! `GET /demo/people` lists them, `POST /demo/token` with `{"user": ID}` signs one of them in. To everybody else, both
//! paths do not exist: whoever comes from another machine or by a proxy, whoever asked for another host than this machine
//! (a page elsewhere whose name was made to lead here), and every page of another origin.

use crate::error::{ApiError, no_such_path};
use crate::extract::JsonBody;
use crate::peer::{PeerAddr, passed_on};
use crate::state::HttpState;
use axum::extract::{Request, State};
use axum::http::HeaderMap;
use axum::http::header::{HOST, ORIGIN};
use axum::middleware::{Next, from_fn};
use axum::response::{IntoResponse as _, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use core::net::IpAddr;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::UserId;
use stonechat_types::number::AppId;

/// How long a token of the demo lives. A page asks for the next one in time.
const LIFETIME_MS: i64 = 3_600_000;

/// The paths, for counting.
pub(crate) const PATHS: &[&str] = &[PEOPLE, TOKEN];
const PEOPLE: &str = "/demo/people";
const TOKEN: &str = "/demo/token";

/// Somebody to sign in as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DemoPerson {
    /// Who it is.
    pub id: UserId,
    /// How the person is called.
    pub name: &'static str,
    /// The path of a picture.
    pub avatar: &'static str,
    /// The language of what waits there, as BCP 47 has it.
    pub language: &'static str,
    /// What waits there, in that language.
    pub awaits: &'static str,
}

#[derive(Serialize)]
struct People {
    people: Vec<Person>,
}

#[derive(Serialize)]
struct Person {
    id: String,
    name: &'static str,
    avatar: &'static str,
    language: &'static str,
    awaits: &'static str,
}

impl From<&DemoPerson> for Person {
    fn from(&DemoPerson { ref id, name, avatar, language, awaits }: &DemoPerson) -> Self {
        Self { id: id.to_string(), name, avatar, language, awaits }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Picked {
    user: String,
}

#[derive(Serialize)]
struct Token {
    user: String,
    token: String,
    /// Milliseconds since 1970.
    expires_at: i64,
}

/// The routes for these people.
pub(crate) fn routes(people: Arc<[DemoPerson]>) -> Router<HttpState> {
    let listed = people.clone();
    let list = move || async move { Json(People { people: listed.iter().map(Person::from).collect() }) };
    let sign_in = move |State(state): State<HttpState>, JsonBody(picked): JsonBody<Picked>| async move {
        sign_in(&state, &people, &picked)
    };
    // Whether a path has another method is nobody's business either.
    let list = get(list).fallback(no_such_path);
    let sign_in = post(sign_in).fallback(no_such_path);
    Router::new().route(PEOPLE, list).route(TOKEN, sign_in).route_layer(from_fn(only_from_here))
}

fn sign_in(state: &HttpState, people: &[DemoPerson], picked: &Picked) -> Result<Json<Token>, ApiError> {
    let Some(person) = people.iter().find(|person| person.id.as_str() == picked.user) else {
        return Err(ApiError::new(ErrorCode::NotFound, "nobody of the demo has this id"));
    };
    let expires_at = state.clock.now().plus_ms(LIFETIME_MS);
    let token = state.backend.mint_token(AppId::DEFAULT, &person.id, None, expires_at)?;
    Ok(Json(Token { user: person.id.to_string(), token, expires_at: expires_at.as_millis() }))
}

async fn only_from_here(request: Request, next: Next) -> Response {
    let peer = request.extensions().get::<PeerAddr>().copied();
    if is_from_here(peer, request.headers()) { next.run(request).await } else { no_such_path().await.into_response() }
}

fn is_from_here(peer: Option<PeerAddr>, headers: &HeaderMap) -> bool {
    let text = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
    let Some(host) = text(HOST).filter(|host| is_this_machine(host)) else { return false };
    let same_origin = |origin: &str| origin.strip_prefix("http://").or(origin.strip_prefix("https://")) == Some(host);
    peer.is_some_and(|peer| peer.ip().is_loopback()) && !passed_on(headers) && text(ORIGIN).is_none_or(same_origin)
}

/// Whether a host, with or without a port, is a name of this machine that nobody else can give.
fn is_this_machine(host: &str) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|digit| digit.is_ascii_digit()) => name,
        _ => host,
    };
    let address = name.strip_prefix('[').and_then(|name| name.strip_suffix(']')).unwrap_or(name);
    name.eq_ignore_ascii_case("localhost") || address.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use crate::peer::PeerAddr;
    use crate::stub::{NOW, Stub, add, request, send_to};
    use axum::body::Body;
    use axum::http::Request;
    use serde_json::{Value, json};

    const HERE: &str = "127.0.0.1:50000";

    fn from(peer: &str, mut request: Request<Body>, headers: &[(&'static str, &str)]) -> Request<Body> {
        request.extensions_mut().insert(PeerAddr(peer.parse().unwrap()));
        add(&mut request, headers);
        request
    }

    async fn people(peer: &str, headers: &[(&'static str, &str)]) -> (u16, Value) {
        let request = from(peer, request("GET", "/demo/people", None), headers);
        let (status, body) = send_to(&Stub::with_web().router(), request).await;
        (status.as_u16(), body)
    }

    async fn token(headers: &[(&'static str, &str)], body: Value) -> (u16, Value) {
        let request = from(HERE, request("POST", "/demo/token", Some(body)), headers);
        let (status, body) = send_to(&Stub::with_web().router(), request).await;
        (status.as_u16(), body)
    }

    #[tokio::test]
    async fn a_page_of_this_machine_lists_the_people_and_signs_one_in() {
        let (status, body) = people(HERE, &[("host", "localhost:8080")]).await;
        assert_eq!(status, 200);
        assert_eq!(
            body,
            json!({"people": [{
                "id": "alice", "name": "Alice Moreau", "avatar": "/a.svg", "language": "en", "awaits": "Two messages"
            }]})
        );
        let page = [("host", "127.0.0.1:8080"), ("origin", "http://127.0.0.1:8080")];
        let signed = json!({"user": "alice", "token": "token of alice on any device", "expires_at": NOW.0 + 3_600_000});
        assert_eq!(token(&page, json!({"user": "alice"})).await, (200, signed));
        assert_eq!(token(&page, json!({"user": "bob"})).await.0, 404);
        assert_eq!(token(&page, json!({"user": "alice", "device": "x"})).await.0, 400);
        assert_eq!(token(&page, json!({})).await.0, 400);
    }

    #[tokio::test]
    async fn names_of_this_machine_are_those_that_nobody_else_can_give() {
        for host in ["localhost", "LOCALHOST:8080", "127.0.0.1", "127.9.9.9:1", "[::1]:8080", "[::1]"] {
            assert_eq!(people(HERE, &[("host", host)]).await.0, 200, "{host}");
        }
        for host in [
            "rebound.example:8080",
            "localhost.example",
            "localhost:8080.example",
            "10.0.0.1:8080",
            "",
            "a:b:c",
            "127.1",
        ] {
            assert_eq!(people(HERE, &[("host", host)]).await.0, 404, "{host}");
        }
        assert_eq!(people(HERE, &[]).await.0, 404, "no host at all");
    }

    #[tokio::test]
    async fn to_everybody_else_there_is_no_such_path() {
        let host = ("host", "localhost:8080");
        for peer in ["192.0.2.1:1", "10.0.0.1:1", "[2001:db8::1]:1"] {
            assert_eq!(people(peer, &[host]).await.0, 404, "{peer}");
        }
        for origin in
            ["http://localhost:3000", "http://evil.example", "null", "localhost:8080", "http://localhost:8080/"]
        {
            assert_eq!(people(HERE, &[host, ("origin", origin)]).await.0, 404, "{origin}");
            let (status, body) = token(&[host, ("origin", origin)], json!({"user": "alice"})).await;
            assert_eq!((status, &body["code"]), (404, &json!("not_found")), "{origin}");
        }
        for header in ["x-forwarded-for", "forwarded", "via"] {
            assert_eq!(people(HERE, &[host, (header, "127.0.0.1")]).await.0, 404, "{header}");
        }
        let nowhere = request("GET", "/demo/people", None);
        assert_eq!(send_to(&Stub::with_web().router(), nowhere).await.0, 404);
        let other_method = from(HERE, request("GET", "/demo/token", None), &[host]);
        assert_eq!(send_to(&Stub::with_web().router(), other_method).await.0, 404);
    }

    #[tokio::test]
    async fn without_the_demo_there_is_no_such_path() {
        for (method, path) in [("GET", "/demo/people"), ("POST", "/demo/token")] {
            let request = from(HERE, request(method, path, Some(json!({"user": "alice"}))), &[("host", "localhost")]);
            let (status, body) = send_to(&Stub::default().router(), request).await;
            assert_eq!((status.as_u16(), &body["code"]), (404, &json!("not_found")), "{path}");
        }
    }
}
