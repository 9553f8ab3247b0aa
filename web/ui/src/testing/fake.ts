/**
 * An account without a server: all of the SDK's interface over data in memory, with operations that work. For tests of
 * components, the gallery and its pictures.
 */

import type {
  Account, Asking, ClientMsgId, CommandHandle, ConnectionState, Content, ContentType, Conversation, ConversationFilter,
  ConversationId, ConversationList, ConversationSummary, Device, Message, MessageWindows, Pending, Presence, PresenceChange,
  PresenceSettings, Profile, ProfileChange, Quiet, QuietWindow, QuietZone, Readable, Relation, Search, SendFailure, SendHandle,
  Seq, StarredMessage, Timestamp, Unsent, UserId, UserProfile,
} from "@stonechat/sdk";
import { FOR_GOOD, StonechatError } from "@stonechat/sdk";
import { cell, derived, type Cell, Source } from "./cells.ts";
import type { FakeConversation, FakeData, FakePerson } from "./data.ts";
import { FakeConversationImpl } from "./fake-conversation.ts";

export * from "./data.ts";

const NOBODY: Omit<Relation, "user"> = {
  contactsSince: 0, blocksSince: 0, incoming: null, outgoing: null, declined: null, alias: "", tags: [], extension: {},
};

/** For comparing as search does: without case and accents. */
function plain(text: string): string {
  return text.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase();
}

export class FakeAccount implements Account {
  readonly user: UserId;
  readonly deviceId = "d1";
  readonly source = new Source();

  readonly connection: Cell<ConnectionState>;
  readonly storage: Cell<"persistent" | "evictable" | "memory"> = cell<"persistent" | "evictable" | "memory">("persistent");
  readonly totalUnread: Readable<number>;
  readonly messageWindows: Cell<MessageWindows | null> = cell<MessageWindows | null>({ editMs: 86_400_000, recallMs: 120_000 });
  readonly contentTypes: Cell<readonly ContentType[]> = cell<readonly ContentType[]>([]);
  readonly profile: Cell<Profile | null>;
  readonly relations: Cell<ReadonlyMap<UserId, Relation>>;
  readonly devicesKnown: Cell<ReadonlyMap<string, Device>>;
  readonly asking: Cell<ReadonlyMap<ConversationId, Asking>> = cell<ReadonlyMap<ConversationId, Asking>>(new Map());
  readonly presences: Cell<ReadonlyMap<UserId, Presence>>;
  readonly presenceSettings: Cell<PresenceSettings | null>;
  readonly quiet: Cell<Quiet>;
  readonly names: Cell<ReadonlyMap<UserId, string>>;

  /** What was asked of it, for tests: the name of the method and its arguments. */
  readonly asked: { readonly method: string; readonly args: readonly unknown[] }[] = [];

  private readonly people = new Map<UserId, FakePerson>();
  private readonly all = new Map<ConversationId, FakeConversationImpl>();
  private refusal: SendFailure | null = null;
  private latencyMs: number;
  private started = Date.now();

  constructor(readonly data: FakeData) {
    this.user = data.user;
    this.latencyMs = data.latencyMs ?? 0;
    for (const person of data.people) this.people.set(person.id, person);
    this.connection = cell<ConnectionState>(data.connection ?? { kind: "online" });
    this.relations = cell<ReadonlyMap<UserId, Relation>>(new Map((data.relations ?? []).map((relation) => [relation.user, { ...NOBODY, ...relation }])));
    this.names = cell<ReadonlyMap<UserId, string>>(new Map(data.people.map(({ id, name }) => [id, this.relations.get().get(id)?.alias || name])));
    this.presences = cell<ReadonlyMap<UserId, Presence>>(
      new Map(
        data.people
          .filter((person) => person.presence)
          .map((person) => [
            person.id,
            { user: person.id, availability: person.presence!, platforms: ["web"], lastSeen: person.lastSeen ?? 0, status: person.status ?? null },
          ]),
      ),
    );
    this.devicesKnown = cell<ReadonlyMap<string, Device>>(new Map((data.devices ?? []).map((device) => [device.id, device])));
    this.presenceSettings = cell<PresenceSettings | null>(
      data.presenceSettings ?? { status: this.people.get(data.user)?.status ?? null, whoMaySee: "everybody", whoMaySeeLastSeen: "contacts", invisible: false },
    );
    this.quiet = cell<Quiet>(data.quiet ?? { windows: [], zone: { name: "Europe/Lisbon", offsetMinutes: 0, changes: [] }, pausedUntil: 0 });
    this.profile = cell<Profile | null>({
      user: this.profileOf(data.user),
      privateFields: data.privateFields ?? {},
      whoMayMessage: "anyone",
      whoMayAdd: "ask",
      ...data.profile,
    });
    for (const conversation of data.conversations) this.all.set(conversation.id, new FakeConversationImpl(this, conversation));
    this.totalUnread = derived(this.source, () =>
      this.summaries()
        .filter((summary) => !summary.hidden && summary.preferences.mutedUntil <= this.now())
        .reduce((sum, summary) => sum + summary.unread, 0),
    );
  }

