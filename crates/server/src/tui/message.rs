//! What happens to the client, and what it wants done.

use std::sync::Arc;

use ratatui::crossterm::event::KeyEvent;
use ratatui::layout::Size;
use stonechat_client::content_types::ContentTypes;
use stonechat_client::group::{AllAsking, JoinLink};
use stonechat_client::people::Relations;
use stonechat_client::presence::Presences;
use stonechat_client::quiet::Quiet;
use stonechat_client::state::{
    ConnectionState, ConversationSummary, Member, MessageWindows, Role, Target, TimelineItem,
};
use stonechat_client::timeline::Pagination;
use stonechat_types::id::{ClientMsgId, ConversationId, UserId};
use stonechat_types::number::{Ordinal, Seq, Timestamp};
use stonechat_types::text::Tag;

use crate::tui::found::Hit;
use crate::tui::menu_message::Readers;
use crate::tui::wish::{Facts, GroupWish, PeopleWish};

/// Something that happened.
#[derive(Clone, Debug)]
pub enum Msg {
    /// A key was pressed.
    Key(KeyEvent),
    /// A text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(Size),
    /// The terminal got the focus.
    Focused,
    /// The terminal lost the focus.
    Unfocused,
    /// When the user is not to be disturbed.
    Quiet(Arc<Quiet>),
    /// Time passed.
    Tick(Timestamp),
    /// The connection changed.
    Connection(ConnectionState),
    /// Unread messages over all conversations.
    TotalUnread(u64),
    /// How long messages may be changed.
    Windows(Option<MessageWindows>),
    /// The types of content that the app declares.
    ContentTypes(Arc<ContentTypes>),
    /// Whether people are there.
    Presences(Presences),
    /// The list changed.
    Conversations(Vec<Arc<ConversationSummary>>),
    /// A conversation is to be shown.
    Opened(ConversationId, Option<UserId>),
    /// The lines of a conversation changed.
    Timeline(ConversationId, Vec<Arc<TimelineItem>>),
    /// Somebody writes, or stopped.
    Typing(ConversationId, Vec<UserId>),
    /// Older messages came, or could not be had.
    Older(ConversationId, Vec<Arc<TimelineItem>>, Result<Pagination, String>),
    /// Who is in a conversation.
    Members(ConversationId, Result<Vec<Member>, String>),
    /// What people are called.
    Names(Vec<(UserId, String)>),
    /// What people were called when this device last asked.
    OldNames(Vec<(UserId, String)>),
    /// Messages that the user asked for: what they are, and what to say when there are none.
    Listed(&'static str, &'static str, Result<Vec<Hit>, String>),
    /// The next message that calls the user.
    Mentioned(ConversationId, Option<(Seq, Ordinal)>),
    /// Who has read a message.
    Readers(ConversationId, Readers),
    /// What was found on this device by a text.
    Found(String, Result<Vec<Hit>, String>),
    /// A group was made, or the user came into one.
    GroupCreated(ConversationId),
    /// A group was changed as the user wanted.
    GroupChanged(ConversationId),
    /// A link was made by which one joins.
    LinkMade(ConversationId, String),
    /// What only the server knows of a group.
    Facts(ConversationId, Box<Facts>),
    /// What the user and others are to each other.
    Relations(Relations),
    /// Groups that the user is asked to come into, or asks to be let into.
    Asking(AllAsking),
    /// Something that the user asked for was done.
    Told(String),
    /// Something that the user asked for could not be done.
    Failed(String),
    /// A text could not even be kept; it goes back into the composer.
    NotKept(ConversationId, String, String),
}

/// What is preferred in a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Preference {
    /// Whether it stands above the others.
    Pinned(bool),
    /// Whether it is muted.
    Muted(bool),
    /// Until when it is muted.
    MutedUntil(Timestamp),
    /// Whether it is kept apart.
    Archived(bool),
    /// In which folders it lies.
    Folders(Vec<Tag>),
    /// That nothing that was said so far is shown any more.
    Cleared,
    /// That it is not listed until something happens in it.
    Deleted,
    /// Whether it is shown as unread.
    MarkedUnread(bool),
    /// What is being written.
    Draft(String),
}

