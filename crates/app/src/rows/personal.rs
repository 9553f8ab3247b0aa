//! Entries of personal state: their keys and values.

use super::codec::{Reader, Writer, damaged, role_byte, role_of};
use super::user::{add_byte, add_of, message_byte, message_of};
use super::{deletions, group, plays, preferences, presence, quiet, relation, stars};
use crate::api::{AskingView, DeviceView, OwnProfile, PersonalItem, ProfileView, RelationView};
use bytes::{BufMut, Bytes, BytesMut};
use std::sync::Arc;
use stonechat_domain::device::{Platform, SignOut};
use stonechat_domain::member::Member;
use stonechat_log::store::LogError;
use stonechat_types::id::{ConversationId, DeviceId, UserId, Username};
use stonechat_types::number::{Seq, Timestamp};
use stonechat_types::text::{DisplayName, Note, Title};

const MEMBERSHIP: u8 = 1;
const READ: u8 = 2;
const DEVICE: u8 = 3;
const PREFERENCES: u8 = 4;
const DELETIONS: u8 = 5;
const STARS: u8 = 6;
const QUIET: u8 = 7;
const RELATION: u8 = 10;
const PROFILE: u8 = 11;
const PRESENCE: u8 = 12;
const ASKING: u8 = 20;
const RECEIPTS: u8 = 24;
const PLAYS: u8 = 25;
const VERSION: u8 = 1;
/// The first version of a device knew of no classes.
const DEVICE_VERSION: u8 = 2;

fn with(kind: u8, rest: &[u8]) -> Bytes {
    let mut key = BytesMut::with_capacity(1 + rest.len());
    key.put_u8(kind);
    key.put_slice(rest);
    key.freeze()
}

/// Whether an entry holds words of people, which are sealed.
#[must_use]
pub fn has_words(key: &[u8]) -> bool {
    matches!(key.first(), Some(&(PREFERENCES | RELATION | PROFILE | PRESENCE | ASKING)))
}

/// The key of a membership.
#[must_use]
pub fn membership_key(id: ConversationId) -> Bytes {
    with(MEMBERSHIP, id.as_bytes())
}

/// The key of a read cursor.
#[must_use]
pub fn read_key(id: ConversationId) -> Bytes {
    with(READ, id.as_bytes())
}

/// The key of what a user prefers in a conversation.
#[must_use]
pub fn preferences_key(id: ConversationId) -> Bytes {
    with(PREFERENCES, id.as_bytes())
}

/// What the keys of preferences start with.
pub const PREFERENCES_PREFIX: &[u8] = &[PREFERENCES];

/// The key of what a user says of himself for the time being.
#[must_use]
pub fn presence_key() -> Bytes {
    with(PRESENCE, &[])
}

/// The key of what a user removed from a conversation for himself.
#[must_use]
pub fn deletions_key(id: ConversationId) -> Bytes {
    with(DELETIONS, id.as_bytes())
}

/// The key of what a user starred in a conversation.
#[must_use]
pub fn stars_key(id: ConversationId) -> Bytes {
    with(STARS, id.as_bytes())
}

/// The key of when a user is not to be disturbed.
#[must_use]
pub fn quiet_key() -> Bytes {
    with(QUIET, &[])
}

/// The key of what a user knows of the voice messages of a conversation.
#[must_use]
pub fn plays_key(id: ConversationId) -> Bytes {
    with(PLAYS, id.as_bytes())
}

/// What all keys of stars start with.
pub const STARS_PREFIX: &[u8] = &[STARS];

/// The key of a device.
#[must_use]
pub fn device_key(id: &DeviceId) -> Bytes {
    with(DEVICE, id.as_str().as_bytes())
}

/// The key of a relation.
#[must_use]
pub fn relation_key(peer: &UserId) -> Bytes {
    with(RELATION, peer.as_str().as_bytes())
}

/// What all keys of relations start with.
pub const RELATION_PREFIX: &[u8] = &[RELATION];

/// What all keys of devices start with.
pub const DEVICE_PREFIX: &[u8] = &[DEVICE];

/// The entry of a membership as it is now.
#[must_use]
pub fn membership(id: ConversationId, member: &Member) -> PersonalItem {
    PersonalItem::Membership {
        conversation: id,
        role: member.is_active().then_some(member.role),
        visible_upto: if member.is_active() { Seq::ZERO } else { member.visible_upto(Seq::ZERO) },
    }
}

/// The entry of a read cursor as it is now.
#[must_use]
pub fn read(id: ConversationId, member: &Member) -> PersonalItem {
    PersonalItem::Read { conversation: id, upto: member.read_seq, ordinal: member.read_ordinal }
}

