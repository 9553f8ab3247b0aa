//! What a client asks for, checked once: inside, wrong values cannot exist.

use crate::parse_group;
use crate::people;
use crate::preferences;
use crate::presence;
use crate::quiet;
use crate::receipts;
use bytes::Bytes;
use std::collections::BTreeSet;
use std::fmt::Display;
use std::str::FromStr;
use stonechat_app::api::{self, Call, ChangeRequest, Destination, Failure, MemberFilter, MessageRange};
use stonechat_domain::attributes::{Attributes, Forwarded, ReplyTo};
use stonechat_domain::event::{Content, MessageCommand};
use stonechat_domain::group::Asking;
use stonechat_domain::member::Role;
use stonechat_domain::message::Authority;
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId, ConversationKind, UserId};
use stonechat_types::limits::{
    BODY_BYTES_MAX, BODY_TYPE_BYTES_MAX, FOCUS_MAX, GROUP_PAGE_MAX, MEMBERS_PAGE_MAX, MEMBERS_PER_EVENT_MAX,
    MENTIONS_MAX, MESSAGE_EXTENSION_BYTES_MAX, PAGE_ITEMS_MAX, PERSONAL_PAGE_MAX, PINS_MAX, POSITION_BYTES_MAX,
    PRESENCE_SUBSCRIPTIONS_MAX, PRIORITY_MAX, STARS_PAGE_MAX, TOKEN_BYTES_MAX, WINDOW_MAX,
};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq, Timestamp};
use stonechat_types::text::Title;
use stonechat_wire::body::TEXT;
use stonechat_wire::v1::{self, change_conversation, change_message, fetch_messages, frame::Body, send_message};

/// The version of the protocol that this gateway speaks.
pub const VERSION: u32 = 1;

/// Largest seq or ordinal that a client may name; stores and other languages count with a sign.
pub const NUMBER_MAX: u64 = i64::MAX as u64;

/// Users that one `get_users` may name.
pub const GET_USERS_MAX: usize = MEMBERS_PER_EVENT_MAX;

/// Bytes of a device's name, and of a client's, that are kept.
pub const NAME_BYTES_MAX: usize = 256;

/// What a frame of a client is.
#[derive(Debug)]
pub enum Incoming {
    /// The beginning of a session.
    Hello(v1::Hello),
    /// A new token.
    Refresh(String),
    /// A call, answered once.
    Call(Call),
    /// A call without an answer.
    Signal(Call),
    /// A heartbeat.
    Ping,
}