  /* For those who steer it */

  now(): Timestamp {
    return this.data.now + (this.latencyMs ? Date.now() - this.started : 0);
  }

  changed(): void {
    this.source.changed();
  }

  nameOf(user: UserId): string {
    return this.people.get(user)?.name ?? user;
  }

  fake(id: ConversationId): FakeConversationImpl {
    const found = this.all.get(id);
    if (!found) throw new StonechatError("not_found", `no conversation ${id}`);
    return found;
  }

  /** The next message, or change of a group, is refused. */
  refuseNext(code: string, recoverable = false): void {
    this.refusal = { kind: "failed", code, text: code, recoverable };
  }

  takeRefusal(): SendFailure | null {
    const refusal = this.refusal;
    this.refusal = null;
    return refusal;
  }

  setPresenceOf(user: UserId, presence: Partial<Presence>): void {
    const before = this.presences.get().get(user) ?? { user, availability: "offline", platforms: [], lastSeen: 0, status: null };
    this.presences.set(new Map(this.presences.get()).set(user, { ...before, ...presence }));
  }

  relate(user: UserId, change: Partial<Relation>): void {
    const before = this.relations.get().get(user) ?? { ...NOBODY, user };
    this.relations.set(new Map(this.relations.get()).set(user, { ...before, ...change }));
  }

  /** A server answers: after a moment, and only while it can be reached. `needed` false: from the device itself. */
  async answer(needed = true): Promise<void> {
    if (this.latencyMs && needed) await new Promise((resolve) => setTimeout(resolve, this.latencyMs));
    else await Promise.resolve();
    if (needed && this.connection.get().kind !== "online") throw new StonechatError("offline", "offline", true);
  }

  whenOnline(): Promise<void> {
    return new Promise((resolve) => {
      let stop: (() => void) | undefined;
      let done = false;
      stop = this.connection.subscribe((state) => {
        if (state.kind !== "online" || done) return;
        done = true;
        stop?.();
        resolve();
      });
      if (done) stop();
    });
  }

  private say<T>(method: string, args: readonly unknown[], value: T): T {
    this.asked.push({ method, args });
    return value;
  }

  /* Conversations */

  words(content: Content): string {
    switch (content.kind) {
      case "text": return content.text;
      case "image":
      case "voice":
      case "video":
      case "file": return content.caption || content.file.name;
      case "location": return content.name;
      case "contact_card": return content.displayName;
      case "merged": return content.title;
      case "opaque": return this.contentTypes.get().find(({ name }) => name === content.bodyType)?.fallback ?? "";
      default: return "";
    }
  }

  lookUp(users: readonly UserId[]): void {
    this.say("lookUp", [users], undefined);
  }

  private summaries(): ConversationSummary[] {
    return [...this.all.values()].map((conversation) => conversation.summary.get()).filter((summary) => summary !== null);
  }

  conversations(filter: ConversationFilter = {}): ConversationList {
    const own = new Source();
    const stop = this.source.onChange(() => own.changed());
    let now = filter;
    const fits = (summary: ConversationSummary): boolean => {
      const { preferences } = summary;
      const archived = now.archived ?? false;
      return (
        !summary.hidden &&
        (archived === "any" || preferences.archived === archived) &&
        (!now.unread || summary.unread > 0 || preferences.markedUnread) &&
        (!now.folder || preferences.folders.includes(now.folder)) &&
        (!now.kinds || now.kinds.includes(summary.kind)) &&
        (!now.query || plain(summary.title).includes(plain(now.query)))
      );
    };
    const items = derived<readonly ConversationSummary[]>(own, () =>
      this.summaries()
        .filter(fits)
        .sort((a, b) => b.preferences.pinnedAt - a.preferences.pinnedAt || b.activeAt - a.activeAt),
    );
    return {
      items,
      setFilter(next) {
        now = next;
        own.changed();
      },
      close: stop,
    };
  }

  summary(id: ConversationId): Readable<ConversationSummary | null> {
    return this.all.get(id)?.summary ?? cell<ConversationSummary | null>(null);
  }

  conversation(id: ConversationId): Conversation {
    return this.fake(id);
  }

  private add(data: FakeConversation): FakeConversationImpl {
    const made = new FakeConversationImpl(this, data);
    this.all.set(data.id, made);
    this.changed();
    return made;
  }

  conversationWith(user: UserId): Conversation {
    for (const conversation of this.all.values()) if (conversation.data.peer === user) return conversation;
    const made = this.add({ id: `d_${user}`, kind: "direct", peer: user });
    made.exists = false;
    return made;
  }

