/** A server in a hundred lines of rules: the reference that a client has to become equal to. */

import { create, type Init } from "../../src/codec.ts";
import type { Body, BodyInit } from "../../src/core/command.ts";
import { eventRow } from "../../src/core/system-events.ts";
import { newFrame } from "../../src/core/wire.ts";
import { conversationId, directId, hex } from "../../src/domain/id.ts";
import { num } from "../../src/domain/number.ts";
import {
  type ChangeMessage, type Conversation, ConversationSchema, type Event, EventSchema, type FetchEvents, type FetchMessages,
  type FetchChanges, type Frame, type MarkDelivered, type MarkPlayed, type PersonalChange, PersonalChangeSchema, type Sent,
  SentSchema, type SendMessage,
} from "../../src/gen/stonechat/v1/native_pb.ts";
import type { ConversationId } from "../../src/types.ts";
import { Log, ME } from "./log.ts";

/** More missing events than this are a jump. */
const JUMP = 6;
/** Items of a page. */
const PAGE = 3;
/** What a restore leaves free. */
const TOMBSTONE = 1_000;

export const DIRECT = directId(1, ME, "bob");

type EventInit = Init<Event>;
type PersonalInit = Init<PersonalChange["change"]>;

const ascii = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const refusal = (code: string, first?: Sent): BodyInit => ({ case: "error", value: { code, ...(first && { first }) } });
const DONE: BodyInit = { case: "done", value: {} };

export function parsePosition(token: Uint8Array): readonly [history: number, feed: number, personal: number] | null {
  const [history, feed, personal] = text(token).split(":").map(Number);
  return personal === undefined ? null : [history!, feed!, personal];
}

/** The server, as one device of one user meets it. */
export class Server {
  history = 0;
  readonly logs = new Map<ConversationId, Log>();
  feed = 0;
  personalSeq = 0;
  readonly personal = new Map<string, PersonalChange>();
  /** By conversation and id: the body, and where it was placed. */
  readonly acks = new Map<string, { readonly id: ConversationId; readonly body: string; readonly sent: Sent }>();
  /** Where commands were carried out. */
  readonly done = new Map<string, { readonly id: ConversationId; readonly seq: number }>();
  /** Ids that were refused for a reason that passes, on this connection. */
  readonly refused = new Set<string>();
  /** Ids that were refused for good: whoever follows them need not wait, and they may be sent again later. */
  readonly refusedForGood = new Set<string>();
  /** What the next sends are refused with. */
  refuse: string[] = [];
  /** So many fetches and cursors are refused for a while. */
  refuseFetches = 0;
  welcomed = false;
  poked = false;
  /** A frame of the log was lost on this connection: no position says that all is there. */
  lossy = false;
  /** Frames to the device. */
  readonly out: Frame[] = [];
  #listing: ConversationId[] = [];
  #groups = 0;

  disconnect(): void {
    this.welcomed = this.poked = this.lossy = false;
    this.refused.clear();
    this.out.length = 0;
  }

  position(): Uint8Array {
    return ascii(`${this.history}:${this.feed}:${this.personalSeq}`);
  }