/// Something that is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Read a conversation, and follow it.
    Open(ConversationId, Option<UserId>),
    /// Find the direct conversation with a user, and open it.
    OpenDirect(UserId),
    /// Send a text.
    Send {
        /// Where to.
        id: ConversationId,
        /// What.
        text: String,
        /// The last event that was shown.
        read_upto: Option<Seq>,
        /// The message that it answers.
        reply_to: Option<Seq>,
    },
    /// The user writes, or stopped.
    Typing(ConversationId, Activity),
    /// Everything up to here was seen.
    MarkRead(ConversationId, Seq),
    /// Load older messages.
    LoadOlder(ConversationId),
    /// Load what is missing after an ordinal.
    FillGap(ConversationId, Ordinal),
    /// Send a failed message, or a failed change of one, again.
    Retry(ClientMsgId),
    /// Take a failed message, or a failed change of one, away.
    Discard(ClientMsgId),
    /// Let an own message say something else.
    Edit(ConversationId, Target, String),
    /// Add an emoji to a message, or take it back.
    React {
        /// Where.
        id: ConversationId,
        /// The message.
        message: Target,
        /// Which.
        emoji: String,
        /// Whether to add it.
        add: bool,
    },
    /// Prefer something in a conversation.
    Prefer(ConversationId, Preference),
    /// Pin a message for everybody, or no longer.
    Pin(ConversationId, Target, bool),
    /// Take a message back, for everybody.
    Recall(ConversationId, Target),
    /// Star a message, or take the star away.
    Star(ConversationId, Seq, bool),
    /// Say that a voice message was played.
    Play(ConversationId, Seq),
    /// Remove a message for this user alone.
    Delete(ConversationId, Seq),
    /// Make a group.
    CreateGroup(String, Vec<UserId>),
    /// Ask who is in a conversation.
    FetchMembers(ConversationId),
    /// Add people to a group.
    AddMembers(ConversationId, Vec<UserId>),
    /// List what is pinned in a conversation.
    ListPinned(ConversationId),
    /// List what the user starred.
    ListStarred,
    /// Find the next message after an ordinal that calls the user.
    NextMention(ConversationId, Ordinal),
    /// Ask who has read a message.
    FetchReaders(ConversationId, Seq),
    /// Send a message of a conversation on to another.
    Forward {
        /// Where it is.
        from: ConversationId,
        /// Which.
        message: Seq,
        /// Where to.
        to: ConversationId,
    },
    /// Find what was said, on this device.
    Search(String),
    /// Ask what only the server knows of a group, as far as the role of the user goes.
    FetchFacts(ConversationId, Role),
    /// Change a group.
    ChangeGroup(ConversationId, GroupWish),
    /// Change what the user and another are to each other.
    ChangePeople(PeopleWish),
    /// Come into a group by a link.
    JoinByLink(JoinLink),
    /// Leave a group.
    Leave(ConversationId),
    /// Ask what people are called.
    FetchNames(Vec<UserId>),
    /// Watch whether these people are there, and no others.
    Watch(Vec<UserId>),
    /// Take the line above the unread away.
    HideMarker,
    /// Try to connect now.
    TryNow,
    /// Ring the bell.
    Bell,
    /// End.
    Quit,
}

impl Effect {
    /// Whether a conversation is to be opened once the server has answered.
    #[must_use]
    pub const fn asks_to_open(&self) -> bool {
        matches!(self, Self::OpenDirect(_) | Self::CreateGroup(..) | Self::JoinByLink(_) | Self::ChangeGroup(..))
    }
}

/// Whether somebody is writing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// He is.
    Writing,
    /// He stopped.
    Stopped,
}
