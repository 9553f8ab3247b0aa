//! What the application says, as frames.

use bytes::Bytes;
use stonechat_app::api::{
    Answer, ChangesPage, CommandDone, Content, ContentType, ContentTypes, ConversationPage, ConversationView,
    DeviceView, EditView, EditsPage, EventView, EventsPage, Failure, MentionView, MentionsPage, MessageView,
    MessagesPage, PersonalItem, PersonalPage, ReactionView, ReactionsPage, Sent, StarredPage, StarredView, UserView,
    Welcome,
};
use stonechat_app::live::LiveEvent;
use stonechat_domain::attributes::Attributes;
use stonechat_domain::event::Change;
use stonechat_domain::member::{Role, UserRef};
use stonechat_domain::message::MessagePolicy;
use stonechat_net::machine::MessageKind;
use stonechat_types::emoji::Emoji;
use stonechat_types::error_code::ErrorCode;
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::limits::{
    BODY_BYTES_MAX, CALLS_MAX, CATCH_UP_EVENTS_MAX, FRAME_BYTES_MAX, HEARTBEAT_MS, PAGE_ITEMS_MAX,
};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};
use stonechat_types::text::Title;
use stonechat_wire::v1::{self, Frame, event, frame::Body, personal_change};

use crate::encode_group;
use crate::parse::VERSION;
use crate::people;
use crate::preferences;
use crate::presence;
use crate::quiet;
use crate::receipts;

/// The slot of a live event that holds its frame as protobuf.
pub const SLOT_BINARY: usize = 0;

/// The slot of a live event that holds its frame as JSON.
pub const SLOT_TEXT: usize = 1;

/// Writes a frame as the agreed kind.
#[must_use]
pub fn frame(kind: MessageKind, frame: &Frame) -> Bytes {
    match kind {
        MessageKind::Binary => stonechat_wire::frame::encode(frame),
        MessageKind::Text => stonechat_wire::json::encode(frame).into(),
    }
}

/// A live event as a frame: written by the first session that sends it, shared by all others.
#[must_use]
pub fn live(kind: MessageKind, live: &LiveEvent) -> Bytes {
    let slot = match kind {
        MessageKind::Binary => SLOT_BINARY,
        MessageKind::Text => SLOT_TEXT,
    };
    live.encoded(slot, |view| frame(kind, &Frame { id: 0, body: Some(Body::Event(event(view))) }))
}

/// The answer to a call.
#[must_use]
pub fn answer(session_id: u64, answer: &Answer) -> Body {
    match answer {
        Answer::Done => Body::Done(v1::Done {}),
        Answer::Sent(sent) => Body::Sent(self::sent(sent)),
        Answer::CommandDone(done) => Body::CommandDone(command_done(done)),
        Answer::Welcome(welcome) => Body::Welcome(self::welcome(session_id, welcome)),
        Answer::Conversations(page) => Body::Conversations(conversations(page)),
        Answer::Conversation(view) => Body::Conversation(conversation(view)),
        Answer::Events(page) => Body::Events(events(page)),
        Answer::Messages(page) => Body::Messages(messages(page)),
        Answer::Changes(page) => Body::Changes(changes(page)),
        Answer::Reactions(page) => Body::Reactions(reactions(page)),
        Answer::Edits(page) => Body::Edits(edits(page)),
        Answer::Mentions(page) => Body::Mentions(mentions(page)),
        Answer::Own(seq, item) => Body::Entry(personal_change(*seq, item)),
        Answer::Starred(page) => Body::Starred(starred(page)),
        Answer::Personal(page) => Body::Personal(personal(page)),
        Answer::Members(page) => Body::Members(encode_group::members(page)),
        Answer::Bans(page) => Body::Bans(encode_group::bans(page)),
        Answer::Askers(page) => Body::Askers(encode_group::askers(page)),
        Answer::ContentTypes(types) => Body::ContentTypes(content_types(types)),
        Answer::Devices(devices) => Body::Devices(v1::Devices { devices: devices.iter().map(device).collect() }),
        Answer::Users(page) => Body::Users(people::users(page)),
        Answer::Profile(own) => Body::Profile(people::profile(own)),
        Answer::Relations(page) => Body::Relations(people::relations(page)),
        Answer::Presences(views) => Body::Presences(presence::presences(views)),
        Answer::PresenceSettings(settings) => Body::PresenceSettings(presence::settings(settings)),
    }
}

