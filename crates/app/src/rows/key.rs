//! Keys of the application's rows. Numbers are big-endian, so that rows of a kind sort by them.

use bytes::{BufMut, Bytes, BytesMut};
use stonechat_types::id::{ConversationId, UserId, Username};
use stonechat_types::number::{AppId, ConversationNo, Ordinal, Seq, UserNo};

const CONVERSATION: u8 = 0x01;
const MEMBER: u8 = 0x02;
const ROSTER: u8 = 0x03;
const DEDUP: u8 = 0x04;
const COLUMN: u8 = 0x05;
const USER: u8 = 0x06;
const USER_BY_NO: u8 = 0x07;
const NEXT_USER: u8 = 0x08;
const FOLLOWER: u8 = 0x09;
const OF_FOLLOWER: u8 = 0x0A;
const MESSAGE: u8 = 0x0B;
const CHANGED: u8 = 0x0C;
const REACTIONS: u8 = 0x0D;
const RECALLED: u8 = 0x0E;
const SCRUB: u8 = 0x40;
const PROFILE: u8 = 0x20;
const USERNAME: u8 = 0x21;
const RELATION: u8 = 0x22;
const COMMANDS: u8 = 0x23;
const LAST_SEEN: u8 = 0x24;
const BAN: u8 = 0x30;
const MENTIONS: u8 = 0x0F;
const PINNED: u8 = 0x10;
const ASKER: u8 = 0x31;
/// Where a user removed messages for himself; also what sets the words of such commands apart.
pub const DELETIONS: u8 = 0x11;
/// Sets the words of commands about quiet times apart.
pub const QUIET: u8 = 0x13;
const PLAYERS: u8 = 0x18;
/// How many messages a user starred; also what sets the words of such commands apart.
pub const STARS: u8 = 0x12;

/// Ordinals of one row of messages that were taken back, as a power of two.
const RECALLED_CHUNK_BITS: u32 = 10;
/// Ordinals of one row of messages that call somebody, as a power of two.
const MENTIONS_CHUNK_BITS: u32 = 10;

fn start(family: u8, app: AppId, room: usize) -> BytesMut {
    let mut out = BytesMut::with_capacity(5 + room);
    out.put_u8(family);
    out.put_u32(app.0);
    out
}

/// The state of a conversation.
#[must_use]
pub fn conversation(app: AppId, id: ConversationId) -> Bytes {
    let mut key = start(CONVERSATION, app, 16);
    key.put_slice(id.as_bytes());
    key.freeze()
}

/// One membership, present or past.
#[must_use]
pub fn member(app: AppId, conversation: ConversationNo, user: UserNo) -> Bytes {
    let mut key = start(MEMBER, app, 8);
    key.put_u32(conversation.0);
    key.put_u32(user.0);
    key.freeze()
}

