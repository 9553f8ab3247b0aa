/** Every bound of the driver, by name. */

/** Longest time to connect and shake hands. */
export const CONNECT_TIMEOUT_MS = 10_000;
/** Longest time that the token provider may take. */
export const TOKEN_TIMEOUT_MS = 20_000;
/** Longest time that `stop` waits for what is being written. */
export const STOP_TIMEOUT_MS = 5_000;
/** Longest time that `online` waits when the caller does not say. */
export const ONLINE_TIMEOUT_MS = 30_000;
/** Bytes of one frame at most; the server sends none that is longer. */
export const FRAME_BYTES_MAX = 1024 * 1024;
/** Names of users that are read from the store at most. */
export const NAMES_MAX = 8_192;
/** Names of users that are kept at hand; those that have been there longest make room, and can be looked up again. */
export const NAMES_KEPT_MAX = 16_384;
/** Transactions that the store makes durable at once. */
export const TRANSACTIONS_PER_COMMIT = 128;
/** Pages that one call of `paginateBack` looks through at most. */
export const PAGES_PER_CALL = 8;
/** Sends that came to an end and whose state is still told. */
export const FINISHED_SENDS_KEPT = 1_024;
/** Newest messages of a conversation among which one is looked for that was on its way when another page took the lead. */
export const LOOK_BACK_MESSAGES = 1_000;
/** Messages of one page of a search. */
export const SEARCH_MAX = 200;
/** Starred messages of one page at most. */
export const STARRED_PAGE_MAX = 50;
/** Events that are read from the store at once. */
export const EVENTS_PER_READ = 256;
/** Users whose names are asked for at once. */
export const NAMES_PER_CALL = 100;
/** Transactions that wait for the store when frames are no longer handed to the core. */
export const FRAMES_HELD_FROM = 256;
/** Frames that are kept for later at most; whatever sends more is disconnected, and asked again when the store has caught up. */
export const FRAMES_HELD_MAX = 4_096;
/** Users who are watched at once. */
export const WATCHED_MAX = 200;
/** Silence of the page that leads after which it is taken for suspended, and another takes the lead. */
export const LEADER_TIMEOUT_MS = 5_000;