  #live(body: BodyInit): void {
    if (this.welcomed && !this.poked) {
      this.out.push(newFrame(0, body));
    }
  }

  /** Adds an event; a message has the next ordinal, and a membership begins or ends with it. */
  append(id: ConversationId, sender: string, init: EventInit, member: boolean | null = null): number {
    const log = this.logs.get(id) ?? new Log();
    this.logs.set(id, log);
    const feed = ++this.feed;
    const seq = log.nextSeq++;
    log.ordinal += Number(init.kind === "message");
    const event = create(EventSchema, {
      ...init,
      conversationId: id, seq: BigInt(seq), ordinal: BigInt(log.ordinal), senderId: sender, sentAt: BigInt(1_790_000_000_000 + feed),
    });
    if (member === true) {
      log.visible.push([seq, null]);
    } else if (member === false && log.visible.length > 0) {
      log.visible.at(-1)![1] = seq;
    }
    log.title = event.change.case === "renamed" ? event.change.value.title : log.title;
    log.events.set(seq, event);
    log.feed.set(seq, feed);
    if (sender === ME) {
      log.moveOverOwn();
    }
    if (member !== null) {
      this.#putPersonal(`m${id}`, {
        case: "membership",
        value: { conversationId: id, member, role: Number(member), visibleUptoSeq: BigInt(member ? 0 : seq) },
      });
    }
    if (log.sees(seq)) {
      this.#live({ case: "event", value: event });
    }
    return seq;
  }

  begin(id: ConversationId, sender: string): void {
    this.append(id, sender, { kind: "conversation_created", change: { case: "created", value: {} } }, true);
  }

  newGroup(): ConversationId {
    const id = `g_ai${"abcdefgh"[this.#groups++ % 8]!.repeat(22)}${this.#groups % 8 < 4 ? "q" : "r"}a`;
    this.begin(id, "bob");
    return id;
  }

  /** Adds the user, or removes him. */
  toggle(id: ConversationId): void {
    if (this.logs.get(id)?.isMember()) {
      this.append(id, "bob", { kind: "member_removed", change: { case: "memberRemoved", value: { userId: ME } } }, false);
    } else {
      this.append(id, "bob", { kind: "members_added", change: { case: "membersAdded", value: { userIds: [ME] } } }, true);
    }
  }

  #putPersonal(key: string, change: PersonalInit): void {
    const value = create(PersonalChangeSchema, { personalSeq: BigInt(++this.personalSeq), change });
    this.personal.set(key, value);
    this.#live({ case: "personalChange", value });
  }

  read(id: ConversationId, seq: number): void {
    const log = this.logs.get(id);
    const upto = Math.min(seq, log?.head()[0] ?? 0);
    if (!log || upto <= log.readSeq) {
      return;
    }
    log.readSeq = upto;
    log.readOrdinal = Math.max(log.readOrdinal, log.ordinalAt(upto));
    log.moveOverOwn();
    const read = { conversationId: id, uptoSeq: BigInt(log.readSeq), uptoOrdinal: BigInt(log.readOrdinal) };
    this.#putPersonal(`r${id}`, { case: "read", value: read });
    this.#live({ case: "readMoved", value: { ...read, userId: ME } });
  }

  #markDelivered({ marks }: MarkDelivered): BodyInit {
    for (const mark of marks) {
      const log = this.logs.get(mark.conversationId);
      if (log?.isMember()) {
        log.delivered = Math.max(log.delivered, Math.min(num(mark.uptoSeq), log.head()[0]));
      }
    }
    return DONE;
  }

  #markPlayed(mark: MarkPlayed): BodyInit {
    const log = this.logs.get(mark.conversationId);
    const seq = num(mark.seq);
    if (!log) {
      return refusal("not_found");
    }
    if (!log.isMember() || !log.events.has(seq)) {
      log.unplayable.add(seq);
      return refusal("not_a_member");
    }
    if (!log.played.has(seq)) {
      log.played.add(seq);
      const playedSeqs = [...log.played].sort((a, b) => a - b).map(BigInt);
      this.#putPersonal(`p${mark.conversationId}`, { case: "plays", value: { conversationId: mark.conversationId, playedSeqs } });
    }
    return DONE;
  }

  /** Cuts each log, as a restore of an older backup does. */
  restore(lost: number): void {
    this.disconnect();
    this.history += 1;
    for (const [id, log] of this.logs) {
      log.delivered = 0;
      log.played.clear();
      [...log.events.keys()].slice(log.events.size - lost).forEach((seq) => log.events.delete(seq));
      const last = [...log.events.values()].at(-1);
      const head = num(last?.seq ?? 0n);
      [...log.feed.keys()].filter((seq) => seq > head).forEach((seq) => log.feed.delete(seq));
      log.ordinal = num(last?.ordinal ?? 0n);
      log.nextSeq = head + TOMBSTONE + 1;
      log.visible = log.visible.filter(([from]) => from <= head);
      const open = log.visible.at(-1);
      if (open) {
        open[1] = open[1] !== null && open[1] <= head ? open[1] : null;
      } else {
        this.logs.delete(id);
      }
      log.readSeq = Math.min(log.readSeq, head);
      log.readOrdinal = Math.min(log.readOrdinal, log.ordinalAt(log.readSeq));
      const titles = [...log.events.values()].flatMap(({ change }) => (change.case === "renamed" ? [change.value.title] : []));
      log.title = titles.at(-1) ?? "";
    }
    const isLost = (id: ConversationId, seq: number) => !this.logs.get(id)?.events.has(seq);
    this.acks.forEach(({ id, sent }, key) => isLost(id, num(sent.seq)) && this.acks.delete(key));
    this.done.forEach(({ id, seq }, key) => isLost(id, seq) && this.done.delete(key));
    this.personal.clear();
    for (const [id, log] of this.logs) {
      const value = { conversationId: id, uptoSeq: BigInt(log.readSeq), uptoOrdinal: BigInt(log.readOrdinal) };
      this.#putPersonal(`r${id}`, { case: "read", value });
    }
  }

  poke(): void {
    if (this.welcomed && !this.poked) {
      this.out.push(newFrame(0, { case: "poke", value: { position: this.position() } }));
      this.poked = true;
      this.lossy = false;
    }
  }

  sayPosition(): void {
    if (!this.lossy) {
      this.#live({ case: "position", value: { token: this.position() } });
    }
  }

  handle({ id, body }: Frame): void {
    const passes = ["hello", "pull", "ping", "send", "changeMessage"].includes(body.case ?? "");
    if (!passes && this.refuseFetches > 0) {
      this.refuseFetches -= 1;
      this.out.push(newFrame(num(id), refusal("overloaded")));
      return;
    }
    const answer = this.#answer(body);
    this.out.push(newFrame(num(id), answer));
  }

  #answer(body: Body): BodyInit {
    switch (body.case) {
      case "hello":
        this.welcomed = true;
        return this.#welcome(body.value.position);
      case "pull":
        this.poked = false;
        return this.#welcome(body.value.position);
      case "ping":
        return { case: "pong", value: {} };
      case "send":
        return this.#send(body.value);
      case "changeMessage":
        return this.#changeMessage(body.value);
      case "markRead": {
        const id = conversationId(body.value.conversationId);
        if (!id || !this.logs.get(id)?.isMember()) {
          return refusal(id ? "not_a_member" : "invalid_argument");
        }
        this.read(id, num(body.value.uptoSeq));
        return DONE;
      }
      case "markDelivered":
        return this.#markDelivered(body.value);
      case "markPlayed":
        return this.#markPlayed(body.value);
      case "listConversations":
        return { case: "conversations", value: this.#page(Number(text(body.value.page))) };
      case "getConversation": {
        const id = body.value.conversationId;
        return this.logs.has(id) ? { case: "conversation", value: this.#conversation(id) } : refusal("not_found");
      }
      case "fetchEvents":
        return this.#events(body.value);
      case "fetchMessages":
        return this.#fetchMessages(body.value);
      case "fetchChanges":
        return this.#fetchChanges(body.value);
      case "fetchPersonal":
        return { case: "personal", value: this.#changes(num(body.value.after)) };
      default:
        throw new Error(`the model has no ${body.case}`);
    }
  }

  #send({ to, clientMsgId, after, body, readUpto }: SendMessage): BodyInit {
    const own = hex(clientMsgId);
    const id = to.case === "userId" ? DIRECT : (to.value ?? "");
    if (to.case !== "userId" && !this.logs.has(id)) {
      this.refusedForGood.add(own);
      return refusal("not_found");
    }
    const key = `${id} ${own}`;
    const first = this.acks.get(key);
    if (first) {
      const sent = { ...first.sent, deduplicated: true };
      return first.body === text(body) ? { case: "sent", value: sent } : refusal("conflict", sent);
    }
    if (this.refused.has(hex(after))) {
      this.refused.add(own);
      return refusal("retry_in_order");
    }
    const code = this.refuse.pop();
    if (code) {
      (code === "overloaded" ? this.refused : this.refusedForGood).add(own);
      return refusal(code);
    }
    if (!this.logs.has(id)) {
      this.begin(id, ME);
    }
    const log = this.logs.get(id)!;
    if (!log.isMember()) {
      this.refusedForGood.add(own);
      return refusal("not_a_member");
    }
    this.refused.delete(own);
    const seq = this.append(id, ME, { kind: "message", bodyType: "text", clientMsgId, body });
    if (readUpto > 0) {
      this.read(id, num(readUpto));
    }
    const { ordinal, sentAt } = log.events.get(seq)!;
    const sent = create(SentSchema, { conversationId: id, seq: BigInt(seq), ordinal, sentAt });
    this.acks.set(key, { id, body: text(body), sent });
    return { case: "sent", value: sent };
  }

  #changeMessage({ conversationId: id, commandId, seq: target, change }: ChangeMessage): BodyInit {
    const log = this.logs.get(id);
    const own = hex(commandId);
    const refuse = (code: string) => {
      this.refusedForGood.add(own);
      return refusal(code);
    };
    if (!log) {
      return refuse("not_found");
    }
    const key = `${id} ${own}`;
    const before = this.done.get(key);
    if (before) {
      return { case: "commandDone", value: { conversationId: id, seq: BigInt(before.seq), deduplicated: true } };
    }
    const code = this.refuse.pop();
    if (code) {
      return code === "overloaded" ? refusal(code) : refuse(code);
    }
    const event = log.events.get(num(target));
    if (event?.kind !== "message" || !log.sees(num(target)) || !log.isMember()) {
      return refuse("forbidden");
    }
    let init: EventInit;
    if (change.case === "edit" && event.senderId === ME) {
      const { bodyType, body } = change.value;
      init = { kind: "edited", change: { case: "edited", value: { seq: target, bodyType, body } } };
    } else if (change.case === "react") {
      const { emoji, remove: removed } = change.value;
      init = { kind: "reacted", change: { case: "reacted", value: { seq: target, emoji, removed } } };
    } else {
      return refuse("forbidden");
    }
    const seq = this.append(id, ME, { ...init, clientMsgId: commandId });
    this.done.set(key, { id, seq });
    return { case: "commandDone", value: { conversationId: id, seq: BigInt(seq) } };
  }

  #fetchChanges({ conversationId: id, fromOrdinal, uptoOrdinal, afterSeq }: FetchChanges): BodyInit {
    const log = this.logs.get(id);
    if (!log) {
      return refusal("not_found");
    }
    const within = log.messages().filter(({ ordinal }) => fromOrdinal <= ordinal && ordinal <= uptoOrdinal);
    const messages = within.map((event) => log.message(event)).filter((message) => message.changedSeq > afterSeq);
    const uptoSeq = BigInt(Math.max(log.head()[0], num(afterSeq)));
    return { case: "changes", value: { conversationId: id, messages, uptoSeq } };
  }

  #welcome(token: Uint8Array): BodyInit {
    const position = parsePosition(token);
    const known = position?.[0] === this.history ? position : null;
    const [, feed, personal] = known ?? [0, 0, 0];
    const newest = (log: Log) => Math.max(0, ...[...log.feed].filter(([seq]) => log.sees(seq)).map(([, at]) => at));
    // Who was removed hears it by the personal change.
    const listed = [...this.logs].filter(([, log]) => (newest(log) > feed || !known) && log.isMember());
    this.#listing = listed.sort(([, a], [, b]) => newest(b) - newest(a)).map(([id]) => id);
    return {
      case: "welcome",
      value: {
        ...this.#page(0), version: 1, userId: ME, reset: !known, personal: this.#changes(personal), position: this.position(),
        historyId: ascii(`h${this.history}`),
      },
    };
  }

  #page(begin: number) {
    const page = this.#listing.slice(begin, begin + PAGE).filter((id) => this.logs.has(id));
    const more = begin + PAGE < this.#listing.length;
    return { conversations: page.map((id) => this.#conversation(id)), nextPage: ascii(more ? `${begin + PAGE}` : "") };
  }

  #changes(after: number) {
    const all = [...this.personal.values()].filter((change) => change.personalSeq > after);
    all.sort((a, b) => num(a.personalSeq) - num(b.personalSeq));
    const changes = all.slice(0, PAGE);
    return { changes, upto: changes.at(-1)?.personalSeq ?? BigInt(this.personalSeq), more: all.length > PAGE };
  }

  #conversation(id: ConversationId): Conversation {
    const log = this.logs.get(id)!;
    const [headSeq, headOrdinal] = log.head();
    const lastMessage = log.messages().at(-1);
    return create(ConversationSchema, {
      conversationId: id, title: log.title, role: Number(log.isMember()), member: log.isMember(), headSeq: BigInt(headSeq),
      headOrdinal: BigInt(headOrdinal), readSeq: BigInt(log.readSeq), readOrdinal: BigInt(log.readOrdinal),
      unread: BigInt(log.unread()), activeAt: log.seen().at(-1)?.sentAt ?? 0n, ...(lastMessage && { lastMessage }),
      visibleFromSeq: BigInt(log.visible.at(-1)?.[0] ?? 0), floorOrdinal: BigInt(log.floor()),
    });
  }

  #events({ conversationId: id, afterSeq }: FetchEvents): BodyInit {
    const log = this.logs.get(id);
    if (!log) {
      return refusal("not_found");
    }
    const [headSeq, headOrdinal] = log.head();
    const head = { conversationId: id, fromSeq: afterSeq + 1n, headSeq: BigInt(headSeq), headOrdinal: BigInt(headOrdinal) };
    if (log.seen().filter((event) => event.seq > afterSeq).length > JUMP) {
      log.jumped = true;
      return { case: "events", value: { ...head, uptoSeq: afterSeq, jump: true } };
    }
    const events: Event[] = [];
    const hidden: { fromSeq: bigint; uptoSeq: bigint }[] = [];
    let upto = num(afterSeq);
    while (upto < headSeq && events.length < PAGE) {
      const next = upto + 1;
      const event = log.events.get(next);
      if (event && log.sees(next)) {
        events.push(event);
        upto = next;
      } else {
        const after = log.seen().find(({ seq }) => seq > next);
        upto = after ? num(after.seq) - 1 : headSeq;
        hidden.push({ fromSeq: BigInt(next), uptoSeq: BigInt(upto) });
      }
    }
    return { case: "events", value: { ...head, events, hidden, uptoSeq: BigInt(upto), more: upto < headSeq } };
  }

  #fetchMessages({ conversationId: id, range, withEvents }: FetchMessages): BodyInit {
    const log = this.logs.get(id);
    if (!log) {
      return refusal("not_found");
    }
    const [asOf, head] = log.head();
    const all = log.messages();
    let page: Event[];
    let [moreBefore, moreAfter, upto] = [true, false, head];
    if (range.case === "afterOrdinal") {
      const rest = all.filter(({ ordinal }) => ordinal > range.value);
      moreAfter = rest.length > PAGE;
      page = rest.slice(0, PAGE);
      upto = moreAfter ? num(page.at(-1)!.ordinal) : head;
    } else if (range.case === "beforeOrdinal") {
      const before = num(range.value) || Infinity;
      const rest = all.filter(({ ordinal }) => ordinal < before);
      page = rest.slice(-PAGE);
      moreBefore = rest.length > PAGE;
      moreAfter = before < Infinity;
      upto = Math.min(head, before - 1);
    } else {
      return refusal("invalid_argument");
    }
    const fromOrdinal = page[0]?.ordinal ?? BigInt(upto + 1);
    const begins = range.case === "afterOrdinal" ? range.value : moreBefore ? fromOrdinal - 1n : 0n;
    const among = log.seen().filter(({ ordinal }) => ordinal >= begins && ordinal <= BigInt(upto + 1));
    return {
      case: "messages",
      value: {
        conversationId: id, fromOrdinal, uptoOrdinal: BigInt(upto),
        events: withEvents ? among.filter((event) => eventRow(event) !== null) : [],
        messages: page.map((event) => log.message(event)), asOfSeq: BigInt(asOf), moreBefore, moreAfter,
      },
    };
  }
}
