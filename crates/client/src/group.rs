//! Groups and channels besides their members: what they say of themselves, their settings, and what is done with both.

use std::time::Duration;

use bytes::Bytes;
use stonechat_domain::group::{FOR_GOOD, InfoPatch, JoinMode, Settings, SettingsPatch, Who};
use stonechat_types::id::{ConversationKind, UserId};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::{Announcement, Nickname, Reason, TextError};
use stonechat_wire::v1::change_conversation::Change;
use stonechat_wire::v1::{self, event, frame::Body};

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
        let body = Body::GetConversation(v1::GetConversation { conversation_id: self.id.to_string() });
        let Body::Conversation(answer) = self.inner.call(body).await? else {
            return Err(Error::Protocol("get_conversation was answered by another frame".into()));
        };
        let event = answer.group.and_then(|group| group.announcement);
        Ok(event.and_then(|event| {
            let Some(event::Change::Announced(announced)) = event.change else { return None };
            let by = UserId::new(&event.sender_id).ok()?;
            Some(Announced { seq: Seq(event.seq), text: announced.text, by, at: Timestamp(event.sent_at) })
        }))
    }

    /// Becomes a member of an open group by oneself, or subscribes to a channel.
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
