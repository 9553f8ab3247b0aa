//! Loads: what a command may need that is not in memory. A command waits only while its own conversation loads.

use super::job::Key;
use super::plays::Room;
use super::slot::{Loaded, Slot};
use crate::api::PersonalItem;
use crate::node::Node;
use crate::rows::user::User;
use crate::rows::{self, conversation, key, member, personal};
use bytes::Bytes;
use roaring::RoaringBitmap;
use std::sync::Arc;
use stonechat_domain::conversation::Conversation;
use stonechat_domain::kind::EventKind;
use stonechat_domain::member::{Member, UserRef};
use stonechat_domain::message::Message;
use stonechat_domain::plays::Plays;
use stonechat_domain::relation::Relation;
use stonechat_log::packed;
use stonechat_log::personal as stored;
use stonechat_log::store::{LogError, PageLimit};
use stonechat_types::emoji::Emoji;
use stonechat_types::id::{ConversationKind, UserId};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, UserNo};

/// What is missing.
#[derive(Clone, Debug)]
pub(crate) enum Need {
    /// The conversation itself and the membership of whoever asks.
    State(UserNo),
    /// Memberships.
    Members(ConversationNo, Vec<UserNo>),
    /// A packed row of acknowledgements.
    Dedup(Bytes),
    /// The ordinal at a seq.
    OrdinalAt(Seq),
    /// The other user of a direct conversation that has to begin.
    Peer(UserId),
    /// What became of a message, and what a user added to it.
    Message(ConversationNo, Seq, UserNo),
    /// Who has played a message, and what users know of those of the conversation that were played.
    Played(ConversationNo, Seq, Vec<UserNo>),
    /// What a user allows.
    User(UserNo),
    /// Who of the users that a message calls exists.
    Called(Vec<UserId>),
}

/// What was found.
pub(crate) enum Found {
    State(Option<Box<(Conversation, RoaringBitmap)>>, UserNo, Option<Member>, Box<Relation>),
    Members(Vec<(UserNo, Option<Member>)>),
    Dedup(Bytes, Bytes),
    OrdinalAt(Seq, Ordinal),
    Peer(Option<UserRef>),
    Message(Seq, Option<Box<Message>>, UserNo, Vec<Emoji>, usize),
    Played((Seq, RoaringBitmap), Vec<(UserNo, Plays)>),
    User(Option<Box<User>>),
    Called(Vec<UserNo>),
}

/// Loads what is missing.
pub(crate) async fn load(node: Arc<Node>, at: Key, need: Need) -> (Key, Result<Found, LogError>) {
    let found = match need {
        Need::State(asker) => state(&node, at, asker).await,
        Need::Members(no, users) => members(&node, at, no, users).await.map(Found::Members),
        Need::Dedup(row_key) => {
            let row = node.log.load(vec![row_key.clone()]).await;
            row.map(|rows| Found::Dedup(row_key, rows.into_iter().next().flatten().unwrap_or_default()))
        }
        Need::OrdinalAt(seq) => ordinal_at(&node, at, seq).await,
        Need::Peer(id) => peer(&node, at, &id).await,
        Need::Message(no, seq, user) => message(&node, at, no, (seq, user)).await,
        Need::Played(no, seq, users) => played(&node, at, (no, seq), users).await,
        Need::User(no) => node.directory.find_by_no(at.0, no).await.map(|user| Found::User(user.map(Box::new))),
        Need::Called(users) => called(&node, at, &users).await.map(Found::Called),
    };
    (at, found)
}

