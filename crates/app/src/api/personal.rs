//! What belongs to one user alone, as his devices are told it.

use super::people::{OwnProfile, RelationView};
use std::sync::Arc;
use stonechat_domain::deletions::Deletions;
use stonechat_domain::device::{Platform, SignOut};
use stonechat_domain::group::Asking;
use stonechat_domain::member::Role;
use stonechat_domain::plays::Plays;
use stonechat_domain::preferences::Preferences;
use stonechat_domain::presence::PresenceSettings;
use stonechat_domain::quiet::Quiet;
use stonechat_domain::stars::Stars;
use stonechat_types::id::{ConversationId, DeviceId, UserId};
use stonechat_types::number::{Ordinal, PersonalSeq, Seq, Timestamp};
use stonechat_types::text::Title;

/// Personal changes.
#[derive(Clone, Debug, Default)]
pub struct PersonalPage {
    /// Each key once.
    pub changes: Vec<(PersonalSeq, PersonalItem)>,
    /// Complete up to here.
    pub upto: PersonalSeq,
    /// Whether more follow.
    pub more: bool,
}

/// One entry of personal state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PersonalItem {
    /// A membership.
    Membership {
        /// Where.
        conversation: ConversationId,
        /// The role; `None` when it ended.
        role: Option<Role>,
        /// When it ended: the last seq that may be seen.
        visible_upto: Seq,
    },
    /// A read cursor.
    Read {
        /// Where.
        conversation: ConversationId,
        /// Up to here.
        upto: Seq,
        /// Its ordinal.
        ordinal: Ordinal,
    },
    /// How far the other user of a direct conversation is.
    Receipts {
        /// Where.
        conversation: ConversationId,
        /// Up to where he has read.
        read: Seq,
        /// Up to where a device of his has stored it, or he has read.
        delivered: Seq,
    },
    /// A device.
    Device(DeviceView),
    /// What the user and another are to each other.
    Relation(Box<RelationView>),
    /// The user's own profile.
    Profile(Box<OwnProfile>),
    /// What the user prefers in a conversation.
    Preferences(ConversationId, Box<Preferences>),
    /// What the user says of himself for the time being, and who is shown what.
    Presence(Box<PresenceSettings>),
    /// What the user removed from a conversation for himself.
    Deletions(ConversationId, Arc<Deletions>),
    /// When the user is not to be disturbed.
    Quiet(Box<Quiet>),
    /// What the user starred in a conversation.
    Stars(ConversationId, Arc<Stars>),
    /// What the user knows of the voice messages of a conversation: which he has played, and how many others his.
    Plays(ConversationId, Arc<Plays>),
    /// That the user asks to be let into a group, or is asked to come in.
    Asking(Box<AskingView>),
}

/// A device of a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeviceView {
    /// Which.
    pub id: DeviceId,
    /// For people.
    pub name: String,
    /// The client's name and version.
    pub client: String,
    /// When it last signed in.
    pub seen_at: Timestamp,
    /// Whether it was signed out.
    pub revoked: bool,
    /// When it was last signed out, also after it came back: tokens from before stay worthless. Zero for never.
    pub revoked_at: Timestamp,
    /// Its class.
    pub platform: Platform,
    /// Why it was last signed out; `None` for never, and where that was not kept.
    pub signed_out: Option<SignOut>,
}

/// That a user asks to be let into a group, or is asked to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskingView {
    /// Which group.
    pub conversation: ConversationId,
    /// Which of the two; nothing any more when it was answered.
    pub asking: Asking,
    /// What the group was called.
    pub title: Option<Title>,
    /// Who did it last.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
}