/// The members of a conversation now: a packed row of user number → role.
#[must_use]
pub fn roster(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(ROSTER, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

/// Packed acknowledgements of one sender in one conversation whose ids share their first four bytes (65 s of UUIDv7).
#[must_use]
pub fn dedup(app: AppId, conversation: ConversationNo, sender: UserNo, id: &[u8; 16]) -> Bytes {
    let mut key = start(DEDUP, app, 12);
    key.put_u32(conversation.0);
    key.put_u32(sender.0);
    key.put_slice(&id[..4]);
    key.freeze()
}

/// The chunk of a user's membership columns that holds a conversation.
#[must_use]
pub fn column(app: AppId, user: UserNo, conversation: ConversationNo) -> Bytes {
    let mut key = start(COLUMN, app, 8);
    key.put_u32(user.0);
    key.put_u32(conversation.0 >> super::column::CHUNK_BITS);
    key.freeze()
}

/// What the keys of a user's columns start with.
#[must_use]
pub fn columns(app: AppId, user: UserNo) -> Bytes {
    let mut key = start(COLUMN, app, 4);
    key.put_u32(user.0);
    key.freeze()
}

/// Where a user removed messages for himself: a packed row of conversation → ordinal, for a chunk of conversations.
#[must_use]
pub fn deleted(app: AppId, user: UserNo, conversation: ConversationNo) -> Bytes {
    let mut key = start(DELETIONS, app, 8);
    key.put_u32(user.0);
    key.put_u32(conversation.0 >> super::column::CHUNK_BITS);
    key.freeze()
}

/// What all rows of that kind of a user start with.
#[must_use]
pub fn all_deleted(app: AppId, user: UserNo) -> Bytes {
    let mut key = start(DELETIONS, app, 4);
    key.put_u32(user.0);
    key.freeze()
}

/// How many messages a user starred.
#[must_use]
pub fn stars_total(app: AppId, user: UserNo) -> Bytes {
    let mut key = start(STARS, app, 4);
    key.put_u32(user.0);
    key.freeze()
}

/// A user by the app's own name.
#[must_use]
pub fn user(app: AppId, id: &UserId) -> Bytes {
    let mut key = start(USER, app, 64);
    key.put_slice(id.as_str().as_bytes());
    key.freeze()
}

/// A user by number.
#[must_use]
pub fn user_by_no(app: AppId, no: UserNo) -> Bytes {
    let mut key = start(USER_BY_NO, app, 4);
    key.put_u32(no.0);
    key.freeze()
}

/// What a user tells of himself, beside his names.
#[must_use]
pub fn profile(app: AppId, no: UserNo) -> Bytes {
    let mut key = start(PROFILE, app, 4);
    key.put_u32(no.0);
    key.freeze()
}

/// Who has a username.
#[must_use]
pub fn username(app: AppId, name: &Username) -> Bytes {
    let mut key = start(USERNAME, app, 32);
    key.put_slice(name.as_str().as_bytes());
    key.freeze()
}

/// What two users are to each other, beside their direct conversation.
#[must_use]
pub fn relation(app: AppId, direct: ConversationId) -> Bytes {
    let mut key = start(RELATION, app, 16);
    key.put_slice(direct.as_bytes());
    key.freeze()
}

/// Packed acknowledgements of one user's commands about another user, or about himself, by the direct conversation of the
/// two. Ids that share their first four bytes share a row.
#[must_use]
pub fn commands(app: AppId, direct: ConversationId, user: UserNo, id: &[u8; 16]) -> Bytes {
    let mut key = start(COMMANDS, app, 24);
    key.put_slice(direct.as_bytes());
    key.put_u32(user.0);
    key.put_slice(&id[..4]);
    key.freeze()
}

/// When a user was seen last.
#[must_use]
pub fn last_seen(app: AppId, no: UserNo) -> Bytes {
    let mut key = start(LAST_SEEN, app, 4);
    key.put_u32(no.0);
    key.freeze()
}

/// The number that the next user gets.
#[must_use]
pub fn next_user(app: AppId) -> Bytes {
    start(NEXT_USER, app, 0).freeze()
}

/// A user whom a group keeps out.
#[must_use]
pub fn ban(app: AppId, conversation: ConversationNo, user: UserNo) -> Bytes {
    let mut key = start(BAN, app, 8);
    key.put_u32(conversation.0);
    key.put_u32(user.0);
    key.freeze()
}

/// A user who asks a group to be let in, or is asked to come in.
#[must_use]
pub fn asker(app: AppId, conversation: ConversationNo, user: UserNo) -> Bytes {
    let mut key = start(ASKER, app, 8);
    key.put_u32(conversation.0);
    key.put_u32(user.0);
    key.freeze()
}

/// What the keys of all those of a group start with.
#[must_use]
pub fn askers(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(ASKER, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

/// What the keys of all those whom a group keeps out start with.
#[must_use]
pub fn bans(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(BAN, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

fn of_seq(family: u8, app: AppId, conversation: ConversationNo, seq: Seq) -> Bytes {
    let mut key = start(family, app, 12);
    key.put_u32(conversation.0);
    key.put_u64(seq.0);
    key.freeze()
}

/// What became of a message, by its seq. None when nothing has changed it.
#[must_use]
pub fn message(app: AppId, conversation: ConversationNo, seq: Seq) -> Bytes {
    of_seq(MESSAGE, app, conversation, seq)
}

/// The message that an event changed, where no later one has changed it.
#[must_use]
pub fn changed(app: AppId, conversation: ConversationNo, by: Seq) -> Bytes {
    of_seq(CHANGED, app, conversation, by)
}

/// What the keys of the changes of a conversation start with.
#[must_use]
pub fn changes(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(CHANGED, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

/// Who added what to a message: a packed row of user number → emojis.
#[must_use]
pub fn reactions(app: AppId, conversation: ConversationNo, seq: Seq) -> Bytes {
    of_seq(REACTIONS, app, conversation, seq)
}

/// Who has played a voice message: a packed row of user numbers.
#[must_use]
pub fn players(app: AppId, conversation: ConversationNo, seq: Seq) -> Bytes {
    of_seq(PLAYERS, app, conversation, seq)
}

/// The messages of a stretch of ordinals that were taken back: a packed row of ordinal → event and author.
#[must_use]
pub fn recalled(app: AppId, conversation: ConversationNo, ordinal: Ordinal) -> Bytes {
    of_seq(RECALLED, app, conversation, Seq(ordinal.0 >> RECALLED_CHUNK_BITS))
}

/// What the keys of a conversation's rows of that kind start with.
#[must_use]
pub fn recalled_of(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(RECALLED, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

/// What all rows of that kind start with.
#[must_use]
pub fn all_recalled() -> Bytes {
    Bytes::from_static(&[RECALLED])
}

/// The conversation of a row of that kind, and the greatest ordinal that it may have.
#[must_use]
pub fn recalled_in(key: &[u8]) -> Option<(AppId, ConversationNo, Ordinal)> {
    let (app, rest) = key.strip_prefix(&[RECALLED])?.split_first_chunk()?;
    let (conversation, chunk) = rest.split_first_chunk()?;
    let chunk = u64::from_be_bytes(chunk.try_into().ok()?);
    let last = chunk.checked_add(1)?.checked_mul(1 << RECALLED_CHUNK_BITS)? - 1;
    Some((AppId(u32::from_be_bytes(*app)), ConversationNo(u32::from_be_bytes(*conversation)), Ordinal(last)))
}

/// The messages of a stretch of ordinals that call a user, or everybody: a packed row of ordinal → event and author.
#[must_use]
pub fn mentions(app: AppId, conversation: ConversationNo, called: Called, ordinal: Ordinal) -> Bytes {
    let mut key = BytesMut::from(&mentions_of(app, conversation, called)[..]);
    key.put_u64(ordinal.0 >> MENTIONS_CHUNK_BITS);
    key.freeze()
}

/// What the keys of the rows of that kind of somebody start with.
#[must_use]
pub fn mentions_of(app: AppId, conversation: ConversationNo, called: Called) -> Bytes {
    let mut key = start(MENTIONS, app, 16);
    key.put_u32(conversation.0);
    match called {
        Called::User(user) => key.put_u32(user.0),
        Called::Everybody => key.put_u32(u32::MAX),
    }
    key.freeze()
}

/// The messages that are pinned in a conversation: a packed row of seq → ordinal and event.
#[must_use]
pub fn pinned(app: AppId, conversation: ConversationNo) -> Bytes {
    let mut key = start(PINNED, app, 4);
    key.put_u32(conversation.0);
    key.freeze()
}

/// Who is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Called {
    /// One user.
    User(UserNo),
    /// Everybody in the conversation.
    Everybody,
}

/// The app of a row that holds words of people, which are sealed; `None` for all other rows.
#[must_use]
pub fn app_of_words(key: &[u8]) -> Option<AppId> {
    let (family, rest) = key.split_first()?;
    let app = rest.first_chunk().filter(|_| matches!(*family, PROFILE | RELATION | BAN | ASKER))?;
    Some(AppId(u32::from_be_bytes(*app)))
}

/// What is to be scrubbed of a message that was taken back, by its seq.
#[must_use]
pub fn scrub(app: AppId, conversation: ConversationNo, seq: Seq) -> Bytes {
    of_seq(SCRUB, app, conversation, seq)
}

/// What all rows of that kind start with.
#[must_use]
pub fn all_scrubs() -> Bytes {
    Bytes::from_static(&[SCRUB])
}

/// The app of a row of that kind.
#[must_use]
pub fn scrub_app(key: &[u8]) -> Option<AppId> {
    let (app, _) = key.strip_prefix(&[SCRUB])?.split_first_chunk()?;
    Some(AppId(u32::from_be_bytes(*app)))
}

/// Whether a row is one by which repeated sends are known.
#[must_use]
pub fn is_dedup(key: &[u8]) -> bool {
    key.first() == Some(&DEDUP)
}

/// The position of a follower, which is of all apps.
#[must_use]
pub fn follower(name: &str) -> Bytes {
    let mut key = BytesMut::with_capacity(1 + name.len());
    key.put_u8(FOLLOWER);
    key.put_slice(name.as_bytes());
    key.freeze()
}

/// A row of a follower's own. Its name has at most 255 bytes.
#[must_use]
pub fn of_follower(name: &str, rest: &[u8]) -> Bytes {
    let mut key = BytesMut::with_capacity(2 + name.len() + rest.len());
    key.put_u8(OF_FOLLOWER);
    key.put_u8(name.len() as u8);
    key.put_slice(name.as_bytes());
    key.put_slice(rest);
    key.freeze()
}
