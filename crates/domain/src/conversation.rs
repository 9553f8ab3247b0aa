//! The state of a conversation that every decision needs.

use crate::group::{Info, Link, Settings};
use crate::member::UserRef;
use stonechat_types::id::{ConversationId, ConversationKind};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, Timestamp};
use stonechat_types::text::Title;

/// A conversation, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Conversation {
    /// The tenant.
    pub app: AppId,
    /// Its id.
    pub id: ConversationId,
    /// Its dense number.
    pub no: ConversationNo,
    /// Who made it.
    pub creator: UserRef,
    /// The other user of a direct one.
    pub peer: Option<UserRef>,
    /// The title of a group.
    pub title: Option<Title>,
    /// The last event.
    pub head: Seq,
    /// Number of countable messages.
    pub ordinal: Ordinal,
    /// Time of the last event.
    pub last_sent_at: Timestamp,
    /// Members now.
    pub members: u32,
    /// Owners now.
    pub owners: u32,
    /// The last event that let somebody in: every member sees what is not before it.
    pub last_join: Seq,
    /// What members may do, and what they are shown.
    pub settings: Settings,
    /// What a group says of itself besides its title.
    pub info: Info,
    /// The event of the announcement; `ZERO` when there is none.
    pub announcement: Seq,
    /// Users who are kept out.
    pub bans: u32,
    /// Whether it has ended.
    pub dissolved: bool,
    /// Users who ask to be let in.
    pub applications: u32,
    /// Users who are asked to come in.
    pub invitations: u32,
    /// Links by which one joins, also some that are not good any more; few.
    pub links: Vec<Link>,
}

impl Conversation {
    /// A conversation that has no event yet.
    #[must_use]
    pub fn empty(app: AppId, id: ConversationId, no: ConversationNo, creator: UserRef) -> Self {
        Self {
            app,
            id,
            no,
            creator,
            peer: None,
            title: None,
            head: Seq::ZERO,
            ordinal: Ordinal::ZERO,
            last_sent_at: Timestamp::default(),
            members: 0,
            owners: 0,
            last_join: Seq::ZERO,
            settings: Settings::of(id.kind()),
            info: Info::default(),
            announcement: Seq::ZERO,
            bans: 0,
            dissolved: false,
            applications: 0,
            invitations: 0,
            links: Vec::new(),
        }
    }

    /// The other user of a direct one; `None` where there is none.
    #[must_use]
    pub fn other_than(&self, user: &UserRef) -> Option<&UserRef> {
        let peer = self.peer.as_ref().filter(|_| self.kind() == ConversationKind::Direct)?;
        Some(if self.creator == *user { peer } else { &self.creator }).filter(|other| *other != user)
    }

    /// Whether it has begun.
    #[must_use]
    pub fn exists(&self) -> bool {
        self.head > Seq::ZERO
    }

    /// Whether nobody comes in any more: it was dissolved, or everybody left it, so that it has no owner.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        self.dissolved || self.exists() && self.members == 0
    }

    /// What sort it is.
    #[must_use]
    pub fn kind(&self) -> ConversationKind {
        self.id.kind()
    }
}