/// The entry of the other user of a direct conversation: how far a member is now.
#[must_use]
pub fn receipts(id: ConversationId, member: &Member) -> PersonalItem {
    PersonalItem::Receipts { conversation: id, read: member.read_seq, delivered: member.delivered() }
}

/// The key and value of an entry.
#[must_use]
pub fn encode(item: &PersonalItem) -> (Bytes, Bytes) {
    let mut row = Writer::new(if matches!(item, PersonalItem::Device(_)) { DEVICE_VERSION } else { VERSION });
    match item {
        PersonalItem::Membership { conversation, role, visible_upto } => {
            row.u8(role.map_or(0, role_byte)).u64(visible_upto.0);
            (membership_key(*conversation), row.finish())
        }
        PersonalItem::Read { conversation, upto, ordinal } => {
            row.u64(upto.0).u64(ordinal.0);
            (read_key(*conversation), row.finish())
        }
        PersonalItem::Receipts { conversation, read, delivered } => {
            row.u64(read.0).u64(delivered.0);
            (with(RECEIPTS, conversation.as_bytes()), row.finish())
        }
        PersonalItem::Device(device) => {
            row.u64(device.seen_at.0 as u64).u8(u8::from(device.revoked)).u64(device.revoked_at.0 as u64);
            row.bytes(device.name.as_bytes()).bytes(device.client.as_bytes());
            row.u8(platform_byte(device.platform)).u8(sign_out_byte(device.signed_out));
            (device_key(&device.id), row.finish())
        }
        PersonalItem::Relation(view) => {
            row.maybe_time(view.contacts_since).maybe_time(view.blocks_since);
            relation::request(&mut row, view.incoming.as_ref());
            relation::request(&mut row, view.outgoing.as_ref());
            relation::declined(&mut row, view.declined.as_ref());
            relation::remarks(&mut row, &view.remarks);
            (relation_key(&view.peer), row.finish())
        }
        PersonalItem::Asking(view) => {
            row.u8(group::asking_byte(view.asking)).bytes(view.by.as_str().as_bytes()).u64(view.at.0 as u64);
            group::text(&mut row, view.title.as_ref().map(Title::as_str));
            (with(ASKING, view.conversation.as_bytes()), row.finish())
        }
        PersonalItem::Profile(own) => {
            let view = &own.profile;
            row.bytes(view.id.as_str().as_bytes()).maybe(view.name.as_ref().map(DisplayName::as_str));
            row.maybe(view.username.as_ref().map(Username::as_str)).maybe(view.avatar.as_deref());
            row.fields(&view.public).u64(view.changed_at.0 as u64).maybe(view.question.as_ref().map(Note::as_str));
            row.fields(&own.private).u8(message_byte(own.who_may_message)).u8(add_byte(own.who_may_add));
            (with(PROFILE, &[]), row.finish())
        }
        PersonalItem::Preferences(conversation, preferences) => {
            preferences::write(&mut row, preferences);
            (preferences_key(*conversation), row.finish())
        }
        PersonalItem::Presence(settings) => {
            presence::write(&mut row, settings);
            (presence_key(), row.finish())
        }
        PersonalItem::Deletions(conversation, it) => {
            deletions::write(&mut row, it);
            (deletions_key(*conversation), row.finish())
        }
        PersonalItem::Quiet(it) => {
            quiet::write(&mut row, it);
            (quiet_key(), row.finish())
        }
        PersonalItem::Stars(conversation, it) => {
            stars::write(&mut row, it);
            (stars_key(*conversation), row.finish())
        }
        PersonalItem::Plays(conversation, it) => {
            plays::write(&mut row, it);
            (plays_key(*conversation), row.finish())
        }
    }
}

