//! The bytes of what a group is besides its members, and of what changes it.

use super::codec::{Reader, Writer, damaged};
use bytes::Bytes;
use stonechat_domain::group::{
    Asking, For, GroupChange, GroupCommand, Info, InfoPatch, JoinMode, Link, LinkId, Measure, Settings, SettingsPatch,
    Who,
};
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::UserRef;
use stonechat_log::store::LogError;
use stonechat_types::number::Timestamp;
use stonechat_types::text::{Announcement, AvatarRef, Description, Nickname, Reason};

const VERSION: u8 = 1;
/// What a patch leaves as it is.
const KEPT: u8 = 0xFF;

/// An entry of the list of those who are kept out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ban {
    /// Who is kept out, until when, and why.
    pub measure: Measure,
    /// By whom.
    pub by: UserRef,
    /// Since when.
    pub at: Timestamp,
}

/// The row of a ban.
#[must_use]
pub fn encode_ban(ban: &Ban) -> Bytes {
    let mut row = Writer::new(VERSION);
    measure(&mut row, &ban.measure);
    row.user(&ban.by).u64(ban.at.0 as u64);
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_ban(row: &[u8]) -> Result<Ban, LogError> {
    let mut row = Reader::new(row, VERSION, "a ban")?;
    let mut read = || {
        let ban = Ban { measure: read_measure(&mut row)?, by: row.user()?, at: row.time()? };
        row.end()?;
        Some(ban)
    };
    read().ok_or_else(|| damaged("a ban"))
}

/// An entry of the list of those who ask to be let in, or are asked to come in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asker {
    /// Who.
    pub user: UserRef,
    /// Which of the two.
    pub asking: Asking,
    /// What he says of it.
    pub message: Option<Reason>,
    /// Who asks: himself, or a member.
    pub by: UserRef,
    /// Since when.
    pub at: Timestamp,
}

/// The row of one who asks.
#[must_use]
pub fn encode_asker(asker: &Asker) -> Bytes {
    let mut row = Writer::new(VERSION);
    row.user(&asker.user).u8(asking_byte(asker.asking));
    text(&mut row, asker.message.as_ref().map(Reason::as_str));
    row.user(&asker.by).u64(asker.at.0 as u64);
    row.finish()
}

/// Reads it.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode_asker(row: &[u8]) -> Result<Asker, LogError> {
    let mut row = Reader::new(row, VERSION, "one who asks")?;
    let mut read = || {
        let (user, asking) = (row.user()?, asking_of(row.u8()?)?);
        let message = read_text(&mut row, |text| Reason::new(text).ok())?;
        let asker = Asker { user, asking, message, by: row.user()?, at: row.time()? };
        row.end()?;
        Some(asker)
    };
    read().ok_or_else(|| damaged("one who asks"))
}

/// The byte of whether somebody asks.
#[must_use]
pub(super) const fn asking_byte(asking: Asking) -> u8 {
    match asking {
        Asking::Nothing => 0,
        Asking::Applied => 1,
        Asking::Invited => 2,
    }
}

/// What a byte says of whether somebody asks.
#[must_use]
pub(super) const fn asking_of(byte: u8) -> Option<Asking> {
    match byte {
        0 => Some(Asking::Nothing),
        1 => Some(Asking::Applied),
        2 => Some(Asking::Invited),
        _ => None,
    }
}

/// Writes links.
pub(super) fn links(row: &mut Writer, links: &[Link]) {
    row.u8(links.len() as u8);
    links.iter().for_each(|it| link(row, it));
}

/// Reads links.
pub(super) fn read_links(row: &mut Reader<'_>) -> Option<Vec<Link>> {
    (0..row.u8()?).map(|_| read_link(row)).collect()
}

fn link(row: &mut Writer, link: &Link) {
    row.raw(&link.id.0).u64(link.until.0 as u64).u8(u8::from(link.left.is_some())).u32(link.left.unwrap_or(0));
}

fn read_link(row: &mut Reader<'_>) -> Option<Link> {
    let (id, until, is_counted, left) = (LinkId(row.key()?), row.time()?, row.flag()?, row.u32()?);
    // Without a count there is no number.
    (is_counted || left == 0).then_some(Link { id, until, left: is_counted.then_some(left) })
}

const fn who_byte(who: Who) -> u8 {
    match who {
        Who::Everybody => 0,
        Who::Admins => 1,
    }
}

fn who_of(byte: u8) -> Option<Who> {
    match byte {
        0 => Some(Who::Everybody),
        1 => Some(Who::Admins),
        _ => None,
    }
}

