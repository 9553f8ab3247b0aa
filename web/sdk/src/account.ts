/** A signed-in user on this device. */

import type * as calls from "./account-calls.ts";
import type { Account, Conversation, ConversationFilter, ConversationList, SendHandle } from "./api.ts";
import { words } from "./content-types.ts";
import { LiveConversation, loadConversationCalls } from "./conversation.ts";
import { FOCUS_MAX } from "./core/limits.ts";
import { directId } from "./domain/id.ts";
import { isQuiet } from "./domain/quiet.ts";
import type { Storage } from "./driver/host.ts";
import { WATCHED_MAX } from "./driver/limits.ts";
import { argument } from "./fail.ts";
import { asked, askDone, type Inner, usersOf } from "./inner.ts";
import { later } from "./later.ts";
import { LiveList } from "./list.ts";
import { Names, usersOfServer } from "./names.ts";
import { derived, until } from "./readable.ts";
import { MessageOnItsWay } from "./send.ts";
import type {
  ClientMsgId, Content, ContentType, ConversationId, ConversationSummary, Message, Readable,
  Unsent, UserId, UserProfile,
} from "./types.ts";
import type { Views } from "./views.ts";

/** Methods that are loaded when one of them is first called. */
export const ACCOUNT_CALLS: readonly (keyof typeof calls)[] = [
  "createGroup", "createChannel", "joinByLink", "userNamed", "setProfile", "block", "unblock", "requestContact",
  "acceptContact", "declineContact", "withdrawRequest", "removeContact", "annotate", "fetchPresence", "setPresence",
  "devices", "revokeDevice", "revokeOtherDevices", "search", "starred", "setQuietHours", "pauseUntil", "pending", "online",
];

/** The class has them by {@link later}, below. */
export interface LiveAccount extends Pick<Account, keyof typeof calls & keyof Account> {}

export class LiveAccount implements Account {
  readonly user: UserId;
  readonly deviceId: string;
  readonly connection: Views["connection"];
  readonly totalUnread: Views["totalUnread"];
  readonly messageWindows: Views["windows"];
  readonly contentTypes: Readable<readonly ContentType[]>;
  readonly profile: Views["profile"];
  readonly relations: Views["relations"];
  readonly devicesKnown: Views["devices"];
  readonly asking: Views["asking"];
  readonly presences: Views["presences"];
  readonly presenceSettings: Views["presenceSettings"];
  readonly quiet: Views["quiet"];
  readonly names: Readable<ReadonlyMap<UserId, string>>;
  readonly storage: Readable<Storage>;
  readonly inner: Inner;
  readonly #names: Names;
  readonly #forget: () => void;

  /** `forget` is called when the device is signed out. */
  constructor(inner: Inner, forget: () => void) {
    const { views } = inner.host;
    this.inner = inner;
    this.#forget = forget;
    this.#names = new Names(inner);
    this.user = inner.me;
    this.deviceId = inner.device;
    this.connection = views.connection;
    this.totalUnread = views.totalUnread;
    this.messageWindows = views.windows;
    this.contentTypes = derived(views.contentTypes, ({ types }) => types);
    this.profile = views.profile;
    this.relations = views.relations;
    this.devicesKnown = views.devices;
    this.asking = views.asking;
    this.presences = views.presences;
    this.presenceSettings = views.presenceSettings;
    this.quiet = views.quiet;
    this.names = this.#names.all;
    this.storage = inner.host.storage;
    inner.host.onRenewed(() => void import("./seldom.ts").then((it) => it.settle(inner)).catch(() => {}));
    // What is loaded later is at hand by the time that it is needed.
    until(this.connection, ({ kind }) => kind === "online", inner.host.over)
      .then(() => Promise.all([loadCalls(), loadConversationCalls()]))
      .catch(() => {});
  }

  words(content: Content): string {
    return words(this.#views.contentTypes.get(), content);
  }

  lookUp(users: readonly UserId[]): void {
    this.#names.lookUp(users);
  }

  conversations(filter: ConversationFilter = {}): ConversationList {
    return new LiveList(this.#views.list, this.names, filter);
  }

  summary(id: ConversationId): Readable<ConversationSummary | null> {
    return this.#views.watchSummary(id);
  }

  conversation(id: ConversationId): LiveConversation {
    return new LiveConversation(this.inner, id);
  }

  conversationWith(user: UserId): Conversation {
    const id = this.#views.directWith(user) ?? directId(this.inner.app, this.user, user);
    // Whoever asks for it by its id from now on finds whom it is with.
    this.#views.begin(id, user);
    return new LiveConversation(this.inner, id, user);
  }

  async users(users: readonly UserId[]): Promise<readonly UserProfile[]> {
    return usersOfServer(this.inner, usersOf(users));
  }

  async watchPresence(users: readonly UserId[]): Promise<void> {
    await askDone(this.inner, { kind: "watch", users: watchable(users) });
  }

  setAway(away: boolean): Promise<void> {
    return this.inner.host.setAway(away);
  }

  isQuiet(): boolean {
    return isQuiet(this.quiet.get(), this.inner.host.clock.wallMs());
  }

  async outbox(): Promise<readonly Unsent[]> {
    return (await asked(this.inner, { kind: "outbox" }, "outbox")).unsent;
  }

  sending(id: ClientMsgId): SendHandle | null {
    const view = this.#views.sending(id);
    return view && new MessageOnItsWay(this.inner, id, view.state, view.conversation);
  }

  async focus(conversations: readonly ConversationId[]): Promise<void> {
    if (conversations.length > FOCUS_MAX) {
      throw argument("conversations", `has at most ${FOCUS_MAX} entries`);
    }
    await askDone(this.inner, { kind: "focus", conversations });
  }

  tryNow(): void {
    void this.inner.host.ask({ kind: "try_now" }).catch(() => {});
  }

  stop(): Promise<void> {
    return this.inner.host.stop();
  }

  async signOut(): Promise<void> {
    await this.inner.host.signOut();
    this.#forget();
  }

  messages({ signal }: { signal?: AbortSignal } = {}): AsyncIterable<Message> {
    const { inner } = this;
    // From now on, whenever it is asked for the first.
    const recording = inner.host.call("record");
    recording.catch(() => {});
    return (async function* () {
      yield* (await import("./seldom.ts")).heard(inner, recording, signal);
    })();
  }

  get #views(): Views {
    return this.inner.host.views;
  }
}

/** Users of whom it is asked whether they are there. */
export function watchable(users: readonly UserId[]): UserId[] {
  if (users.length > WATCHED_MAX) {
    throw argument("users", `are at most ${WATCHED_MAX}`);
  }
  return usersOf(users);
}

function loadCalls(): Promise<unknown> {
  return import("./seldom.ts");
}

later(LiveAccount.prototype, ACCOUNT_CALLS, loadCalls);
