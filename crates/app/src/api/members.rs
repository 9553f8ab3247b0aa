//! Who is in a group, who asks to come in, and whom it keeps out.

use super::answer::UserView;
use bytes::Bytes;
use stonechat_domain::member::Role;
use stonechat_types::id::UserId;
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::{Nickname, Reason};

/// Members of a conversation.
#[derive(Clone, Debug)]
pub struct MembersPage {
    /// The members.
    pub members: Vec<MemberView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
    /// The conversation's head when the page was made.
    pub as_of: Seq,
}

/// A member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberView {
    /// Who.
    pub user: UserView,
    /// What he may do.
    pub role: Role,
    /// What he is called here.
    pub nickname: Option<Nickname>,
    /// Until when he may not write; zero when he may.
    pub muted_until: Timestamp,
}

/// Users who ask to be let into a group, or are asked to come in.
#[derive(Clone, Debug)]
pub struct AskersPage {
    /// The users.
    pub askers: Vec<AskerView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}

/// A user who asks to be let into a group, or is asked to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AskerView {
    /// Who.
    pub user: UserView,
    /// What he says of it.
    pub message: Option<Reason>,
    /// Who asks: himself, or a member.
    pub by: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// Users whom a group keeps out.
#[derive(Clone, Debug)]
pub struct BansPage {
    /// The users.
    pub bans: Vec<BanView>,
    /// Where it goes on; empty at the end.
    pub next: Bytes,
}

/// A user whom a group keeps out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BanView {
    /// Who.
    pub user: UserView,
    /// Until when; the largest time is for good.
    pub until: Timestamp,
    /// Why.
    pub reason: Option<Reason>,
    /// By whom.
    pub by: UserId,
    /// Since when.
    pub at: Timestamp,
}
