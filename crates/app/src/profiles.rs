//! What users tell of themselves: changed by themselves or by the app, and looked up by others.

use crate::api::{Failure, OwnProfile, PersonalItem, ProfilePatch, SetProfile, UsersPage};
use crate::directory::{Changed, failure, own_profile};
use crate::fan_out::tell_personal;
use crate::node::Node;
use crate::reading::{PAGE_BYTES, Reader};
use crate::rows::user::User;
use stonechat_domain::relation::WhoMayAdd;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, UserId, Username};
use stonechat_types::number::AppId;

/// Users that one call may ask for.
const USERS_PER_CALL_MAX: usize = 256;
/// About how many bytes a user takes beside his fields.
const USER_BYTES: usize = 512;

/// Changes the caller's own profile.
pub(crate) async fn set(node: &Node, reader: &Reader, set: SetProfile) -> Result<OwnProfile, Failure> {
    let SetProfile { command_id, patch } = set;
    let with_himself = ConversationId::direct(reader.app, &reader.user.id, &reader.user.id);
    let keys = node.sealer.keys(reader.app, reader.user.no, with_himself).map_err(failure)?;
    let keys = keys.ok_or_else(|| Failure::new(ErrorCode::Forbidden, "the caller was erased"))?;
    let command = (command_id.0, keys.body_hmac(&bytes(&patch)));
    change(node, reader.app, reader.user.id.clone(), patch, Some(command)).await
}

/// Changes the profile of a user, who is made if he does not exist.
pub(crate) async fn change(
    node: &Node,
    app: AppId,
    user: UserId,
    patch: ProfilePatch,
    command: Option<([u8; 16], [u8; 16])>,
) -> Result<OwnProfile, Failure> {
    let Changed { user, own } = node.directory.change(app, user, patch, command).await?;
    let Some((seq, own)) = own else { return look(node, app, &user).await };
    tell_personal(node, app, user.user.no, seq, &PersonalItem::Profile(own.clone()));
    Ok(*own)
}

/// The caller's own profile.
pub(crate) async fn own(node: &Node, reader: &Reader) -> Result<OwnProfile, Failure> {
    let user = node.directory.find_by_no(reader.app, reader.user.no).await.map_err(failure)?;
    let missing = || Failure::new(ErrorCode::NotFound, "there is no such user");
    look(node, reader.app, &user.ok_or_else(missing)?).await
}

async fn look(node: &Node, app: AppId, user: &User) -> Result<OwnProfile, Failure> {
    let profile = node.directory.profile(app, user.user.no).await.map_err(failure)?;
    Ok(own_profile(user, profile))
}

/// Users as others see them. Who does not exist is left out.
pub(crate) async fn get(
    node: &Node,
    reader: &Reader,
    ids: Vec<UserId>,
    usernames: Vec<Username>,
) -> Result<UsersPage, Failure> {
    if ids.len() + usernames.len() > USERS_PER_CALL_MAX {
        return Err(Failure::new(ErrorCode::InvalidArgument, "too many users in one call"));
    }
    let mut users = Vec::with_capacity(ids.len() + usernames.len());
    for id in &ids {
        users.extend(node.directory.find(reader.app, id).await.map_err(failure)?);
    }
    for name in &usernames {
        users.extend(node.directory.find_by_username(reader.app, name).await.map_err(failure)?);
    }
    let (mut page, mut bytes) = (UsersPage::default(), 0);
    for user in users {
        if bytes >= PAGE_BYTES {
            page.more = true;
            break;
        }
        let OwnProfile { mut profile, who_may_add, .. } = look(node, reader.app, &user).await?;
        if who_may_add != WhoMayAdd::Question {
            profile.question = None;
        }
        bytes += USER_BYTES + profile.public.bytes();
        page.users.push(profile);
    }
    Ok(page)
}

/// By which a repeated command is known.
fn bytes(patch: &ProfilePatch) -> Vec<u8> {
    let mut all = Vec::new();
    let mut part = |bytes: &[u8]| {
        all.extend_from_slice(&(bytes.len() as u64).to_be_bytes());
        all.extend_from_slice(bytes);
    };
    let ProfilePatch { name, username, avatar, public, private, who_may_message, who_may_add, question } = patch;
    part(format!("{username:?} {avatar:?} {name:?} {who_may_message:?} {who_may_add:?}").as_bytes());
    match question {
        crate::api::Patch::Set(question) => part(question.as_str().as_bytes()),
        other => part(format!("{other:?}").as_bytes()),
    }
    for fields in [public, private] {
        part(&(fields.len() as u64).to_be_bytes());
        for (name, value) in fields {
            part(name.as_bytes());
            part(&[u8::from(value.is_some())]);
            part(value.as_deref().unwrap_or_default().as_bytes());
        }
    }
    all
}
