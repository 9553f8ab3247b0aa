/** One conversation of a fake account: in memory, with a server that answers after a moment. */

import type {
  Announcement, Asker, Ban, ClientMsgId, CommandHandle, Content, Conversation, ConversationId, ConversationSummary,
  GroupSettings, HistoryPage, JoinLink, Member, Message, MessageItem, Ordinal, Outgoing, Pagination, Preferences, Preview,
  Readable, ReadMark, Role, SendHandle, SendState, SentMark, Seq, Target, Timeline, TimelineItem, TimelineOptions, Timestamp,
  UserId, UserReaction, Version,
} from "@stonechat/sdk";
import { StonechatError } from "@stonechat/sdk";
import { cell, derived, type Cell, Source } from "./cells.ts";
import { marked, SETTINGS, type FakeConversation, type Kept } from "./data.ts";
import type { FakeAccount } from "./fake.ts";
import { FakeEvents } from "./fake-events.ts";

const DAY_MS = 86_400_000;
const PAGE = 50;

/** The same ids in each run: pictures and tests may name them. */
let ids = 0;
const nextId = (): ClientMsgId => `00000000-0000-7000-8000-${String(++ids).padStart(12, "0")}`;

/** Everything of a conversation besides what its group is and does. */
export abstract class FakeTalk {
  readonly id: ConversationId;
  readonly source = new Source();
  readonly summary: Readable<ConversationSummary | null>;
  readonly typing: Cell<readonly UserId[]>;
  readonly readMarks: Readable<readonly ReadMark[]>;

  /** False until its first message, where it is a direct one that nobody wrote in. */
  exists = true;
  messages: Kept[] = [];
  people: Member[] = [];
  protected readonly events: FakeEvents;
  readonly handles = new Map<ClientMsgId, { handle: SendHandle; state: Cell<SendState> }>();
  protected headSeq = 0;
  private readSeq = 0;
  private othersUpto = 0;
  private deliveredUpto = 0;
  protected preferences: Preferences;
  protected settings: GroupSettings;
  protected title: string;
  protected role: Role;
  protected isMember: boolean;
  protected description: string;
  protected avatar: string;
  protected nickname: string;
  protected dissolved: boolean;
  protected says: Announcement | null;
  protected banned: Ban[];
  protected joinLinks: JoinLink[];
  protected applied: Asker[];
  protected invited: Asker[];
  protected hidden = false;
  /** Counts that the messages do not give, until it is read. */
  private shown: { unread: number; mentions: number } | null;
  private gap: { missing: number; after: Ordinal } | null = null;

  constructor(readonly account: FakeAccount, readonly data: FakeConversation) {
    this.id = data.id;
    this.events = new FakeEvents(data.id, data.events);
    this.title = data.title ?? "";
    this.role = data.role ?? "member";
    this.isMember = data.member ?? true;
    this.description = data.description ?? "";
    this.avatar = data.avatar ?? "";
    this.nickname = data.nickname ?? "";
    this.dissolved = data.dissolved ?? false;
    this.says = data.announcement ?? null;
    this.banned = [...(data.bans ?? [])];
    this.joinLinks = [...(data.links ?? [])];
    this.applied = [...(data.applications ?? [])];
    this.invited = [...(data.invitations ?? [])];
    this.settings = { ...SETTINGS, ...data.settings };
    this.shown = data.unreadShown ? { unread: data.unreadShown, mentions: data.mentionsShown ?? 0 } : null;
    this.preferences = {
      pinnedAt: data.pinnedAt ?? 0,
      mutedUntil: data.mutedUntil ?? 0,
      markedUnread: data.markedUnread ?? false,
      archived: data.archived ?? false,
      folders: data.folders ?? [],
      draft: data.draft ?? null,
      clearedUpto: 0,
      fields: data.fields ?? {},
    };
    this.people = (data.members ?? []).map((member) => ({
      user: member.user,
      displayName: account.nameOf(member.user),
      role: member.role ?? "member",
      nickname: member.nickname ?? "",
      mutedUntil: member.mutedUntil ?? 0,
    }));
    this.fill();
    this.typing = cell<readonly UserId[]>(data.typing ?? []);
    this.summary = derived(this.source, () => (this.exists ? this.summarise() : null));
    this.readMarks = derived(this.source, () => this.marks());
  }

