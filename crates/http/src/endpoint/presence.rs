//! `GET` and `PUT /v1/apps/{app}/users/{user}/presence`, and `POST /v1/apps/{app}/presence`: whether users are there, what
//! they say of themselves for the time being, and who is shown what. An app sees of its users what those see who may see
//! everything.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use stonechat_app::api::{Answer, Call, PresenceView, SetPresence};
use stonechat_domain::presence::{PresencePatch, PresenceSettings, Status, WhoMaySee};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::UserId;
use stonechat_types::limits::PRESENCE_SUBSCRIPTIONS_MAX;
use stonechat_types::number::Timestamp;
use stonechat_types::text::StatusText;

/// What is not named, or null, stays. A status without emoji and text is none.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    command_id: Option<String>,
    status: Option<StatusBody>,
    who_may_see: Option<MaySee>,
    who_may_see_last_seen: Option<MaySee>,
    invisible: Option<bool>,
}

#[derive(Default, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct StatusBody {
    emoji: Option<String>,
    text: Option<String>,
    until: Option<i64>,
}

#[derive(Clone, Copy, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
enum MaySee {
    Everybody,
    Contacts,
    Nobody,
}

#[derive(Serialize)]
pub(crate) struct Settings {
    user: String,
    status: Option<StatusBody>,
    who_may_see: MaySee,
    who_may_see_last_seen: MaySee,
    invisible: bool,
}

/// `PUT /v1/apps/{app}/users/{user}/presence`.
pub(crate) async fn set(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Settings>, ApiError> {
    let user: UserId = id("user", &user)?;
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let patch = PresencePatch {
        status: body.status.map(status).transpose()?,
        who_may_see: body.who_may_see.map(who),
        who_may_see_last_seen: body.who_may_see_last_seen.map(who),
        invisible: body.invisible,
    };
    let call = Call::SetPresence(Box::new(SetPresence { command_id, patch }));
    settings(&state, &caller, user, call).await
}

/// `GET /v1/apps/{app}/users/{user}/presence`.
pub(crate) async fn look(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user)): PathOf<(String, String)>,
) -> Result<Json<Settings>, ApiError> {
    let user: UserId = id("user", &user)?;
    settings(&state, &caller, user, Call::GetPresenceSettings).await
}

