//! Users, what they tell of themselves and what they are to each other: frames to the application's words, and back.

use std::collections::BTreeMap;
use stonechat_app::api::{
    Failure, ListRelations, OwnProfile, Patch, ProfilePatch, ProfileView, Relate, RelationFilter, RelationView,
    RelationsPage, SetProfile, UsersPage,
};
use stonechat_domain::device::{Platform, SignOut};
use stonechat_domain::relation::{Declined, RelationCommand, Remarks, Request, WhoMayAdd, WhoMayMessage};
use stonechat_types::fields::Fields;
use stonechat_types::id::Username;
use stonechat_types::limits::{AVATAR_BYTES_MAX, FIELDS_MAX, RELATIONS_PAGE_MAX, TAGS_MAX};
use stonechat_types::number::Timestamp;
use stonechat_types::text::{DisplayName, Note, Tag};
use stonechat_wire::v1::{self, relate};

use crate::parse::{command_id, id, invalid, malformed, opaque, user};

/// Reads the names that users chose.
pub(crate) fn usernames(texts: &[String], max: usize) -> Result<Vec<Username>, Failure> {
    if texts.len() > max {
        return Err(invalid("usernames", format_args!("has more than {max} entries")));
    }
    texts.iter().map(|text| id("username", text)).collect()
}

/// Reads a change of a profile.
pub(crate) fn set_profile(set: v1::SetProfile) -> Result<SetProfile, Failure> {
    Ok(SetProfile {
        command_id: command_id(&set.command_id)?,
        patch: ProfilePatch {
            name: patch("display_name", set.display_name.as_deref(), DisplayName::new)?,
            username: patch("username", set.username.as_deref(), Username::new)?,
            avatar: patch("avatar", set.avatar.as_deref(), avatar)?,
            public: field_changes("public_fields", set.public_fields, set.remove_public_fields)?,
            private: field_changes("private_fields", set.private_fields, set.remove_private_fields)?,
            who_may_message: who_may_message(set.who_may_message)?,
            who_may_add: who_may_add(set.who_may_add)?,
            question: patch("question", set.question.as_deref(), Note::new)?,
        },
    })
}

fn patch<T, E: std::fmt::Display>(
    field: &str,
    text: Option<&str>,
    make: impl FnOnce(&str) -> Result<T, E>,
) -> Result<Patch<T>, Failure> {
    match text {
        None => Ok(Patch::Keep),
        Some("") => Ok(Patch::Clear),
        Some(text) => make(text).map(Patch::Set).map_err(|error| invalid(field, error)),
    }
}

fn avatar(text: &str) -> Result<std::sync::Arc<str>, String> {
    if text.len() > AVATAR_BYTES_MAX || text.chars().any(char::is_control) {
        return Err(format!("has more than {AVATAR_BYTES_MAX} bytes, or a control character"));
    }
    Ok(text.into())
}

pub(crate) fn field_changes(
    field: &str,
    set: BTreeMap<String, String>,
    remove: Vec<String>,
) -> Result<Vec<(String, Option<String>)>, Failure> {
    // More than fit cannot be right, whatever is there.
    if set.len() > FIELDS_MAX || remove.len() > FIELDS_MAX {
        return Err(invalid(field, format_args!("has more than {FIELDS_MAX} entries")));
    }
    let removed = remove.into_iter().map(|name| (name, None));
    Ok(removed.chain(set.into_iter().map(|(name, value)| (name, Some(value)))).collect())
}

fn who_may_message(number: i32) -> Result<Option<WhoMayMessage>, Failure> {
    match v1::WhoMayMessage::try_from(number) {
        Ok(v1::WhoMayMessage::Unspecified) => Ok(None),
        Ok(v1::WhoMayMessage::Anyone) => Ok(Some(WhoMayMessage::Anyone)),
        Ok(v1::WhoMayMessage::Contacts) => Ok(Some(WhoMayMessage::Contacts)),
        Ok(v1::WhoMayMessage::Nobody) => Ok(Some(WhoMayMessage::Nobody)),
        Err(_) => Err(invalid("who_may_message", "is not one that this server knows")),
    }
}