  /** Takes the fixed messages. */
  private fill(): void {
    const { data } = this;
    this.headSeq = data.gap?.missing ?? 0;
    let ordinal = this.headSeq;
    for (const given of data.messages ?? []) {
      const text = marked(given.text ?? "", (user) => this.account.nameOf(user).split(" ")[0]!);
      const pendingState = given.state && given.state.kind !== "sent" ? given.state : null;
      const seq = pendingState ? 0 : ++this.headSeq;
      const answered = given.replyBack ? this.messages[this.messages.length - given.replyBack] : undefined;
      const kept: Kept = {
        seq,
        ordinal: pendingState ? 0 : ++ordinal,
        sender: given.from,
        at: given.at,
        clientMsgId: given.from === this.account.user ? nextId() : null,
        content: given.recalled
          ? { kind: "recalled", by: given.from, at: given.at }
          : (given.content ?? { kind: "text", text: text.text, entities: given.entities ?? text.entities }),
        attributes: {
          replyTo: answered ? { seq: answered.seq, ordinal: answered.ordinal } : null,
          mentions: text.mentions,
          mentionAll: text.all,
          silent: false,
          priority: 0,
          extension: new Uint8Array(),
          forwarded: given.forwarded ?? null,
        },
        reactions: new Map(Object.entries(given.reactions ?? {}).map(([emoji, users]) => [emoji, [...users]])),
        versions: (given.before ?? []).map((before, i) => ({ seq, at: given.at + i * 60_000, content: { kind: "text", text: before, entities: [] } })),
        editedAt: given.editedAt ?? 0,
        pinned: given.pinned ?? false,
        starred: given.starred ?? false,
        deleted: false,
        state: pendingState,
      };
      this.messages.push(kept);
      if (pendingState) this.addHandle(kept);
    }
    const logged = this.messages.filter((message) => message.seq);
    const back = (n: number): Seq => logged.at(-1 - n)?.seq ?? 0;
    this.readSeq = back(data.unread ?? 0);
    this.othersUpto = back(data.unreadByOthers ?? 0);
    this.deliveredUpto = back(data.undelivered ?? 0);
    if (data.gap) this.gap = { missing: data.gap.missing, after: 0 };
  }

  changed(): void {
    this.source.changed();
    this.account.changed();
  }

  /* What it looks like */

  private logged(): Kept[] {
    return this.messages.filter((message) => message.seq && !message.deleted && message.seq > this.preferences.clearedUpto);
  }

  private callsMe(message: Kept): boolean {
    return message.attributes.mentionAll || message.attributes.mentions.includes(this.account.user);
  }

  private summarise(): ConversationSummary {
    const me = this.account.user;
    const logged = this.logged();
    const last = logged.at(-1);
    const unread = logged.filter((message) => message.seq > this.readSeq && message.sender !== me && message.content.kind !== "recalled");
    const read = this.messages.filter((message) => message.seq && message.seq <= this.readSeq).at(-1);
    return {
      id: this.id,
      kind: this.data.kind,
      title: this.data.peer ? this.account.nameOf(this.data.peer) : this.title,
      peer: this.data.peer ?? null,
      role: this.isMember ? this.role : "none",
      member: this.isMember,
      memberCount: this.data.memberCount ?? (this.data.kind === "direct" ? 2 : this.people.length),
      unread: this.shown?.unread ?? unread.length,
      unreadMentions: this.shown?.mentions ?? unread.filter((message) => this.callsMe(message)).length,
      preview: last ? this.preview(last) : null,
      preferences: this.preferences,
      hidden: this.hidden,
      activeAt: Math.max(this.messages.at(-1)?.at ?? 0, this.preferences.draft?.at ?? 0),
      headSeq: this.headSeq,
      headOrdinal: last?.ordinal ?? 0,
      readSeq: this.readSeq,
      readOrdinal: read?.ordinal ?? 0,
      group: {
        description: this.description,
        avatar: this.avatar,
        settings: this.settings,
        announcement: this.says?.seq ?? 0,
        dissolved: this.dissolved,
        mutedUntil: this.data.silencedUntil ?? 0,
        nickname: this.nickname,
      },
    };
  }