async fn settings(state: &HttpState, caller: &Caller, user: UserId, call: Call) -> Result<Json<Settings>, ApiError> {
    let name = user.to_string();
    let Answer::PresenceSettings(settings) = state.backend.call_as(caller.app, user, call).await? else {
        return Err(ApiError::unexpected("presence"));
    };
    let PresenceSettings { status, who_may_see, who_may_see_last_seen, invisible } = *settings;
    Ok(Json(Settings {
        user: name,
        status: status.map(status_of),
        who_may_see: who_of(who_may_see),
        who_may_see_last_seen: who_of(who_may_see_last_seen),
        invisible,
    }))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Query {
    users: Vec<String>,
}

#[derive(Serialize)]
pub(crate) struct Presences {
    presences: Vec<Presence>,
}

#[derive(Serialize)]
struct Presence {
    user: String,
    availability: &'static str,
    platforms: Vec<&'static str>,
    last_seen: Option<i64>,
    status: Option<StatusBody>,
}

/// `POST /v1/apps/{app}/presence`.
pub(crate) async fn list(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    JsonBody(query): JsonBody<Query>,
) -> Result<Json<Presences>, ApiError> {
    if query.users.len() > PRESENCE_SUBSCRIPTIONS_MAX {
        let why = format_args!("has more than {PRESENCE_SUBSCRIPTIONS_MAX} entries");
        return Err(ApiError::invalid("users", why));
    }
    let users = query.users.iter().map(|user| id("users", user)).collect::<Result<_, _>>()?;
    let found = state.backend.presence(caller.app, users).await?;
    Ok(Json(Presences { presences: found.into_iter().map(presence).collect() }))
}

fn presence(view: PresenceView) -> Presence {
    let shown = view.shown;
    Presence {
        user: view.user.to_string(),
        availability: shown.availability.name(),
        platforms: shown.platforms.iter().map(|platform| platform.name()).collect(),
        last_seen: shown.last_seen.map(Timestamp::as_millis),
        status: shown.status.map(status_of),
    }
}

fn status(body: StatusBody) -> Result<Option<Status>, ApiError> {
    let emoji = body.emoji.filter(|emoji| !emoji.is_empty()).map(|emoji| Emoji::new(&emoji)).transpose();
    let text = body.text.filter(|text| !text.is_empty()).map(|text| StatusText::new(&text)).transpose();
    let emoji = emoji.map_err(|error| ApiError::invalid("emoji", error))?;
    let text = text.map_err(|error| ApiError::invalid("text", error))?;
    if body.until.is_some_and(|until| until <= 0) {
        return Err(ApiError::invalid("until", "is before the epoch"));
    }
    let until = body.until.map(Timestamp);
    Ok((emoji.is_some() || text.is_some()).then_some(Status { emoji, text, until }))
}

fn status_of(status: Status) -> StatusBody {
    StatusBody {
        emoji: status.emoji.map(|emoji| emoji.as_str().to_owned()),
        text: status.text.map(|text| text.as_str().to_owned()),
        until: status.until.map(Timestamp::as_millis),
    }
}

fn who(may: MaySee) -> WhoMaySee {
    match may {
        MaySee::Everybody => WhoMaySee::Everybody,
        MaySee::Contacts => WhoMaySee::Contacts,
        MaySee::Nobody => WhoMaySee::Nobody,
    }
}

fn who_of(who: WhoMaySee) -> MaySee {
    match who {
        WhoMaySee::Everybody => MaySee::Everybody,
        WhoMaySee::Contacts => MaySee::Contacts,
        WhoMaySee::Nobody => MaySee::Nobody,
    }
}

#[cfg(test)]
mod tests {
    use crate::stub::{NOW, Stub, refusal, request, send, send_to};
    use serde_json::json;
    use stonechat_app::api::Call;
    use stonechat_domain::presence::WhoMaySee;

    const OF_ALICE: &str = "/v1/apps/default/users/alice/presence";
    const OF_ALL: &str = "/v1/apps/default/presence";

    #[tokio::test]
    async fn a_status_is_set_and_what_is_not_named_stays() {
        let stub = Stub::default();
        let body = json!({"status": {"emoji": "🥪", "text": "at lunch", "until": 7}, "who_may_see": "contacts"});
        let (status, answer) = send_to(&stub.router(), request("PUT", OF_ALICE, Some(body))).await;
        assert_eq!((status.as_u16(), &answer["user"]), (200, &json!("alice")), "{answer}");
        let (user, Call::SetPresence(set)) = stub.called() else { panic!("another call") };
        assert_eq!((user.as_str(), set.patch.who_may_see), ("alice", Some(WhoMaySee::Contacts)));
        assert!(set.patch.invisible.is_none() && set.patch.who_may_see_last_seen.is_none());
        let set = set.patch.status.flatten().unwrap();
        assert_eq!((set.text.unwrap().as_str(), set.until.unwrap().0), ("at lunch", 7));
        send_to(&stub.router(), request("PUT", OF_ALICE, Some(json!({"status": {}})))).await;
        let (_, Call::SetPresence(set)) = stub.called() else { panic!("another call") };
        assert_eq!(set.patch.status, Some(None), "one that says nothing is none");
    }

    #[tokio::test]
    async fn settings_and_presences_are_told() {
        let (status, answer) = send(request("GET", OF_ALICE, None)).await;
        assert_eq!((status.as_u16(), &answer["who_may_see"]), (200, &json!("everybody")));
        let (status, answer) = send(request("POST", OF_ALL, Some(json!({"users": ["bob"]})))).await;
        assert_eq!(status.as_u16(), 200);
        let expected = json!({
            "user": "bob", "availability": "online", "platforms": ["phone"], "last_seen": NOW.0,
            "status": {"emoji": null, "text": "at lunch", "until": null},
        });
        assert_eq!(answer["presences"], json!([expected]));
    }

    #[tokio::test]
    async fn what_breaks_a_rule_is_refused() {
        for body in [
            json!({"status": {"emoji": "ab"}}),
            json!({"status": {"text": "a\nb"}}),
            json!({"status": {"text": "a", "until": 0}}),
            json!({"who_may_see": "some"}),
            json!({"command_id": "1"}),
            json!({"seen": true}),
        ] {
            let put = request("PUT", OF_ALICE, Some(body.clone()));
            assert_eq!(refusal(put).await, (400, "invalid_argument".to_owned()), "{body}");
        }
        for body in [json!({"users": vec!["a"; 201]}), json!({"users": ["a b"]}), json!({})] {
            let post = request("POST", OF_ALL, Some(body));
            assert_eq!(refusal(post).await, (400, "invalid_argument".to_owned()));
        }
    }
}