/// Reads the body of a frame; `None` is one without a body, or with one of a later version.
///
/// # Errors
/// The answer that the client gets.
pub fn body(body: Option<Body>) -> Result<Incoming, Failure> {
    let Some(body) = body else { return Err(malformed("the frame has no body that this server knows")) };
    let call = match body {
        Body::Hello(hello) => return Ok(Incoming::Hello(hello)),
        Body::RefreshToken(refresh) => return token(refresh.token).map(Incoming::Refresh),
        Body::Ping(v1::Ping {}) => return Ok(Incoming::Ping),
        Body::Typing(typing) => return signal(parse_typing(&typing)),
        Body::Focus(focus) => return signal(parse_focus(&focus)),
        Body::Away(v1::Away { away }) => return Ok(Incoming::Signal(Call::Away(away))),
        Body::Send(send) => Call::Send(parse_send(send)?),
        Body::CreateGroup(group) => Call::CreateGroup(create_group(&group)?),
        Body::ChangeConversation(change) => Call::Change(change_conversation(change)?),
        Body::ChangeMessage(change) => Call::ChangeMessage(change_message(change)?),
        Body::FetchChanges(fetch) => Call::FetchChanges(api::FetchChanges {
            conversation: conversation(&fetch.conversation_id)?,
            after: seq("after_seq", fetch.after_seq)?,
            from: Ordinal(number("from_ordinal", fetch.from_ordinal)?),
            upto: Ordinal(number("upto_ordinal", fetch.upto_ordinal)?),
            limit: fetch.limit.min(PAGE_ITEMS_MAX),
        }),
        Body::ListReactions(list) => Call::ListReactions(api::ListReactions {
            conversation: conversation(&list.conversation_id)?,
            seq: seq("seq", list.seq)?,
            emoji: if list.emoji.is_empty() { None } else { Some(emoji(&list.emoji)?) },
            page: opaque("page", list.page)?,
            limit: list.limit.min(MEMBERS_PAGE_MAX),
        }),
        Body::ListReaders(list) => Call::ListReaders(api::ListReaders {
            conversation: conversation(&list.conversation_id)?,
            seq: seq("seq", list.seq)?,
            receipt: if list.played { api::Receipt::Played } else { api::Receipt::Read },
            read: !list.unread,
            page: opaque("page", list.page)?,
            limit: list.limit.min(MEMBERS_PAGE_MAX),
        }),
        Body::ListPinned(list) => Call::ListPinned {
            conversation: conversation(&list.conversation_id)?,
            after: seq("after_seq", list.after_seq)?,
            limit: list.limit.min(PINS_MAX as u32),
        },
        Body::SetPreferences(set) => Call::SetPreferences(Box::new(preferences::set_preferences(set)?)),
        Body::DeleteMessages(delete) => Call::DeleteMessages(preferences::delete_messages(&delete)?),
        Body::StarMessages(star) => Call::StarMessages(preferences::star_messages(&star)?),
        Body::ListStarred(list) => {
            Call::ListStarred { page: opaque("page", list.page)?, limit: list.limit.min(STARS_PAGE_MAX) }
        }
        Body::SetQuiet(set) => Call::SetQuiet(Box::new(quiet::set_quiet(&set)?)),
        Body::ListMentions(list) => Call::ListMentions(api::ListMentions {
            conversation: conversation(&list.conversation_id)?,
            after: Ordinal(number("after_ordinal", list.after_ordinal)?),
            limit: list.limit.min(PAGE_ITEMS_MAX),
        }),
        Body::ListEdits(list) => Call::ListEdits {
            conversation: conversation(&list.conversation_id)?,
            seq: seq("seq", list.seq)?,
            after: seq("after_seq", list.after_seq)?,
        },
        Body::MarkRead(mark) => {
            Call::MarkRead { conversation: conversation(&mark.conversation_id)?, upto: seq("upto_seq", mark.upto_seq)? }
        }
        Body::MarkDelivered(mark) => receipts::mark_delivered(&mark)?,
        Body::MarkPlayed(mark) => {
            Call::MarkPlayed { conversation: conversation(&mark.conversation_id)?, seq: seq("seq", mark.seq)? }
        }
        Body::ListConversations(list) => {
            Call::ListConversations { page: opaque("page", list.page)?, limit: list.limit.min(WINDOW_MAX) }
        }
        Body::GetConversation(get) => Call::GetConversation(conversation(&get.conversation_id)?),
        Body::FetchEvents(fetch) => Call::FetchEvents {
            conversation: conversation(&fetch.conversation_id)?,
            after: seq("after_seq", fetch.after_seq)?,
            limit: fetch.limit.min(PAGE_ITEMS_MAX),
        },
        Body::FetchMessages(fetch) => Call::FetchMessages {
            conversation: conversation(&fetch.conversation_id)?,
            range: message_range(fetch.range)?,
            limit: fetch.limit.min(PAGE_ITEMS_MAX),
            with_events: fetch.with_events,
        },
        Body::FetchPersonal(fetch) => Call::FetchPersonal {
            after: PersonalSeq(number("after", fetch.after)?),
            limit: fetch.limit.min(PERSONAL_PAGE_MAX),
        },
        Body::ListMembers(list) => Call::ListMembers(api::ListMembers {
            conversation: conversation(&list.conversation_id)?,
            only: match v1::MemberFilter::try_from(list.only) {
                Ok(v1::MemberFilter::Unspecified) => MemberFilter::All,
                Ok(v1::MemberFilter::Admins) => MemberFilter::Admins,
                Ok(v1::MemberFilter::Muted) => MemberFilter::Muted,
                Ok(v1::MemberFilter::ReadAnnouncement) => MemberFilter::ReadAnnouncement,
                Ok(v1::MemberFilter::NotReadAnnouncement) => MemberFilter::NotReadAnnouncement,
                Err(_) => return Err(invalid("only", "is not a filter that this server knows")),
            },
            page: opaque("page", list.page)?,
            limit: list.limit.min(MEMBERS_PAGE_MAX),
        }),
        Body::ListAskers(list) => Call::ListAskers {
            conversation: conversation(&list.conversation_id)?,
            which: match v1::AskingState::try_from(list.which) {
                Ok(v1::AskingState::Applied) => Asking::Applied,
                Ok(v1::AskingState::Invited) => Asking::Invited,
                Ok(v1::AskingState::Unspecified) | Err(_) => return Err(invalid("which", "is not one of the two")),
            },
            page: opaque("page", list.page)?,
            limit: list.limit.min(GROUP_PAGE_MAX),
        },
        Body::ListBans(list) => Call::ListBans {
            conversation: conversation(&list.conversation_id)?,
            page: opaque("page", list.page)?,
            limit: list.limit.min(GROUP_PAGE_MAX),
        },
        Body::ListContentTypes(v1::ListContentTypes {}) => Call::ListContentTypes,
        Body::ListDevices(v1::ListDevices {}) => Call::ListDevices,
        Body::RevokeDevice(revoke) if revoke.all_others && revoke.device_id.is_empty() => Call::RevokeOtherDevices,
        Body::RevokeDevice(revoke) if revoke.all_others => {
            return Err(invalid("device_id", "is given beside all_others"));
        }
        Body::RevokeDevice(revoke) => Call::RevokeDevice(id("device_id", &revoke.device_id)?),
        Body::Pull(pull) => {
            Call::Pull { position: opaque("position", pull.position)?, window: pull.window.min(WINDOW_MAX) }
        }
        Body::GetUsers(get) => {
            let usernames = people::usernames(&get.usernames, GET_USERS_MAX)?;
            Call::GetUsers(users(&get.user_ids, GET_USERS_MAX)?, usernames)
        }
        Body::SetProfile(set) => Call::SetProfile(Box::new(people::set_profile(set)?)),
        Body::GetProfile(v1::GetProfile {}) => Call::GetProfile,
        Body::Relate(relate) => Call::Relate(Box::new(people::relate(relate)?)),
        Body::ListRelations(list) => Call::ListRelations(people::list_relations(list)?),
        Body::SetPresence(set) => Call::SetPresence(Box::new(presence::set_presence(set)?)),
        Body::GetPresenceSettings(v1::GetPresenceSettings {}) => Call::GetPresenceSettings,
        Body::WatchPresence(watch) => Call::WatchPresence(users(&watch.user_ids, PRESENCE_SUBSCRIPTIONS_MAX)?),
        Body::GetPresence(get) => Call::GetPresence(users(&get.user_ids, PRESENCE_SUBSCRIPTIONS_MAX)?),
        Body::Welcome(_)
        | Body::Done(_)
        | Body::Sent(_)
        | Body::CommandDone(_)
        | Body::ContentTypes(_)
        | Body::Conversations(_)
        | Body::Conversation(_)
        | Body::Events(_)
        | Body::Messages(_)
        | Body::Changes(_)
        | Body::Reactions(_)
        | Body::Edits(_)
        | Body::Mentions(_)
        | Body::Entry(_)
        | Body::Starred(_)
        | Body::Personal(_)
        | Body::Members(_)
        | Body::Bans(_)
        | Body::Askers(_)
        | Body::Devices(_)
        | Body::Pong(_)
        | Body::Users(_)
        | Body::Profile(_)
        | Body::Relations(_)
        | Body::Presences(_)
        | Body::PresenceSettings(_)
        | Body::PresenceChanged(_)
        | Body::Error(_)
        | Body::Event(_)
        | Body::ReadMoved(_)
        | Body::DeliveredMoved(_)
        | Body::TypingNow(_)
        | Body::PersonalChange(_)
        | Body::Position(_)
        | Body::Poke(_)
        | Body::GoAway(_)
        | Body::Closing(_)
        | Body::Head(_) => return Err(malformed("only the server sends such a frame")),
    };
    Ok(Incoming::Call(call))
}

