/** Every bound and every span of time of the core, by name. */

/** Shortest wait before another try, in milliseconds. */
export const BACKOFF_MS_MIN = 250;
/** The first bound of a wait; it doubles with each failure. */
export const BACKOFF_MS_FIRST = 500;
/** Longest wait before another try. */
export const BACKOFF_MS_MAX = 30_000;
/** A connection that lived so long was stable: failures are counted anew. */
export const STABLE_MS = 60_000;
/** A sign of life is sent after such a silence, until a welcome says otherwise. */
export const HEARTBEAT_MS = 25_000;
/** Longest time that an answer may take. */
export const CALL_TIMEOUT_MS = 30_000;
/** Calls in flight, until a welcome says otherwise. */
export const CALLS_MAX = 32;
/** Silence after a ping that means the connection is dead. */
export const PONG_TIMEOUT_MS = 10_000;
/** Longest time that a call of the user waits, connection or not. */
export const ASK_TIMEOUT_MS = 30_000;
/** Calls of the user that wait. */
export const ASKS_MAX = 256;
/** How long an event above a hole waits for what is missing, before it is fetched. */
export const HOLD_MS = 200;
/** Events that one conversation holds above a hole; later ones are fetched again. */
export const HELD_MAX = 1_024;
/** Events of conversations that are not known yet, over all. */
export const UNKNOWN_MAX = 256;
/** Frames that came before the welcome; more end the connection. */
export const EARLY_MAX = 512;
/** Ordinals above the read cursor whose author is remembered, a conversation. */
export const KNOWN_MAX = 2_048;
/** Fetches of the core's own in flight. */
export const FETCHES_MAX = 8;
/** Sends of one conversation in flight. */
export const LANE_IN_FLIGHT_MAX = 8;
/** Messages that wait in the outbox. */
export const OUTBOX_MAX = 10_000;
/** Own messages whose places are remembered, so that a command may name them by their ids. */
export const PLACED_MAX = 1_024;
/** Wishes of one conversation that were granted by events which are not here yet. */
export const SETTLING_MAX = 256;
/** Time after which an unsent message is given up. */
export const GIVE_UP_MS = 24 * 3_600_000;
/** Conversations whose history is fetched when the device is new; that of the others when it is looked at. */
export const FIRST_START_CATCH_UPS = 200;
/** Messages of the page that is loaded after a jump. */
export const JUMP_PAGE = 50;
/** Messages of a page when all of them are wanted. */
export const REPLAY_PAGE = 200;
/** Conversations of a page after the first. */
export const LIST_PAGE = 200;
/** Conversations that the device shows at once. */
export const FOCUS_MAX = 16;
/** Conversations of one call that says what arrived. */
export const DELIVERED_PER_CALL_MAX = 64;
/** Time after which a confirmed cursor has surely been stored by the server. */
export const CURSOR_SETTLES_MS = 5_000;
/** Members of the largest group whose read marks the server tells. */
export const MARKS_MEMBERS_MAX = 64;
/** Voice messages of one conversation that were played and wait to be told. */
export const PLAYS_WAITING_MAX = 256;
/** Shortest time between two frames that say that the user is writing. */
export const TYPING_EVERY_MS = 3_000;
/** How long somebody is taken to be writing after the last sign of it. */
export const TYPING_FOR_MS = 6_000;
/** A token is renewed so long before it expires, or a tenth of its life, whichever is longer. */
export const TOKEN_MARGIN_MS = 60_000;
/** Longest life of a token that is planned with; one that lives longer is renewed after this time. */
export const TOKEN_LIFE_MS_MAX = 366 * 24 * 3_600_000;
/** Shortest time between two tokens. */
export const REFRESH_MS_MIN = 2_000;
