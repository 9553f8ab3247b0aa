//! Groups and channels besides their members: what they say of themselves, their settings, and what is done with both.

use std::fmt;
use std::num::NonZeroU32;
use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use eyeball::Subscriber;
use imbl::OrdMap;
use ring::digest::{SHA256, digest};
use stonechat_domain::group::{FOR_GOOD, InfoPatch, JoinMode, Link, LinkId, Settings, SettingsPatch, Who};
use stonechat_types::id::{ConversationId, ConversationKind, UserId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::{Announcement, Nickname, Reason, TextError};
use stonechat_wire::v1::change_conversation::Change;
use stonechat_wire::v1::{self, event, frame::Body};

use crate::account::Account;
use crate::conversation::Conversation;
use crate::core::translate;
use crate::error::{Error, Result};
use crate::state::Member;

/// A group or a channel besides its members, as a list shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    /// What it is about; empty when that is not said.
    pub description: String,
    /// The app's own reference to its picture; empty when it has none.
    pub avatar: String,
    /// The app's own data.
    pub extension: Bytes,
    /// What members may do, and what they are shown.
    pub settings: Settings,
    /// The event of the announcement; zero when there is none.
    pub announcement: Seq,
    /// Whether it has ended: what was said stays.
    pub dissolved: bool,
    /// Until when the user may not write; zero when he may.
    pub muted_until: Timestamp,
    /// What the user is called here; empty as everywhere.
    pub nickname: String,
}

/// What the user asks of groups, or is asked, by group.
pub type AllAsking = OrdMap<ConversationId, Arc<Asking>>;

/// Whether a user who is no member is about to be one.
pub use stonechat_domain::group::Asking as AskingState;

/// That the user asks to be let into a group, or is asked to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asking {
    /// Which group.
    pub conversation: ConversationId,
    /// Which of the two; nothing any more when it was answered.
    pub state: AskingState,
    /// What the group was called.
    pub title: String,
    /// Who did it last.
    pub by: Option<UserId>,
    /// When.
    pub at: Timestamp,
}

impl Asking {
    pub(crate) fn of(wire: &v1::Asking) -> Option<Self> {
        let state = match v1::AskingState::try_from(wire.state) {
            Ok(v1::AskingState::Applied) => AskingState::Applied,
            Ok(v1::AskingState::Invited) => AskingState::Invited,
            Ok(v1::AskingState::Unspecified) | Err(_) => AskingState::Nothing,
        };
        let (conversation, by) = (wire.conversation_id.parse().ok()?, UserId::new(&wire.by_id).ok());
        Some(Self { conversation, state, title: wire.title.clone(), by, at: Timestamp(wire.at) })
    }
}

/// Somebody who asks to be let into a group, or is asked to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub user: UserId,
    /// What people call him.
    pub display_name: String,
    /// What he says of it.
    pub message: String,
    /// Himself, or who asked him to come in.
    pub by: Option<UserId>,
    /// Since when.
    pub at: Timestamp,
}

/// A link by which one joins: the group, and a token that only those have to whom it was given. Its text may be shown as a
/// QR code.
#[derive(Clone, PartialEq, Eq)]
pub struct JoinLink {
    /// The group.
    pub conversation: ConversationId,
    token: [u8; 16],
}

impl JoinLink {
    /// The name of it, by which it is revoked. Who knows it cannot join.
    #[must_use]
    pub fn id(&self) -> LinkId {
        let mut id = [0; 16];
        id.copy_from_slice(&digest(&SHA256, &self.token).as_ref()[..16]);
        LinkId(id)
    }
}

impl fmt::Display for JoinLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{:032x}", self.conversation, u128::from_be_bytes(self.token))
    }
}

impl fmt::Debug for JoinLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Whoever reads a log does not join.
        write!(f, "JoinLink({}.…)", self.conversation)
    }
}

impl FromStr for JoinLink {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let wrong = || Error::argument("link", "is not one of ours");
        let (conversation, token) = text.split_once('.').ok_or_else(wrong)?;
        let is_hex = token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit());
        let token = u128::from_str_radix(token, 16).ok().filter(|_| is_hex).ok_or_else(wrong)?;
        Ok(Self { conversation: conversation.parse().map_err(|_| wrong())?, token: token.to_be_bytes() })
    }
}