/// Reads a hello, its version first.
///
/// # Errors
/// The answer that the client gets before the connection closes.
pub fn hello(hello: v1::Hello) -> Result<api::Hello, Failure> {
    if hello.version_min > VERSION || hello.version_max < VERSION {
        return Err(Failure::new(ErrorCode::UnsupportedVersion, format!("this server speaks version {VERSION}")));
    }
    Ok(api::Hello {
        token: token(hello.token)?,
        device: id("device_id", &hello.device_id)?,
        device_name: name(&hello.device_name),
        client: name(&hello.client),
        platform: people::platform(hello.platform),
        position: opaque("position", hello.position)?,
        window: hello.window.min(WINDOW_MAX),
    })
}

/// A refusal of something that is not what the protocol has there.
pub(crate) fn malformed(message: &'static str) -> Failure {
    Failure::new(ErrorCode::Malformed, message)
}

pub(crate) fn invalid(field: &str, why: impl Display) -> Failure {
    Failure::new(ErrorCode::InvalidArgument, format!("{field} {why}"))
}

fn signal(call: Result<Call, Failure>) -> Result<Incoming, Failure> {
    call.map(Incoming::Signal)
}

fn parse_typing(typing: &v1::Typing) -> Result<Call, Failure> {
    Ok(Call::Typing { conversation: conversation(&typing.conversation_id)?, active: typing.active })
}

