/** A device with a store that is always durable at once, and a server that is the test itself. */

import type { Change } from "../src/core/change.ts";
import type { Body, BodyInit, Command, Result } from "../src/core/command.ts";
import { Core, type Input } from "../src/core/machine.ts";
import { newFrame } from "../src/core/wire.ts";
import { directId } from "../src/domain/id.ts";
import { num } from "../src/domain/number.ts";
import { memoryStore } from "../src/store/memory.ts";
import type { ConnectionState, ConversationId } from "../src/types.ts";

type Init<C extends Body["case"]> = Extract<BodyInit, { case: C }>["value"];

export const direct = (n: number): ConversationId => directId(1, "alice", `bob${n}`);
export const idOf = (n: number): string => `${"0".repeat(8)}-0000-7000-8000-${String(n).padStart(12, "0")}`;
const text = (said: string) => new TextEncoder().encode(said);

export const WELCOME: Init<"welcome"> = {
  version: 1, userId: "alice", reset: true, position: text("p1"), historyId: text("h"),
};

export function message(n: number, seq: number): Init<"event"> & object {
  return {
    conversationId: direct(n), seq: BigInt(seq), ordinal: BigInt(seq - 1), kind: "message", senderId: "bob",
    clientMsgId: new Uint8Array(16).fill((seq % 200) + 1), bodyType: "text",
  };
}

export function begun(n: number): Init<"event"> & object {
  return { ...message(n, 1), kind: "conversation_created" };
}

export function conversation(n: number, head: number): Init<"conversation"> & object {
  const ordinal = BigInt(head - 1);
  return {
    conversationId: direct(n), member: true, headSeq: BigInt(head), headOrdinal: ordinal, unread: ordinal, lastMessage: message(n, head),
  };
}

export class Bench {
  readonly store = memoryStore();
  readonly changes: Change[] = [];
  readonly replies: Result[] = [];
  disconnects = 0;
  nowMs = 0;
  wallMs = 1_790_000_000_000;
  readonly #frames: [id: number, body: Body][] = [];

  private constructor(readonly core: Core) {}

  static async begin(recordEvents = false): Promise<Bench> {
    const settings = { me: "alice", device: "d", deviceName: "", client: "", platform: 0, window: 0, recordEvents };
    return new Bench(new Core(settings, await memoryStore().load()));
  }

  /** Of one that is welcome. */
  static async up(welcome: Init<"welcome"> = {}, recordEvents = false): Promise<Bench> {
    const bench = await Bench.begin(recordEvents);
    bench.start();
    bench.say(1, { case: "welcome", value: { ...WELCOME, ...welcome } });
    return bench;
  }

  start(): void {
    this.command({ kind: "start" });
    this.sent();
  }

  input(input: Input): void {
    this.core.handle({ monotonicMs: this.nowMs, wallMs: this.wallMs, random: 1 }, input);
    for (let action; (action = this.core.pollAction()); ) {
      switch (action.kind) {
        case "fetch_token":
          this.input({ kind: "token", token: "token" });
          break;
        case "connect":
          this.input({ kind: "opened" });
          break;
        case "disconnect":
          this.disconnects += 1;
          break;
        case "transmit":
          this.#frames.push([num(action.frame.id), action.frame.body]);
          break;
        case "commit":
          // What the memory does is done when it returns.
          void this.store.apply([action.transaction]);
          this.input({ kind: "committed", number: action.transaction.number });
          break;
        case "emit":
          this.changes.push(action.change);
          break;
        case "reply":
          this.replies.push(action.reply);
      }
    }
  }

  command(command: Command): void {
    this.input({ kind: "command", ticket: 0, command });
  }

  tick(): void {
    this.input({ kind: "tick" });
  }

  advance(ms: number): void {
    const end = this.nowMs + ms;
    const pass = (to: number) => {
      this.wallMs += to - this.nowMs;
      this.nowMs = to;
    };
    for (let at; (at = this.core.nextDeadline()) !== null && at <= end; ) {
      pass(at);
      this.tick();
    }
    pass(end);
  }

  /** The connection goes, and there is the next: the id of its hello. */
  reconnect(): number {
    this.input({ kind: "closed", reason: "gone" });
    this.advance(1_000);
    return this.sent().findLast(([, body]) => body.case === "hello")![0];
  }

  say(id: number, body: BodyInit): void {
    this.input({ kind: "frame", frame: newFrame(id, body) });
  }

  refuse(id: number, code: string): void {
    this.say(id, { case: "error", value: { code } });
  }

  /** The frames since the last time, with their ids. */
  sent(): [id: number, body: Body][] {
    return this.#frames.splice(0);
  }

  /** The cases of the frames since the last time. */
  cases(): Body["case"][] {
    return this.sent().map(([, body]) => body.case);
  }

  /** The id of the call of a case, of those since the last time; null when there was none. */
  asked(kind: Body["case"]): number | null {
    return this.sent().find(([, body]) => body.case === kind)?.[0] ?? null;
  }

  send(n: number, body = Uint8Array.of(n)): void {
    const draft = {
      attributes: null, conversation: direct(0), peer: null, clientMsgId: idOf(n), bodyType: "text", body, readUpto: 0,
    };
    this.command({ kind: "send", draft });
  }

  states(): ConnectionState[] {
    return this.changes.flatMap((change) => (change.kind === "connection" ? [change.state] : []));
  }

  row(n = 0) {
    return this.store.tables.conversations.get(direct(n))!;
  }

  seqs(n = 0): number[] {
    return [...(this.store.tables.messages.get(direct(n))?.keys() ?? [])].sort((a, b) => a - b);
  }
}
