/** A device, a server, and what is between them. */

import { open } from "../../src/core/ask.ts";
import type { Change, Summary } from "../../src/core/change.ts";
import type { Body, Command, LaneCommand, Result, Ticket } from "../../src/core/command.ts";
import { Core, type Input, type Settings } from "../../src/core/machine.ts";
import type { Transaction } from "../../src/core/rows.ts";
import { TimelineModel } from "../../src/core/timeline.ts";
import { uuidOf } from "../../src/domain/id.ts";
import type { Frame } from "../../src/gen/stonechat/v1/native_pb.ts";
import { same } from "../../src/same.ts";
import { memoryStore } from "../../src/store/memory.ts";
import { pageOf } from "../../src/store/store.ts";
import type { ClientMsgId, ConversationId, SendState, Seq } from "../../src/types.ts";
import { check, checkPosition } from "./check.ts";
import { ME } from "./log.ts";
import { DIRECT, Server } from "./server.ts";
import type { Step } from "./steps.ts";

/** What a device promised to carry out. */
export interface Promised {
  readonly conversation: ConversationId;
  readonly id: ClientMsgId;
  /** What a message says; null for a command. */
  says: string | null;
}

const ascii = (text: string) => new TextEncoder().encode(text);
const isKept = ({ body }: Frame) => body.case === "position" || body.case === "poke";

export class World {
  readonly server = new Server();
  readonly store = memoryStore();
  core!: Core;
  readonly up: Frame[] = [];
  readonly down: Frame[] = [];
  readonly pending: Transaction[] = [];
  /** Messages that the device promised to send, in their order. */
  readonly promised: Promised[] = [];
  /** What the device promised to tell as played. */
  readonly played: (readonly [ConversationId, Seq])[] = [];
  readonly ends = new Map<ClientMsgId, SendState>();
  readonly summaries = new Map<ConversationId, Summary>();
  readonly timelines = new Map<ConversationId, TimelineModel>();
  totalUnread = 0;
  restored = false;
  readonly #waiting = new Map<Ticket, Promised>();
  readonly #playing = new Map<Ticket, readonly [ConversationId, Seq]>();
  #nowMs = 1_000;
  #rolls = 0;
  #connected = false;
  #tickets = 0;
  #drafts = 0;

  private constructor(readonly settings: Settings) {}

  static async begin(recordEvents: boolean): Promise<World> {
    const world = new World({
      me: ME, device: "d", deviceName: "", client: "", platform: 0, window: 0, recordEvents,
    });
    world.server.begin(DIRECT, "bob");
    world.server.newGroup();
    await world.#start();
    return world;
  }

