/** What callers do. The classes behind these interfaces are in `account.ts`, `conversation.ts` and `timeline.ts`. */

import type {
  Announcement, Asker, Asking, Attributes, Ban, ClientMsgId, ConnectionState, Content, ContentType, ConversationId,
  ConversationSummary, Device, Entity, GroupSettings, HistoryPage, JoinLink, Member, MentionMark, Message, MessageWindows,
  Ordinal, Pagination, Pending, Platform, Presence, PresenceSettings, Profile, Quiet, QuietWindow, QuietZone, Readable,
  ReadMark, Relation, Role, SendState, SentMark, Seq, Target, TimelineItem, Timestamp, Unsent, UserId, UserProfile,
  UserReaction, Version, WhoMayAdd, WhoMayMessage, WhoMaySee, CustomStatus,
} from "./types.ts";

/** Why a token is needed. */
export type TokenReason = "first" | "expiring" | "refused";

export interface TokenRequest {
  readonly userId: UserId;
  readonly reason: TokenReason;
  /** Aborted when nobody waits for the token any more. */
  readonly signal: AbortSignal;
}

export interface ClientOptions {
  /** `https://chat.example.com` or `wss://…`; in a page, where it came from is the default. */
  readonly endpoint?: string;
  /** The app; `default` when left out. */
  readonly app?: string;
  /** The number of an app other than `default`, as the server's configuration has it: ids of direct conversations are made from it. */
  readonly appId?: number;
  /** Gives a token of a user, made by the app's own backend. Rejects with a {@link StonechatError} `auth.no_token` to end. */
  readonly tokenProvider: (request: TokenRequest) => Promise<string>;
  /** Where what the device knows is kept. `indexeddb` in a page, `memory` in Node. */
  readonly store?: "indexeddb" | "memory";
  /** This installation; kept beside the store when left out. */
  readonly device?: { readonly id?: string; readonly name?: string; readonly platform?: Platform };
}

export interface Client {
  /** Signs a user in on this device: opens what is known of him, without a network, and begins to connect. */
  login(who: { readonly userId: UserId }): Promise<Account>;
  /** The user who signed in last on this installation and did not sign out. */
  lastUser(): Promise<UserId | null>;
}

/** Which conversations a list shows. All that is left out makes no difference. */
export interface ConversationFilter {
  /** Only those with something unread, or marked so. */
  readonly unread?: boolean;
  /** False (the default) leaves archived ones out, true shows only them, "any" both. */
  readonly archived?: boolean | "any";
  readonly folder?: string;
  readonly kinds?: readonly ConversationSummary["kind"][];
  /** A part of the title, whatever its case and accents. */
  readonly query?: string;
}

/** The conversations of the user: pinned ones first, then the most recent. */
export interface ConversationList {
  readonly items: Readable<readonly ConversationSummary[]>;
  setFilter(filter: ConversationFilter): void;
  close(): void;
}

export interface ProfileChange {
  readonly displayName?: string;
  readonly username?: string;
  readonly avatar?: string;
  /** Null removes a field. */
  readonly publicFields?: Readonly<Record<string, string | null>>;
  readonly privateFields?: Readonly<Record<string, string | null>>;
  readonly whoMayMessage?: WhoMayMessage;
  readonly whoMayAdd?: WhoMayAdd;
  readonly question?: string;
}

export interface PresenceChange {
  /** Null takes it away. */
  readonly status?: CustomStatus | null;
  readonly whoMaySee?: WhoMaySee;
  readonly whoMaySeeLastSeen?: WhoMaySee;
  readonly invisible?: boolean;
}

export interface Search {
  /** A part of what messages say: case, accents and forms of characters make no difference. */
  readonly text: string;
  readonly conversation?: ConversationId;
  readonly bodyType?: string;
  readonly since?: Timestamp;
  /** The page behind a message. */
  readonly after?: { readonly sentAt: Timestamp; readonly conversation: ConversationId; readonly seq: Seq };
  /** At most 200, which is also the default. */
  readonly limit?: number;
}