async fn state(node: &Node, (app, id): Key, asker: UserNo) -> Result<Found, LogError> {
    let direct = id.kind() == ConversationKind::Direct;
    let mut keys = vec![key::conversation(app, id)];
    keys.extend(direct.then(|| key::relation(app, id)));
    let rows = node.log.load(keys).await?;
    let relation = rows.get(1).and_then(Option::as_deref).map(rows::relation::decode).transpose()?.unwrap_or_default();
    let relation = Box::new(relation);
    let Some(row) = &rows[0] else { return Ok(Found::State(None, asker, None, relation)) };
    let state = conversation::decode(app, id, row)?;
    let rows = node.log.load(vec![key::roster(app, state.no), key::member(app, state.no, asker)]).await?;
    let mut roster = RoaringBitmap::new();
    for entry in packed::entries(rows[0].as_deref().unwrap_or_default()) {
        let (user, _) = entry.map_err(|error| LogError::Corrupt(error.to_string()))?;
        let user = user.try_into().map_err(|_| crate::rows::codec::damaged("a roster"))?;
        roster.insert(u32::from_be_bytes(user));
    }
    let member = rows[1].as_deref().map(member::decode).transpose()?;
    Ok(Found::State(Some(Box::new((state, roster))), asker, member, relation))
}

async fn members(
    node: &Node,
    (app, _): Key,
    no: ConversationNo,
    users: Vec<UserNo>,
) -> Result<Vec<(UserNo, Option<Member>)>, LogError> {
    let rows = node.log.load(users.iter().map(|user| key::member(app, no, *user)).collect()).await?;
    let members = rows.iter().map(|row| row.as_deref().map(member::decode).transpose());
    users.into_iter().zip(members).map(|(user, member)| Ok((user, member?))).collect()
}

async fn ordinal_at(node: &Node, (app, id): Key, seq: Seq) -> Result<Found, LogError> {
    let limit = PageLimit { items: 1, bytes: 1 };
    let page = node.log.events(app, id, Seq(seq.0 - 1), seq, limit).await?;
    let ordinal = page.events.first().map_or(Ordinal::ZERO, |event| event.header.ordinal);
    Ok(Found::OrdinalAt(seq, ordinal))
}

async fn message(
    node: &Node,
    (app, id): Key,
    no: ConversationNo,
    (seq, user): (Seq, UserNo),
) -> Result<Found, LogError> {
    let keys = vec![key::message(app, no, seq), key::reactions(app, no, seq), key::pinned(app, no)];
    let rows = node.log.load(keys).await?;
    let pins = packed::entries(rows[2].as_deref().unwrap_or_default()).count();
    if let Some(row) = &rows[0] {
        let entry = packed::get(rows[1].as_deref().unwrap_or_default(), &user.0.to_be_bytes());
        let entry = entry.map_err(|error| LogError::Corrupt(error.to_string()))?;
        let own = entry.map(rows::message::decode_own).transpose()?.unwrap_or_default();
        let mut message = Box::new(rows::message::decode(row)?);
        if message.recalled.is_none() {
            message.silent = is_silent(node, (app, no), message.ordinal).await?;
        }
        return Ok(Found::Message(seq, Some(message), user, own, pins));
    }
    let Some(before) = seq.0.checked_sub(1) else { return Ok(Found::Message(seq, None, user, Vec::new(), pins)) };
    let page = node.log.events(app, id, Seq(before), seq, PageLimit { items: 1, bytes: 1 }).await?;
    let header = page.events.into_iter().map(|event| event.header).find(|header| header.kind == EventKind::Message);
    let Some(header) = header else { return Ok(Found::Message(seq, None, user, Vec::new(), pins)) };
    let author = UserRef { no: header.sender_no, id: header.sender };
    let mut message = Box::new(Message::new(header.seq, header.ordinal, author, header.sent_at));
    message.silent = is_silent(node, (app, no), header.ordinal).await?;
    Ok(Found::Message(seq, Some(message), user, Vec::new(), pins))
}

