/**
 * What callers see: values without behaviour, immutable, and equal by reference while they are unchanged. The nouns are
 * those of the Rust SDK (`crates/client/src/state.rs`), in camel case.
 *
 * Numbers: `seq` and `ordinal` count from 1 and 0 stands for none; times are milliseconds since 1970-01-01 UTC.
 */

export type * from "./types-people.ts";

/** 1 to 64 bytes of `[A-Za-z0-9._@:+-]`. */
export type UserId = string;
/** Its text form: `d_…` direct, `g_…` group, `c_…` channel. */
export type ConversationId = string;
/** A UUID of version 7, made by the client: the same through all retries. */
export type ClientMsgId = string;
/** The number of an event in its conversation, from 1 without holes. */
export type Seq = number;
/** The number of a message among the messages of its conversation. */
export type Ordinal = number;
/** Milliseconds since 1970-01-01 UTC. */
export type Timestamp = number;

/** For what has no end: a mute, a pause, a ban. */
export const FOR_GOOD: Timestamp = Number.MAX_SAFE_INTEGER;

/**
 * A value now, and its changes. `subscribe` calls at once with the value and then for each change; it returns how to stop.
 * It is the store contract of Svelte and both arguments of React's `useSyncExternalStore`.
 */
export interface Readable<T> {
  get(): T;
  subscribe(listener: (value: T) => void): () => void;
}

/** Where the connection stands. */
export type ConnectionState =
  | { readonly kind: "idle" }
  /** A connection is being made, for the nth time since the last success, from 0. */
  | { readonly kind: "connecting"; readonly attempt: number }
  /** Connected; what happened meanwhile is being fetched: so many conversations of those that were behind are in step. */
  | { readonly kind: "syncing"; readonly done: number; readonly total: number }
  | { readonly kind: "online" }
  | { readonly kind: "offline"; readonly reason: string; readonly retryInMs: number }
  /** It will not connect again by itself. */
  | { readonly kind: "ended"; readonly reason: EndReason };

/** Why the connection will not come back by itself. */
export type EndReason =
  | { readonly kind: "stopped" }
  | { readonly kind: "auth"; readonly error: AuthError }
  | { readonly kind: "store"; readonly error: StoreError };

/** Why the session ended for good; as `AuthError` of the Rust SDK. */
export type AuthError =
  | "token_refused"
  | "token_expired"
  | "no_token"
  | "revoked"
  | "device_replaced"
  | "revoked_by_app"
  | "device_limit"
  | "replaced"
  | "unsupported_version"
  | "wrong_user";

/** Why the store of a device could not do its work. */
export type StoreError = "locked" | "too_new" | "corrupt" | "disk_full" | "failed";

export type ConversationKind = "direct" | "group" | "channel";
/** What a member may do. `none` is no member. */
export type Role = "none" | "member" | "admin" | "owner";

/** One conversation, as a list shows it. */
export interface ConversationSummary {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  /** The title of a group, the name of the other user. */
  readonly title: string;
  /** The other user of a direct conversation. */
  readonly peer: UserId | null;
  readonly role: Role;
  /** False once the user was removed or left; what he could see stays readable. */
  readonly member: boolean;
  readonly memberCount: number;
  readonly unread: number;
  /** Those of them that call the user, counted up to 1,000. */
  readonly unreadMentions: number;
  /** The last message; null where there is none. */
  readonly preview: Preview | null;
  readonly preferences: Preferences;
  /** Whether it was deleted, and nothing happened in it since: it is not in the list. */
  readonly hidden: boolean;
  /** When it last moved up. */
  readonly activeAt: Timestamp;
  readonly headSeq: Seq;
  readonly headOrdinal: Ordinal;
  /** Up to where the user has read. */
  readonly readSeq: Seq;
  readonly readOrdinal: Ordinal;
  readonly group: Group;
}

/** The start of a message, cut at a grapheme border. */
export interface Preview {
  readonly sender: UserId;
  /** One line of text; empty when the body has no words. */
  readonly text: string;
  /** `text`, `image`, …: the type of the body. */
  readonly bodyType: string;
  readonly sentAt: Timestamp;
  readonly seq: Seq;
  readonly recalled: boolean;
}

/** What the user prefers in a conversation: for himself, on all of his devices. */
export interface Preferences {
  /** Since when it is pinned; 0 when it is not. */
  readonly pinnedAt: Timestamp;
  /** {@link FOR_GOOD} has no end; 0 when it is not muted. */
  readonly mutedUntil: Timestamp;
  readonly markedUnread: boolean;
  readonly archived: boolean;
  readonly folders: readonly string[];
  readonly draft: Draft | null;
  readonly clearedUpto: Seq;
  /** Key-values of the app. */
  readonly fields: Readonly<Record<string, string>>;
}

