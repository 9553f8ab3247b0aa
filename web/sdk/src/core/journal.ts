/** Changes of the store in their order, and what is told once they are durable. */

import type { StonechatError } from "../error.ts";
import type { ConversationId, Seq } from "../types.ts";
import type { Change } from "./change.ts";
import type { Result, Ticket } from "./command.ts";
import type { Action } from "./machine.ts";
import type { StoreOp } from "./rows.ts";

/** What is told once the store holds what it stands for: to the outside, or what others wrote, to the core itself. */
type Told = Extract<Action, { kind: "emit" | "reply" }> | { readonly kind: "stored"; readonly upto: Stored };

type Stored = readonly [id: ConversationId, upto: Seq];

/** Collects what one input leads to, as one transaction. */
export class Journal {
  #last = 0;
  #durable = 0;
  #ops: StoreOp[] = [];
  #told: Told[] = [];
  readonly #waiting: { readonly number: number; readonly told: Told[] }[] = [];
  #arrived: Stored[] = [];

  readonly #actions: Action[];

  constructor(actions: Action[]) {
    this.#actions = actions;
  }

  /** Adds a change of the store to the transaction of this input. */
  write(op: StoreOp): void {
    this.#ops.push(op);
  }

  /** Tells something once the transaction of this input is durable. */
  tell(change: Change): void {
    this.#told.push({ kind: "emit", change });
  }

  /** Answers once the transaction of this input is durable. */
  reply(ticket: Ticket, reply: Result): void {
    this.#told.push({ kind: "reply", ticket, reply });
  }

  /** Notes that the transaction of this input has what others wrote up to here. */
  stored(id: ConversationId, upto: Seq): void {
    this.#told.push({ kind: "stored", upto: [id, upto] });
  }

  /** What others wrote that became durable since this was asked last. */
  takeStored(): readonly Stored[] {
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  /** The number that the transaction of this input will have. */
  openNumber(): number {
    return this.#last + 1;
  }

  /** Whether a transaction is durable. */
  isDurable(number: number): boolean {
    return number <= this.#durable;
  }

  /** Ends the transaction of this input. */
  close(): void {
    const [ops, told] = [this.#ops, this.#told];
    this.#told = [];
    const before = this.#waiting.at(-1);
    if (ops.length > 0) {
      this.#ops = [];
      this.#actions.push({ kind: "commit", transaction: { number: ++this.#last, ops } });
      this.#waiting.push({ number: this.#last, told });
    } else if (before) {
      // Nothing overtakes what was said before.
      before.told.push(...told);
    } else {
      this.#passOn(told);
    }
  }

  /** Takes that every transaction up to this one is durable. */
  committed(number: number): void {
    this.#durable = Math.max(this.#durable, number);
    while (this.#waiting[0] && this.#waiting[0].number <= number) {
      this.#passOn(this.#waiting.shift()!.told);
    }
  }

  #passOn(all: readonly Told[]): void {
    for (const told of all) {
      if (told.kind === "stored") {
        this.#arrived.push(told.upto);
      } else {
        this.#actions.push(told);
      }
    }
  }

  /** Answers everybody who waits: nothing becomes durable any more. */
  giveUp(error: StonechatError): void {
    for (const told of this.#waiting.splice(0).flatMap((it) => it.told)) {
      if (told.kind === "reply") {
        this.#actions.push({ ...told, reply: error });
      }
    }
    this.#ops = [];
  }
}