async fn played(
    node: &Node,
    (app, id): Key,
    (no, seq): (ConversationNo, Seq),
    users: Vec<UserNo>,
) -> Result<Found, LogError> {
    let name = personal::plays_key(id);
    let mut keys = vec![key::players(app, no, seq)];
    keys.extend(users.iter().map(|user| stored::value_key(app, *user, &name)));
    let rows = node.log.load(keys).await?;
    let players = rows::plays::players(rows[0].as_deref().unwrap_or_default())?;
    let mut known = Vec::with_capacity(users.len());
    for (user, row) in users.into_iter().zip(&rows[1..]) {
        let value = row.as_ref().and_then(|row| stored::decode_value(row)?.1);
        let plays = match value.map(|value| personal::decode(&name, &value)).transpose()?.flatten() {
            Some(PersonalItem::Plays(_, plays)) => Plays::clone(&plays),
            Some(_) | None => Plays::default(),
        };
        known.push((user, plays));
    }
    Ok(Found::Played((seq, players), known))
}

/// Whether a message that was not taken back was sent silently: both have the same rows.
async fn is_silent(node: &Node, (app, no): (AppId, ConversationNo), ordinal: Ordinal) -> Result<bool, LogError> {
    let row = node.log.load(vec![key::recalled(app, no, ordinal)]).await?.into_iter().next().flatten();
    let entry = packed::get(row.as_deref().unwrap_or_default(), &ordinal.0.to_be_bytes());
    entry.map(|entry| entry.is_some()).map_err(|error| LogError::Corrupt(error.to_string()))
}

async fn called(node: &Node, (app, _): Key, users: &[UserId]) -> Result<Vec<UserNo>, LogError> {
    let mut found = Vec::with_capacity(users.len());
    for user in users {
        found.extend(node.directory.find(app, user).await?.map(|user| user.user.no));
    }
    Ok(found)
}

async fn peer(node: &Node, (app, _): Key, id: &UserId) -> Result<Found, LogError> {
    if let Some(user) = node.directory.find(app, id).await? {
        return Ok(Found::Peer(Some(user.user)));
    }
    if !node.options.auto_create {
        return Ok(Found::Peer(None));
    }
    match node.directory.ensure(app, id).await {
        Ok(user) => Ok(Found::Peer(Some(user.user))),
        Err(failure) if failure.code == stonechat_types::error_code::ErrorCode::StorageFull => {
            Err(LogError::StorageFull)
        }
        Err(_) => Err(LogError::Overloaded),
    }
}

/// Puts what was found into the slot.
pub(crate) fn install(slot: &mut Slot, found: Found) {
    match found {
        Found::State(None, _, _, relation) => {
            let mut loaded = Loaded::new(None, RoaringBitmap::new());
            loaded.relation = *relation;
            slot.loaded = Some(loaded);
        }
        Found::State(Some(state), asker, member, relation) => {
            let (state, roster) = *state;
            let mut loaded = Loaded::new(Some(state), roster);
            loaded.relation = *relation;
            loaded.learn(asker, member);
            slot.loaded = Some(loaded);
        }
        Found::Members(members) => {
            if let Some(loaded) = &mut slot.loaded {
                members.into_iter().for_each(|(user, member)| loaded.learn(user, member));
            }
        }
        Found::Dedup(row_key, row) => slot.brought.dedup = Some((row_key, row)),
        Found::OrdinalAt(seq, ordinal) => {
            if let Some(loaded) = &mut slot.loaded {
                loaded.note(seq, ordinal);
            }
        }
        Found::Peer(peer) => slot.brought.peer = Some(peer),
        Found::User(user) => slot.brought.user = user.map(|user| *user),
        Found::Called(users) => slot.brought.called = Some(users),
        Found::Played(players, known) => {
            let room = if slot.open == 0 { Room::MayBeMade } else { Room::MustBeKept };
            if let Some(loaded) = &mut slot.loaded {
                loaded.played.learn(players, known, room);
            }
        }
        Found::Message(seq, message, user, own, pins) => {
            if let Some(loaded) = &mut slot.loaded {
                loaded.messages.learn_pins(pins);
                loaded.messages.learn(seq, message.map(|message| *message), (user, own), loaded.committed);
            }
        }
    }
}