  private async create(kind: "group" | "channel", title: string, members: readonly UserId[]): Promise<Conversation> {
    await this.answer();
    const id = `${kind[0]!}_${this.all.size + 1}`;
    const listed = [{ user: this.user, role: "owner" as const }, ...members.map((user) => ({ user }))];
    return this.add({ id, kind, title, role: "owner", members: listed, memberCount: listed.length });
  }

  createGroup(title: string, members: readonly UserId[]): Promise<Conversation> {
    return this.create("group", title, members);
  }

  createChannel(title: string, members: readonly UserId[]): Promise<Conversation> {
    return this.create("channel", title, members);
  }

  async joinByLink(link: string): Promise<Conversation> {
    await this.answer();
    const found = this.all.get(link.split(".")[0]!);
    if (!found) throw new StonechatError("not_found", "no such link");
    return found;
  }

  /* People */

  private profileOf(user: UserId): UserProfile {
    const person = this.people.get(user);
    return {
      id: user,
      displayName: person?.name ?? user,
      username: person?.username ?? null,
      avatar: person?.avatar ?? "",
      publicFields: person?.fields ?? {},
      changedAt: this.data.now,
      question: person?.question ?? "",
    };
  }

  async users(users: readonly UserId[]): Promise<readonly UserProfile[]> {
    await this.answer(false);
    return users.filter((user) => this.people.has(user)).map((user) => this.profileOf(user));
  }

  async userNamed(username: string): Promise<UserProfile | null> {
    await this.answer();
    const wanted = username.replace(/^@/, "").toLowerCase();
    const found = [...this.people.values()].find((person) => (person.username ?? person.id).toLowerCase() === wanted);
    return found ? this.profileOf(found.id) : null;
  }

  async setProfile(change: ProfileChange): Promise<Profile> {
    await this.answer();
    const before = this.profile.get()!;
    const merged = (fields: Readonly<Record<string, string>>, patch: Readonly<Record<string, string | null>> = {}): Record<string, string> =>
      Object.fromEntries(Object.entries({ ...fields, ...patch }).filter((entry): entry is [string, string] => entry[1] !== null));
    const next: Profile = {
      user: {
        ...before.user,
        displayName: change.displayName ?? before.user.displayName,
        username: change.username ?? before.user.username,
        avatar: change.avatar ?? before.user.avatar,
        question: change.question ?? before.user.question,
        publicFields: merged(before.user.publicFields, change.publicFields),
      },
      privateFields: merged(before.privateFields, change.privateFields),
      whoMayMessage: change.whoMayMessage ?? before.whoMayMessage,
      whoMayAdd: change.whoMayAdd ?? before.whoMayAdd,
    };
    this.profile.set(next);
    return next;
  }

  private async related(method: string, user: UserId, change: Partial<Relation>): Promise<void> {
    this.say(method, [user], undefined);
    await this.answer();
    this.relate(user, change);
  }

  block(user: UserId): Promise<void> {
    return this.related("block", user, { blocksSince: this.now() });
  }
  unblock(user: UserId): Promise<void> {
    return this.related("unblock", user, { blocksSince: 0 });
  }
  requestContact(user: UserId, message: string, answer = ""): Promise<void> {
    return this.related("requestContact", user, { outgoing: { message, answer, at: this.now() } });
  }
  acceptContact(user: UserId): Promise<void> {
    return this.related("acceptContact", user, { incoming: null, contactsSince: this.now() });
  }
  declineContact(user: UserId): Promise<void> {
    return this.related("declineContact", user, { incoming: null });
  }
  withdrawRequest(user: UserId): Promise<void> {
    return this.related("withdrawRequest", user, { outgoing: null });
  }
  removeContact(user: UserId): Promise<void> {
    return this.related("removeContact", user, { contactsSince: 0 });
  }
  async annotate(user: UserId, remarks: Parameters<Account["annotate"]>[1]): Promise<void> {
    await this.related("annotate", user, remarks);
    this.names.set(new Map(this.names.get()).set(user, remarks.alias || this.nameOf(user)));
  }

  async watchPresence(): Promise<void> {}

  async fetchPresence(users: readonly UserId[]): Promise<readonly Presence[]> {
    await this.answer();
    return users.map((user) => this.presences.get().get(user)).filter((presence) => presence !== undefined);
  }

  async setAway(): Promise<void> {}

  async setPresence(change: PresenceChange): Promise<PresenceSettings> {
    await this.answer();
    const before = this.presenceSettings.get()!;
    const next: PresenceSettings = {
      status: change.status === undefined ? before.status : change.status,
      whoMaySee: change.whoMaySee ?? before.whoMaySee,
      whoMaySeeLastSeen: change.whoMaySeeLastSeen ?? before.whoMaySeeLastSeen,
      invisible: change.invisible ?? before.invisible,
    };
    this.presenceSettings.set(next);
    return next;
  }