/// The answer to a call that was refused.
#[must_use]
pub fn error(failure: &Failure) -> Body {
    Body::Error(v1::Error {
        code: failure.code.as_str().into(),
        message: failure.message.as_ref().into(),
        retry_after_ms: failure.retry_after_ms.unwrap_or(0),
        first: failure.first.as_ref().map(sent),
    })
}

/// The last frame of a connection.
#[must_use]
pub fn closing(code: ErrorCode, message: &str) -> Body {
    Body::Closing(v1::Closing { code: code.as_str().into(), message: message.into() })
}

/// The request to connect again.
#[must_use]
pub fn go_away(after_ms: u64, spread_ms: u64) -> Body {
    let within = |ms| u32::try_from(ms).unwrap_or(u32::MAX);
    Body::GoAway(v1::GoAway { after_ms: within(after_ms), spread_ms: within(spread_ms) })
}

/// The state of the device's world.
#[must_use]
pub fn welcome(session_id: u64, welcome: &Welcome) -> v1::Welcome {
    v1::Welcome {
        version: VERSION,
        user_id: text(&welcome.user.id),
        display_name: display_name(&welcome.user),
        limits: Some(limits(welcome.messages)),
        server_time: welcome.server_time.0,
        reset: welcome.reset,
        conversations: welcome.conversations.conversations.iter().map(conversation).collect(),
        next_page: welcome.conversations.next.clone(),
        personal: Some(personal(&welcome.personal)),
        position: welcome.position.clone(),
        unread_total: welcome.unread_total,
        history_id: Bytes::copy_from_slice(&welcome.history_id),
        session_id: session_id.to_string(),
        content_types_version: welcome.content_types_version,
    }
}

fn content_types(types: &ContentTypes) -> v1::ContentTypes {
    let declared =
        |it: &ContentType| v1::ContentType { body_type: it.body_type.clone(), fallback: it.fallback.clone() };
    v1::ContentTypes { version: types.version, types: types.types.iter().map(declared).collect() }
}

/// A member has read.
#[must_use]
pub fn read_moved(conversation: ConversationId, user: &UserId, upto: Seq, ordinal: Ordinal) -> Body {
    Body::ReadMoved(v1::ReadMoved {
        conversation_id: conversation.to_string(),
        user_id: text(user),
        upto_seq: upto.0,
        upto_ordinal: ordinal.0,
    })
}

/// A member is writing, or stopped.
#[must_use]
pub fn typing(conversation: ConversationId, user: &UserId, active: bool) -> Body {
    Body::TypingNow(v1::TypingNow { conversation_id: conversation.to_string(), user_id: text(user), active })
}

/// A change of personal state.
#[must_use]
pub fn personal_change(seq: PersonalSeq, item: &PersonalItem) -> v1::PersonalChange {
    use personal_change::Change;
    let change = match item {
        PersonalItem::Membership { conversation, role, visible_upto } => Change::Membership(v1::MembershipState {
            conversation_id: conversation.to_string(),
            member: role.is_some(),
            role: maybe_role(*role),
            visible_upto_seq: visible_upto.0,
        }),
        PersonalItem::Read { conversation, upto, ordinal } => Change::Read(v1::ReadState {
            conversation_id: conversation.to_string(),
            upto_seq: upto.0,
            upto_ordinal: ordinal.0,
        }),
        PersonalItem::Receipts { conversation, read, delivered } => {
            Change::Receipts(receipts::receipts(*conversation, (*read, *delivered)))
        }
        PersonalItem::Device(view) => Change::Device(device(view)),
        PersonalItem::Relation(view) => Change::Relation(people::relation(view)),
        PersonalItem::Preferences(conversation, it) => Change::Preferences(preferences::preferences(*conversation, it)),
        PersonalItem::Deletions(conversation, it) => Change::Deletions(preferences::deletions(*conversation, it)),
        PersonalItem::Stars(conversation, it) => Change::Stars(preferences::stars(*conversation, it)),
        PersonalItem::Plays(conversation, it) => Change::Plays(receipts::plays(*conversation, it)),
        PersonalItem::Quiet(it) => Change::Quiet(quiet::quiet(it)),
        PersonalItem::Profile(own) => Change::Profile(people::profile(own)),
        PersonalItem::Presence(settings) => Change::Presence(presence::settings(settings)),
        PersonalItem::Asking(view) => Change::Asking(encode_group::asking(view)),
    };
    v1::PersonalChange { personal_seq: seq.0, change: Some(change) }
}