fn who_may_add(number: i32) -> Result<Option<WhoMayAdd>, Failure> {
    match v1::WhoMayAdd::try_from(number) {
        Ok(v1::WhoMayAdd::Unspecified) => Ok(None),
        Ok(v1::WhoMayAdd::Anyone) => Ok(Some(WhoMayAdd::Anyone)),
        Ok(v1::WhoMayAdd::Ask) => Ok(Some(WhoMayAdd::Ask)),
        Ok(v1::WhoMayAdd::Question) => Ok(Some(WhoMayAdd::Question)),
        Ok(v1::WhoMayAdd::Nobody) => Ok(Some(WhoMayAdd::Nobody)),
        Err(_) => Err(invalid("who_may_add", "is not one that this server knows")),
    }
}

/// Reads a command about another user.
pub(crate) fn relate(relate: v1::Relate) -> Result<Relate, Failure> {
    use relate::Change;
    let command = match relate.change {
        Some(Change::Block(v1::Block {})) => RelationCommand::Block,
        Some(Change::Unblock(v1::Unblock {})) => RelationCommand::Unblock,
        Some(Change::Request(request)) => RelationCommand::Request {
            message: note("message", &request.message)?,
            answer: note("answer", &request.answer)?,
        },
        Some(Change::Accept(v1::AcceptContact {})) => RelationCommand::Accept,
        Some(Change::Decline(decline)) => RelationCommand::Decline { reason: note("reason", &decline.reason)? },
        Some(Change::Withdraw(v1::WithdrawRequest {})) => RelationCommand::Withdraw,
        Some(Change::Remove(v1::RemoveContact {})) => RelationCommand::Remove,
        Some(Change::Annotate(noted)) => RelationCommand::Annotate(read_remarks(&noted)?),
        None => return Err(malformed("the change is missing, or not one that this server knows")),
    };
    Ok(Relate { command_id: command_id(&relate.command_id)?, peer: user(&relate.user_id)?, command })
}

fn note(field: &str, text: &str) -> Result<Option<Note>, Failure> {
    if text.is_empty() { Ok(None) } else { Note::new(text).map(Some).map_err(|error| invalid(field, error)) }
}

fn read_remarks(noted: &v1::Remarks) -> Result<Remarks, Failure> {
    if noted.tags.len() > TAGS_MAX {
        return Err(invalid("tags", format_args!("has more than {TAGS_MAX} entries")));
    }
    let alias = Some(noted.alias.as_str()).filter(|alias| !alias.is_empty());
    let alias = alias.map(DisplayName::new).transpose().map_err(|error| invalid("alias", error))?;
    let tags = noted.tags.iter().map(|tag| Tag::new(tag)).collect::<Result<_, _>>();
    let extension = Fields::of(noted.extension.iter().map(|(name, value)| (name.as_str(), value.as_str())));
    Ok(Remarks {
        alias,
        tags: tags.map_err(|error| invalid("tags", error))?,
        extension: extension.map_err(|error| invalid("extension", error))?,
    })
}

/// Reads which relations are wanted.
pub(crate) fn list_relations(list: v1::ListRelations) -> Result<ListRelations, Failure> {
    let filter = match v1::RelationFilter::try_from(list.filter) {
        Ok(v1::RelationFilter::Unspecified) => RelationFilter::All,
        Ok(v1::RelationFilter::Contacts) => RelationFilter::Contacts,
        Ok(v1::RelationFilter::Requests) => RelationFilter::Requests,
        Ok(v1::RelationFilter::Blocked) => RelationFilter::Blocked,
        Err(_) => return Err(invalid("filter", "is not one that this server knows")),
    };
    Ok(ListRelations { filter, page: opaque("page", list.page)?, limit: list.limit.min(RELATIONS_PAGE_MAX) })
}

/// Users as others see them.
pub(crate) fn users(page: &UsersPage) -> v1::Users {
    v1::Users { users: page.users.iter().map(user_of).collect(), more: page.more }
}

fn user_of(view: &ProfileView) -> v1::User {
    v1::User {
        user_id: view.id.as_str().into(),
        display_name: view.name.as_ref().map(|name| name.as_str().into()).unwrap_or_default(),
        username: view.username.as_ref().map(|name| name.as_str().into()).unwrap_or_default(),
        avatar: view.avatar.as_deref().unwrap_or_default().into(),
        public_fields: map(&view.public),
        changed_at: view.changed_at.0,
        question: said(view.question.as_ref()),
    }
}