/** A starred message; `message` is null when this device does not hold it and cannot ask. */
export interface StarredMessage {
  readonly at: Timestamp;
  readonly conversation: ConversationId;
  readonly seq: Seq;
  readonly message: Message | null;
}

/** A signed-in user on this device. */
export interface Account {
  readonly user: UserId;
  readonly deviceId: string;

  /**
   * How long this browser keeps what the device knows. `evictable`: it may remove it when room is short. `memory`: as long
   * as the page is open, because it refuses to keep anything; what was not sent is gone with it.
   */
  readonly storage: Readable<"persistent" | "evictable" | "memory">;
  readonly connection: Readable<ConnectionState>;
  /** Unread messages over all conversations that are not muted. */
  readonly totalUnread: Readable<number>;
  /** Null until a server has said so since the account was opened. */
  readonly messageWindows: Readable<MessageWindows | null>;
  readonly contentTypes: Readable<readonly ContentType[]>;
  /** One line of what a content says: its words, or the fallback text of a declared type; empty for what has neither. */
  words(content: Content): string;
  /** The user's own profile. */
  readonly profile: Readable<Profile | null>;
  /** What he and others are to each other: contacts, requests, blocks. */
  readonly relations: Readable<ReadonlyMap<UserId, Relation>>;
  readonly devicesKnown: Readable<ReadonlyMap<string, Device>>;
  /** What he asks of groups, or is asked, by group. */
  readonly asking: Readable<ReadonlyMap<ConversationId, Asking>>;
  readonly presences: Readable<ReadonlyMap<UserId, Presence>>;
  readonly presenceSettings: Readable<PresenceSettings | null>;
  readonly quiet: Readable<Quiet>;
  /** What people are called, as far as this device knows; an alias of the user goes before. */
  readonly names: Readable<ReadonlyMap<UserId, string>>;
  /** Asks the server for the names of those who are not in `names` yet, many at once; they appear there. */
  lookUp(users: readonly UserId[]): void;

  conversations(filter?: ConversationFilter): ConversationList;
  /** What the list shows of a conversation; null while it is not on this device. */
  summary(id: ConversationId): Readable<ConversationSummary | null>;
  conversation(id: ConversationId): Conversation;
  /** The direct conversation with a user. It begins with its first message. */
  conversationWith(user: UserId): Conversation;
  createGroup(title: string, members: readonly UserId[]): Promise<Conversation>;
  createChannel(title: string, members: readonly UserId[]): Promise<Conversation>;
  /** `CONVERSATION.TOKEN`, as `makeLink` gives it. */
  joinByLink(link: string): Promise<Conversation>;

  users(users: readonly UserId[]): Promise<readonly UserProfile[]>;
  userNamed(username: string): Promise<UserProfile | null>;
  setProfile(change: ProfileChange): Promise<Profile>;
  block(user: UserId): Promise<void>;
  unblock(user: UserId): Promise<void>;
  requestContact(user: UserId, message: string, answer?: string): Promise<void>;
  acceptContact(user: UserId): Promise<void>;
  declineContact(user: UserId, reason?: string): Promise<void>;
  withdrawRequest(user: UserId): Promise<void>;
  removeContact(user: UserId): Promise<void>;
  annotate(user: UserId, remarks: { alias: string; tags: readonly string[]; extension: Readonly<Record<string, string>> }): Promise<void>;

  /** Watches whether users are there, and no others; at most 200. */
  watchPresence(users: readonly UserId[]): Promise<void>;
  fetchPresence(users: readonly UserId[]): Promise<readonly Presence[]>;
  /** The user is away from this device, or back. */
  setAway(away: boolean): Promise<void>;
  setPresence(change: PresenceChange): Promise<PresenceSettings>;

  isQuiet(): boolean;
  setQuietHours(windows: readonly QuietWindow[], zone: QuietZone): Promise<CommandHandle>;
  /** 0 disturbs him again, {@link FOR_GOOD} has no end. */
  pauseUntil(until: Timestamp): Promise<CommandHandle>;

