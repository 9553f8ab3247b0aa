/** One conversation: write, read, and change it. */

import type { CommandHandle, Conversation, Outgoing, SendHandle, Timeline, TimelineOptions } from "./api.ts";
import type * as calls from "./conversation-calls.ts";
import type { BodyInit } from "./core/command.ts";
import { argument, notFound, whole } from "./fail.ts";
import { asked, askDone, called, commandId, type Inner } from "./inner.ts";
import { later } from "./later.ts";
import { Source } from "./readable.ts";
import { checked, CommandOnItsWay, MessageOnItsWay } from "./send.ts";
import { bytesOf } from "./text.ts";
import { LiveTimeline } from "./timeline.ts";
import type {
  ConversationId, ConversationSummary, Readable, ReadMark, Seq, Target, UserId,
} from "./types.ts";

const DRAFT_BYTES_MAX = 8 * 1024;

type InitOf<C extends BodyInit["case"]> = NonNullable<Extract<BodyInit, { case: C }>["value"]>;
type Change = InitOf<"changeConversation">["change"];
type Preferred = Omit<InitOf<"setPreferences">, "$typeName" | "$unknown">;

/** Changes of a map, as the wire says them: what is set, and what is removed. */
export function split(changes: Readonly<Record<string, string | null>> = {}): { set: Record<string, string>; removed: string[] } {
  const all = Object.entries(changes);
  return {
    set: Object.fromEntries(all.filter((one): one is [string, string] => one[1] !== null)),
    removed: all.filter(([, value]) => value === null).map(([name]) => name),
  };
}

/** Methods that are loaded when one of them is first called. */
export const CONVERSATION_CALLS: readonly (keyof typeof calls)[] = [
  "fetchAround", "fetchHistory", "pinnedMessages", "reactions", "versions", "readers", "players", "mentions",
  "sendCommand", "members", "admins", "mutedMembers", "announcementReaders", "addMembers", "removeMember", "leave",
  "leaveTo", "rename", "setRole", "setInfo", "changeSettings", "transferOwner", "dissolve", "mute", "unmute", "ban",
  "liftBan", "bans", "setNickname", "announce", "announcement", "apply", "join", "invite", "declineInvitation",
  "applications", "invitations", "acceptApplication", "declineApplication", "makeLink", "revokeLink", "links", "setFolders",
  "markPlayed", "edit", "react", "takeBack", "recall", "pinMessage", "deleteForMe", "star", "pin", "muteUntil", "archive",
  "clearHistory", "delete", "setFields",
];

/** The class has them by {@link later}, below. */
export interface LiveConversation extends Pick<Conversation, keyof typeof calls & keyof Conversation> {}

export class LiveConversation implements Conversation {
  readonly id: ConversationId;
  readonly inner: Inner;
  readonly #peer: UserId | null;

  constructor(inner: Inner, id: ConversationId, peer: UserId | null = null) {
    this.inner = inner;
    this.id = id;
    this.#peer = peer;
  }

  get summary(): Readable<ConversationSummary | null> {
    return this.inner.host.views.watchSummary(this.id);
  }

  get typing(): Readable<readonly UserId[]> {
    return this.inner.host.views.typing(this.id);
  }

  get readMarks(): Readable<readonly ReadMark[]> {
    return this.inner.host.views.readMarks(this.id);
  }

  async send(what: Outgoing): Promise<SendHandle> {
    const { bodyType, body, attributes } = checked(what);
    const { views } = this.inner.host;
    const clientMsgId = what.clientMsgId ?? this.inner.newId();
    const draft = {
      conversation: this.id, peer: this.#peer ?? this.#here()?.peer ?? null, clientMsgId, bodyType, body, attributes,
      readUpto: whole("readUpto", what.readUpto ?? 0),
    };
    const { state } = await asked(this.inner, { kind: "send", draft }, "queued");
    return new MessageOnItsWay(this.inner, clientMsgId, views.track(this.id, clientMsgId, state).state, this.id);
  }

  timeline(options: TimelineOptions = {}): Promise<Timeline> {
    return LiveTimeline.open(this.inner, this.id, options);
  }

  async markRead(upto: Seq): Promise<void> {
    await askDone(this.inner, { kind: "mark_read", conversation: this.id, upto: whole("upto", upto) });
  }

  async markAllRead(): Promise<void> {
    await this.markRead(this.known().headSeq);
  }

  setTyping(active: boolean): void {
    void this.inner.host.ask({ kind: "typing", conversation: this.id, active }).catch(() => {});
  }

  markUnread(marked: boolean): Promise<CommandHandle> {
    return this.prefer({ markedUnread: marked });
  }

  async saveDraft(text: string, replyTo: Seq | null = null): Promise<CommandHandle> {
    if (bytesOf(text) > DRAFT_BYTES_MAX) {
      throw argument("draft", `has at most ${DRAFT_BYTES_MAX} bytes`);
    }
    return this.prefer({ draft: { text, replyToSeq: BigInt(replyTo ?? 0) } });
  }

  /** Asks the server for a change, now. */
  async change(change: Change): Promise<void> {
    const value = { commandId: commandId(this.inner), conversationId: this.id, change };
    await called(this.inner, { case: "changeConversation", value } as BodyInit, "commandDone");
  }

  /** Keeps a command; it is carried out in the order of the conversation, as soon as the server can be reached. */
  async queue(call: BodyInit, about: Target | null = null): Promise<CommandHandle> {
    const command = { conversation: this.id, commandId: this.inner.newId(), call, about };
    const { id, state } = await asked(this.inner, { kind: "queue", command }, "kept")
      .catch((error) => import("./seldom.ts").then((it) => it.queueAgain(this.inner, command, error)));
    // Of what is done already nothing is in the outbox.
    const told = state.kind === "done" ? new Source(state) : this.inner.host.views.track(this.id, id, state).state;
    return new CommandOnItsWay(this.inner, id, told);
  }

  #here() {
    return this.inner.host.views.summary(this.id);
  }

  /** What is known of it; it is an error where nothing is. */
  known(): ConversationSummary {
    const summary = this.#here();
    if (summary === null) {
      throw notFound("conversation");
    }
    return summary;
  }

  /** Changes what the user prefers of it. */
  prefer(set: Preferred): Promise<CommandHandle> {
    return this.queue({ case: "setPreferences", value: { ...set, conversationId: this.id } });
  }
}

export function loadConversationCalls(): Promise<unknown> {
  return import("./seldom.ts");
}

later(LiveConversation.prototype, CONVERSATION_CALLS, loadConversationCalls);