/** What the user has begun to write. */
export interface Draft {
  readonly text: string;
  readonly replyTo: Seq | null;
  readonly at: Timestamp;
}

/** A group or a channel besides its members. */
export interface Group {
  readonly description: string;
  /** The app's own reference to its picture; empty for none. */
  readonly avatar: string;
  readonly settings: GroupSettings;
  /** The event of the announcement; 0 when there is none. */
  readonly announcement: Seq;
  readonly dissolved: boolean;
  /** Until when the user may not write; 0 when he may. */
  readonly mutedUntil: Timestamp;
  /** What the user is called here; empty as everywhere. */
  readonly nickname: string;
}

export type Who = "everybody" | "admins";
export type JoinMode = "invitation" | "approval" | "open";

export interface GroupSettings {
  /** Who may write. */
  readonly speak: Who;
  /** Who may add others. */
  readonly invite: Who;
  readonly editInfo: Who;
  readonly mentionAll: Who;
  readonly pin: Who;
  readonly join: JoinMode;
  /** Whether a newcomer sees what was said before he came. */
  readonly history: boolean;
  /** Whether members see how far others have read. */
  readonly receipts: boolean;
  /** Whether only admins see who the members are. */
  readonly membersHidden: boolean;
}

export interface Member {
  readonly user: UserId;
  readonly displayName: string;
  readonly role: Role;
  /** Empty as everywhere. */
  readonly nickname: string;
  /** Until when he may not write; 0 when he may. */
  readonly mutedUntil: Timestamp;
}

export interface Announcement {
  readonly seq: Seq;
  readonly text: string;
  readonly by: UserId;
  readonly at: Timestamp;
}

export interface Ban {
  readonly user: UserId;
  readonly displayName: string;
  /** {@link FOR_GOOD} has no end. */
  readonly until: Timestamp;
  readonly reason: string;
  readonly by: UserId | null;
  readonly at: Timestamp;
}

/** That the user asks to be let into a group, or is asked to come in. */
export interface Asking {
  readonly conversation: ConversationId;
  readonly state: "applied" | "invited";
  readonly title: string;
  readonly by: UserId | null;
  readonly at: Timestamp;
}

/** Somebody who asks to be let into a group, or is asked to come in. */
export interface Asker {
  readonly user: UserId;
  readonly displayName: string;
  readonly message: string;
  readonly by: UserId | null;
  readonly at: Timestamp;
}

/** A link by which one joins, as its group knows it; the token is only in the text that was given out. */
export interface JoinLink {
  /** 32 hexadecimal digits, by which it is revoked. */
  readonly id: string;
  readonly until: Timestamp;
  /** How often it may still be used; 0 has no limit. */
  readonly left: number;
}

/** How far a member has read. */
export interface ReadMark {
  readonly user: UserId;
  readonly upto: Seq;
  /** Up to which event a device of his has it, in a direct conversation; else as `upto`. */
  readonly delivered: Seq;
}

/* Messages */

export type Content =
  | RichText
  | Media
  | Location
  | ContactCard
  | Merged
  /** A body of a type that this SDK does not know; the app's declared types say what to show. */
  | { readonly kind: "opaque"; readonly bodyType: string; readonly body: Uint8Array }
  /** The stored body is damaged. */
  | { readonly kind: "corrupt" }
  /** It was taken back: it keeps its place and says nothing. */
  | { readonly kind: "recalled"; readonly by: UserId | null; readonly at: Timestamp };

/** A text and its marked stretches. Markup is never in the text itself. */
export interface RichText {
  readonly kind: "text";
  readonly text: string;
  readonly entities: readonly Entity[];
}

/** A marked stretch: UTF-16 units of the text, as `slice` takes them, never cutting a character. */
export interface Entity {
  readonly start: number;
  readonly end: number;
  readonly mark: EntityMark;
}

export type EntityMark =
  | { readonly kind: "mention"; readonly user: UserId }
  | { readonly kind: "mention_all" }
  /** An address of http, https, mailto or tel. */
  | { readonly kind: "link"; readonly address: string }
  | { readonly kind: "bold" | "italic" | "strikethrough" | "code" | "quote" }
  | { readonly kind: "code_block"; readonly language: string };