  devices(): Promise<readonly Device[]>;
  revokeDevice(id: string): Promise<void>;
  revokeOtherDevices(): Promise<void>;

  search(search: Search): Promise<readonly Message[]>;
  starred(after: StarredMessage | null, limit?: number): Promise<readonly StarredMessage[]>;

  /** What waits in the outbox or failed, oldest first. */
  outbox(): Promise<readonly Unsent[]>;
  pending(): Promise<readonly Pending[]>;
  /** The handle of what waits in the outbox, or was sent since the account was opened. */
  sending(id: ClientMsgId): SendHandle | null;

  /** Says what the device shows now: at most 16 conversations. Replaces what was said before. */
  focus(conversations: readonly ConversationId[]): Promise<void>;
  /** Tries to connect now: the network came back, or the user looks. */
  tryNow(): void;
  /** Resolves when it is connected and in step; rejects when the session ended, or after `atMostMs`. */
  online(atMostMs?: number): Promise<void>;
  /** Disconnects. What is in the outbox stays there. */
  stop(): Promise<void>;
  /** Signs this device out and forgets everything that it holds, what was not sent included. */
  signOut(): Promise<void>;
  /** The messages of others as they arrive, for bots: each once, across restarts where the store lasts. */
  messages(options?: { signal?: AbortSignal }): AsyncIterable<Message>;
}

/** What can be sent: a text, or any content. */
export interface Outgoing {
  readonly text?: string;
  readonly entities?: readonly Entity[];
  /** Instead of a text. */
  readonly content?: Content;
  readonly replyTo?: Seq;
  readonly silent?: boolean;
  readonly priority?: number;
  readonly extension?: Uint8Array;
  readonly forwarded?: Attributes["forwarded"];
  /** The same through all retries; made when left out. */
  readonly clientMsgId?: ClientMsgId;
  /** The last event that the composer had shown. */
  readonly readUpto?: Seq;
}

export interface TimelineOptions {
  /** Messages of the first page; 50 when left out. */
  readonly page?: number;
  /** False leaves lines between days out. */
  readonly days?: boolean;
}

/** One conversation: write, read, and change it. */
export interface Conversation {
  readonly id: ConversationId;
  readonly summary: Readable<ConversationSummary | null>;
  readonly typing: Readable<readonly UserId[]>;
  readonly readMarks: Readable<readonly ReadMark[]>;

  /**
   * Keeps a message, durably; the server gets it as soon as it can be reached. Rejects with `invalid_argument`,
   * `too_large` or `store.*`; the handle tells the rest. The timeline shows it before the promise resolves.
   */
  send(what: Outgoing): Promise<SendHandle>;
  timeline(options?: TimelineOptions): Promise<Timeline>;
  markRead(upto: Seq): Promise<void>;
  markAllRead(): Promise<void>;
  markPlayed(message: Seq): Promise<void>;
  /** May be called for each key. */
  setTyping(active: boolean): void;

  edit(message: Target, what: Outgoing): Promise<CommandHandle>;
  react(message: Target, emoji: string): Promise<CommandHandle>;
  takeBack(message: Target, emoji: string): Promise<CommandHandle>;
  recall(message: Target): Promise<CommandHandle>;
  pinMessage(message: Target, pinned: boolean): Promise<CommandHandle>;
  deleteForMe(messages: readonly Seq[]): Promise<CommandHandle>;
  star(messages: readonly Seq[], starred: boolean): Promise<CommandHandle>;
  pinnedMessages(): Promise<readonly Message[]>;
  reactions(message: Seq): Promise<readonly UserReaction[]>;
  versions(message: Seq): Promise<readonly Version[]>;
  readers(message: Seq, read: boolean): Promise<readonly Member[]>;
  players(message: Seq, played: boolean): Promise<readonly Member[]>;
  fetchAround(ordinal: Ordinal, limit: number): Promise<HistoryPage>;
  fetchHistory(before: Ordinal | null, limit: number): Promise<HistoryPage>;
  mentions(after: Ordinal, limit: number): Promise<{ readonly mentions: readonly MentionMark[]; readonly more: boolean }>;
  sendCommand(bodyType: string, body: Uint8Array): Promise<void>;

