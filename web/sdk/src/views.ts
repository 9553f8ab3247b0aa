/** What can be watched of an account, fed with changes in their order. */

import type { Change, Summary } from "./core/change.ts";
import { emptyContentTypes, type ContentTypes } from "./content-types.ts";
import { Conversation } from "./core/conversation.ts";
import { ListOrder } from "./core/order.ts";
import { emptyRow } from "./core/sync.ts";
import { NO_DELETIONS } from "./domain/deletions.ts";
import { NO_PLAYS } from "./domain/plays.ts";
import { NO_PREFERENCES } from "./domain/preferences.ts";
import { NO_STARS } from "./domain/stars.ts";
import { NOT_QUIET } from "./domain/quiet.ts";
import { FINISHED_SENDS_KEPT, NAMES_KEPT_MAX } from "./driver/limits.ts";
import { Source } from "./readable.ts";
import { same } from "./same.ts";
import type {
  Asking, ClientMsgId, ConnectionState, ConversationId, Device, MessageWindows, Presence, PresenceSettings, Profile,
  Quiet, ReadMark, Relation, SendState, UserId,
} from "./types.ts";

/** Something that changes are shown to, and that tells afterwards. */
export interface View {
  apply(change: Change): void;
  flush(): void;
}

export interface SendView {
  readonly conversation: ConversationId;
  readonly state: Source<SendState>;
}

/** A map that is published as a new one when something of it changed. */
class Table<K, V> {
  readonly shown = new Source<ReadonlyMap<K, V>>(new Map());
  #rows = new Map<K, V>();
  #isChanged = false;
  /** Whether it was told anew, and may say what it said before. */
  #isRenewed = false;

  constructor(readonly max = Infinity) {}

