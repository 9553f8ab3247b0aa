//! `POST /v1/apps/{app}/conversations/{conversation}/changes`: changes a group in the name of a user.

use crate::endpoint::send_message::{Given, content};
use crate::error::ApiError;
use crate::extract::{JsonBody, PathOf, command_id, id};
use crate::guard::Caller;
use crate::state::HttpState;
use axum::extract::State;
use axum::{Extension, Json};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use stonechat_app::api::{Answer, Call, ChangeConversation, ChangeRequest};
use stonechat_domain::event::Content;
use stonechat_domain::group::{For, GroupCommand, InfoPatch, JoinMode, LinkId, SettingsPatch, Who};
use stonechat_domain::member::Role;
use stonechat_types::id::{ConversationId, UserId};
use stonechat_types::limits::{EXTENSION_BYTES_MAX, LINK_TOKEN_BYTES_MAX, LINK_TOKEN_BYTES_MIN, MEMBERS_PER_EVENT_MAX};
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason, TextError, Title};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Body {
    by: String,
    command_id: Option<String>,
    change: Change,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[expect(clippy::enum_variant_names, reason = "the names are those of the protocol")]
enum Change {
    AddMembers { users: Vec<String> },
    RemoveMember { user: String },
    Leave {},
    Rename { title: String },
    SetRole { user: String, role: RoleName },
    SetInfo { description: Option<String>, avatar: Option<String>, extension: Option<String> },
    ChangeSettings(Settings),
    TransferOwner { user: String },
    LeaveTo { user: String },
    Dissolve {},
    MuteMember { user: String, lasts_ms: Option<u64>, reason: Option<String> },
    UnmuteMember { user: String },
    BanMember { user: String, lasts_ms: Option<u64>, reason: Option<String> },
    LiftBan { user: String },
    SetNickname { nickname: String },
    Announce { text: String },
    Join {},
    Apply { message: Option<String> },
    AcceptApplication { user: String },
    DeclineApplication { user: String },
    Invite { user: String },
    DeclineInvitation {},
    MakeLink { link: String, lasts_ms: Option<u64>, uses: Option<u32> },
    RevokeLink { link: String },
    JoinByLink { token: String },
    Command { body_type: String, body: Option<String>, json: Option<Value> },
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum RoleName {
    Member,
    Admin,
    Owner,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum WhoName {
    Everybody,
    Admins,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum JoinName {
    Invitation,
    Approval,
    Open,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    speak: Option<WhoName>,
    invite: Option<WhoName>,
    edit_info: Option<WhoName>,
    mention_all: Option<WhoName>,
    pin: Option<WhoName>,
    join: Option<JoinName>,
    history: Option<bool>,
    receipts: Option<bool>,
    members_hidden: Option<bool>,
}

#[derive(Serialize)]
pub(crate) struct Reply {
    conversation: String,
    /// 0 when nothing had to change.
    seq: u64,
    command_id: String,
    deduplicated: bool,
}

pub(crate) async fn handle(
    State(state): State<HttpState>,
    Extension(caller): Extension<Caller>,
    PathOf((_, conversation)): PathOf<(String, String)>,
    JsonBody(body): JsonBody<Body>,
) -> Result<Json<Reply>, ApiError> {
    let conversation: ConversationId = id("conversation", &conversation)?;
    let by: UserId = id("by", &body.by)?;
    let command_id = command_id(&state, body.command_id.as_deref())?;
    let call = Call::Change(ChangeConversation { command_id, conversation, change: request(body.change)? });
    let Answer::CommandDone(done) = state.backend.call_as(caller.app, by, call).await? else {
        return Err(ApiError::unexpected("command"));
    };
    Ok(Json(Reply {
        conversation: done.conversation.to_string(),
        seq: done.seq.get(),
        command_id: command_id.to_string(),
        deduplicated: done.deduplicated,
    }))
}

fn request(change: Change) -> Result<ChangeRequest, ApiError> {
    let user = |text: &str| id::<UserId>("user", text);
    let command = match change {
        Change::AddMembers { users } => {
            if users.is_empty() || users.len() > MEMBERS_PER_EVENT_MAX {
                return Err(ApiError::invalid("users", format_args!("are not 1 to {MEMBERS_PER_EVENT_MAX}")));
            }
            let users = users.iter().map(|text| id("users", text)).collect::<Result<Vec<UserId>, _>>()?;
            return Ok(ChangeRequest::AddMembers(users));
        }
        Change::RemoveMember { user: text } => return Ok(ChangeRequest::RemoveMember(user(&text)?)),
        Change::Leave {} => return Ok(ChangeRequest::Leave),
        Change::Rename { title } => {
            return Title::new(&title).map(ChangeRequest::Rename).map_err(|error| ApiError::invalid("title", error));
        }
        Change::SetRole { user: text, role } => {
            let role = match role {
                RoleName::Member => Role::Member,
                RoleName::Admin => Role::Admin,
                RoleName::Owner => Role::Owner,
            };
            return Ok(ChangeRequest::SetRole(user(&text)?, role));
        }
        Change::SetInfo { description, avatar, extension } => GroupCommand::SetInfo(InfoPatch {
            description: description.map(|it| text("description", &it, Description::new)).transpose()?,
            avatar: avatar.map(|it| text("avatar", &it, AvatarRef::new)).transpose()?,
            extension: extension.as_deref().map(bytes).transpose()?,
        }),
        Change::ChangeSettings(settings) => GroupCommand::ChangeSettings(settings.into()),
        Change::TransferOwner { user: text } => GroupCommand::TransferOwner(user(&text)?),
        Change::LeaveTo { user: text } => GroupCommand::LeaveTo(user(&text)?),
        Change::Dissolve {} => GroupCommand::Dissolve,
        Change::MuteMember { user, lasts_ms, reason } => GroupCommand::Mute(lasting(&user, lasts_ms, reason)?),
        Change::UnmuteMember { user: text } => GroupCommand::Unmute(user(&text)?),
        Change::BanMember { user, lasts_ms, reason } => GroupCommand::Ban(lasting(&user, lasts_ms, reason)?),
        Change::LiftBan { user: text } => GroupCommand::LiftBan(user(&text)?),
        Change::SetNickname { nickname } => GroupCommand::SetNickname(text("nickname", &nickname, Nickname::new)?),
        Change::Announce { text: said } => GroupCommand::Announce(text("text", &said, Announcement::new)?),
        Change::Join {} => GroupCommand::Join(None),
        Change::Apply { message } => {
            GroupCommand::Apply(text("message", message.as_deref().unwrap_or_default(), Reason::new)?)
        }
        Change::AcceptApplication { user: text } => GroupCommand::AcceptApplication(user(&text)?),
        Change::DeclineApplication { user: text } => GroupCommand::DeclineApplication(user(&text)?),
        Change::Invite { user: text } => GroupCommand::Invite(user(&text)?),
        Change::DeclineInvitation {} => GroupCommand::DeclineInvitation,
        Change::MakeLink { link: id, lasts_ms, uses } => {
            let (lasts_ms, uses) = (lasts_ms.filter(|ms| *ms > 0), uses.filter(|uses| *uses > 0));
            GroupCommand::MakeLink { id: link(&id)?, lasts_ms, uses }
        }
        Change::RevokeLink { link: id } => GroupCommand::RevokeLink(link(&id)?),
        Change::Command { body_type, body, json } => {
            let (body_type, body) = content(Given {
                text: None,
                entities: &[],
                body_type: Some(&body_type),
                body: body.as_deref(),
                json: json.as_ref(),
            })?;
            return Ok(ChangeRequest::Command(Content { body_type, body }));
        }
        Change::JoinByLink { token } => {
            let token = decoded("token", &token)?;
            if !(LINK_TOKEN_BYTES_MIN..=LINK_TOKEN_BYTES_MAX).contains(&token.len()) {
                return Err(ApiError::invalid("token", "has not 16 to 64 bytes"));
            }
            return Ok(ChangeRequest::JoinByLink(token.into()));
        }
    };
    Ok(ChangeRequest::Group(command))
}

impl From<Settings> for SettingsPatch {
    fn from(settings: Settings) -> Self {
        let who = |name: Option<WhoName>| {
            name.map(|name| match name {
                WhoName::Everybody => Who::Everybody,
                WhoName::Admins => Who::Admins,
            })
        };
        Self {
            speak: who(settings.speak),
            invite: who(settings.invite),
            edit_info: who(settings.edit_info),
            mention_all: who(settings.mention_all),
            pin: who(settings.pin),
            join: settings.join.map(|join| match join {
                JoinName::Invitation => JoinMode::Invitation,
                JoinName::Approval => JoinMode::Approval,
                JoinName::Open => JoinMode::Open,
            }),
            history: settings.history,
            receipts: settings.receipts,
            members_hidden: settings.members_hidden,
        }
    }
}

/// A text that may be empty, which is none.
fn text<T>(field: &str, text: &str, check: impl FnOnce(&str) -> Result<T, TextError>) -> Result<Option<T>, ApiError> {
    if text.is_empty() { Ok(None) } else { check(text).map(Some).map_err(|error| ApiError::invalid(field, error)) }
}

fn decoded(field: &str, base64: &str) -> Result<Vec<u8>, ApiError> {
    STANDARD.decode(base64).map_err(|_| ApiError::invalid(field, "is not base64"))
}

fn link(base64: &str) -> Result<LinkId, ApiError> {
    let bytes = decoded("link", base64)?;
    bytes.try_into().map(LinkId).map_err(|_| ApiError::invalid("link", "has not 16 bytes"))
}

fn bytes(base64: &str) -> Result<bytes::Bytes, ApiError> {
    let bytes = decoded("extension", base64)?;
    if bytes.len() > EXTENSION_BYTES_MAX {
        return Err(ApiError::invalid("extension", format_args!("is longer than {EXTENSION_BYTES_MAX} bytes")));
    }
    Ok(bytes.into())
}

fn lasting(user: &str, lasts_ms: Option<u64>, reason: Option<String>) -> Result<For<UserId>, ApiError> {
    let reason = reason.map(|it| text("reason", &it, Reason::new)).transpose()?.flatten();
    Ok(For { user: id("user", user)?, lasts_ms: lasts_ms.filter(|ms| *ms > 0), reason })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stub::{Stub, group, refusal, request as http_request, send_to};
    use serde_json::json;

    fn post(change: Value) -> axum::http::Request<axum::body::Body> {
        let path = format!("/v1/apps/default/conversations/{}/changes", group());
        http_request("POST", &path, Some(json!({"by": "alice", "change": change})))
    }

    async fn asked(change: Value) -> ChangeRequest {
        let stub = Stub::default();
        let (status, reply) = send_to(&stub.router(), post(change)).await;
        assert_eq!((status.as_u16(), &reply["seq"]), (200, &json!(1)), "{reply}");
        let (user, Call::Change(change)) = stub.called() else { panic!("another call was made") };
        assert_eq!((user.as_str(), change.conversation), ("alice", group()));
        change.change
    }

    #[tokio::test]
    async fn a_change_is_made_in_the_name_of_its_user() {
        let ChangeRequest::Group(command) =
            asked(json!({"mute_member": {"user": "bob", "lasts_ms": 500, "reason": "loud"}})).await
        else {
            panic!("another change")
        };
        let GroupCommand::Mute(mute) = command else { panic!("{command:?}") };
        assert_eq!((mute.user.as_str(), mute.lasts_ms), ("bob", Some(500)));
        let ChangeRequest::Group(GroupCommand::ChangeSettings(patch)) =
            asked(json!({"change_settings": {"speak": "admins", "history": true, "join": "open"}})).await
        else {
            panic!("another change")
        };
        assert_eq!((patch.speak, patch.history, patch.join), (Some(Who::Admins), Some(true), Some(JoinMode::Open)));
        assert_eq!(patch.pin, None);
        let ChangeRequest::Group(GroupCommand::SetInfo(patch)) =
            asked(json!({"set_info": {"description": "", "extension": "AP8="}})).await
        else {
            panic!("another change")
        };
        assert_eq!((patch.description, patch.avatar), (Some(None), None));
        assert_eq!(patch.extension.as_deref(), Some(&[0, 0xFF][..]));
        let ChangeRequest::SetRole(user, Role::Admin) =
            asked(json!({"set_role": {"user": "bob", "role": "admin"}})).await
        else {
            panic!("another change")
        };
        assert_eq!(user.as_str(), "bob");
        let ChangeRequest::Command(content) =
            asked(json!({"command": {"body_type": "acme.refresh", "json": {"what": "board"}}})).await
        else {
            panic!("another change")
        };
        assert_eq!((&content.body_type[..], &content.body[..]), (&b"acme.refresh"[..], &br#"{"what":"board"}"#[..]));
    }

    #[tokio::test]
    async fn wrong_values_are_refused_before_a_call() {
        for change in [
            json!({"explode": {}}),
            json!({"leave": {"now": true}}),
            json!({"add_members": {"users": []}}),
            json!({"rename": {"title": " "}}),
            json!({"change_settings": {"speak": "nobody"}}),
            json!({"set_info": {"extension": "%"}}),
            json!({"set_info": {"extension": STANDARD.encode([7; 1_025])}}),
            json!({"ban_member": {"user": "b b"}}),
            json!({"make_link": {"link": "AP8="}}),
            json!({"join_by_link": {"token": "AP8="}}),
            json!({"command": {"body_type": "acme.refresh"}}),
            json!({"command": {"body_type": "", "body": "AP8="}}),
            json!({"command": {"text": "Hi"}}),
            json!({"announce": {"text": "x".repeat(5_000)}}),
        ] {
            assert_eq!(refusal(post(change.clone())).await, (400, "invalid_argument".to_owned()), "{change}");
        }
    }
}