fn parse_focus(focus: &v1::Focus) -> Result<Call, Failure> {
    if focus.conversation_ids.len() > FOCUS_MAX {
        return Err(invalid("conversation_ids", format_args!("has more than {FOCUS_MAX} entries")));
    }
    focus.conversation_ids.iter().map(|id| conversation(id)).collect::<Result<_, _>>().map(Call::Focus)
}

fn parse_send(send: v1::SendMessage) -> Result<api::SendMessage, Failure> {
    let Content { body_type, body } = content(send.body_type, send.body)?;
    let to = match send.to {
        Some(send_message::To::ConversationId(id)) => Destination::Conversation(conversation(&id)?),
        Some(send_message::To::UserId(id)) => Destination::User(user(&id)?),
        None => return Err(invalid("to", "is missing")),
    };
    let client_msg_id = client_msg_id("client_msg_id", &send.client_msg_id)?;
    let after = if send.after.is_empty() { None } else { Some(self::client_msg_id("after", &send.after)?) };
    Ok(api::SendMessage {
        to,
        client_msg_id,
        body_type,
        body,
        read_upto: seq("read_upto", send.read_upto)?,
        after,
        attributes: attributes(send.attributes)?,
    })
}

fn checked_body_type(body_type: String) -> Result<Bytes, Failure> {
    if body_type == TEXT {
        return Ok(Bytes::from_static(TEXT.as_bytes()));
    }
    if body_type.is_empty() || body_type.len() > BODY_TYPE_BYTES_MAX {
        return Err(invalid("body_type", format_args!("has not 1 to {BODY_TYPE_BYTES_MAX} bytes")));
    }
    if body_type.chars().any(char::is_control) {
        return Err(invalid("body_type", "has a control character"));
    }
    Ok(body_type.into())
}

/// A body within its limit, with its type. The application looks into it.
fn content(body_type: String, body: Bytes) -> Result<Content, Failure> {
    if body.len() > BODY_BYTES_MAX {
        return Err(Failure::new(ErrorCode::TooLarge, format!("the body is larger than {BODY_BYTES_MAX} bytes")));
    }
    Ok(Content { body_type: checked_body_type(body_type)?, body })
}

