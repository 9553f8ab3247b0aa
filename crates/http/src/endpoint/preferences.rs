//! `GET` and `POST /v1/apps/{app}/users/{user}/conversations/{conversation}/preferences`: what a user prefers in a
//! conversation, for himself and on all of his devices.

use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use stonechat_app::api::{Answer, Call, PersonalItem, SetPreferences};
use stonechat_domain::preferences::{FOR_GOOD, Preferences, PreferencesPatch};
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::{FIELDS_MAX, FOLDERS_MAX};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::Tag;

/// What is not named, or null, stays; null removes one of the fields. Drafts are the user's own business.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    command_id: Option<String>,
    pinned: Option<bool>,
    /// 0 ends it, -1 is for good.
    muted_until: Option<i64>,
    marked_unread: Option<bool>,
    archived: Option<bool>,
    folders: Option<Vec<String>>,
    cleared_upto_seq: Option<u64>,
    hidden_upto_seq: Option<u64>,
    #[serde(default)]
    fields: BTreeMap<String, Option<String>>,
}

#[derive(Serialize)]
pub(crate) struct Done {
    conversation: String,
    command_id: String,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    pinned_at: Option<i64>,
    /// -1 is for good.
    muted_until: Option<i64>,
    marked_unread: bool,
    archived: bool,
    folders: Vec<String>,
    cleared_upto_seq: u64,
    hidden_upto_seq: u64,
    fields: BTreeMap<String, String>,
}

type Place = (String, String, String);

/// `GET …/preferences`.
pub(crate) async fn look(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user, conversation)): PathOf<Place>,
) -> Result<Json<Reply>, ApiError> {
    let (user, conversation): (UserId, ConversationId) = (id("user", &user)?, id("conversation", &conversation)?);
    let answer = state.backend.call_as(caller.app, user, Call::GetPreferences(conversation)).await?;
    match answer {
        Answer::Own(_, item) => match *item {
            PersonalItem::Preferences(conversation, it) => Ok(Json(reply(conversation, &it))),
            _ => Err(ApiError::unexpected("look")),
        },
        _ => Err(ApiError::unexpected("look")),
    }
}

fn reply(conversation: ConversationId, it: &Preferences) -> Reply {
    let until = |until: Timestamp| if until == FOR_GOOD { -1 } else { until.as_millis() };
    Reply {
        conversation: conversation.to_string(),
        pinned_at: it.pinned_at.map(Timestamp::as_millis),
        muted_until: it.muted_until.map(until),
        marked_unread: it.marked_unread,
        archived: it.archived,
        folders: it.folders.iter().map(|folder| folder.as_str().to_owned()).collect(),
        cleared_upto_seq: it.cleared_upto.get(),
        hidden_upto_seq: it.hidden_upto.get(),
        fields: it.fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect(),
    }
}

/// `POST …/preferences`.
pub(crate) async fn change(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, user, conversation)): PathOf<Place>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Done>, ApiError> {
    let (user, conversation): (UserId, ConversationId) = (id("user", &user)?, id("conversation", &conversation)?);
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let set = SetPreferences { command_id, conversation, patch: patch(body)? };
    let Answer::Own(..) = state.backend.call_as(caller.app, user, Call::SetPreferences(Box::new(set))).await? else {
        return Err(ApiError::unexpected("change"));
    };
    Ok(Json(Done { conversation: conversation.to_string(), command_id: command_id.to_string() }))
}

fn patch(body: Body) -> Result<PreferencesPatch, ApiError> {
    let muted_until = match body.muted_until {
        None => None,
        Some(0) => Some(None),
        Some(-1) => Some(Some(FOR_GOOD)),
        Some(until) if until > 0 => Some(Some(Timestamp(until))),
        Some(_) => return Err(ApiError::invalid("muted_until", "is before the epoch")),
    };
    let seq = |field, seq: Option<u64>| match seq {
        Some(seq) if seq > i64::MAX as u64 => Err(ApiError::invalid(field, "is no seq")),
        seq => Ok(seq.map(Seq)),
    };
    if body.fields.len() > FIELDS_MAX {
        return Err(ApiError::invalid("fields", format_args!("has more than {FIELDS_MAX} entries")));
    }
    Ok(PreferencesPatch {
        pinned: body.pinned,
        muted_until,
        marked_unread: body.marked_unread,
        archived: body.archived,
        folders: body.folders.map(|names| folders(&names)).transpose()?,
        draft: None,
        cleared_upto: seq("cleared_upto_seq", body.cleared_upto_seq)?,
        hidden_upto: seq("hidden_upto_seq", body.hidden_upto_seq)?,
        fields: body.fields.into_iter().collect(),
    })
}

fn folders(names: &[String]) -> Result<Vec<Tag>, ApiError> {
    if names.len() > FOLDERS_MAX {
        return Err(ApiError::invalid("folders", format_args!("has more than {FOLDERS_MAX} entries")));
    }
    let mut all: Vec<Tag> = Vec::new();
    for name in names {
        let folder = Tag::new(name).map_err(|error| ApiError::invalid("folders", error))?;
        if !all.contains(&folder) {
            all.push(folder);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, direct, refusal, request, send_to};
    use serde_json::json;

    fn path() -> String {
        format!("/v1/apps/default/users/alice/conversations/{}/preferences", direct())
    }

    #[tokio::test]
    async fn what_is_named_is_asked_for_and_the_rest_stays() {
        let stub = Stub::default();
        let body = json!({"muted_until": -1, "folders": ["Work", "Work"], "fields": {"color": "red", "old": null}});
        let (status, reply) = send_to(&stub.router(), request("POST", &path(), Some(body))).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let (user, Call::SetPreferences(set)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), set.conversation), ("alice", direct()));
        let expected = PreferencesPatch {
            muted_until: Some(Some(FOR_GOOD)),
            folders: Some(vec![Tag::new("Work").unwrap()]),
            fields: vec![("color".into(), Some("red".into())), ("old".into(), None)],
            ..PreferencesPatch::default()
        };
        assert_eq!(set.patch, expected);
    }

    #[tokio::test]
    async fn all_of_it_is_told() {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), request("GET", &path(), None)).await;
        assert_eq!(status.as_u16(), 200, "{reply}");
        let expected = json!({
            "conversation": direct().to_string(), "pinned_at": null, "muted_until": -1, "marked_unread": false,
            "archived": false, "folders": [], "cleared_upto_seq": 0, "hidden_upto_seq": 0, "fields": {},
        });
        assert_eq!(reply, expected);
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for body in [
            json!({"muted_until": -2}),
            json!({"folders": [""]}),
            json!({"cleared_upto_seq": u64::MAX}),
            json!({"draft": "x"}),
            json!({"command_id": "x"}),
        ] {
            let refused = refusal(request("POST", &path(), Some(body.clone()))).await;
            assert_eq!(refused, (400, "invalid_argument".to_owned()), "{body}");
        }
    }
}