  /* Quiet hours, devices */

  isQuiet(): boolean {
    return this.quiet.get().pausedUntil > this.now();
  }

  private done(): Promise<CommandHandle> {
    const id = "00000000-0000-7000-8000-000000000000";
    return Promise.resolve({ id, state: cell({ kind: "done" as const, seq: 0 }), done: Promise.resolve(0), retry: async () => undefined, cancel: async () => undefined });
  }

  setQuietHours(windows: readonly QuietWindow[], zone: QuietZone): Promise<CommandHandle> {
    this.quiet.set({ ...this.quiet.get(), windows, zone });
    return this.done();
  }

  pauseUntil(until: Timestamp): Promise<CommandHandle> {
    this.quiet.set({ ...this.quiet.get(), pausedUntil: Math.min(until, FOR_GOOD) });
    return this.done();
  }

  async devices(): Promise<readonly Device[]> {
    await this.answer();
    return [...this.devicesKnown.get().values()];
  }

  async revokeDevice(id: string): Promise<void> {
    await this.answer();
    const device = this.devicesKnown.get().get(id);
    if (device) this.devicesKnown.set(new Map(this.devicesKnown.get()).set(id, { ...device, revoked: true, signedOut: { reason: "user", at: this.now() } }));
  }

  async revokeOtherDevices(): Promise<void> {
    for (const id of this.devicesKnown.get().keys()) if (id !== this.deviceId) await this.revokeDevice(id);
  }

  /* Search, stars, what waits */

  async search(search: Search): Promise<readonly Message[]> {
    await this.answer(false);
    const wanted = plain(search.text);
    const found: Message[] = [];
    for (const conversation of this.all.values()) {
      if (search.conversation && conversation.id !== search.conversation) continue;
      for (const kept of conversation.messages) {
        if (kept.deleted || !kept.seq || !plain(this.words(kept.content)).includes(wanted)) continue;
        found.push(conversation.toMessage(kept));
      }
    }
    found.sort((a, b) => b.sentAt - a.sentAt);
    const { after } = search;
    const from = after ? found.findIndex((message) => message.conversation === after.conversation && message.seq === after.seq) + 1 : 0;
    return found.slice(from, from + (search.limit ?? 200));
  }

  async starred(after: StarredMessage | null, limit = 50): Promise<readonly StarredMessage[]> {
    await this.answer(false);
    const found: StarredMessage[] = [];
    for (const conversation of this.all.values()) {
      for (const kept of conversation.messages) {
        if (kept.starred && !kept.deleted) found.push({ at: kept.at, conversation: conversation.id, seq: kept.seq, message: conversation.toMessage(kept) });
      }
    }
    found.sort((a, b) => b.at - a.at);
    const from = after ? found.findIndex((star) => star.conversation === after.conversation && star.seq === after.seq) + 1 : 0;
    return found.slice(from, from + limit);
  }

  async outbox(): Promise<readonly Unsent[]> {
    const waiting: Unsent[] = [];
    for (const conversation of this.all.values()) {
      for (const kept of conversation.messages) {
        if (kept.seq || kept.deleted || !kept.clientMsgId || !kept.state) continue;
        waiting.push({
          conversation: conversation.id, clientMsgId: kept.clientMsgId, content: kept.content, attributes: kept.attributes,
          createdAt: kept.at, state: kept.state,
        });
      }
    }
    return waiting.sort((a, b) => a.createdAt - b.createdAt);
  }

  async pending(): Promise<readonly Pending[]> {
    return [];
  }

  sending(id: ClientMsgId): SendHandle | null {
    for (const conversation of this.all.values()) {
      const entry = conversation.handles.get(id);
      if (entry) return entry.handle;
    }
    return null;
  }

  /* The session */

  async focus(conversations: readonly ConversationId[]): Promise<void> {
    this.say("focus", [conversations], undefined);
  }

  tryNow(): void {
    this.say("tryNow", [], undefined);
  }

  async online(): Promise<void> {
    await this.whenOnline();
  }

  async stop(): Promise<void> {
    this.connection.set({ kind: "ended", reason: { kind: "stopped" } });
  }

  async signOut(): Promise<void> {
    this.say("signOut", [], undefined);
    await this.stop();
  }

  async *messages(): AsyncIterable<Message> {
    const told = new Set<string>();
    for (const conversation of this.all.values()) {
      for (const kept of conversation.messages) {
        const key = `${conversation.id} ${kept.seq satisfies Seq}`;
        if (kept.seq && kept.sender !== this.user && !told.has(key)) {
          told.add(key);
          yield conversation.toMessage(kept);
        }
      }
    }
  }
}

export function fakeAccount(data: FakeData): FakeAccount {
  return new FakeAccount(data);
}