  put(key: K, value: V): void {
    if (!same(this.#rows.get(key), value)) {
      this.#rows.set(key, value);
      this.#isChanged = true;
      // What has been here longest makes room.
      if (this.#rows.size > this.max) {
        this.#rows.delete(this.#rows.keys().next().value!);
      }
    }
  }

  remove(key: K): void {
    this.#isChanged = this.#rows.delete(key) || this.#isChanged;
  }

  replace(rows: ReadonlyMap<K, V>): void {
    this.#rows = new Map(rows);
    this.#isChanged = this.#isRenewed = true;
  }

  flush(): void {
    if (this.#isChanged) {
      this.shown[this.#isRenewed ? "set" : "replace"](new Map(this.#rows));
      this.#isChanged = this.#isRenewed = false;
    }
  }
}

/** Lists by conversation, of which few are watched. */
class Aside<T> {
  readonly now = new Map<ConversationId, readonly T[]>();
  readonly #watched = new Map<ConversationId, Source<readonly T[]>>();

  set(id: ConversationId, all: readonly T[]): void {
    this.now.set(id, all);
    this.#watched.get(id)?.set(all);
  }

  watch(id: ConversationId): Source<readonly T[]> {
    let source = this.#watched.get(id);
    if (source === undefined) {
      this.#watched.set(id, (source = new Source(this.now.get(id) ?? [])));
    }
    return source;
  }
}

/** Everything that can be observed of an account. */
export class Views {
  readonly connection = new Source<ConnectionState>({ kind: "idle" });
  readonly totalUnread = new Source(0);
  readonly windows = new Source<MessageWindows | null>(null);
  readonly contentTypes = new Source<ContentTypes>(emptyContentTypes());
  readonly recorded = new Source(0);
  readonly profile = new Source<Profile | null>(null);
  readonly quiet = new Source<Quiet>(NOT_QUIET);
  readonly presenceSettings = new Source<PresenceSettings | null>(null);
  /** All conversations that are shown, in their order. */
  readonly list = new Source<readonly Summary[]>([]);

  readonly #relations = new Table<UserId, Relation>();
  readonly #asking = new Table<ConversationId, Asking>();
  readonly #devices = new Table<string, Device>();
  readonly #presences = new Table<UserId, Presence>();
  readonly #names = new Table<UserId, string>(NAMES_KEPT_MAX);

  readonly relations = this.#relations.shown;
  readonly asking = this.#asking.shown;
  readonly devices = this.#devices.shown;
  readonly presences = this.#presences.shown;
  /** What people call others, without what the user calls them himself. */
  readonly names = this.#names.shown;

  readonly #order = new ListOrder();
  readonly #byId = new Map<ConversationId, Summary>();
  #shown: Summary[] = [];
  #isListChanged = false;
  /** Direct conversations that somebody looks at before their first message: they are in no list. */
  readonly #begun = new Map<ConversationId, Summary>();
  readonly #summaries = new Map<ConversationId, Source<Summary | null>>();
  readonly #typing = new Aside<UserId>();
  readonly #marks = new Aside<ReadMark>();
  /** What is on its way, or was lately. */
  readonly sends = new Map<ClientMsgId, SendView>();
  readonly #finished: ClientMsgId[] = [];
  readonly #others = new Set<View>();

  summary(id: ConversationId): Summary | null {
    return this.#byId.get(id) ?? this.#begun.get(id) ?? null;
  }

  /** Shows a direct conversation that is not on this device: it begins with its first message. */
  begin(id: ConversationId, peer: UserId): void {
    if (!this.summary(id)) {
      const row = { ...emptyRow(id), peer, peerName: this.names.get().get(peer) ?? "", member: true, memberCount: 2, role: "member" } as const;
      const { removed } = NO_DELETIONS;
      this.#begun.set(id, new Conversation(row).summary(NO_PREFERENCES, removed, NO_STARS.starred, NO_PLAYS.played));
      this.#summaries.get(id)?.replace(this.summary(id));
    }
  }

  /** All conversations, hidden ones too. */
  summaries(): Iterable<Summary> {
    return this.#byId.values();
  }

  directWith(user: UserId): ConversationId | null {
    return [...this.#byId.values()].find(({ peer }) => peer === user)?.id ?? null;
  }

  watchSummary(id: ConversationId): Source<Summary | null> {
    let source = this.#summaries.get(id);
    if (source === undefined) {
      this.#summaries.set(id, (source = new Source(this.summary(id))));
    }
    return source;
  }

  typing(id: ConversationId): Source<readonly UserId[]> {
    return this.#typing.watch(id);
  }

  readMarks(id: ConversationId): Source<readonly ReadMark[]> {
    return this.#marks.watch(id);
  }

  sending(id: ClientMsgId): SendView | null {
    return this.sends.get(id) ?? null;
  }

  /** The state of what was just accepted; changes may have overtaken the answer. */
  track(conversation: ConversationId, id: ClientMsgId, state: SendState): SendView {
    let view = this.sends.get(id);
    if (view === undefined) {
      this.sends.set(id, (view = { conversation, state: new Source(state) }));
    }
    return view;
  }

  /** Shows changes to something else as well; returns how to end that. */
  add(view: View): () => void {
    this.#others.add(view);
    return () => void this.#others.delete(view);
  }

  /** Notes what people are called. */
  name(names: Iterable<readonly [UserId, string]>): void {
    for (const [user, name] of names) {
      if (name !== "") {
        this.#names.put(user, name);
      }
    }
    this.#names.flush();
  }

  apply(changes: Iterable<Change>): void {
    for (const change of changes) {
      this.#others.forEach((view) => view.apply(change));
      this.#take(change);
    }
    this.#flush();
  }

  /** Takes changes that tell everything there is; what they do not name is gone. */
  renew(changes: readonly Change[]): void {
    const kept = new Set<ConversationId>();
    for (const change of changes) {
      if (change.kind === "conversation") {
        kept.add(change.summary.id);
      }
    }
    for (const id of [...this.#byId.keys()].filter((id) => !kept.has(id))) {
      this.#take({ kind: "conversation_gone", conversation: id });
    }
    this.#typing.now.forEach((_, conversation) => this.#typing.set(conversation, []));
    const told = new Set(changes.map(({ kind }) => kind));
    if (!told.has("profile")) {
      this.profile.set(null);
    }
    if (!told.has("presence_settings")) {
      this.presenceSettings.set(null);
    }
    [this.#relations, this.#asking, this.#devices, this.#presences].forEach((table) => table.replace(new Map()));
    changes.forEach((change) => this.#take(change));
    this.#flush();
  }

  /** Changes that tell everything there is, for {@link Views.renew} of another page. */
  retell(): Change[] {
    const changes: Change[] = [{ kind: "connection", state: this.connection.get() }];
    const tell = (change: Change): void => void changes.push(change);
    this.#shown.forEach((summary) => tell({ kind: "conversation", summary }));
    for (const summary of this.#byId.values()) {
      if (summary.hidden) {
        tell({ kind: "conversation", summary });
      }
    }
    const windows = this.windows.get();
    if (windows !== null) {
      tell({ kind: "windows", windows });
    }
    tell({ kind: "content_types", types: this.contentTypes.get() });
    tell({ kind: "total_unread", unread: this.totalUnread.get() });
    tell({ kind: "recorded", number: this.recorded.get() });
    tell({ kind: "quiet", quiet: this.quiet.get() });
    const [profile, settings] = [this.profile.get(), this.presenceSettings.get()];
    if (profile !== null) {
      tell({ kind: "profile", profile });
    }
    if (settings !== null) {
      tell({ kind: "presence_settings", settings });
    }
    this.relations.get().forEach((relation) => tell({ kind: "relation", relation }));
    this.asking.get().forEach((asking) => tell({ kind: "asking", asking }));
    this.devices.get().forEach((device) => tell({ kind: "device", device }));
    tell({ kind: "presences", presences: this.presences.get() });
    this.#typing.now.forEach((users, conversation) => tell({ kind: "typing", conversation, users }));
    this.#marks.now.forEach((marks, conversation) => tell({ kind: "marks", conversation, marks }));
    this.sends.forEach(({ conversation, state }, clientMsgId) =>
      tell({ kind: "send", conversation, clientMsgId, state: state.get() }));
    return changes;
  }

  #take(change: Change): void {
    switch (change.kind) {
      case "connection":
        return this.connection.set(change.state);
      case "windows":
        return this.windows.set(change.windows);
      case "content_types":
        return this.contentTypes.set(change.types);
      case "total_unread":
        return this.totalUnread.set(change.unread);
      case "recorded":
        return this.recorded.set(change.number);
      case "profile":
        this.name([[change.profile.user.id, change.profile.user.displayName]]);
        return this.profile.set(change.profile);
      case "quiet":
        return this.quiet.set(change.quiet);
      case "presence_settings":
        return this.presenceSettings.set(change.settings);
      case "presences":
        return this.#presences.replace(change.presences);
      case "relation":
        return this.#relations.put(change.relation.user, change.relation);
      case "asking": {
        const { asking } = change;
        if (asking.state === "nothing") {
          this.#asking.remove(asking.conversation);
        } else {
          this.#asking.put(asking.conversation, { ...asking, state: asking.state });
        }
        return;
      }
      case "device":
        return this.#devices.put(change.device.id, change.device);
      case "people_gone":
        this.profile.set(null);
        this.presenceSettings.set(null);
        this.#asking.replace(new Map());
        this.#relations.replace(new Map());
        return this.#devices.replace(new Map());
      case "conversation":
        return this.#put(change.summary);
      case "conversation_gone":
        this.#byId.delete(change.conversation);
        this.#unlist(change.conversation);
        this.#summaries.get(change.conversation)?.set(this.summary(change.conversation));
        return;
      case "send":
        return this.#send(change.conversation, change.clientMsgId, change.state);
      case "typing":
        return this.#typing.set(change.conversation, change.users);
      case "marks":
        return this.#marks.set(change.conversation, change.marks);
    }
  }

  #put(summary: Summary): void {
    const { id, peer, title, preferences: { pinnedAt }, activeAt } = summary;
    if (same(this.#byId.get(id), summary)) {
      return;
    }
    this.#byId.set(id, summary);
    if (summary.hidden) {
      this.#unlist(id);
    } else {
      const { from, to } = this.#order.place(id, { pinnedAt, activeAt });
      this.#listToChange();
      if (from !== null) {
        this.#shown.splice(from, 1);
      }
      this.#shown.splice(to, 0, summary);
    }
    if (peer !== null && title !== peer) {
      this.#names.put(peer, title);
    }
    this.#summaries.get(id)?.replace(summary);
  }

  #unlist(id: ConversationId): void {
    const from = this.#order.remove(id);
    if (from !== null) {
      this.#listToChange();
      this.#shown.splice(from, 1);
    }
  }

  /** What was handed out stays as it is. */
  #listToChange(): void {
    if (!this.#isListChanged) {
      this.#isListChanged = true;
      this.#shown = [...this.#shown];
    }
  }

  #send(conversation: ConversationId, id: ClientMsgId, state: SendState): void {
    this.track(conversation, id, state).state.set(state);
    if (state.kind === "sent" || state.kind === "done" || state.kind === "cancelled") {
      this.#finished.push(id);
    }
    if (this.#finished.length > FINISHED_SENDS_KEPT) {
      this.sends.delete(this.#finished.shift()!);
    }
  }

  #flush(): void {
    if (this.#isListChanged) {
      this.#isListChanged = false;
      this.list.replace(this.#shown);
    }
    [this.#relations, this.#asking, this.#devices, this.#presences, this.#names].forEach((table) => table.flush());
    this.#others.forEach((view) => view.flush());
  }
}