/// The head of a large group moved.
#[must_use]
pub fn head(conversation: ConversationId, seq: Seq, ordinal: Ordinal) -> Body {
    Body::Head(v1::Head { conversation_id: conversation.to_string(), head_seq: seq.0, head_ordinal: ordinal.0 })
}

/// One event of a log.
#[must_use]
pub fn event(view: &EventView) -> v1::Event {
    let mut event = v1::Event {
        conversation_id: view.id.conversation.to_string(),
        seq: view.id.seq.0,
        ordinal: view.ordinal.0,
        kind: view.kind.name().into(),
        sender_id: text(&view.sender),
        sent_at: view.sent_at.0,
        // What the server began by itself has no id.
        client_msg_id: if view.key == [0; 16] { Bytes::new() } else { Bytes::copy_from_slice(&view.key) },
        message_id: view.id.to_string(),
        ..v1::Event::default()
    };
    match &view.content {
        Content::Message { body_type, body, attributes } => {
            event.body_type = String::from_utf8_lossy(body_type).into_owned();
            event.body = body.clone();
            event.attributes = attributes.as_deref().map(self::attributes);
        }
        Content::Change(Change::Commanded(command)) => {
            event.body_type = String::from_utf8_lossy(&command.body_type).into_owned();
            event.body = command.body.clone();
        }
        Content::Change(change) => event.change = self::change(view.id.conversation, change),
        Content::Lost => event.corrupt = true,
        Content::Recalled { silent } => {
            event.message_recalled = true;
            event.attributes = silent.then(|| v1::Attributes { silent: true, ..v1::Attributes::default() });
        }
    }
    event
}

fn attributes(attributes: &Attributes) -> v1::Attributes {
    v1::Attributes {
        reply_to_seq: attributes.reply_to.map_or(0, |reply| reply.seq.0),
        reply_to_ordinal: attributes.reply_to.map_or(0, |reply| reply.ordinal.0),
        mentions: attributes.mentions.iter().map(text).collect(),
        mention_all: attributes.mention_all,
        silent: attributes.silent,
        priority: attributes.priority.into(),
        extension: attributes.extension.clone(),
        forwarded: attributes
            .forwarded
            .as_ref()
            .map(|it| v1::Forwarded { author_id: text(&it.author), sent_at: it.sent_at.0 }),
    }
}

/// A change; none where its event says it in other fields.
fn change(conversation: ConversationId, change: &Change) -> Option<event::Change> {
    Some(match change {
        Change::Created { title, members } => event::Change::Created(v1::Created {
            kind: kind(conversation).into(),
            title: maybe_title(title.as_ref()),
            members: refs(members),
        }),
        Change::MembersAdded(users) => event::Change::MembersAdded(v1::MembersAdded { user_ids: refs(users) }),
        Change::MemberRemoved(user) => event::Change::MemberRemoved(v1::MemberRemoved { user_id: text(&user.id) }),
        Change::MemberLeft => event::Change::MemberLeft(v1::MemberLeft {}),
        Change::Renamed(title) => event::Change::Renamed(v1::Renamed { title: title.as_str().into() }),
        Change::RoleChanged(user, role) => {
            event::Change::RoleChanged(v1::RoleChanged { user_id: text(&user.id), role: self::role(*role).into() })
        }
        Change::Edited { target, content } => event::Change::Edited(match content {
            Some(content) => v1::Edited {
                seq: target.0,
                body_type: String::from_utf8_lossy(&content.body_type).into_owned(),
                body: content.body.clone(),
            },
            None => v1::Edited { seq: target.0, ..v1::Edited::default() },
        }),
        Change::Reacted { target, emoji, added } => {
            event::Change::Reacted(v1::Reacted { seq: target.0, emoji: emoji.to_string(), removed: !added })
        }
        Change::Group(change) => encode_group::change(change),
        Change::Recalled { target, ordinal, author, silent } => event::Change::Recalled(v1::Recalled {
            seq: target.0,
            ordinal: ordinal.0,
            author_id: text(&author.id),
            silent: *silent,
        }),
        Change::Pinned { target, ordinal, pinned } => {
            event::Change::Pinned(v1::Pinned { seq: target.0, ordinal: ordinal.0, removed: !pinned })
        }
        Change::Commanded(_) => return None,
    })
}