  pin(pinned: boolean): Promise<CommandHandle>;
  /** 0 ends it, {@link FOR_GOOD} has no end. */
  muteUntil(until: Timestamp): Promise<CommandHandle>;
  markUnread(marked: boolean): Promise<CommandHandle>;
  archive(archived: boolean): Promise<CommandHandle>;
  setFolders(folders: readonly string[]): Promise<CommandHandle>;
  saveDraft(text: string, replyTo?: Seq | null): Promise<CommandHandle>;
  clearHistory(): Promise<CommandHandle>;
  /** Out of the list, until something happens in it. */
  delete(): Promise<CommandHandle>;
  setFields(changes: Readonly<Record<string, string | null>>): Promise<CommandHandle>;

  members(): Promise<readonly Member[]>;
  admins(): Promise<readonly Member[]>;
  mutedMembers(): Promise<readonly Member[]>;
  addMembers(users: readonly UserId[]): Promise<void>;
  removeMember(user: UserId): Promise<void>;
  leave(): Promise<void>;
  leaveTo(successor: UserId): Promise<void>;
  rename(title: string): Promise<void>;
  setRole(user: UserId, role: Role): Promise<void>;
  setInfo(patch: { description?: string; avatar?: string }): Promise<void>;
  changeSettings(patch: Partial<GroupSettings>): Promise<void>;
  transferOwner(to: UserId): Promise<void>;
  dissolve(): Promise<void>;
  /** `lastsMs` null is until he is unmuted. */
  mute(user: UserId, lastsMs: number | null, reason?: string): Promise<void>;
  unmute(user: UserId): Promise<void>;
  ban(user: UserId, lastsMs: number | null, reason?: string): Promise<void>;
  liftBan(user: UserId): Promise<void>;
  bans(): Promise<readonly Ban[]>;
  setNickname(nickname: string): Promise<void>;
  announce(text: string): Promise<void>;
  announcement(): Promise<Announcement | null>;
  announcementReaders(read: boolean): Promise<readonly Member[]>;
  apply(message: string): Promise<void>;
  join(): Promise<void>;
  invite(user: UserId): Promise<void>;
  declineInvitation(): Promise<void>;
  applications(): Promise<readonly Asker[]>;
  invitations(): Promise<readonly Asker[]>;
  acceptApplication(user: UserId): Promise<void>;
  declineApplication(user: UserId): Promise<void>;
  /** The text of a link by which one joins; `lastsMs` and `uses` null have no end. */
  makeLink(lastsMs: number | null, uses: number | null): Promise<string>;
  revokeLink(id: string): Promise<void>;
  links(): Promise<readonly JoinLink[]>;
}

/** The timeline of a conversation, live until it is closed. */
export interface Timeline {
  /** Oldest first. */
  readonly items: Readable<readonly TimelineItem[]>;
  /** Shows older messages: from this device, and from the server where it does not hold them. */
  paginateBack(messages: number): Promise<Pagination>;
  /** Fetches what is missing after an ordinal, from the newest end, a page at a time. */
  fillGap(after: Ordinal): Promise<Pagination>;
  hideReadMarker(): void;
  close(): void;
}

/** A message that is durable on this device, and on its way. */
export interface SendHandle {
  readonly clientMsgId: ClientMsgId;
  readonly conversation: ConversationId;
  readonly state: Readable<SendState>;
  /** Resolves when the server has stored it; rejects when it refused, or the message was cancelled. */
  readonly sent: Promise<SentMark>;
  retry(): Promise<void>;
  cancel(): Promise<void>;
}

/** A command that is durable on this device, and on its way. */
export interface CommandHandle {
  readonly id: ClientMsgId;
  readonly state: Readable<SendState>;
  /** Resolves with the event that carried it out, 0 where nothing changed. */
  readonly done: Promise<Seq>;
  retry(): Promise<void>;
  cancel(): Promise<void>;
}
