//! What may be asked.

use super::people::{ListRelations, Relate, SetProfile};
use super::presence::SetPresence;
use bytes::Bytes;
use stonechat_domain::attributes::Attributes;
use stonechat_domain::event::{Content, MessageCommand};
use stonechat_domain::group::{Asking, GroupCommand};
use stonechat_domain::member::Role;
use stonechat_domain::message::Authority;
use stonechat_domain::preferences::PreferencesPatch;
use stonechat_domain::quiet::QuietPatch;
use stonechat_types::emoji::Emoji;
use stonechat_types::id::{ClientMsgId, CommandId, ConversationId, ConversationKind, DeviceId, UserId, Username};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq};
use stonechat_types::text::Title;

/// One call of a user.
#[derive(Clone, Debug)]
pub enum Call {
    /// Send a message. Answer: `Sent`.
    Send(SendMessage),
    /// Begin a group. Answer: `CommandDone`.
    CreateGroup(CreateGroup),
    /// Change a conversation. Answer: `CommandDone`.
    Change(ChangeConversation),
    /// Change a message. Answer: `CommandDone`.
    ChangeMessage(ChangeMessage),
    /// Messages that changed, as they are now. Answer: `Changes`.
    FetchChanges(FetchChanges),
    /// Who added what to a message. Answer: `Reactions`.
    ListReactions(ListReactions),
    /// Messages that call the caller. Answer: `Mentions`.
    ListMentions(ListMentions),
    /// Who has read a message, or has not. Answer: `Members`.
    ListReaders(ListReaders),
    /// Messages that are pinned, oldest first. Answer: `Messages`, which settle nothing.
    ListPinned {
        /// Where.
        conversation: ConversationId,
        /// Those after this message.
        after: Seq,
        /// Messages at most; 0 for the default.
        limit: u32,
    },
    /// Change what the caller prefers in a conversation. Answer: `Own`.
    SetPreferences(Box<SetPreferences>),
    /// What the caller prefers in a conversation. Answer: `Own`.
    GetPreferences(ConversationId),
    /// Remove messages for the caller alone. Answer: `Own`.
    DeleteMessages(DeleteMessages),
    /// Star messages, or take the stars away. Answer: `Own`.
    StarMessages(StarMessages),
    /// What the caller starred, over all conversations. Answer: `Starred`.
    ListStarred {
        /// Where the list goes on; empty at the start.
        page: Bytes,
        /// Messages at most; 0 for the default.
        limit: u32,
    },
    /// When the caller is not to be disturbed. Answer: `Own`.
    GetQuiet,
    /// Change when the caller is not to be disturbed. Answer: `Own`.
    SetQuiet(Box<SetQuiet>),
    /// What a message said before. Answer: `Edits`.
    ListEdits {
        /// Where.
        conversation: ConversationId,
        /// The message.
        seq: Seq,
        /// Versions after this one; `ZERO` begins with the first.
        after: Seq,
    },
    /// Move the read cursor. Answer: `Done`.
    MarkRead {
        /// Where.
        conversation: ConversationId,
        /// Up to here.
        upto: Seq,
    },
    /// A device has stored direct conversations up to here. Answer: `Done`.
    MarkDelivered(Vec<(ConversationId, Seq)>),
    /// The caller has played a voice message. Answer: `Done`.
    MarkPlayed {
        /// Where.
        conversation: ConversationId,
        /// Which.
        seq: Seq,
    },
    /// A page of the window. Answer: `Conversations`.
    ListConversations {
        /// Where it goes on; empty at the start.
        page: Bytes,
        /// Conversations at most; 0 for the default.
        limit: u32,
    },
    /// One conversation. Answer: `Conversation`.
    GetConversation(ConversationId),
    /// Events after a seq. Answer: `Events`.
    FetchEvents {
        /// Where.
        conversation: ConversationId,
        /// After this one.
        after: Seq,
        /// Events at most; 0 for as many as fit.
        limit: u32,
    },
    /// Messages as they are now. Answer: `Messages`.
    FetchMessages {
        /// Where.
        conversation: ConversationId,
        /// Which.
        range: MessageRange,
        /// Messages at most; 0 for the default.
        limit: u32,
        /// Whether the answer says also what happened to the conversation among them.
        with_events: bool,
    },
    /// Personal changes. Answer: `Personal`.
    FetchPersonal {
        /// After this number.
        after: PersonalSeq,
        /// Changes at most; 0 for the default.
        limit: u32,
    },
    /// Members of a conversation. Answer: `Members`.
    ListMembers(ListMembers),
    /// Who asks to be let into a group, or is asked to come in. Answer: `Askers`.
    ListAskers {
        /// Where.
        conversation: ConversationId,
        /// Which of the two.
        which: Asking,
        /// Where the list goes on; empty at the start.
        page: Bytes,
        /// Users at most; 0 for the default.
        limit: u32,
    },
    /// Who is kept out of a group. Answer: `Bans`.
    ListBans {
        /// Where.
        conversation: ConversationId,
        /// Where the list goes on; empty at the start.
        page: Bytes,
        /// Users at most; 0 for the default.
        limit: u32,
    },
    /// The types of content that the app declares. Answer: `ContentTypes`.
    ListContentTypes,
    /// The caller's devices. Answer: `Devices`.
    ListDevices,
    /// Sign a device of the caller out. Answer: `Done`.
    RevokeDevice(DeviceId),
    /// Sign all devices of the caller out, but the one that asks. Answer: `Done`.
    RevokeOtherDevices,
    /// What happened since a position, after a poke. Answer: `Welcome`.
    Pull {
        /// The device's newest stored position.
        position: Bytes,
        /// Conversations of the first page; 0 for the default.
        window: u32,
    },
    /// Users, by their ids and by the names that they chose. Answer: `Users`.
    GetUsers(Vec<UserId>, Vec<Username>),
    /// Change the caller's own profile. Answer: `Profile`.
    SetProfile(Box<SetProfile>),
    /// The caller's own profile. Answer: `Profile`.
    GetProfile,
    /// Change what the caller and another are to each other. Answer: `CommandDone`.
    Relate(Box<Relate>),
    /// What the caller and others are to each other. Answer: `Relations`.
    ListRelations(ListRelations),
    /// Change what the caller says of himself for the time being, and who is shown what. Answer: `PresenceSettings`.
    SetPresence(Box<SetPresence>),
    /// What the caller says of himself for the time being, and who is shown what. Answer: `PresenceSettings`.
    GetPresenceSettings,
    /// Tell the session from now on whether these users are there, and of no others. Answer: `Presences`.
    WatchPresence(Vec<UserId>),
    /// Whether these users are there. Answer: `Presences`.
    GetPresence(Vec<UserId>),
    /// The user is away from the device, or back. No answer.
    Away(bool),
    /// The user is writing, or stopped. No answer.
    Typing {
        /// Where.
        conversation: ConversationId,
        /// Whether he is.
        active: bool,
    },
    /// The conversations that the device shows. No answer.
    Focus(Vec<ConversationId>),
}

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Destination {
    /// A conversation.
    Conversation(ConversationId),
    /// The direct conversation with a user.
    User(UserId),
}