/// Reads an entry; `None` for a kind of a later version.
///
/// # Errors
/// [`LogError::Corrupt`] when it is not in its form.
pub fn decode(key: &[u8], value: &[u8]) -> Result<Option<PersonalItem>, LogError> {
    let Some((kind, name)) = key.split_first() else { return Err(damaged("personal state")) };
    let version = match value.first() {
        Some(&DEVICE_VERSION) if *kind == DEVICE => DEVICE_VERSION,
        _ => VERSION,
    };
    let mut row = Reader::new(value, version, "personal state")?;
    let mut read = || {
        let item = match *kind {
            MEMBERSHIP => {
                let role = row.u8()?;
                let role = if role == 0 { None } else { Some(role_of(role)?) };
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Membership { conversation, role, visible_upto: row.seq()? }
            }
            READ => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Read { conversation, upto: row.seq()?, ordinal: row.ordinal()? }
            }
            RECEIPTS => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Receipts { conversation, read: row.seq()?, delivered: row.seq()? }
            }
            DEVICE => {
                let id = DeviceId::new(std::str::from_utf8(name).ok()?).ok()?;
                let (seen_at, revoked) = (Timestamp(row.u64()? as i64), row.flag()?);
                let revoked_at = Timestamp(row.u64()? as i64);
                let (name, client) = (row.text()?.to_owned(), row.text()?.to_owned());
                let with_class = version == DEVICE_VERSION;
                let platform = if with_class { platform_of(row.u8()?)? } else { Platform::Other };
                let signed_out = if with_class { sign_out_of(row.u8()?)? } else { None };
                PersonalItem::Device(DeviceView {
                    id,
                    name,
                    client,
                    seen_at,
                    revoked,
                    revoked_at,
                    platform,
                    signed_out,
                })
            }
            ASKING => {
                let conversation = ConversationId::from_slice(name).ok()?;
                let (asking, by, at) = (group::asking_of(row.u8()?)?, UserId::new(row.text()?).ok()?, row.time()?);
                let title = group::read_text(&mut row, |text| Title::new(text).ok())?;
                PersonalItem::Asking(Box::new(AskingView { conversation, asking, title, by, at }))
            }
            RELATION => PersonalItem::Relation(Box::new(RelationView {
                peer: UserId::new(std::str::from_utf8(name).ok()?).ok()?,
                contacts_since: row.maybe_time()?,
                blocks_since: row.maybe_time()?,
                incoming: relation::read_request(&mut row)?,
                outgoing: relation::read_request(&mut row)?,
                declined: relation::read_declined(&mut row)?,
                remarks: relation::read_remarks(&mut row)?,
            })),
            PROFILE if name.is_empty() => {
                let profile = ProfileView {
                    id: UserId::new(row.text()?).ok()?,
                    name: row.maybe(DisplayName::new)?,
                    username: row.maybe(Username::new)?,
                    avatar: row.maybe(|text| Ok::<_, ()>(Arc::from(text)))?,
                    public: row.fields()?,
                    changed_at: Timestamp(row.u64()? as i64),
                    question: row.maybe(Note::new)?,
                };
                let private = row.fields()?;
                let (who_may_message, who_may_add) = (message_of(row.u8()?)?, add_of(row.u8()?)?);
                PersonalItem::Profile(Box::new(OwnProfile { profile, private, who_may_message, who_may_add }))
            }
            PRESENCE if name.is_empty() => PersonalItem::Presence(Box::new(presence::read(&mut row)?)),
            PREFERENCES => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Preferences(conversation, Box::new(preferences::read(&mut row)?))
            }
            DELETIONS => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Deletions(conversation, Arc::new(deletions::read(&mut row)?))
            }
            QUIET if name.is_empty() => PersonalItem::Quiet(Box::new(quiet::read(&mut row)?)),
            STARS => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Stars(conversation, Arc::new(stars::read(&mut row)?))
            }
            PLAYS => {
                let conversation = ConversationId::from_slice(name).ok()?;
                PersonalItem::Plays(conversation, Arc::new(plays::read(&mut row)?))
            }
            _ => return Some(None),
        };
        row.end()?;
        Some(Some(item))
    };
    read().ok_or_else(|| damaged("personal state"))
}

fn platform_byte(platform: Platform) -> u8 {
    match platform {
        Platform::Other => 0,
        Platform::Phone => 1,
        Platform::Tablet => 2,
        Platform::Desktop => 3,
        Platform::Web => 4,
        Platform::Bot => 5,
    }
}

fn platform_of(byte: u8) -> Option<Platform> {
    Platform::ALL.iter().map(|(platform, _)| *platform).find(|platform| platform_byte(*platform) == byte)
}

fn sign_out_byte(signed_out: Option<SignOut>) -> u8 {
    match signed_out {
        None => 0,
        Some(SignOut::ByUser) => 1,
        Some(SignOut::Replaced) => 2,
        Some(SignOut::ByApp) => 3,
    }
}

#[expect(clippy::option_option, reason = "the outer says whether the row is in its form")]
fn sign_out_of(byte: u8) -> Option<Option<SignOut>> {
    match byte {
        0 => Some(None),
        1 => Some(Some(SignOut::ByUser)),
        2 => Some(Some(SignOut::Replaced)),
        3 => Some(Some(SignOut::ByApp)),
        _ => None,
    }
}
