//! Between the wire's words and ours.

use stonechat_domain::group::{JoinMode, Settings, SettingsPatch, Who};
use stonechat_domain::kind::EventKind;
use stonechat_domain::{preview, search};
use stonechat_types::id::{ClientMsgId, ConversationId, ConversationKind, MessageId, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_wire::v1;

use crate::content::attributes;
use crate::core::rows::{Changed, MessageChange, MessageRow, OutboxRow, Recall, Said};
use crate::group::Group;
use crate::state::{self, Content, Message, Preview, Quoted, Reaction, ReadMark, Role, SendState, Unsent};

/// A role as the wire has it.
#[must_use]
pub fn role(number: i32) -> Role {
    match v1::Role::try_from(number) {
        Ok(v1::Role::Member) => Role::Member,
        Ok(v1::Role::Admin) => Role::Admin,
        Ok(v1::Role::Owner) => Role::Owner,
        Ok(v1::Role::Unspecified) | Err(_) => Role::None,
    }
}

/// A role for the wire.
#[must_use]
pub fn role_to_wire(role: Role) -> v1::Role {
    match role {
        Role::None => v1::Role::Unspecified,
        Role::Member => v1::Role::Member,
        Role::Admin => v1::Role::Admin,
        Role::Owner => v1::Role::Owner,
    }
}

/// The kind of a conversation; that of its id when the server says one of a later version.
#[must_use]
pub fn conversation_kind(number: i32, id: &ConversationId) -> ConversationKind {
    match v1::ConversationKind::try_from(number) {
        Ok(v1::ConversationKind::Direct) => ConversationKind::Direct,
        Ok(v1::ConversationKind::Group) => ConversationKind::Group,
        Ok(v1::ConversationKind::Channel) => ConversationKind::Channel,
        Ok(v1::ConversationKind::Room) => ConversationKind::Room,
        Ok(v1::ConversationKind::Support) => ConversationKind::Support,
        Ok(v1::ConversationKind::Unspecified) | Err(_) => id.kind(),
    }
}

/// A member; `None` when his id is not one.
#[must_use]
pub fn member(member: v1::Member) -> Option<state::Member> {
    let user = UserId::new(&member.user_id).ok()?;
    Some(state::Member {
        user,
        display_name: member.display_name,
        role: role(member.role),
        nickname: member.nickname,
        muted_until: Timestamp(member.muted_until),
    })
}

/// A group besides its members.
#[must_use]
pub fn group(group: &v1::GroupState, kind: ConversationKind) -> Group {
    let unsaid = Settings::of(kind);
    Group {
        description: group.description.clone(),
        avatar: group.avatar.clone(),
        extension: group.extension.clone(),
        settings: group.settings.as_ref().map_or(unsaid, |said| settings(said, unsaid)),
        announcement: Seq(group.announcement_seq),
        dissolved: group.dissolved,
        muted_until: Timestamp(group.muted_until),
        nickname: group.nickname.clone(),
    }
}

/// Settings as the wire has them; what it does not say, or says as a later version does, stays.
#[must_use]
pub fn settings(wire: &v1::GroupSettings, before: Settings) -> Settings {
    let who = |number| match v1::Who::try_from(number) {
        Ok(v1::Who::Everybody) => Some(Who::Everybody),
        Ok(v1::Who::Admins) => Some(Who::Admins),
        Ok(v1::Who::Unspecified) | Err(_) => None,
    };
    let switch = |number| match v1::Switch::try_from(number) {
        Ok(v1::Switch::On) => Some(true),
        Ok(v1::Switch::Off) => Some(false),
        Ok(v1::Switch::Unspecified) | Err(_) => None,
    };
    let patch = SettingsPatch {
        speak: who(wire.speak),
        invite: who(wire.invite),
        edit_info: who(wire.edit_info),
        mention_all: who(wire.mention_all),
        pin: who(wire.pin),
        join: match v1::JoinMode::try_from(wire.join) {
            Ok(v1::JoinMode::Invitation) => Some(JoinMode::Invitation),
            Ok(v1::JoinMode::Approval) => Some(JoinMode::Approval),
            Ok(v1::JoinMode::Open) => Some(JoinMode::Open),
            Ok(v1::JoinMode::Unspecified) | Err(_) => None,
        },
        history: switch(wire.history),
        receipts: switch(wire.receipts),
        members_hidden: switch(wire.members_hidden),
    };
    patch.applied(before)
}

/// Settings to change, for the wire.
#[must_use]
pub fn settings_to_wire(patch: &SettingsPatch) -> v1::GroupSettings {
    let who = |who: Option<Who>| -> i32 {
        match who {
            None => v1::Who::Unspecified,
            Some(Who::Everybody) => v1::Who::Everybody,
            Some(Who::Admins) => v1::Who::Admins,
        }
        .into()
    };
    let switch = |on: Option<bool>| -> i32 {
        match on {
            None => v1::Switch::Unspecified,
            Some(true) => v1::Switch::On,
            Some(false) => v1::Switch::Off,
        }
        .into()
    };
    v1::GroupSettings {
        speak: who(patch.speak),
        invite: who(patch.invite),
        edit_info: who(patch.edit_info),
        mention_all: who(patch.mention_all),
        pin: who(patch.pin),
        join: match patch.join {
            None => v1::JoinMode::Unspecified,
            Some(JoinMode::Invitation) => v1::JoinMode::Invitation,
            Some(JoinMode::Approval) => v1::JoinMode::Approval,
            Some(JoinMode::Open) => v1::JoinMode::Open,
        }
        .into(),
        history: switch(patch.history),
        receipts: switch(patch.receipts),
        members_hidden: switch(patch.members_hidden),
    }
}

/// Read marks; those whose user id is not one are left out.
#[must_use]
pub fn marks(marks: &[v1::ReadMark]) -> Vec<ReadMark> {
    let mut marks: Vec<_> = marks
        .iter()
        .filter_map(|mark| {
            let (upto, delivered) = (Seq(mark.upto_seq), Seq(mark.delivered_seq));
            Some(ReadMark { user: UserId::new(&mark.user_id).ok()?, upto, delivered })
        })
        .collect();
    marks.sort_by(|a, b| a.user.cmp(&b.user));
    marks
}

/// Whether an event counts. Kinds of a later version count when they moved the ordinal on.
#[must_use]
pub fn is_countable(event: &v1::Event, ordinal_before: Option<u64>) -> bool {
    match EventKind::ALL.iter().find(|kind| kind.name() == event.kind) {
        Some(kind) => kind.countable(),
        None => ordinal_before.is_some_and(|before| event.ordinal > before),
    }
}

/// The row of a message; `None` when it is not one, or its ids are not ids.
#[must_use]
pub fn message_row(event: &v1::Event) -> Option<MessageRow> {
    if event.kind != EventKind::Message.name() {
        return None;
    }
    Some(MessageRow {
        conversation: event.conversation_id.parse().ok()?,
        seq: event.seq,
        ordinal: event.ordinal,
        client_msg_id: ClientMsgId::from_slice(&event.client_msg_id).ok(),
        sender: UserId::new(&event.sender_id).ok()?,
        sent_at: Timestamp(event.sent_at),
        body_type: event.body_type.clone(),
        body: event.body.clone(),
        attributes: event.attributes.as_ref().and_then(attributes),
        corrupt: event.corrupt,
        changed: event.state.as_ref().map_or(event.seq, |state| state.changed_seq.max(event.seq)),
        edits: event.state.as_ref().map_or(0, |state| state.edits),
        edited_at: event.state.as_ref().map_or(Timestamp::default(), |state| Timestamp(state.edited_at)),
        reactions: event.state.iter().flat_map(|state| &state.reactions).map(reaction).collect(),
        pinned: event.state.as_ref().is_some_and(|state| state.pinned),
        recalled: event.message_recalled.then(|| recall(event.state.as_ref())),
    })
}

fn recall(state: Option<&v1::MessageState>) -> Recall {
    let recall = |state: &v1::MessageState| Recall {
        by: UserId::new(&state.recalled_by).ok(),
        at: Timestamp(state.recalled_at),
    };
    state.map(recall).unwrap_or_default()
}

fn reaction(reaction: &v1::Reaction) -> Reaction {
    Reaction { emoji: reaction.emoji.clone(), count: reaction.count, own: reaction.own }
}

/// What an event makes of a message; `None` when it changes none.
#[must_use]
pub fn message_change(event: &v1::Event, me: &UserId) -> Option<MessageChange> {
    use v1::event::Change;
    let (target, what) = match event.change.as_ref()? {
        Change::Edited(edited) => {
            let said =
                Said { body_type: edited.body_type.clone(), body: edited.body.clone(), at: Timestamp(event.sent_at) };
            // A damaged edit says nothing either; the server tells what there is.
            (edited.seq, Changed::Said((!edited.body_type.is_empty()).then_some(said)))
        }
        Change::Reacted(reacted) => {
            let own = event.sender_id == me.as_str();
            (reacted.seq, Changed::Reacted { emoji: reacted.emoji.clone(), added: !reacted.removed, own })
        }
        Change::Pinned(pinned) => (pinned.seq, Changed::Pinned(!pinned.removed)),
        Change::Recalled(recalled) => {
            let recall = Recall { by: UserId::new(&event.sender_id).ok(), at: Timestamp(event.sent_at) };
            (recalled.seq, Changed::Recalled(recall))
        }
        Change::Created(_)
        | Change::MembersAdded(_)
        | Change::MemberRemoved(_)
        | Change::MemberLeft(_)
        | Change::Renamed(_)
        | Change::RoleChanged(_)
        | Change::InfoChanged(_)
        | Change::SettingsChanged(_)
        | Change::OwnerChanged(_)
        | Change::OwnerLeft(_)
        | Change::Dissolved(_)
        | Change::MemberMuted(_)
        | Change::MemberUnmuted(_)
        | Change::MemberBanned(_)
        | Change::BanLifted(_)
        | Change::NicknameChanged(_)
        | Change::Announced(_)
        | Change::Joined(_)
        | Change::Applied(_)
        | Change::ApplicationDeclined(_)
        | Change::Invited(_)
        | Change::InvitationDeclined(_)
        | Change::LinkMade(_)
        | Change::LinkRevoked(_) => return None,
    };
    Some(MessageChange { conversation: event.conversation_id.parse().ok()?, target, by: event.seq, what })
}

/// The preview of a message after a change.
pub fn change_preview(preview: &mut Preview, change: &MessageChange) {
    match &change.what {
        Changed::Said(Some(said)) => {
            preview.text = line_of(&said.body_type, &said.body, false);
            preview.body_type.clone_from(&said.body_type);
        }
        Changed::Recalled(_) => {
            preview.text.clear();
            preview.body_type.clear();
            preview.recalled = true;
        }
        Changed::Said(None) | Changed::Reacted { .. } | Changed::Pinned(_) => {}
    }
}

/// What a list shows of a body.
fn line_of(body_type: &str, body: &bytes::Bytes, corrupt: bool) -> String {
    preview::preview(content(body_type, body, corrupt).words())
}

/// What a message is found by; `None` when it says nothing that can be searched.
#[must_use]
pub fn searched(row: &MessageRow) -> Option<String> {
    let says = row.recalled.is_none().then(|| content(&row.body_type, &row.body, row.corrupt))?;
    Some(search::fold(says.words())).filter(|folded| !folded.is_empty())
}

/// What a body says.
#[must_use]
pub fn content(body_type: &str, body: &bytes::Bytes, corrupt: bool) -> Content {
    if corrupt { Content::Corrupt } else { Content::of(body_type, body) }
}

/// A message of the log, for callers.
#[must_use]
pub fn row_to_message(row: &MessageRow, me: &UserId) -> Message {
    Message {
        id: Some(MessageId { conversation: row.conversation, seq: Seq(row.seq) }),
        ordinal: Some(Ordinal(row.ordinal)),
        own: row.sender == *me,
        sender: row.sender.clone(),
        sent_at: row.sent_at,
        client_msg_id: row.client_msg_id,
        content: match &row.recalled {
            Some(recall) => Content::Recalled { by: recall.by.clone(), at: recall.at },
            None => content(&row.body_type, &row.body, row.corrupt),
        },
        attributes: row.attributes.clone(),
        pinned: row.pinned,
        edited_at: (row.edits > 0).then_some(row.edited_at),
        reactions: row.reactions.clone(),
    }
}

/// A message of the wire, for callers.
#[must_use]
pub fn message(event: &v1::Event, me: &UserId) -> Option<Message> {
    message_row(event).map(|row| row_to_message(&row, me))
}

/// A message of the outbox, for callers.
#[must_use]
pub fn unsent(row: &OutboxRow, state: SendState) -> Unsent {
    Unsent {
        conversation: row.conversation,
        client_msg_id: row.client_msg_id,
        content: content(&row.body_type, &row.body, false),
        attributes: row.attributes.clone(),
        created_at: row.created_at,
        state,
    }
}

/// The start of a message, as a list shows it.
#[must_use]
pub fn preview(row: &MessageRow) -> Preview {
    Preview {
        sender: row.sender.clone(),
        text: line_of(&row.body_type, &row.body, row.corrupt),
        body_type: row.body_type.clone(),
        sent_at: row.sent_at,
        seq: Seq(row.seq),
        recalled: row.recalled.is_some(),
    }
}

/// What a quote shows of a message.
#[must_use]
pub fn quoted(row: &MessageRow) -> Quoted {
    let recalled = row.recalled.is_some();
    let text = if recalled { String::new() } else { line_of(&row.body_type, &row.body, row.corrupt) };
    Quoted { sender: row.sender.clone(), text, recalled }
}