export interface Upload {
  readonly id: string;
  readonly name: string;
  readonly mimeType: string;
  readonly bytes: number;
}

export interface Media {
  readonly kind: "image" | "voice" | "video" | "file";
  readonly file: Upload;
  readonly thumbnail: Upload | null;
  readonly width: number;
  readonly height: number;
  readonly durationMs: number;
  readonly waveform: Uint8Array;
  readonly caption: string;
}

export interface Location {
  readonly kind: "location";
  readonly latitude: number;
  readonly longitude: number;
  readonly name: string;
  readonly address: string;
}

export interface ContactCard {
  readonly kind: "contact_card";
  readonly user: UserId;
  readonly displayName: string;
}

export interface Merged {
  readonly kind: "merged";
  readonly title: string;
  readonly messages: readonly MergedMessage[];
}

export interface MergedMessage {
  readonly author: UserId;
  readonly authorName: string;
  readonly sentAt: Timestamp;
  readonly content: Content;
}

/** What a message carries beside its content. */
export interface Attributes {
  readonly replyTo: { readonly seq: Seq; readonly ordinal: Ordinal } | null;
  readonly mentions: readonly UserId[];
  readonly mentionAll: boolean;
  readonly silent: boolean;
  readonly priority: number;
  readonly extension: Uint8Array;
  readonly forwarded: { readonly author: UserId; readonly sentAt: Timestamp } | null;
}

export interface Message {
  readonly conversation: ConversationId;
  /** 0 until the server has taken it. */
  readonly seq: Seq;
  /** 0 until the server has taken it. */
  readonly ordinal: Ordinal;
  readonly sender: UserId;
  readonly own: boolean;
  /** When the server took it; until then, when this device wrote it. */
  readonly sentAt: Timestamp;
  readonly clientMsgId: ClientMsgId | null;
  readonly content: Content;
  readonly attributes: Attributes | null;
  readonly pinned: boolean;
  /** 0 for never. */
  readonly editedAt: Timestamp;
  /** In the order in which each emoji was first added. */
  readonly reactions: readonly Reaction[];
}

export interface Reaction {
  readonly emoji: string;
  readonly count: number;
  readonly own: boolean;
}

/** What one user added to a message. */
export interface UserReaction {
  readonly user: UserId;
  readonly displayName: string;
  readonly emojis: readonly string[];
}

/** One version of a message. */
export interface Version {
  readonly seq: Seq;
  readonly at: Timestamp;
  readonly content: Content;
}

/**
 * How far a message, or a command, of this device has come. `sent` means stored by the server, durably; it says nothing of
 * delivery.
 */
export type SendState =
  | { readonly kind: "queued" }
  | { readonly kind: "sending" }
  | SentMark
  /** Refused, or given up; it stays in the outbox and can be retried or cancelled. */
  | SendFailure
  /**
   * A command was carried out, by this event; 0 where nothing changed by it. Of a message: it waits no more and is not in the
   * log, since another page took it back and was closed before it said so.
   */
  | { readonly kind: "done"; readonly seq: Seq }
  | { readonly kind: "cancelled" };

export interface SentMark {
  readonly kind: "sent";
  readonly conversation: ConversationId;
  readonly seq: Seq;
  readonly ordinal: Ordinal;
  readonly sentAt: Timestamp;
  /** It was stored by an earlier send of the same `clientMsgId`. */
  readonly deduplicated: boolean;
  /** The same `clientMsgId` was used with another body before; that one stands. */
  readonly conflict: boolean;
}

export interface SendFailure {
  readonly kind: "failed";
  /** A stable code of `docs/protocol/errors.md`, or `gave_up` after 24 hours. */
  readonly code: string;
  /** For developers. */
  readonly text: string;
  /** Whether a retry without a change can succeed. */
  readonly recoverable: boolean;
}

/** Which message a command is about: one of the log by its seq, or an own one by its id. */
export type Target = Seq | ClientMsgId;

/** What a command asks for. */
export type Wish =
  | { readonly kind: "edit"; readonly target: Target; readonly content: Content }
  | { readonly kind: "react" | "take_back"; readonly target: Target; readonly emoji: string }
  | { readonly kind: "recall"; readonly target: Target }
  | { readonly kind: "pin"; readonly target: Target; readonly pinned: boolean }
  | { readonly kind: "other" };

/** A command that waits in the outbox. What it asks for is shown already, unless it failed. */
export interface Pending {
  readonly conversation: ConversationId;
  readonly commandId: ClientMsgId;
  readonly wish: Wish;
  readonly createdAt: Timestamp;
  readonly state: SendState;
}

