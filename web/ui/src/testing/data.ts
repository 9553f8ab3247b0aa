/** What a fake account is made of. All that is left out has a plain default. */

import type {
  Announcement, Asker, Attributes, Ban, ClientMsgId, Content, ConversationId, ConversationKind, Device, Draft, Entity, GroupSettings, JoinLink, Ordinal,
  PresenceSettings, Profile, Quiet, Relation, Role, SendState, Seq, SystemEventKind, Version, Timestamp, UserId, Availability, CustomStatus, ConnectionState,
} from "@stonechat/sdk";

export interface FakePerson {
  readonly id: UserId;
  readonly name: string;
  readonly username?: string;
  readonly avatar?: string;
  /** Not known: not shown. */
  readonly presence?: Availability;
  readonly lastSeen?: Timestamp;
  readonly status?: CustomStatus;
  readonly question?: string;
  readonly fields?: Readonly<Record<string, string>>;
}

export interface FakeMessage {
  readonly from: UserId;
  readonly at: Timestamp;
  /** `*bold*`, `` `code` ``, `@[id]` for a mention and `@all`; instead of it `content`. */
  readonly text?: string;
  readonly content?: Content;
  readonly entities?: readonly Entity[];
  /** Emoji to those who added it. */
  readonly reactions?: Readonly<Record<string, readonly UserId[]>>;
  /** How many messages before this one it answers: 1 is the one before. */
  readonly replyBack?: number;
  readonly editedAt?: Timestamp;
  /** What it said before, oldest first. */
  readonly before?: readonly string[];
  readonly recalled?: boolean;
  readonly pinned?: boolean;
  readonly starred?: boolean;
  readonly forwarded?: { readonly author: UserId; readonly sentAt: Timestamp };
  /** Of an own one; `sent` when left out. */
  readonly state?: SendState;
}

/** What happened to a conversation; the time says between which messages it stands. */
export interface FakeEvent {
  readonly kind: SystemEventKind;
  readonly by: UserId;
  readonly at: Timestamp;
  readonly users?: readonly UserId[];
  readonly text?: string;
  readonly role?: Role;
  readonly settings?: GroupSettings;
}

export interface FakeMember {
  readonly user: UserId;
  readonly role?: Role;
  readonly nickname?: string;
  readonly mutedUntil?: Timestamp;
}

export interface FakeConversation {
  readonly id: ConversationId;
  readonly kind: ConversationKind;
  readonly title?: string;
  readonly peer?: UserId;
  readonly role?: Role;
  readonly member?: boolean;
  /** More than are listed: so many are counted. */
  readonly memberCount?: number;
  readonly members?: readonly FakeMember[];
  readonly messages?: readonly FakeMessage[];
  readonly events?: readonly FakeEvent[];
  /** How many of the last messages are unread. */
  readonly unread?: number;
  /** Counts that the messages alone do not give. */
  readonly unreadShown?: number;
  readonly mentionsShown?: number;
  /** Messages that this device does not hold, before the last so many that it holds. */
  readonly gap?: { readonly missing: number; readonly keep: number };
  readonly pinnedAt?: Timestamp;
  readonly mutedUntil?: Timestamp;
  readonly markedUnread?: boolean;
  readonly archived?: boolean;
  readonly folders?: readonly string[];
  readonly draft?: Draft;
  readonly fields?: Readonly<Record<string, string>>;
  readonly typing?: readonly UserId[];
  /** Up to how many messages from the end others have not read yet; and have not got yet. */
  readonly unreadByOthers?: number;
  readonly undelivered?: number;
  readonly description?: string;
  readonly avatar?: string;
  readonly settings?: Partial<GroupSettings>;
  readonly announcement?: Announcement;
  readonly dissolved?: boolean;
  /** Until when this user may not write. */
  readonly silencedUntil?: Timestamp;
  readonly nickname?: string;
  readonly bans?: readonly Ban[];
  readonly links?: readonly JoinLink[];
  readonly applications?: readonly Asker[];
  readonly invitations?: readonly Asker[];
}

export interface FakeData {
  readonly user: UserId;
  readonly now: Timestamp;
  readonly people: readonly FakePerson[];
  readonly conversations: readonly FakeConversation[];
  readonly relations?: readonly (Partial<Relation> & { readonly user: UserId })[];
  readonly devices?: readonly Device[];
  readonly profile?: Partial<Profile>;
  readonly presenceSettings?: PresenceSettings;
  readonly quiet?: Quiet;
  readonly connection?: ConnectionState;
  readonly privateFields?: Readonly<Record<string, string>>;
  /** How long the server takes to answer, in milliseconds. */
  readonly latencyMs?: number;
}

export const SETTINGS: GroupSettings = {
  speak: "everybody",
  invite: "everybody",
  editInfo: "admins",
  mentionAll: "admins",
  pin: "admins",
  join: "invitation",
  history: true,
  receipts: true,
  membersHidden: false,
};

/** `*bold*`, `` `code` ``, `@[id]` and `@all` of a fixed text, as text and marked stretches. */
export function marked(source: string, nameOf: (user: UserId) => string): { text: string; entities: Entity[]; mentions: UserId[]; all: boolean } {
  const entities: Entity[] = [];
  const mentions: UserId[] = [];
  let all = false;
  let text = "";
  const pattern = /\*([^*\n]+)\*|`([^`]+)`|@\[([^\]]+)\]|(@all)|(https?:\/\/\S+)/g;
  let from = 0;
  for (const match of source.matchAll(pattern)) {
    text += source.slice(from, match.index);
    from = match.index + match[0].length;
    const start = text.length;
    const [, bold, code, user, everyone, address] = match;
    if (user) {
      mentions.push(user);
      text += `@${nameOf(user)}`;
      entities.push({ start, end: text.length, mark: { kind: "mention", user } });
    } else if (everyone) {
      all = true;
      text += "@everyone";
      entities.push({ start, end: text.length, mark: { kind: "mention_all" } });
    } else if (address) {
      text += address;
      entities.push({ start, end: text.length, mark: { kind: "link", address } });
    } else {
      text += bold ?? code ?? "";
      entities.push({ start, end: text.length, mark: { kind: bold ? "bold" : "code" } });
    }
  }
  return { text: text + source.slice(from), entities, mentions, all };
}

/** A message as the fake keeps it. */
export interface Kept {
  seq: Seq;
  ordinal: Ordinal;
  sender: UserId;
  at: Timestamp;
  clientMsgId: ClientMsgId | null;
  content: Content;
  attributes: Attributes;
  reactions: Map<string, UserId[]>;
  versions: Version[];
  editedAt: Timestamp;
  pinned: boolean;
  starred: boolean;
  deleted: boolean;
  state: SendState | null;
}