  private preview(message: Kept): Preview {
    const recalled = message.content.kind === "recalled";
    return {
      sender: message.sender,
      text: recalled ? "" : this.account.words(message.content).replace(/\s+/g, " "),
      bodyType: message.content.kind === "opaque" ? message.content.bodyType : message.content.kind,
      sentAt: message.at,
      seq: message.seq,
      recalled,
    };
  }

  private marks(): ReadMark[] {
    if (this.data.peer) return [{ user: this.data.peer, upto: this.othersUpto, delivered: this.deliveredUpto }];
    if (!this.settings.receipts) return [];
    return this.people
      .filter((member) => member.user !== this.account.user)
      .map((member) => ({ user: member.user, upto: this.othersUpto, delivered: this.othersUpto }));
  }

  private others(): number {
    return this.data.peer ? 1 : (this.data.memberCount ?? this.people.length) - 1;
  }

  toMessage(kept: Kept): Message {
    return {
      conversation: this.id,
      seq: kept.seq,
      ordinal: kept.ordinal,
      sender: kept.sender,
      own: kept.sender === this.account.user,
      sentAt: kept.at,
      clientMsgId: kept.clientMsgId,
      content: kept.content,
      attributes: kept.attributes,
      pinned: kept.pinned,
      editedAt: kept.editedAt,
      reactions: [...kept.reactions]
        .filter(([, users]) => users.length)
        .map(([emoji, users]) => ({ emoji, count: users.length, own: users.includes(this.account.user) })),
    };
  }

  private toItem(kept: Kept): MessageItem {
    const own = kept.sender === this.account.user;
    const reply = kept.attributes.replyTo;
    const answered = reply && this.messages.find((message) => message.seq === reply.seq);
    const read = own && kept.seq > 0 && kept.seq <= this.othersUpto;
    const sent: SentMark = {
      kind: "sent", conversation: this.id, seq: kept.seq, ordinal: kept.ordinal, sentAt: kept.at, deduplicated: false, conflict: false,
    };
    return {
      key: own && kept.clientMsgId ? `o:${kept.clientMsgId}` : `l:${kept.seq}`,
      kind: "message",
      message: this.toMessage(kept),
      state: own ? (kept.state ?? sent) : null,
      readBy: read ? this.others() : 0,
      deliveredTo: own && kept.seq > 0 && kept.seq <= this.deliveredUpto ? this.others() : 0,
      pending: [],
      quote: reply
        ? {
            seq: reply.seq,
            ordinal: reply.ordinal,
            says: answered
              ? { sender: answered.sender, text: this.account.words(answered.content), recalled: answered.content.kind === "recalled" }
              : null,
          }
        : null,
      starred: kept.starred,
      playedByMe: false,
      playedByOthers: 0,
    };
  }