impl Account {
    /// What the user asks of groups, or is asked, as this device knows it: a value now, and a stream of changes.
    pub fn asking(&self) -> Subscriber<AllAsking> {
        self.inner.runtime.views().asking()
    }

    /// Becomes a member of a group by a link.
    ///
    /// # Errors
    /// Whatever the server answers: `not_found` when the link is not good any more.
    pub async fn join_by_link(&self, link: &JoinLink) -> Result<Conversation> {
        let conversation = self.conversation(&link.conversation);
        let token = Bytes::copy_from_slice(&link.token);
        conversation.change(Change::JoinByLink(v1::JoinByLink { token })).await?;
        Ok(conversation)
    }
}

impl Group {
    /// One of which nothing was said yet.
    #[must_use]
    pub fn of(kind: ConversationKind) -> Self {
        Self {
            description: String::new(),
            avatar: String::new(),
            extension: Bytes::new(),
            settings: Settings::of(kind),
            announcement: Seq::ZERO,
            dissolved: false,
            muted_until: Timestamp::default(),
            nickname: String::new(),
        }
    }
}

/// What all members are to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Announced {
    /// The event.
    pub seq: Seq,
    /// What.
    pub text: String,
    /// Who says so.
    pub by: UserId,
    /// Since when.
    pub at: Timestamp,
}

/// A user who is kept out of a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who.
    pub user: UserId,
    /// What people call him.
    pub display_name: String,
    /// Until when; `None` is for good.
    pub until: Option<Timestamp>,
    /// Why; empty when that is not said.
    pub reason: String,
    /// By whom.
    pub by: Option<UserId>,
    /// Since when.
    pub at: Timestamp,
}

fn checked<T>(
    field: &'static str,
    text: &str,
    check: impl FnOnce(&str) -> std::result::Result<T, TextError>,
) -> Result<String> {
    if !text.is_empty() {
        check(text).map_err(|error| Error::argument(field, error))?;
    }
    Ok(text.to_owned())
}

/// 0 is for good on the wire, so nothing lasts less than a millisecond.
fn lasts_ms(lasts: Option<Duration>) -> u64 {
    lasts.map_or(0, |lasts| u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX).max(1))
}