const fn join_byte(join: JoinMode) -> u8 {
    match join {
        JoinMode::Invitation => 0,
        JoinMode::Approval => 1,
        JoinMode::Open => 2,
    }
}

fn join_of(byte: u8) -> Option<JoinMode> {
    match byte {
        0 => Some(JoinMode::Invitation),
        1 => Some(JoinMode::Approval),
        2 => Some(JoinMode::Open),
        _ => None,
    }
}

/// Writes settings.
pub(super) fn settings(row: &mut Writer, settings: &Settings) {
    let Settings { speak, invite, edit_info, mention_all, pin, join, history, receipts, members_hidden } = *settings;
    for who in [speak, invite, edit_info, mention_all, pin] {
        row.u8(who_byte(who));
    }
    row.u8(join_byte(join)).u8(u8::from(history)).u8(u8::from(receipts)).u8(u8::from(members_hidden));
}

/// Reads settings.
pub(super) fn read_settings(row: &mut Reader<'_>) -> Option<Settings> {
    Some(Settings {
        speak: who_of(row.u8()?)?,
        invite: who_of(row.u8()?)?,
        edit_info: who_of(row.u8()?)?,
        mention_all: who_of(row.u8()?)?,
        pin: who_of(row.u8()?)?,
        join: join_of(row.u8()?)?,
        history: row.flag()?,
        receipts: row.flag()?,
        members_hidden: row.flag()?,
    })
}

/// Writes an info.
pub(super) fn info(row: &mut Writer, info: &Info) {
    text(row, info.description.as_ref().map(Description::as_str));
    text(row, info.avatar.as_ref().map(AvatarRef::as_str));
    row.bytes(&info.extension);
}

/// Reads an info.
pub(super) fn read_info(row: &mut Reader<'_>) -> Option<Info> {
    Some(Info {
        description: read_text(row, |text| Description::new(text).ok())?,
        avatar: read_text(row, |text| AvatarRef::new(text).ok())?,
        extension: Bytes::copy_from_slice(row.bytes()?),
    })
}

/// Writes a text that may be missing.
pub(super) fn text(row: &mut Writer, text: Option<&str>) {
    row.bytes(text.unwrap_or_default().as_bytes());
}

/// Reads a text that may be missing, which is never empty.
pub(super) fn read_text<T>(row: &mut Reader<'_>, check: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    let text = row.text()?;
    if text.is_empty() { Some(None) } else { Some(Some(check(text)?)) }
}

fn measure(row: &mut Writer, measure: &Measure) {
    row.user(&measure.user).u64(measure.until.0 as u64);
    text(row, measure.reason.as_ref().map(Reason::as_str));
}

fn read_measure(row: &mut Reader<'_>) -> Option<Measure> {
    let (user, until) = (row.user()?, row.time()?);
    Some(Measure { user, until, reason: read_text(row, |text| Reason::new(text).ok())? })
}

/// Writes a change.
pub(super) fn change(row: &mut Writer, change: &GroupChange) {
    match change {
        GroupChange::InfoChanged(it) => info(row, it),
        GroupChange::SettingsChanged(it) => settings(row, it),
        GroupChange::OwnerChanged(user)
        | GroupChange::OwnerLeft(user)
        | GroupChange::Unmuted(user)
        | GroupChange::BanLifted(user) => drop(row.user(user)),
        GroupChange::Muted(it) => measure(row, it),
        GroupChange::Banned { measure: it, removed } => {
            measure(row, it);
            row.u8(u8::from(*removed));
        }
        GroupChange::NicknameChanged(it) => text(row, it.as_ref().map(Nickname::as_str)),
        GroupChange::Announced(it) => text(row, it.as_ref().map(Announcement::as_str)),
        GroupChange::ApplicationDeclined(user) | GroupChange::Invited(user) => _ = row.user(user),
        GroupChange::Joined(Some(id)) | GroupChange::LinkRevoked(id) => _ = row.raw(&id.0),
        GroupChange::LinkMade(it) => link(row, it),
        GroupChange::Dissolved | GroupChange::Joined(None) | GroupChange::Applied | GroupChange::InvitationDeclined => {
        }
    }
}