  async timeline(options: TimelineOptions = {}): Promise<Timeline> {
    await this.account.answer(false);
    const readAtOpening = this.readSeq;
    let marker = this.logged().some((message) => message.seq > readAtOpening && message.sender !== this.account.user);
    let show = options.page ?? PAGE;
    const own = new Source();
    const stop = this.source.onChange(() => own.changed());
    const items = derived<readonly TimelineItem[]>(own, (before) => {
      const visible = this.messages.filter((message) => !message.deleted && (!message.seq || message.seq > this.preferences.clearedUpto));
      const shown = visible.slice(-show);
      const next: TimelineItem[] = [];
      const whole = shown.length === visible.length;
      if (whole && this.gap) next.push({ key: `g:${this.gap.after}`, kind: "gap", after: this.gap.after, missing: this.gap.missing });
      else if (whole) next.push({ key: "start", kind: "start" });
      let day = -1;
      const pushDay = (at: Timestamp): void => {
        const its = Math.floor((at - new Date(at).getTimezoneOffset() * 60_000) / DAY_MS);
        if (options.days !== false && its !== day) next.push({ key: `d:${its}`, kind: "day", day: its });
        day = its;
      };
      let marked = false;
      let since = whole ? (this.messages.findLast((message) => message.seq && message.seq <= this.preferences.clearedUpto)?.at ?? 0) : (shown[0]?.at ?? 0);
      const pushEvents = (upto: Timestamp): void => {
        for (const { at, item } of this.events.lines(since, upto)) {
          pushDay(at);
          next.push(item);
        }
        since = Math.max(since, upto);
      };
      for (const message of shown) {
        pushEvents(message.at);
        pushDay(message.at);
        if (marker && !marked && message.seq > readAtOpening && message.sender !== this.account.user) {
          marked = true;
          next.push({ key: "read", kind: "read_marker" });
        }
        next.push(this.toItem(message));
      }
      pushEvents(Infinity);
      // What did not change keeps its reference.
      const known = new Map((before ?? []).map((item) => [item.key, item]));
      return next.map((item) => {
        const old = known.get(item.key);
        return old && JSON.stringify(old) === JSON.stringify(item) ? old : item;
      });
    });
    return {
      items,
      paginateBack: async (messages) => {
        await this.account.answer(false);
        const all = this.messages.filter((message) => !message.deleted).length;
        const before = Math.min(show, all);
        show += messages;
        own.changed();
        return { loaded: Math.min(show, all) - before, reachedStart: show >= all && !this.gap };
      },
      fillGap: async () => {
        await this.account.answer();
        const loaded = this.gap?.missing ?? 0;
        this.gap = null;
        own.changed();
        return { loaded, reachedStart: true } satisfies Pagination;
      },
      hideReadMarker: () => {
        marker = false;
        own.changed();
      },
      close: stop,
    };
  }

  /* Messages */

  async send(what: Outgoing): Promise<SendHandle> {
    const content: Content = what.content ?? { kind: "text", text: what.text ?? "", entities: what.entities ?? [] };
    if (content.kind === "text" && !content.text.trim()) throw new StonechatError("invalid_argument", "empty text", false, null, "text");
    const mentions = content.kind === "text" ? content.entities.flatMap(({ mark }) => (mark.kind === "mention" ? [mark.user] : [])) : [];
    const kept: Kept = {
      seq: 0,
      ordinal: 0,
      sender: this.account.user,
      at: this.account.now(),
      clientMsgId: what.clientMsgId ?? nextId(),
      content,
      attributes: {
        replyTo: what.replyTo ? { seq: what.replyTo, ordinal: this.messages.find((message) => message.seq === what.replyTo)?.ordinal ?? 0 } : null,
        mentions,
        mentionAll: content.kind === "text" && content.entities.some(({ mark }) => mark.kind === "mention_all"),
        silent: what.silent ?? false,
        priority: what.priority ?? 0,
        extension: what.extension ?? new Uint8Array(),
        forwarded: what.forwarded ?? null,
      },
      reactions: new Map(),
      versions: [],
      editedAt: 0,
      pinned: false,
      starred: false,
      deleted: false,
      state: { kind: "queued" },
    };
    this.exists = true;
    this.hidden = false;
    this.messages.push(kept);
    this.readSeq = this.headSeq;
    this.shown = null;
    const { handle } = this.addHandle(kept);
    this.changed();
    void this.deliver(kept);
    return handle;
  }

