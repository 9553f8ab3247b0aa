//! Every limit that a client can meet, by name. `docs/protocol/native.md` repeats them.

/// Largest frame on the wire, in bytes, checked before decoding.
pub const FRAME_BYTES_MAX: usize = 1024 * 1024;
/// Largest body of a message, in bytes as received.
pub const BODY_BYTES_MAX: usize = 64 * 1024;
/// Longest type of a body, in bytes.
pub const BODY_TYPE_BYTES_MAX: usize = 64;
/// Longest user id, in bytes.
pub const USER_ID_BYTES_MAX: usize = 64;
/// Longest device id, in bytes.
pub const DEVICE_ID_BYTES_MAX: usize = 64;
/// Longest name of an app, in bytes.
pub const APP_NAME_BYTES_MAX: usize = 32;
/// Longest display name, in bytes.
pub const DISPLAY_NAME_BYTES_MAX: usize = 256;
/// Longest title of a group, in bytes.
pub const TITLE_BYTES_MAX: usize = 256;
/// Most users that one membership event names.
pub const MEMBERS_PER_EVENT_MAX: usize = 256;
/// Most members of a group in this version.
pub const GROUP_MEMBERS_MAX: u32 = 5_000;
/// Subscribers of a channel.
pub const CHANNEL_MEMBERS_MAX: u32 = 100_000;
/// Bytes of the description of a group.
pub const DESCRIPTION_BYTES_MAX: usize = 1_024;
/// Bytes of a reference to an avatar.
pub const GROUP_AVATAR_BYTES_MAX: usize = 256;
/// Bytes that an app may add to a group.
pub const EXTENSION_BYTES_MAX: usize = 1_024;
/// Bytes of the name of a member in one group.
pub const NICKNAME_BYTES_MAX: usize = 128;
/// Bytes of a reason that an admin gives.
pub const REASON_BYTES_MAX: usize = 256;
/// Bytes of the announcement of a group.
pub const ANNOUNCEMENT_BYTES_MAX: usize = 4_096;
/// Users whom a group keeps out at a time.
pub const BANS_MAX: u32 = 5_000;
/// Users who wait to be let into a group, and as many who are invited.
pub const ASKING_MAX: u32 = 1_000;
/// Links by which one joins a group, at a time.
pub const LINKS_MAX: usize = 8;
/// Bytes of the token of a link, at least.
pub const LINK_TOKEN_BYTES_MIN: usize = 16;
/// Bytes of the token of a link, at most.
pub const LINK_TOKEN_BYTES_MAX: usize = 64;
/// Entries of a page of a group's lists.
pub const GROUP_PAGE_MAX: u32 = 200;
/// Most intervals of seqs that one membership keeps; joining again after that merges the two oldest gaps.
pub const MEMBERSHIP_INTERVALS_MAX: usize = 32;
/// Most own ordinals above the cursor that a membership keeps; the next moves the cursor.
pub const OWN_ORDINALS_MAX: usize = 256;
/// Edits of one message.
pub const EDITS_MAX: usize = 100;
/// Folders that one conversation may lie in.
pub const FOLDERS_MAX: usize = 16;
/// Bytes of the text of a draft.
pub const DRAFT_BYTES_MAX: usize = 8 * 1024;
/// Runs of messages that a user may have removed for himself from one conversation; messages that follow each other are
/// one run.
pub const DELETED_RUNS_MAX: usize = 1_024;
/// Messages that one command removes for a user.
pub const DELETED_AT_ONCE_MAX: usize = 100;
/// Messages that a user may have starred, over all of his conversations.
pub const STARS_MAX: usize = 1_000;
/// Messages that one command stars.
pub const STARRED_AT_ONCE_MAX: usize = 100;
/// Starred messages of one page.
pub const STARS_PAGE_MAX: u32 = 100;
/// Voice messages of one conversation of which a user's devices know that he has played them, and as many of his own of
/// which they know who played them.
pub const PLAYS_KEPT_MAX: usize = 256;
/// Up to so many players of a voice message its author's devices are told how many there are.
pub const PLAYERS_COUNTED_MAX: u32 = 64;
/// Windows of a user's week in which he is not to be disturbed.
pub const QUIET_WINDOWS_MAX: usize = 16;
/// Coming changes of the offset of a time zone that a device says: some years of two a year.
pub const OFFSET_CHANGES_MAX: usize = 16;
/// Bytes of the name of a time zone.
pub const TIME_ZONE_BYTES_MAX: usize = 64;
/// Messages that may be pinned in one conversation.
pub const PINS_MAX: usize = 100;
/// Users that one message may call by name.
pub const MENTIONS_MAX: usize = 64;
/// Unread messages that call a user are counted up to this many.
pub const MENTIONS_COUNTED_MAX: u32 = 1_000;
/// Largest priority of a message.
pub const PRIORITY_MAX: u8 = 10;
/// Bytes of the app's own data beside the body of a message.
pub const MESSAGE_EXTENSION_BYTES_MAX: usize = 4 * 1024;
/// Marked stretches of one text.
pub const ENTITIES_MAX: usize = 200;
/// Bytes of an address that a link leads to.
pub const URL_BYTES_MAX: usize = 2 * 1024;
/// Emojis that one user may add to one message.
pub const EMOJIS_PER_USER_MAX: usize = 20;
/// Types of content that an app may declare.
pub const CONTENT_TYPES_MAX: usize = 64;
/// Longest schema of a declared type, in bytes.
pub const CONTENT_SCHEMA_BYTES_MAX: usize = 64 * 1024;
/// Longest fallback text of a declared type, in bytes.
pub const FALLBACK_BYTES_MAX: usize = 256;
/// Different emojis on one message.
pub const EMOJIS_PER_MESSAGE_MAX: usize = 64;
/// Calls that one session may have in flight.
pub const CALLS_MAX: u32 = 32;
/// Items of one page of events or messages.
pub const PAGE_ITEMS_MAX: u32 = 200;
/// Bytes after which a page ends.
pub const PAGE_BYTES_MAX: usize = 512 * 1024;
/// Events that a catch-up replays before it answers `jump`.
pub const CATCH_UP_EVENTS_MAX: u64 = 1_000;
/// Conversations of the first page of a welcome, when the client names no number.
pub const WINDOW_DEFAULT: u32 = 20;
/// Conversations of one page of a window.
pub const WINDOW_MAX: u32 = 200;
/// Members of one page of a member list.
pub const MEMBERS_PAGE_MAX: u32 = 500;
/// Personal changes of one page.
pub const PERSONAL_PAGE_MAX: u32 = 500;
/// Conversations that a session may have in focus.
pub const FOCUS_MAX: usize = 16;
/// Conversations of which one call says that they were delivered.
pub const DELIVERED_PER_CALL_MAX: usize = 64;
/// Days for which a `client_msg_id` is remembered.
pub const IDEMPOTENCY_DAYS: i64 = 30;
/// Graphemes of a preview.
pub const PREVIEW_GRAPHEMES_MAX: usize = 100;
/// Bytes of a preview.
pub const PREVIEW_BYTES_MAX: usize = 512;
/// Milliseconds within which a connection has to authenticate.
pub const HELLO_TIMEOUT_MS: u64 = 10_000;
/// Milliseconds between two heartbeats of a client, unless the welcome says otherwise.
pub const HEARTBEAT_MS: u64 = 25_000;
/// Milliseconds of silence after which the server closes a session.
pub const IDLE_TIMEOUT_MS: u64 = 70_000;
/// Longest username, in bytes.
pub const USERNAME_BYTES_MAX: usize = 32;
/// Longest reference of an avatar, in bytes.
pub const AVATAR_BYTES_MAX: usize = 512;
/// Fields of a map that an app keeps on a profile or a contact.
pub const FIELDS_MAX: usize = 32;
/// Longest name of such a field, in bytes.
pub const FIELD_NAME_BYTES_MAX: usize = 64;
/// Longest value of such a field, in bytes.
pub const FIELD_VALUE_BYTES_MAX: usize = 1024;
/// All names and values of such a map, in bytes.
pub const FIELDS_BYTES_MAX: usize = 8 * 1024;
/// Longest word to somebody else: what a contact request says, its answer, the reason of a refusal, in bytes.
pub const NOTE_BYTES_MAX: usize = 1024;
/// Tags that a user puts on another.
pub const TAGS_MAX: usize = 16;
/// Longest tag, in bytes.
pub const TAG_BYTES_MAX: usize = 64;
/// Other users that one user has anything to do with: contacts, requests, blocks and remarks.
pub const RELATIONS_PER_USER_MAX: usize = 5_000;
/// Relations of one page of their list.
pub const RELATIONS_PAGE_MAX: u32 = 200;
/// Users whose presence one session may be told of at a time.
pub const PRESENCE_SUBSCRIPTIONS_MAX: usize = 200;
/// Longest text of a custom status, in bytes.
pub const STATUS_TEXT_BYTES_MAX: usize = 256;
/// Devices that a user may have.
pub const DEVICES_PER_USER_MAX: usize = 64;
/// Longest token, in bytes.
pub const TOKEN_BYTES_MAX: usize = 4 * 1024;
/// Longest position or page token, in bytes.
pub const POSITION_BYTES_MAX: usize = 1024;