/// A message to send. The body is within its limit and, when it is text, checked.
#[derive(Clone, Debug)]
pub struct SendMessage {
    /// Where to.
    pub to: Destination,
    /// The client's id of it.
    pub client_msg_id: ClientMsgId,
    /// What the body is; at most 64 bytes.
    pub body_type: Bytes,
    /// As received.
    pub body: Bytes,
    /// Last seq that the composer had shown; 0 for nothing.
    pub read_upto: Seq,
    /// The send before this one, while it has no answer.
    pub after: Option<ClientMsgId>,
    /// What it carries beside the body; `None` for nothing.
    pub attributes: Option<Box<Attributes>>,
}

/// Which members are wanted.
#[derive(Clone, Debug)]
pub struct ListMembers {
    /// Where.
    pub conversation: ConversationId,
    /// Which of them.
    pub only: MemberFilter,
    /// Where the list goes on; empty at the start.
    pub page: Bytes,
    /// Members at most; 0 for the default.
    pub limit: u32,
}

/// Which of the members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MemberFilter {
    /// All.
    All,
    /// Admins and owners.
    Admins,
    /// Those who may not write.
    Muted,
    /// Those whose read cursor has passed the announcement.
    ReadAnnouncement,
    /// Those whose read cursor has not.
    NotReadAnnouncement,
}