/** A message that waits in the outbox. */
export interface Unsent {
  readonly conversation: ConversationId;
  readonly clientMsgId: ClientMsgId;
  readonly content: Content;
  readonly attributes: Attributes | null;
  readonly createdAt: Timestamp;
  readonly state: SendState;
}

/* Timelines */

/**
 * Stays the same from local echo to the log: `o:` and the `clientMsgId` of an own message, `l:` and the seq of another,
 * `d:` and a day, `g:` and an ordinal, `read`, `start`, `e:` and the seq of another event.
 */
export type ItemKey = string;

export type TimelineItem =
  | MessageItem
  /** Something happened to the conversation. */
  | { readonly key: ItemKey; readonly kind: "event"; readonly event: SystemEvent }
  /** A new day begins: days since 1970-01-01 by the reader's clock. */
  | { readonly key: ItemKey; readonly kind: "day"; readonly day: number }
  /** What follows was unread when the timeline was opened. */
  | { readonly key: ItemKey; readonly kind: "read_marker" }
  /** There is nothing before. */
  | { readonly key: ItemKey; readonly kind: "start" }
  /** Messages are missing here; `fillGap` fetches them. */
  | { readonly key: ItemKey; readonly kind: "gap"; readonly after: Ordinal; readonly missing: number };

/** What can happen to a conversation, by the names of the log. */
export type SystemEventKind =
  /** `users` are its first members. */
  | "conversation_created"
  /** `by` added `users`. */
  | "members_added"
  /** `by` came in. */
  | "joined"
  | "member_removed"
  /** Removed, and kept out. */
  | "member_banned"
  /** `by` went. */
  | "member_left"
  /** `by` went, and the one of `users` is the owner. */
  | "owner_left"
  | "owner_changed"
  /** The one of `users` has a `role`. */
  | "role_changed"
  /** May not write `until` then. */
  | "member_muted"
  | "member_unmuted"
  /** It has the name `text`. */
  | "renamed"
  | "info_changed"
  /** `settings` are all of them, as they are now. */
  | "settings_changed"
  /** `text` is the announcement; empty when there is none any more. */
  | "announced"
  /** The message `about` is pinned for everybody. */
  | "pinned"
  | "dissolved";

/** Something that happened to a conversation. It is nobody's unread, and nothing can be said to it. */
export interface SystemEvent {
  readonly conversation: ConversationId;
  readonly seq: Seq;
  readonly kind: SystemEventKind;
  /** Who did it. */
  readonly by: UserId;
  readonly at: Timestamp;
  /** Whom it concerns, besides `by`. */
  readonly users: readonly UserId[];
  /** Empty where it says nothing. */
  readonly text: string;
  readonly role: Role;
  readonly until: Timestamp;
  /** 0 for no message. */
  readonly about: Seq;
  readonly settings: GroupSettings | null;
}

/** A message in a timeline. */
export interface MessageItem {
  readonly key: ItemKey;
  readonly kind: "message";
  readonly message: Message;
  /** Of messages of this user. */
  readonly state: SendState | null;
  /** How many others have read it; 0 where the server does not say. */
  readonly readBy: number;
  /** Of a direct conversation, 1 when a device of the other has it; in others as `readBy`. */
  readonly deliveredTo: number;
  /** Commands about it that the server has not carried out. The message is shown as they want it, unless they failed. */
  readonly pending: readonly Pending[];
  /** The message that it answers, as that is now. */
  readonly quote: Quote | null;
  readonly starred: boolean;
  readonly playedByMe: boolean;
  /** 64 stands for so many and more. */
  readonly playedByOthers: number;
}

export interface Quote {
  readonly seq: Seq;
  /** 0 while the answer is on its way. */
  readonly ordinal: Ordinal;
  /** Null where it is not on this device: `fetchAround` finds it. */
  readonly says: { readonly sender: UserId; readonly text: string; readonly recalled: boolean } | null;
}

export interface HistoryPage {
  readonly messages: readonly Message[];
  readonly moreBefore: boolean;
}

export interface MentionMark {
  readonly seq: Seq;
  readonly ordinal: Ordinal;
}

export interface Pagination {
  /** Messages that are now shown in addition. */
  readonly loaded: number;
  readonly reachedStart: boolean;
}

/** How long after its sending a message may be changed by its author, in milliseconds. */
export interface MessageWindows {
  readonly editMs: number;
  readonly recallMs: number;
}