  /** The process begins with what is durable. */
  async #start(): Promise<void> {
    this.core = new Core(this.settings, await this.store.load());
    await this.#act();
    await this.command({ kind: "start" });
  }

  async input(input: Input): Promise<void> {
    const [monotonicMs, random] = [this.#nowMs, ++this.#rolls];
    this.core.handle({ monotonicMs, wallMs: 1_790_000_000_000 + monotonicMs, random }, input);
    await this.#act();
  }

  async command(command: Command, prepare: (ticket: Ticket) => void = () => {}): Promise<void> {
    const ticket = ++this.#tickets;
    prepare(ticket);
    await this.input({ kind: "command", ticket, command });
  }

  async #act(): Promise<void> {
    for (let action; (action = this.core.pollAction()); ) {
      switch (action.kind) {
        case "fetch_token":
          await this.input({ kind: "token", token: "token" });
          break;
        case "connect":
          this.#connected = true;
          await this.input({ kind: "opened" });
          break;
        case "disconnect":
          this.#disconnect();
          break;
        case "transmit":
          this.#checkSent(action.frame.body);
          this.up.push(action.frame);
          break;
        case "commit":
          this.pending.push(action.transaction);
          break;
        case "emit":
          await this.#tell(action.change);
          break;
        case "reply":
          this.#replied(action.ticket, action.reply);
      }
    }
  }

  #replied(ticket: Ticket, reply: Result): void {
    const [promise, played] = [this.#waiting.get(ticket), this.#playing.get(ticket)];
    const kind = reply instanceof Error ? null : reply.kind;
    if (played && kind === "done") {
      this.played.push(played);
    }
    if (promise && kind === "queued") {
      this.promised.push(promise);
    } else if (promise && !(reply instanceof Error) && reply.kind === "kept") {
      if (reply.id === promise.id) {
        this.promised.push({ ...promise, says: null });
      } else {
        // An edit of what was never written is in the message itself.
        this.promised.filter((one) => one.id === reply.id).forEach((one) => (one.says = promise.says));
      }
    }
    [this.#waiting, this.#playing].forEach((all) => all.delete(ticket));
  }

  #disconnect(): void {
    this.#connected = false;
    this.server.disconnect();
    this.up.length = this.down.length = 0;
  }

  /** Nothing is sent before it is durable. */
  #checkSent(body: Body): void {
    const { outbox, conversations } = this.store.tables;
    const written = [...outbox.values()].filter((row) => row.written);
    const isDurable =
      body.case === "send" ? written.some((row) => same(row.body, body.value.body))
      : body.case === "changeMessage" ? written.some((row) => same(row.command?.call.value, body.value))
      : body.case === "markDelivered" ? body.value.marks.every((mark) => (conversations.get(mark.conversationId)?.lastSeq ?? 0) >= mark.uptoSeq)
      : true;
    if (!isDurable) {
      throw new Error(`${body.case} was sent before it was durable`);
    }
  }

  /** Tells whoever looks. */
  async #tell(change: Change): Promise<void> {
    this.timelines.forEach((timeline) => timeline.apply(change));
    switch (change.kind) {
      case "conversation": {
        const { id } = change.summary;
        const isNew = !this.summaries.has(id);
        this.summaries.set(id, change.summary);
        if (isNew) {
          const timeline = new TimelineModel(ME, id, null);
          this.timelines.set(id, timeline);
          await this.open(timeline);
        }
        break;
      }
      case "conversation_gone":
        this.summaries.delete(change.conversation);
        break;
      case "total_unread":
        this.totalUnread = change.unread;
        break;
      case "send":
        this.ends.set(change.clientMsgId, change.state);
        break;
    }
  }

  /** Opens a timeline as the driver does: first the core is asked, then the store. */
  async open(timeline: TimelineModel, at?: number): Promise<void> {
    const { conversation } = timeline;
    timeline.begin(open(this.core, conversation));
    const [before, held] = timeline.nextPage();
    const from = at ?? held ?? before;
    timeline.merge(await pageOf(this.store, { conversation, from, upto: Infinity, limit: 1_000 }), from);
  }

  async #commitOne(): Promise<void> {
    const transaction = this.pending.shift();
    if (transaction) {
      await this.store.apply([transaction]);
      checkPosition(this);
      await this.input({ kind: "committed", number: transaction.number });
    }
  }

  /** The process dies and begins again with what was durable. */
  async #crash(): Promise<void> {
    this.#disconnect();
    this.pending.length = 0;
    [this.#waiting, this.#playing, this.summaries, this.timelines, this.ends].forEach((all) => all.clear());
    this.totalUnread = 0;
    await this.#start();
  }

  #conversation(n: number): ConversationId {
    const ids = [...this.server.logs.keys()];
    return ids[n % Math.max(1, ids.length)] ?? DIRECT;
  }

  #backFromHead(id: ConversationId, back: number): Seq {
    return Math.max(0, (this.server.logs.get(id)?.head()[0] ?? 0) - back);
  }

  /** One frame each way. */
  async #deliver(): Promise<void> {
    const asked = this.up.shift();
    if (asked) {
      this.server.handle(asked);
    }
    this.#take();
    const frame = this.down.shift();
    if (frame) {
      await this.input({ kind: "frame", frame });
    }
  }

  #take(): void {
    this.down.push(...this.server.out.splice(0));
  }

  async step(step: Step): Promise<void> {
    const { server } = this;
    const [n, m, yes] = [step.n ?? 0, step.m ?? 0, step.yes ?? false];
    const id = this.#conversation(n);
    const log = server.logs.get(id);
    switch (step.kind) {
      case "other_sends":
        this.#write(id, "bob");
        break;
      case "own_sends":
        this.#write(id, ME);
        break;
      case "own_reads":
        if (log?.isMember()) {
          server.read(id, this.#backFromHead(id, m));
        }
        break;
      case "rename":
        if (log) {
          server.append(id, "bob", { kind: "renamed", change: { case: "renamed", value: { title: `title ${server.feed}` } } });
        }
        break;
      case "toggle":
        if (log) {
          server.toggle(id);
        }
        break;
      case "new_group":
        if (server.logs.size < 6) {
          this.#write(server.newGroup(), "bob");
        }
        break;
      case "send":
        await this.#send(id, yes);
        break;
      case "edit":
        await this.#edit(n, m);
        break;
      case "react":
        await this.#react(id, m, yes);
        break;
      case "read":
        await this.command({ kind: "mark_read", conversation: id, upto: this.#backFromHead(id, m) });
        break;
      case "play":
        await this.#play(id, m);
        break;
      case "load_before":
        await this.command({ kind: "load_before", conversation: id, before: m % 16, limit: 3 });
        break;
      case "deliver":
        for (let left = n; left > 0; left--) {
          await this.#deliver();
        }
        break;
      case "drop":
        await this.#drop();
        break;
      case "commit":
        for (let left = n; left > 0; left--) {
          await this.#commitOne();
        }
        break;
      case "crash":
        await this.#crash();
        break;
      case "lose":
        this.#lose(n);
        break;
      case "duplicate":
        this.#duplicate(n);
        break;
      case "swap":
        this.#swap(n);
        break;
      case "poke":
        this.#poke();
        break;
      case "position":
        server.sayPosition();
        break;
      case "restore":
        this.restored = true;
        this.#disconnect();
        server.restore(n);
        await this.input({ kind: "closed", reason: "restored" });
        break;
      case "refuse":
        server.refuse.push(n % 8 === 0 ? "forbidden" : "overloaded");
        break;
      case "refuse_fetches":
        server.refuseFetches += n;
        break;
      case "time":
        this.#nowMs += n;
        await this.input({ kind: "tick" });
        break;
    }
    this.#take();
  }

  async #drop(): Promise<void> {
    if (this.#connected) {
      this.#disconnect();
      await this.input({ kind: "closed", reason: "dropped" });
    }
  }

  #write(id: ConversationId, sender: string): void {
    const log = this.server.logs.get(id);
    if (log && (sender !== ME || log.isMember())) {
      const { feed } = this.server;
      const clientMsgId = new Uint8Array(16).fill(9);
      new DataView(clientMsgId.buffer).setUint32(0, feed);
      this.server.append(id, sender, { kind: "message", bodyType: "text", clientMsgId, body: ascii(`${sender} ${feed}`) });
    }
  }

  /** An id that nothing else has. */
  #newId(fill: number): ClientMsgId {
    const random = new Uint8Array(10).fill(fill);
    new DataView(random.buffer).setUint32(2, ++this.#drafts);
    return uuidOf(this.#nowMs, random);
  }

  async #send(conversation: ConversationId, read: boolean): Promise<void> {
    const clientMsgId = this.#newId(7);
    const says = `draft ${this.#drafts}`;
    const draft = {
      attributes: null, conversation, peer: conversation === DIRECT ? "bob" : null, clientMsgId, bodyType: "text",
      body: ascii(says), readUpto: read ? this.#backFromHead(conversation, 1) : 0,
    };
    await this.command({ kind: "send", draft }, (ticket) => this.#waiting.set(ticket, { conversation, id: clientMsgId, says }));
  }

  async #edit(n: number, what: number): Promise<void> {
    const own = this.promised.filter((it) => it.says !== null);
    const newest = own.at(-1 - (n % Math.min(Math.max(1, own.length), 4)));
    if (newest) {
      const says = `edit ${this.#drafts} ${what}`;
      const edit = { case: "edit", value: { bodyType: "text", body: ascii(says) } } as const;
      await this.#change(newest.conversation, newest.id, edit, says);
    }
  }

  #here(conversation: ConversationId) {
    return [...(this.store.tables.messages.get(conversation)?.values() ?? [])].sort((a, b) => b.seq - a.seq);
  }

  async #react(conversation: ConversationId, back: number, add: boolean): Promise<void> {
    const message = this.#here(conversation)[back];
    if (message) {
      await this.#change(conversation, message.seq, { case: "react", value: { emoji: "👍", remove: !add } }, null);
    }
  }

  async #play(conversation: ConversationId, back: number): Promise<void> {
    const message = this.#here(conversation).filter((row) => row.sender !== ME)[back]?.seq;
    if (message) {
      const prepare = (ticket: Ticket) => void this.#playing.set(ticket, [conversation, message]);
      await this.command({ kind: "mark_played", conversation, message }, prepare);
    }
  }

  async #change(
    conversation: ConversationId,
    about: LaneCommand["about"],
    change: NonNullable<Extract<LaneCommand["call"], { case: "changeMessage" }>["value"]["change"]>,
    says: string | null,
  ): Promise<void> {
    const commandId = this.#newId(5);
    const call = { case: "changeMessage", value: { conversationId: conversation, change } } as const;
    await this.command({ kind: "queue", command: { conversation, commandId, call, about } }, (ticket) =>
      this.#waiting.set(ticket, { conversation, id: commandId, says }),
    );
  }

  /** A frame is lost: of the log, or an answer. */
  #lose(n: number): void {
    const able = [...this.down.keys()].filter((at) => !isKept(this.down[at]!));
    const at = able[n % Math.max(1, able.length)];
    if (at === undefined) {
      return;
    }
    const [frame] = this.down.splice(at, 1);
    if (frame!.id === 0n) {
      // No position is said any more on this connection, and one that waits is not of use.
      this.#keep((it) => it.body.case !== "position");
      this.server.lossy = true;
    }
  }

  #keep(stays: (frame: Frame) => boolean): void {
    this.down.splice(0, Infinity, ...this.down.filter(stays));
  }

  #duplicate(n: number): void {
    const at = n % Math.max(1, this.down.length);
    const frame = this.down[at];
    if (frame && !isKept(frame)) {
      this.down.splice(at + 1 + (n % 3), 0, frame);
    }
  }

  #swap(n: number): void {
    const at = n % Math.max(1, this.down.length - 1);
    const [one, next] = this.down.slice(at, at + 2);
    if (one && next && !isKept(one) && !isKept(next)) {
      this.down.splice(at, 2, next, one);
    }
  }

  #poke(): void {
    if (this.server.welcomed && !this.server.poked) {
      // The queue of the log is dropped; answers stay.
      this.#take();
      this.#keep((frame) => frame.id !== 0n);
      this.server.poke();
    }
  }

  /** The network is fine from here on: until the device is in step. */
  async settle(): Promise<void> {
    this.server.refuse = [];
    this.server.refuseFetches = 0;
    if (this.server.lossy) {
      this.#poke();
    }
    for (let round = 0; round < 2_000; round++) {
      while (this.pending.length > 0) {
        await this.#commitOne();
      }
      this.#take();
      const deadline = this.core.nextDeadline();
      if (this.up.length + this.down.length > 0) {
        await this.#deliver();
      } else if (this.#isAtRest()) {
        return;
      } else if (deadline !== null) {
        this.#nowMs = deadline;
        await this.input({ kind: "tick" });
      } else {
        break;
      }
    }
    throw new Error("the device never came to rest");
  }

  /** Whether everything is done that there was to do. */
  #isAtRest(): boolean {
    const { core } = this;
    const { session, link, outbox, declared } = core;
    const open = [core.unsettled, core.unknown, core.gets, core.unconfirmed, core.undelivered, core.unplayed];
    const isListed = session?.inStep && !session.nextPage && session.personalAfter === null && !declared.wanted;
    const isFailed = (id: string | null | undefined) => !!id && outbox.get(id)?.stage === "parked";
    const rests = [...outbox.entries.values()].every((it) => it.stage === "parked" || isFailed(it.row.command?.about));
    return !!isListed && link.isUp() && open.every((all) => all.size === 0) && !core.position && !core.poked && rests;
  }
}

/** Runs steps in a new world; throws where the device does not end up equal to the server. */
export async function run(steps: readonly Step[], recordEvents: boolean): Promise<World> {
  const world = await World.begin(recordEvents);
  for (const step of steps) {
    await world.step(step);
  }
  await world.settle();
  await check(world);
  return world;
}