/// A group to begin, or a channel.
#[derive(Clone, Debug)]
pub struct CreateGroup {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Which of the two.
    pub kind: ConversationKind,
    /// Its title.
    pub title: Title,
    /// The members besides the caller.
    pub members: Vec<UserId>,
}

/// A change to a conversation.
#[derive(Clone, Debug)]
pub struct ChangeConversation {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub change: ChangeRequest,
}

/// The changes that a member may ask for.
#[derive(Clone, Debug)]
pub enum ChangeRequest {
    /// Let users join.
    AddMembers(Vec<UserId>),
    /// Remove a user.
    RemoveMember(UserId),
    /// Leave.
    Leave,
    /// Change the title.
    Rename(Title),
    /// Change a role.
    SetRole(UserId, Role),
    /// Something of the group besides its members.
    Group(GroupCommand<UserId>),
    /// Tell the app on the members' devices something.
    Command(Content),
    /// Join by a link, whose token this is.
    JoinByLink(Bytes),
}

/// A change of a message.
#[derive(Clone, Debug)]
pub struct ChangeMessage {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// The message.
    pub seq: Seq,
    /// What.
    pub command: MessageCommand,
    /// Who vouches for it.
    pub authority: Authority,
}

/// Which changed messages are wanted.
#[derive(Clone, Copy, Debug)]
pub struct FetchChanges {
    /// Where.
    pub conversation: ConversationId,
    /// Those that changed after this event.
    pub after: Seq,
    /// Those from this ordinal on.
    pub from: Ordinal,
    /// Those up to this ordinal; `ZERO` is no end.
    pub upto: Ordinal,
    /// Messages at most; 0 for the default.
    pub limit: u32,
}

/// Which reactions are wanted.
#[derive(Clone, Debug)]
pub struct ListReactions {
    /// Where.
    pub conversation: ConversationId,
    /// The message.
    pub seq: Seq,
    /// One emoji, or all.
    pub emoji: Option<Emoji>,
    /// Where the list goes on; empty at the start.
    pub page: Bytes,
    /// Users at most; 0 for the default.
    pub limit: u32,
}

/// Whose reading of a message is asked for.
#[derive(Clone, Debug)]
pub struct ListReaders {
    /// Where.
    pub conversation: ConversationId,
    /// The message.
    pub seq: Seq,
    /// What they have done with it, or not.
    pub receipt: Receipt,
    /// Those who have, or those who have not.
    pub read: bool,
    /// Where the list goes on; empty at the start.
    pub page: Bytes,
    /// Members at most; 0 for the default.
    pub limit: u32,
}

/// What members do with a message of another.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Receipt {
    /// They read it.
    #[default]
    Read,
    /// They play it, which is a voice message.
    Played,
}

/// A change of what a user prefers in a conversation.
#[derive(Clone, Debug)]
pub struct SetPreferences {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// What.
    pub patch: PreferencesPatch,
}

/// Messages to remove for the caller alone.
#[derive(Clone, Debug)]
pub struct DeleteMessages {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// Which, at most [`DELETED_AT_ONCE_MAX`](stonechat_types::limits::DELETED_AT_ONCE_MAX).
    pub seqs: Vec<Seq>,
}

/// Messages to star.
#[derive(Clone, Debug)]
pub struct StarMessages {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// Where.
    pub conversation: ConversationId,
    /// Which, at most [`STARRED_AT_ONCE_MAX`](stonechat_types::limits::STARRED_AT_ONCE_MAX).
    pub seqs: Vec<Seq>,
    /// Whether they are to be starred, or no longer.
    pub starred: bool,
}

/// A change of when a user is not to be disturbed.
#[derive(Clone, Debug)]
pub struct SetQuiet {
    /// The client's id of the command.
    pub command_id: CommandId,
    /// What.
    pub patch: QuietPatch,
}

/// Which messages that call the caller are wanted.
#[derive(Clone, Copy, Debug)]
pub struct ListMentions {
    /// Where.
    pub conversation: ConversationId,
    /// Those after this ordinal.
    pub after: Ordinal,
    /// Messages at most; 0 for the default.
    pub limit: u32,
}

/// Which messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MessageRange {
    /// The newest.
    Newest,
    /// With smaller ordinals, nearest first.
    Before(Ordinal),
    /// With larger ordinals.
    After(Ordinal),
    /// Around one.
    Around(Ordinal),
}