fn limits(messages: MessagePolicy) -> v1::Limits {
    v1::Limits {
        frame_bytes_max: FRAME_BYTES_MAX as u32,
        body_bytes_max: BODY_BYTES_MAX as u32,
        calls_max: CALLS_MAX,
        heartbeat_ms: HEARTBEAT_MS as u32,
        page_items_max: PAGE_ITEMS_MAX,
        catch_up_events_max: CATCH_UP_EVENTS_MAX as u32,
        edit_window_ms: messages.edit_window_ms.max(0) as u64,
        recall_window_ms: messages.recall_window_ms.max(0) as u64,
    }
}

fn sent(sent: &Sent) -> v1::Sent {
    v1::Sent {
        conversation_id: sent.id.conversation.to_string(),
        seq: sent.id.seq.0,
        ordinal: sent.ordinal.0,
        sent_at: sent.sent_at.0,
        deduplicated: sent.deduplicated,
        message_id: sent.id.to_string(),
    }
}

fn command_done(done: &CommandDone) -> v1::CommandDone {
    v1::CommandDone { conversation_id: done.conversation.to_string(), seq: done.seq.0, deduplicated: done.deduplicated }
}

fn conversations(page: &ConversationPage) -> v1::Conversations {
    v1::Conversations {
        conversations: page.conversations.iter().map(conversation).collect(),
        next_page: page.next.clone(),
    }
}

fn conversation(view: &ConversationView) -> v1::Conversation {
    v1::Conversation {
        conversation_id: view.id.to_string(),
        kind: kind(view.id).into(),
        title: maybe_title(view.title.as_ref()),
        peer_id: view.peer.as_ref().map(|peer| text(&peer.id)).unwrap_or_default(),
        peer_name: view.peer.as_ref().map(display_name).unwrap_or_default(),
        role: maybe_role(view.role),
        member: view.role.is_some(),
        member_count: view.member_count,
        head_seq: view.head.0,
        head_ordinal: view.head_ordinal.0,
        read_seq: view.read.0,
        read_ordinal: view.read_ordinal.0,
        unread: view.unread,
        unread_mentions: view.unread_mentions,
        deletions_seq: view.removals_version.0,
        active_at: view.active_at.0,
        last_message: view.last_message.as_deref().map(message_now),
        visible_from_seq: view.visible_from.0,
        read_marks: view.read_marks.iter().map(receipts::read_mark).collect(),
        floor_ordinal: view.floor_ordinal.0,
        group: view.group.as_deref().map(encode_group::state),
    }
}

fn starred(page: &StarredPage) -> v1::Starred {
    let message =
        |view: &StarredView| v1::StarredMessage { event: Some(message_now(&view.message)), starred_at: view.at.0 };
    v1::Starred { messages: page.messages.iter().map(message).collect(), next_page: page.next.clone() }
}

fn events(page: &EventsPage) -> v1::Events {
    v1::Events {
        conversation_id: page.conversation.to_string(),
        events: page.events.iter().map(event).collect(),
        from_seq: page.from.0,
        upto_seq: page.upto.0,
        hidden: page.hidden.iter().map(|(from, upto)| v1::SeqRange { from_seq: from.0, upto_seq: upto.0 }).collect(),
        more: page.more,
        jump: page.jump,
        head_seq: page.head.0,
        head_ordinal: page.head_ordinal.0,
    }
}

fn messages(page: &MessagesPage) -> v1::Messages {
    v1::Messages {
        conversation_id: page.conversation.to_string(),
        messages: page.messages.iter().map(message).collect(),
        as_of_seq: page.as_of.0,
        from_ordinal: page.from.0,
        upto_ordinal: page.upto.0,
        more_before: page.more_before,
        more_after: page.more_after,
        events: page.events.iter().map(event).collect(),
    }
}

fn message(view: &MessageView) -> v1::Message {
    v1::Message { event: Some(message_now(view)), changed_seq: view.changed().0 }
}