/// What a message carries beside its body; `None` for nothing.
fn attributes(attributes: Option<v1::Attributes>) -> Result<Option<Box<Attributes>>, Failure> {
    let Some(given) = attributes else { return Ok(None) };
    if given.extension.len() > MESSAGE_EXTENSION_BYTES_MAX {
        return Err(Failure::new(
            ErrorCode::TooLarge,
            format!("extension is larger than {MESSAGE_EXTENSION_BYTES_MAX} bytes"),
        ));
    }
    let mut mentions = users(&given.mentions, MENTIONS_MAX)?;
    let mut seen = BTreeSet::new();
    mentions.retain(|user| seen.insert(user.clone()));
    let reply_to_seq = seq("reply_to_seq", given.reply_to_seq)?;
    let forwarded = match given.forwarded {
        Some(it) => Some(Forwarded { author: id("author_id", &it.author_id)?, sent_at: Timestamp(it.sent_at) }),
        None => None,
    };
    let priority = u8::try_from(given.priority).ok().filter(|priority| *priority <= PRIORITY_MAX);
    let attributes = Attributes {
        reply_to: (reply_to_seq > Seq::ZERO).then_some(ReplyTo { seq: reply_to_seq, ordinal: Ordinal::ZERO }),
        mentions,
        mention_all: given.mention_all,
        silent: given.silent,
        priority: priority.ok_or_else(|| invalid("priority", format_args!("is larger than {PRIORITY_MAX}")))?,
        extension: given.extension,
        forwarded,
    };
    Ok((!attributes.is_empty()).then(|| Box::new(attributes)))
}

fn create_group(group: &v1::CreateGroup) -> Result<api::CreateGroup, Failure> {
    Ok(api::CreateGroup {
        command_id: command_id(&group.command_id)?,
        kind: match v1::ConversationKind::try_from(group.kind) {
            Ok(v1::ConversationKind::Unspecified | v1::ConversationKind::Group) => ConversationKind::Group,
            Ok(v1::ConversationKind::Channel) => ConversationKind::Channel,
            Ok(_) | Err(_) => return Err(invalid("kind", "is not one that begins so")),
        },
        title: title(&group.title)?,
        members: users(&group.members, MEMBERS_PER_EVENT_MAX)?,
    })
}

fn change_conversation(change: v1::ChangeConversation) -> Result<api::ChangeConversation, Failure> {
    use change_conversation::Change;
    let request = match change.change {
        Some(Change::AddMembers(add)) if add.user_ids.is_empty() => return Err(invalid("user_ids", "is empty")),
        Some(Change::AddMembers(add)) => ChangeRequest::AddMembers(users(&add.user_ids, MEMBERS_PER_EVENT_MAX)?),
        Some(Change::RemoveMember(remove)) => ChangeRequest::RemoveMember(user(&remove.user_id)?),
        Some(Change::Leave(v1::Leave {})) => ChangeRequest::Leave,
        Some(Change::Rename(rename)) => ChangeRequest::Rename(title(&rename.title)?),
        Some(Change::SetRole(set)) => ChangeRequest::SetRole(user(&set.user_id)?, role(set.role)?),
        Some(Change::Command(command)) => ChangeRequest::Command(content(command.body_type, command.body)?),
        Some(change) => parse_group::command(change)?,
        None => return Err(malformed("the change is missing, or not one that this server knows")),
    };
    Ok(api::ChangeConversation {
        command_id: command_id(&change.command_id)?,
        conversation: conversation(&change.conversation_id)?,
        change: request,
    })
}

fn change_message(change: v1::ChangeMessage) -> Result<api::ChangeMessage, Failure> {
    use change_message::Change;
    let command = match change.change {
        Some(Change::Edit(edit)) => MessageCommand::Edit(content(edit.body_type, edit.body)?),
        Some(Change::React(react)) => MessageCommand::React { emoji: emoji(&react.emoji)?, add: !react.remove },
        Some(Change::Recall(v1::Recall {})) => MessageCommand::Recall,
        Some(Change::Pin(pin)) => MessageCommand::Pin(!pin.remove),
        None => return Err(malformed("the change is missing, or not one that this server knows")),
    };
    Ok(api::ChangeMessage {
        command_id: command_id(&change.command_id)?,
        conversation: conversation(&change.conversation_id)?,
        seq: seq("seq", change.seq)?,
        command,
        authority: Authority::Member,
    })
}