  private addHandle(kept: Kept): { handle: SendHandle; state: Cell<SendState> } {
    const id = kept.clientMsgId!;
    const state = cell<SendState>(kept.state ?? { kind: "queued" });
    const sent = new Promise<SentMark>((resolve, reject) => {
      state.subscribe((value) => {
        if (value.kind === "sent") resolve(value);
        else if (value.kind === "failed") reject(new StonechatError(value.code, value.text));
        else if (value.kind === "cancelled") reject(new StonechatError("cancelled", "cancelled"));
      });
    });
    sent.catch(() => undefined);
    const handle: SendHandle = {
      clientMsgId: id,
      conversation: this.id,
      state,
      sent,
      retry: async () => {
        this.setState(kept, { kind: "queued" });
        void this.deliver(kept);
      },
      cancel: async () => {
        kept.deleted = true;
        this.setState(kept, { kind: "cancelled" });
      },
    };
    const entry = { handle, state };
    this.handles.set(id, entry);
    return entry;
  }

  private setState(kept: Kept, state: SendState): void {
    kept.state = state;
    this.handles.get(kept.clientMsgId!)?.state.set(state);
    this.changed();
  }

  /** What the server does with an own message. */
  private async deliver(kept: Kept): Promise<void> {
    await this.account.whenOnline();
    if (kept.deleted) return;
    this.setState(kept, { kind: "sending" });
    await this.account.answer();
    if (kept.deleted) return;
    const refusal = this.account.takeRefusal();
    if (refusal) return this.setState(kept, refusal);
    kept.seq = ++this.headSeq;
    kept.ordinal = (this.logged().at(-2)?.ordinal ?? 0) + 1;
    this.readSeq = this.headSeq;
    this.setState(kept, {
      kind: "sent", conversation: this.id, seq: kept.seq, ordinal: kept.ordinal, sentAt: kept.at, deduplicated: false, conflict: false,
    });
  }

  /** Somebody writes. */
  receive(from: UserId, source: string, replyTo: Seq | null = null): Seq {
    const { text, entities, mentions, all } = marked(source, (user) => this.account.nameOf(user).split(" ")[0]!);
    const answered = replyTo && this.messages.find((message) => message.seq === replyTo);
    this.exists = true;
    this.hidden = false;
    this.messages.push({
      seq: ++this.headSeq,
      ordinal: (this.logged().at(-1)?.ordinal ?? 0) + 1,
      sender: from,
      at: this.account.now(),
      clientMsgId: null,
      content: { kind: "text", text, entities },
      attributes: {
        replyTo: answered ? { seq: answered.seq, ordinal: answered.ordinal } : null,
        mentions, mentionAll: all, silent: false, priority: 0, extension: new Uint8Array(), forwarded: null,
      },
      reactions: new Map(), versions: [], editedAt: 0, pinned: false, starred: false, deleted: false, state: null,
    });
    this.typing.set(this.typing.get().filter((user) => user !== from));
    this.changed();
    return this.headSeq;
  }

  /** Others have read, or got, all. */
  othersRead(): void {
    this.othersUpto = this.deliveredUpto = this.headSeq;
    this.changed();
  }

  private find(target: Target): Kept {
    const found = this.messages.find((message) => (typeof target === "number" ? message.seq === target : message.clientMsgId === target));
    if (!found) throw new StonechatError("not_found", "no such message");
    return found;
  }

  /** Shown at once; the server agrees after a moment. */
  protected command(change: () => void): Promise<CommandHandle> {
    change();
    this.changed();
    const state = cell<SendState>({ kind: "queued" });
    const done = this.account.whenOnline().then(() => this.account.answer()).then(() => {
      state.set({ kind: "done", seq: this.headSeq });
      return this.headSeq;
    });
    return Promise.resolve({ id: nextId(), state, done, retry: async () => undefined, cancel: async () => undefined });
  }

  edit(message: Target, what: Outgoing): Promise<CommandHandle> {
    return this.command(() => {
      const kept = this.find(message);
      kept.versions.push({ seq: kept.seq, at: kept.editedAt || kept.at, content: kept.content });
      kept.content = what.content ?? { kind: "text", text: what.text ?? "", entities: what.entities ?? [] };
      kept.editedAt = this.account.now();
    });
  }

  react(message: Target, emoji: string): Promise<CommandHandle> {
    return this.command(() => {
      const { reactions } = this.find(message);
      const users = reactions.get(emoji) ?? [];
      if (!users.includes(this.account.user)) reactions.set(emoji, [...users, this.account.user]);
    });
  }