/// The event of a message, as the message is now.
fn message_now(view: &MessageView) -> v1::Event {
    let state = view.state.as_ref().map(|state| v1::MessageState {
        changed_seq: state.changed.0,
        edits: state.edits,
        edited_at: state.edited_at.0,
        reactions: state.reactions.iter().map(reaction).collect(),
        recalled_by: state.recalled.as_ref().map(|(by, _)| text(by)).unwrap_or_default(),
        recalled_at: state.recalled.as_ref().map_or(0, |(_, at)| at.0),
        pinned: state.pinned,
    });
    v1::Event { state, ..event(&view.event) }
}

fn reaction(view: &ReactionView) -> v1::Reaction {
    v1::Reaction { emoji: view.emoji.to_string(), count: view.count, own: view.own }
}

fn changes(page: &ChangesPage) -> v1::Changes {
    v1::Changes {
        conversation_id: page.conversation.to_string(),
        messages: page.messages.iter().map(message).collect(),
        upto_seq: page.upto.0,
        more: page.more,
    }
}

fn reactions(page: &ReactionsPage) -> v1::Reactions {
    let of_user = |(user, emojis): &(UserView, Vec<Emoji>)| v1::UserReaction {
        user_id: text(&user.id),
        display_name: display_name(user),
        emojis: emojis.iter().map(ToString::to_string).collect(),
    };
    v1::Reactions { reactions: page.users.iter().map(of_user).collect(), next_page: page.next.clone() }
}

fn mentions(page: &MentionsPage) -> v1::Mentions {
    let mention = |view: &MentionView| v1::Mention { seq: view.seq.0, ordinal: view.ordinal.0 };
    v1::Mentions {
        mentions: page.mentions.iter().map(mention).collect(),
        more: page.more,
        upto_ordinal: page.upto.get(),
    }
}

fn edits(page: &EditsPage) -> v1::Edits {
    let version = |view: &EditView| {
        let mut version = v1::EditVersion { seq: view.seq.0, at: view.at.0, ..v1::EditVersion::default() };
        match &view.content {
            Content::Message { body_type, body, .. } => {
                version.body_type = String::from_utf8_lossy(body_type).into_owned();
                version.body = body.clone();
            }
            Content::Change(_) | Content::Lost | Content::Recalled { .. } => version.corrupt = true,
        }
        version
    };
    v1::Edits { versions: page.versions.iter().map(version).collect(), more: page.more }
}

fn personal(page: &PersonalPage) -> v1::Personal {
    v1::Personal {
        changes: page.changes.iter().map(|(seq, item)| personal_change(*seq, item)).collect(),
        upto: page.upto.0,
        more: page.more,
    }
}

fn device(view: &DeviceView) -> v1::DeviceState {
    v1::DeviceState {
        device_id: view.id.as_str().into(),
        device_name: view.name.clone(),
        seen_at: view.seen_at.0,
        revoked: view.revoked,
        client: view.client.clone(),
        platform: people::platform_of(view.platform).into(),
        signed_out_by: people::sign_out(view.signed_out).into(),
        signed_out_at: view.revoked_at.0,
    }
}

fn kind(conversation: ConversationId) -> v1::ConversationKind {
    match conversation.kind() {
        ConversationKind::Direct => v1::ConversationKind::Direct,
        ConversationKind::Group => v1::ConversationKind::Group,
        ConversationKind::Channel => v1::ConversationKind::Channel,
        ConversationKind::Room => v1::ConversationKind::Room,
        ConversationKind::Support => v1::ConversationKind::Support,
    }
}

pub(crate) fn role(role: Role) -> v1::Role {
    match role {
        Role::Member => v1::Role::Member,
        Role::Admin => v1::Role::Admin,
        Role::Owner => v1::Role::Owner,
    }
}

fn maybe_role(role: Option<Role>) -> i32 {
    role.map_or(v1::Role::Unspecified, self::role).into()
}

fn maybe_title(title: Option<&Title>) -> String {
    title.map(|title| title.as_str().into()).unwrap_or_default()
}

pub(crate) fn display_name(user: &UserView) -> String {
    user.name.as_ref().map(|name| name.as_str().into()).unwrap_or_default()
}

pub(crate) fn text(user: &UserId) -> String {
    user.as_str().into()
}

fn refs(users: &[UserRef]) -> Vec<String> {
    users.iter().map(|user| text(&user.id)).collect()
}