/// A user as he sees himself.
pub(crate) fn profile(own: &OwnProfile) -> v1::Profile {
    let who_may_message = match own.who_may_message {
        WhoMayMessage::Anyone => v1::WhoMayMessage::Anyone,
        WhoMayMessage::Contacts => v1::WhoMayMessage::Contacts,
        WhoMayMessage::Nobody => v1::WhoMayMessage::Nobody,
    };
    let who_may_add = match own.who_may_add {
        WhoMayAdd::Anyone => v1::WhoMayAdd::Anyone,
        WhoMayAdd::Ask => v1::WhoMayAdd::Ask,
        WhoMayAdd::Question => v1::WhoMayAdd::Question,
        WhoMayAdd::Nobody => v1::WhoMayAdd::Nobody,
    };
    v1::Profile {
        user: Some(user_of(&own.profile)),
        private_fields: map(&own.private),
        who_may_message: who_may_message.into(),
        who_may_add: who_may_add.into(),
    }
}

/// Relations, in a page.
pub(crate) fn relations(page: &RelationsPage) -> v1::Relations {
    v1::Relations { relations: page.relations.iter().map(relation).collect(), next_page: page.next.clone() }
}

/// What a user and another are to each other.
pub(crate) fn relation(view: &RelationView) -> v1::Relation {
    let request = |request: &Request| v1::ContactRequest {
        message: said(request.message.as_ref()),
        answer: said(request.answer.as_ref()),
        at: request.at.0,
    };
    let declined = |it: &Declined| v1::DeclinedRequest { reason: said(it.reason.as_ref()), at: it.at.0 };
    let noted = (view.remarks != Remarks::default()).then(|| v1::Remarks {
        alias: view.remarks.alias.as_ref().map(|alias| alias.as_str().into()).unwrap_or_default(),
        tags: view.remarks.tags.iter().map(|tag| tag.as_str().into()).collect(),
        extension: map(&view.remarks.extension),
    });
    v1::Relation {
        user_id: view.peer.as_str().into(),
        contacts_since: since(view.contacts_since),
        blocks_since: since(view.blocks_since),
        incoming: view.incoming.as_ref().map(request),
        outgoing: view.outgoing.as_ref().map(request),
        declined: view.declined.as_ref().map(declined),
        remarks: noted,
    }
}

fn since(time: Option<Timestamp>) -> i64 {
    time.map_or(0, Timestamp::as_millis)
}

fn said(note: Option<&Note>) -> String {
    note.map(|note| note.as_str().into()).unwrap_or_default()
}

pub(crate) fn map(fields: &Fields) -> BTreeMap<String, String> {
    fields.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

/// The class of a device; one of a later version is like none.
pub(crate) fn platform(number: i32) -> Platform {
    match v1::Platform::try_from(number) {
        Ok(v1::Platform::Phone) => Platform::Phone,
        Ok(v1::Platform::Tablet) => Platform::Tablet,
        Ok(v1::Platform::Desktop) => Platform::Desktop,
        Ok(v1::Platform::Web) => Platform::Web,
        Ok(v1::Platform::Bot) => Platform::Bot,
        Ok(v1::Platform::Unspecified) | Err(_) => Platform::Other,
    }
}

pub(crate) fn platform_of(platform: Platform) -> v1::Platform {
    match platform {
        Platform::Other => v1::Platform::Unspecified,
        Platform::Phone => v1::Platform::Phone,
        Platform::Tablet => v1::Platform::Tablet,
        Platform::Desktop => v1::Platform::Desktop,
        Platform::Web => v1::Platform::Web,
        Platform::Bot => v1::Platform::Bot,
    }
}

pub(crate) fn sign_out(why: Option<SignOut>) -> v1::SignOutReason {
    match why {
        None => v1::SignOutReason::Unspecified,
        Some(SignOut::ByUser) => v1::SignOutReason::User,
        Some(SignOut::Replaced) => v1::SignOutReason::Replaced,
        Some(SignOut::ByApp) => v1::SignOutReason::App,
    }
}
