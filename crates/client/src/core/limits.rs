//! Every bound and every span of time of the core, by name.

/// Shortest wait before another try, in milliseconds.
pub const BACKOFF_MS_MIN: u64 = 250;
/// The first bound of a wait; it doubles with each failure.
pub const BACKOFF_MS_FIRST: u64 = 500;
/// Longest wait before another try.
pub const BACKOFF_MS_MAX: u64 = 30_000;
/// A connection that lived so long was stable: failures are counted anew.
pub const STABLE_MS: u64 = 60_000;
/// Longest time that an answer may take.
pub const CALL_TIMEOUT_MS: u64 = 30_000;
/// Silence after a ping that means the connection is dead.
pub const PONG_TIMEOUT_MS: u64 = 10_000;
/// Longest time that a call of the user waits, connection or not.
pub const ASK_TIMEOUT_MS: u64 = 30_000;
/// Calls of the user that wait.
pub const ASKS_MAX: usize = 256;
/// How long an event above a hole waits for what is missing, before it is fetched.
pub const HOLD_MS: u64 = 200;
/// Events that one conversation holds above a hole; later ones are fetched again.
pub const HELD_MAX: usize = 1_024;
/// Events of conversations that are not known yet, over all.
pub const UNKNOWN_MAX: usize = 256;
/// Frames that came before the welcome; more end the connection.
pub const EARLY_MAX: usize = 512;
/// Ordinals above the read cursor whose author is remembered, a conversation.
pub const KNOWN_MAX: usize = 2_048;
/// Fetches of the core's own in flight.
pub const FETCHES_MAX: usize = 8;
/// Sends of one conversation in flight.
pub const LANE_IN_FLIGHT_MAX: usize = 8;
/// Messages that wait in the outbox.
pub const OUTBOX_MAX: usize = 10_000;
/// Own messages whose places are remembered, so that a command may name them by their ids.
pub const PLACED_MAX: usize = 1_024;
/// Wishes of one conversation that were granted by events which are not here yet.
pub const SETTLING_MAX: usize = 256;
/// Time after which an unsent message is given up.
pub const GIVE_UP_MS: i64 = 24 * 3_600_000;
/// Conversations whose history is fetched when the device is new; that of the others when it is looked at.
pub const FIRST_START_CATCH_UPS: usize = 200;
/// Messages of the page that is loaded after a jump.
pub const JUMP_PAGE: u32 = 50;
/// Messages of a page when all of them are wanted.
pub const REPLAY_PAGE: u32 = 200;
/// Conversations of a page after the first.
pub const LIST_PAGE: u32 = 200;
/// Time after which a confirmed cursor has surely been stored by the server.
pub const CURSOR_SETTLES_MS: u64 = 5_000;
/// Members of the largest group whose read marks the server tells.
pub const MARKS_MEMBERS_MAX: u32 = 64;
/// Voice messages of one conversation that were played and wait to be told.
pub const PLAYS_WAITING_MAX: usize = 256;
/// Shortest time between two frames that say that the user is writing.
pub const TYPING_EVERY_MS: u64 = 3_000;
/// How long somebody is taken to be writing after the last sign of it.
pub const TYPING_FOR_MS: u64 = 6_000;
/// A token is renewed so long before it expires, or a tenth of its life, whichever is longer.
pub const TOKEN_MARGIN_MS: i64 = 60_000;
/// Longest life of a token that is planned with; one that lives longer is renewed after this time.
pub const TOKEN_LIFE_MS_MAX: i64 = 366 * 24 * 3_600_000;
/// Shortest time between two tokens.
pub const REFRESH_MS_MIN: u64 = 2_000;