impl Conversation {
    /// Changes what the group says of itself, besides its title. What the patch does not name stays.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn set_info(&self, patch: &InfoPatch) -> Result<()> {
        let text = |text: Option<&str>| text.unwrap_or_default().to_owned();
        let set = v1::SetInfo {
            description: patch.description.as_ref().map(|it| text(it.as_ref().map(|it| it.as_str()))),
            avatar: patch.avatar.as_ref().map(|it| text(it.as_ref().map(|it| it.as_str()))),
            extension: patch.extension.clone(),
        };
        self.change(Change::SetInfo(set)).await
    }

    /// Changes settings of the group. What the patch does not name stays.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn change_settings(&self, patch: SettingsPatch) -> Result<()> {
        let settings = Some(translate::settings_to_wire(&patch));
        self.change(Change::ChangeSettings(v1::ChangeSettings { settings })).await
    }

    /// Gives the group to another member; the user is an admin from then on.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn transfer_owner(&self, to: &UserId) -> Result<()> {
        self.change(Change::TransferOwner(v1::TransferOwner { user_id: to.to_string() })).await
    }

    /// Leaves the group, of which the user is the last owner, to another member.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn leave_to(&self, successor: &UserId) -> Result<()> {
        self.change(Change::LeaveTo(v1::LeaveTo { user_id: successor.to_string() })).await
    }

    /// Ends the group for everybody. What was said stays with those who saw it.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn dissolve(&self) -> Result<()> {
        self.change(Change::Dissolve(v1::Dissolve {})).await
    }

    /// Lets a member not write, for a while or until he is unmuted.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn mute(&self, user: &UserId, lasts: Option<Duration>, reason: &str) -> Result<()> {
        let reason = checked("reason", reason, Reason::new)?;
        let mute = v1::MuteMember { user_id: user.to_string(), lasts_ms: lasts_ms(lasts), reason };
        self.change(Change::MuteMember(mute)).await
    }

    /// Lets a member write again.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn unmute(&self, user: &UserId) -> Result<()> {
        self.change(Change::UnmuteMember(v1::UnmuteMember { user_id: user.to_string() })).await
    }

    /// Lets nobody but admins write.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn mute_all(&self) -> Result<()> {
        self.change_settings(SettingsPatch { speak: Some(Who::Admins), ..SettingsPatch::default() }).await
    }

    /// Lets everybody write again who is not muted himself.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn unmute_all(&self) -> Result<()> {
        self.change_settings(SettingsPatch { speak: Some(Who::Everybody), ..SettingsPatch::default() }).await
    }

    /// Keeps a user out of the group, for a while or until that is lifted. If he is in, he is removed.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn ban(&self, user: &UserId, lasts: Option<Duration>, reason: &str) -> Result<()> {
        let reason = checked("reason", reason, Reason::new)?;
        let ban = v1::BanMember { user_id: user.to_string(), lasts_ms: lasts_ms(lasts), reason };
        self.change(Change::BanMember(ban)).await
    }

    /// Keeps a user out no longer.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn lift_ban(&self, user: &UserId) -> Result<()> {
        self.change(Change::LiftBan(v1::LiftBan { user_id: user.to_string() })).await
    }

    /// Who is kept out, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn bans(&self) -> Result<Vec<Ban>> {
        let (mut bans, mut page) = (Vec::new(), Bytes::new());
        loop {
            let conversation_id = self.id.to_string();
            let body = Body::ListBans(v1::ListBans { conversation_id, page, limit: 0 });
            let Body::Bans(answer) = self.inner.call(body).await? else {
                return Err(Error::Protocol("list_bans was answered by another frame".into()));
            };
            bans.extend(answer.bans.into_iter().filter_map(ban));
            if answer.next_page.is_empty() {
                return Ok(bans);
            }
            page = answer.next_page;
        }
    }

    /// Calls the user something else in this group; empty is as everywhere.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn set_nickname(&self, nickname: &str) -> Result<()> {
        let nickname = checked("nickname", nickname, Nickname::new)?;
        self.change(Change::SetNickname(v1::SetNickname { nickname })).await
    }

    /// Tells all members something; empty takes it away.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn announce(&self, text: &str) -> Result<()> {
        let text = checked("text", text, Announcement::new)?;
        self.change(Change::Announce(v1::Announce { text })).await
    }

    /// What all members are to know, from the server; also who came later is told.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn announcement(&self) -> Result<Option<Announced>> {
        let event = self.group_of_server().await?.and_then(|group| group.announcement);
        Ok(event.and_then(|event| {
            let Some(event::Change::Announced(announced)) = event.change else { return None };
            let by = UserId::new(&event.sender_id).ok()?;
            Some(Announced { seq: Seq(event.seq), text: announced.text, by, at: Timestamp(event.sent_at) })
        }))
    }

    /// Asks to be let in, with a word to the admins.
    ///
    /// # Errors
    /// [`Error::InvalidArgument`]; whatever the server answers.
    pub async fn apply(&self, message: &str) -> Result<()> {
        let message = checked("message", message, Reason::new)?;
        self.change(Change::Apply(v1::Apply { message })).await
    }

    /// Lets in whoever asked for it.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn accept_application(&self, user: &UserId) -> Result<()> {
        self.change(Change::AcceptApplication(v1::AcceptApplication { user_id: user.to_string() })).await
    }

    /// Does not let him in.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn decline_application(&self, user: &UserId) -> Result<()> {
        self.change(Change::DeclineApplication(v1::DeclineApplication { user_id: user.to_string() })).await
    }

    /// Asks a user to come in; he accepts it by [`Conversation::join`].
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn invite(&self, user: &UserId) -> Result<()> {
        self.change(Change::Invite(v1::Invite { user_id: user.to_string() })).await
    }

    /// Does not come in.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn decline_invitation(&self) -> Result<()> {
        self.change(Change::DeclineInvitation(v1::DeclineInvitation {})).await
    }

    /// Who asks to be let in, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn applications(&self) -> Result<Vec<Asker>> {
        self.askers(v1::AskingState::Applied).await
    }

    /// Who is asked to come in, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn invitations(&self) -> Result<Vec<Asker>> {
        self.askers(v1::AskingState::Invited).await
    }

    async fn askers(&self, which: v1::AskingState) -> Result<Vec<Asker>> {
        let (mut askers, mut page) = (Vec::new(), Bytes::new());
        loop {
            let (conversation_id, which) = (self.id.to_string(), which.into());
            let body = Body::ListAskers(v1::ListAskers { conversation_id, which, page, limit: 0 });
            let Body::Askers(answer) = self.inner.call(body).await? else {
                return Err(Error::Protocol("list_askers was answered by another frame".into()));
            };
            askers.extend(answer.askers.into_iter().filter_map(|asker| {
                let (user, by) = (UserId::new(&asker.user_id).ok()?, UserId::new(&asker.by_id).ok());
                let (display_name, message, at) = (asker.display_name, asker.message, Timestamp(asker.at));
                Some(Asker { user, display_name, message, by, at })
            }));
            if answer.next_page.is_empty() {
                return Ok(askers);
            }
            page = answer.next_page;
        }
    }

    /// Makes a link by which one joins, for a while or until it is revoked, for so many or for any number. The server
    /// never has it: keep it.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn make_link(&self, lasts: Option<Duration>, uses: Option<NonZeroU32>) -> Result<JoinLink> {
        let mut token = [0; 16];
        self.inner.config.entropy.fill(&mut token);
        let link = JoinLink { conversation: self.id, token };
        let id = Bytes::copy_from_slice(&link.id().0);
        let uses = uses.map_or(0, NonZeroU32::get);
        self.change(Change::MakeLink(v1::MakeLink { link: id, lasts_ms: lasts_ms(lasts), uses })).await?;
        Ok(link)
    }

    /// Lets nobody join by a link any more.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn revoke_link(&self, link: LinkId) -> Result<()> {
        self.change(Change::RevokeLink(v1::RevokeLink { link: Bytes::copy_from_slice(&link.0) })).await
    }

    /// The links by which one joins, from the server. Only admins are told.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn links(&self) -> Result<Vec<Link>> {
        let links = self.group_of_server().await?.map(|group| group.links).unwrap_or_default();
        let link = |link: v1::Link| {
            let id = LinkId(link.link[..].try_into().ok()?);
            Some(Link { id, until: Timestamp(link.until), left: link.left })
        };
        Ok(links.into_iter().filter_map(link).collect())
    }

    async fn group_of_server(&self) -> Result<Option<v1::GroupState>> {
        let body = Body::GetConversation(v1::GetConversation { conversation_id: self.id.to_string() });
        let Body::Conversation(answer) = self.inner.call(body).await? else {
            return Err(Error::Protocol("get_conversation was answered by another frame".into()));
        };
        Ok(answer.group)
    }

    /// Becomes a member of an open group by oneself, accepts an invitation, or subscribes to a channel.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn join(&self) -> Result<()> {
        self.change(Change::Join(v1::Join {})).await
    }

    /// Admins and owners, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn admins(&self) -> Result<Vec<Member>> {
        self.list_members(v1::MemberFilter::Admins).await
    }

    /// Members who have read the announcement, by their read cursors, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn announcement_readers(&self) -> Result<Vec<Member>> {
        self.list_members(v1::MemberFilter::ReadAnnouncement).await
    }

    /// Members who have not, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn announcement_not_readers(&self) -> Result<Vec<Member>> {
        self.list_members(v1::MemberFilter::NotReadAnnouncement).await
    }

    /// Members who may not write, or might not until lately, page by page from the server.
    ///
    /// # Errors
    /// Whatever the server answers.
    pub async fn muted_members(&self) -> Result<Vec<Member>> {
        self.list_members(v1::MemberFilter::Muted).await
    }
}

fn ban(ban: v1::Ban) -> Option<Ban> {
    Some(Ban {
        user: UserId::new(&ban.user_id).ok()?,
        display_name: ban.display_name,
        until: Some(Timestamp(ban.until)).filter(|until| *until < FOR_GOOD),
        reason: ban.reason,
        by: UserId::new(&ban.by_id).ok(),
        at: Timestamp(ban.at),
    })
}

/// The names of settings in documents and stores: those that say who.
pub(crate) const fn who_name(who: Who) -> &'static str {
    match who {
        Who::Everybody => "everybody",
        Who::Admins => "admins",
    }
}

/// The same of how one joins.
pub(crate) const fn join_name(join: JoinMode) -> &'static str {
    match join {
        JoinMode::Invitation => "invitation",
        JoinMode::Approval => "approval",
        JoinMode::Open => "open",
    }
}