  takeBack(message: Target, emoji: string): Promise<CommandHandle> {
    return this.command(() => {
      const { reactions } = this.find(message);
      reactions.set(emoji, (reactions.get(emoji) ?? []).filter((user) => user !== this.account.user));
    });
  }

  recall(message: Target): Promise<CommandHandle> {
    return this.command(() => {
      const kept = this.find(message);
      kept.content = { kind: "recalled", by: this.account.user, at: this.account.now() };
      kept.reactions.clear();
      kept.pinned = false;
    });
  }

  pinMessage(message: Target, pinned: boolean): Promise<CommandHandle> {
    return this.command(() => void (this.find(message).pinned = pinned));
  }

  deleteForMe(messages: readonly Seq[]): Promise<CommandHandle> {
    return this.command(() => messages.forEach((seq) => (this.find(seq).deleted = true)));
  }

  star(messages: readonly Seq[], starred: boolean): Promise<CommandHandle> {
    return this.command(() => messages.forEach((seq) => (this.find(seq).starred = starred)));
  }

  async pinnedMessages(): Promise<readonly Message[]> {
    await this.account.answer(false);
    return this.logged().filter((message) => message.pinned).reverse().map((message) => this.toMessage(message));
  }

  async reactions(message: Seq): Promise<readonly UserReaction[]> {
    await this.account.answer();
    const byUser = new Map<UserId, string[]>();
    for (const [emoji, users] of this.find(message).reactions) {
      for (const user of users) byUser.set(user, [...(byUser.get(user) ?? []), emoji]);
    }
    return [...byUser].map(([user, emojis]) => ({ user, displayName: this.account.nameOf(user), emojis }));
  }

  async versions(message: Seq): Promise<readonly Version[]> {
    await this.account.answer();
    const kept = this.find(message);
    return [...kept.versions, { seq: kept.seq, at: kept.editedAt || kept.at, content: kept.content }];
  }

  async readers(message: Seq, read: boolean): Promise<readonly Member[]> {
    await this.account.answer();
    // The last third has not read what came last: both lists have somebody.
    const others = this.people.filter((member) => member.user !== this.account.user);
    const cut = message <= this.othersUpto ? Math.ceil((others.length * 2) / 3) : 0;
    return read ? others.slice(0, cut) : others.slice(cut);
  }

  async players(): Promise<readonly Member[]> {
    await this.account.answer();
    return [];
  }

  async fetchAround(ordinal: Ordinal, limit: number): Promise<HistoryPage> {
    await this.account.answer();
    const logged = this.logged();
    const at = logged.findIndex((message) => message.ordinal >= ordinal);
    const from = Math.max(0, at - (limit >> 1));
    return { messages: logged.slice(from, from + limit).map((message) => this.toMessage(message)), moreBefore: from > 0 };
  }

  async fetchHistory(before: Ordinal | null, limit: number): Promise<HistoryPage> {
    await this.account.answer();
    const logged = this.logged().filter((message) => before === null || message.ordinal < before);
    return { messages: logged.slice(-limit).map((message) => this.toMessage(message)), moreBefore: logged.length > limit };
  }

  async mentions(after: Ordinal, limit: number): ReturnType<Conversation["mentions"]> {
    await this.account.answer();
    const calls = this.logged().filter((message) => message.ordinal > after && message.sender !== this.account.user && this.callsMe(message));
    return { mentions: calls.slice(0, limit).map(({ seq, ordinal }) => ({ seq, ordinal })), more: calls.length > limit };
  }

  async sendCommand(): Promise<void> {
    await this.account.answer();
  }

  async markRead(upto: Seq): Promise<void> {
    if (upto > this.readSeq) this.readSeq = Math.min(upto, this.headSeq);
    this.shown = null;
    this.preferences = { ...this.preferences, markedUnread: false };
    this.changed();
  }

  markAllRead(): Promise<void> {
    return this.markRead(this.headSeq);
  }

  async markPlayed(): Promise<void> {}

  setTyping(): void {}
}