fn emoji(text: &str) -> Result<Emoji, Failure> {
    Emoji::new(text).map_err(|error| invalid("emoji", error))
}

fn message_range(range: Option<fetch_messages::Range>) -> Result<MessageRange, Failure> {
    use fetch_messages::Range;
    match range {
        None | Some(Range::BeforeOrdinal(0)) => Ok(MessageRange::Newest),
        Some(Range::BeforeOrdinal(n)) => Ok(MessageRange::Before(Ordinal(number("before_ordinal", n)?))),
        Some(Range::AfterOrdinal(n)) => Ok(MessageRange::After(Ordinal(number("after_ordinal", n)?))),
        Some(Range::AroundOrdinal(n)) => Ok(MessageRange::Around(Ordinal(number("around_ordinal", n)?))),
    }
}

fn role(role: i32) -> Result<Role, Failure> {
    match v1::Role::try_from(role) {
        Ok(v1::Role::Member) => Ok(Role::Member),
        Ok(v1::Role::Admin) => Ok(Role::Admin),
        Ok(v1::Role::Owner) => Ok(Role::Owner),
        Ok(v1::Role::Unspecified) | Err(_) => Err(invalid("role", "is not a role")),
    }
}

pub(crate) fn id<T: FromStr<Err: Display>>(field: &str, text: &str) -> Result<T, Failure> {
    text.parse().map_err(|error| invalid(field, error))
}

pub(crate) fn conversation(text: &str) -> Result<ConversationId, Failure> {
    id("conversation_id", text)
}

pub(crate) fn user(text: &str) -> Result<UserId, Failure> {
    id("user_id", text)
}

fn users(texts: &[String], max: usize) -> Result<Vec<UserId>, Failure> {
    if texts.len() > max {
        return Err(invalid("the list of users", format_args!("has more than {max} entries")));
    }
    texts.iter().map(|text| user(text)).collect()
}

fn client_msg_id(field: &str, bytes: &[u8]) -> Result<ClientMsgId, Failure> {
    ClientMsgId::from_slice(bytes).map_err(|error| invalid(field, error))
}

pub(crate) fn command_id(bytes: &[u8]) -> Result<CommandId, Failure> {
    CommandId::from_slice(bytes).map_err(|error| invalid("command_id", error))
}

fn title(text: &str) -> Result<Title, Failure> {
    Title::new(text).map_err(|error| invalid("title", error))
}

fn number(field: &str, number: u64) -> Result<u64, Failure> {
    if number > NUMBER_MAX { Err(invalid(field, format_args!("is larger than {NUMBER_MAX}"))) } else { Ok(number) }
}

pub(crate) fn seq(field: &str, n: u64) -> Result<Seq, Failure> {
    number(field, n).map(Seq)
}

/// A position or page token: made by the server, so only its length is looked at here.
pub(crate) fn opaque(field: &str, bytes: Bytes) -> Result<Bytes, Failure> {
    if bytes.len() > POSITION_BYTES_MAX {
        return Err(invalid(field, format_args!("is longer than {POSITION_BYTES_MAX} bytes")));
    }
    Ok(bytes)
}

fn token(token: String) -> Result<String, Failure> {
    if token.len() > TOKEN_BYTES_MAX {
        let message = format!("the token is longer than {TOKEN_BYTES_MAX} bytes");
        return Err(Failure::new(ErrorCode::Unauthenticated, message));
    }
    Ok(token)
}

/// A name for people: without what would act on a terminal, and not longer than what is kept.
fn name(text: &str) -> String {
    let mut kept = String::with_capacity(text.len().min(NAME_BYTES_MAX));
    for c in text.chars().filter(|c| !c.is_control()) {
        if kept.len() + c.len_utf8() > NAME_BYTES_MAX {
            break;
        }
        kept.push(c);
    }
    kept
}