/// Reads a change of a kind; `None` when it is damaged, or of no kind of these.
pub(super) fn read_change(kind: EventKind, row: &mut Reader<'_>) -> Option<GroupChange> {
    Some(match kind {
        EventKind::InfoChanged => GroupChange::InfoChanged(read_info(row)?),
        EventKind::SettingsChanged => GroupChange::SettingsChanged(read_settings(row)?),
        EventKind::OwnerChanged => GroupChange::OwnerChanged(row.user()?),
        EventKind::OwnerLeft => GroupChange::OwnerLeft(row.user()?),
        EventKind::Dissolved => GroupChange::Dissolved,
        EventKind::MemberMuted => GroupChange::Muted(read_measure(row)?),
        EventKind::MemberUnmuted => GroupChange::Unmuted(row.user()?),
        EventKind::MemberBanned => GroupChange::Banned { measure: read_measure(row)?, removed: row.flag()? },
        EventKind::BanLifted => GroupChange::BanLifted(row.user()?),
        EventKind::NicknameChanged => GroupChange::NicknameChanged(read_text(row, |text| Nickname::new(text).ok())?),
        EventKind::Announced => GroupChange::Announced(read_text(row, |text| Announcement::new(text).ok())?),
        EventKind::Joined if row.is_empty() => GroupChange::Joined(None),
        EventKind::Joined => GroupChange::Joined(Some(LinkId(row.key()?))),
        EventKind::Applied => GroupChange::Applied,
        EventKind::ApplicationDeclined => GroupChange::ApplicationDeclined(row.user()?),
        EventKind::Invited => GroupChange::Invited(row.user()?),
        EventKind::InvitationDeclined => GroupChange::InvitationDeclined,
        EventKind::LinkMade => GroupChange::LinkMade(read_link(row)?),
        EventKind::LinkRevoked => GroupChange::LinkRevoked(LinkId(row.key()?)),
        _ => return None,
    })
}

/// Writes a command, so that a retry is known from another command under the same id.
pub(super) fn command(row: &mut Writer, command: &GroupCommand) {
    let lasting = |row: &mut Writer, it: &For| {
        row.user(&it.user).u64(it.lasts_ms.map_or(u64::MAX, |ms| ms));
        text(row, it.reason.as_ref().map(Reason::as_str));
    };
    match command {
        GroupCommand::SetInfo(patch) => info_patch(row.u8(1), patch),
        GroupCommand::ChangeSettings(patch) => settings_patch(row.u8(2), patch),
        GroupCommand::TransferOwner(user) => drop(row.u8(3).user(user)),
        GroupCommand::LeaveTo(user) => drop(row.u8(4).user(user)),
        GroupCommand::Dissolve => drop(row.u8(5)),
        GroupCommand::Mute(it) => lasting(row.u8(6), it),
        GroupCommand::Unmute(user) => drop(row.u8(7).user(user)),
        GroupCommand::Ban(it) => lasting(row.u8(8), it),
        GroupCommand::LiftBan(user) => drop(row.u8(9).user(user)),
        GroupCommand::SetNickname(it) => text(row.u8(10), it.as_ref().map(Nickname::as_str)),
        GroupCommand::Announce(it) => text(row.u8(11), it.as_ref().map(Announcement::as_str)),
        GroupCommand::Join(None) => _ = row.u8(12),
        GroupCommand::Join(Some(id)) => _ = row.u8(13).raw(&id.0),
        GroupCommand::Apply(it) => text(row.u8(14), it.as_ref().map(Reason::as_str)),
        GroupCommand::AcceptApplication(user) => _ = row.u8(15).user(user),
        GroupCommand::DeclineApplication(user) => _ = row.u8(16).user(user),
        GroupCommand::Invite(user) => _ = row.u8(17).user(user),
        GroupCommand::DeclineInvitation => _ = row.u8(18),
        GroupCommand::MakeLink { id, lasts_ms, uses } => {
            row.u8(19).raw(&id.0).u64(lasts_ms.map_or(u64::MAX, |ms| ms)).u32(uses.unwrap_or(u32::MAX));
        }
        GroupCommand::RevokeLink(id) => _ = row.u8(20).raw(&id.0),
    }
}

fn info_patch(row: &mut Writer, patch: &InfoPatch) {
    let InfoPatch { description, avatar, extension } = patch;
    row.u8(u8::from(description.is_some())).u8(u8::from(avatar.is_some())).u8(u8::from(extension.is_some()));
    text(row, description.as_ref().and_then(Option::as_ref).map(Description::as_str));
    text(row, avatar.as_ref().and_then(Option::as_ref).map(AvatarRef::as_str));
    row.bytes(extension.as_deref().unwrap_or_default());
}

fn settings_patch(row: &mut Writer, patch: &SettingsPatch) {
    let SettingsPatch { speak, invite, edit_info, mention_all, pin, join, history, receipts, members_hidden } = *patch;
    for who in [speak, invite, edit_info, mention_all, pin] {
        row.u8(who.map_or(KEPT, who_byte));
    }
    row.u8(join.map_or(KEPT, join_byte));
    for flag in [history, receipts, members_hidden] {
        row.u8(flag.map_or(KEPT, u8::from));
    }
}
