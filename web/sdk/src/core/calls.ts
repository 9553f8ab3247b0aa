/** Calls in flight on the connection: who asked, and until when the answer has to be here. */

import type { ClientMsgId, ConversationId, Seq } from "../types.ts";
import { CALL_TIMEOUT_MS, CALLS_MAX } from "./limits.ts";

/** What a call is for. */
export type Purpose =
  /**
   * `hello` begins the session, `pull` goes on after a poke, `list` and `personal` are further pages of a welcome,
   * `refresh` gives a new token, `ping` is a sign of life.
   */
  | { readonly kind: "hello" | "pull" | "list" | "personal" | "content_types" | "refresh" | "ping" | "watch" | "sign_out" }
  /** One conversation as it is now. */
  | { readonly kind: "get"; readonly id: ConversationId }
  /** Events after the last contiguous one. */
  | { readonly kind: "catch_up"; readonly id: ConversationId }
  /** The newest messages after a jump. */
  | { readonly kind: "newest"; readonly id: ConversationId }
  /** The messages of a gap, from its beginning. */
  | { readonly kind: "replay"; readonly id: ConversationId }
  /** Messages that changed while that could be missed. */
  | { readonly kind: "changes"; readonly id: ConversationId }
  /** A message, or a command, of the outbox. */
  | { readonly kind: "send"; readonly id: ClientMsgId }
  /** A read cursor. */
  | { readonly kind: "read"; readonly id: ConversationId; readonly upto: Seq }
  /** What arrived in direct conversations. */
  | { readonly kind: "delivered"; readonly told: readonly (readonly [ConversationId, Seq])[] }
  /** A voice message that was played. */
  | { readonly kind: "played"; readonly id: ConversationId; readonly seq: Seq }
  /** A call of the user. */
  | { readonly kind: "ask"; readonly number: number };

/** Whether it is one of the core's own fetches. */
function isFetch({ kind }: Purpose): boolean {
  return ["list", "personal", "content_types", "get", "catch_up", "newest", "replay", "changes"].includes(kind);
}

/** The calls of one connection. */
export class Calls {
  #last = 0;
  #max = CALLS_MAX;
  readonly #inFlight = new Map<number, readonly [purpose: Purpose, deadline: number]>();
  /** The core's own fetches in flight. */
  fetches = 0;
  /**
   * When the newest call was made that was answered on this connection: then, or later, the server lived. What is only
   * heard may have been on its way for long.
   */
  answered = 0;

  /** Takes the limit of the welcome. */
  limit(callsMax: number): void {
    this.#max = callsMax === 0 ? CALLS_MAX : Math.max(callsMax, 2);
  }

  /** Whether a call may be made. One place is kept for control. */
  haveRoom(): boolean {
    return this.#inFlight.size + 1 < this.#max;
  }

  /** Whether a call of control may be made. */
  haveRoomForControl(): boolean {
    return this.#inFlight.size < this.#max;
  }

  /** Gives a call its number. */
  begin(purpose: Purpose, nowMs: number): number {
    this.fetches += Number(isFetch(purpose));
    this.#inFlight.set(++this.#last, [purpose, nowMs + CALL_TIMEOUT_MS]);
    return this.#last;
  }

  /** Takes an answer; null when nobody asked. */
  end(id: number): Purpose | null {
    const call = this.#inFlight.get(id);
    if (!call) {
      return null;
    }
    const [purpose, deadline] = call;
    this.#inFlight.delete(id);
    this.answered = Math.max(this.answered, deadline - CALL_TIMEOUT_MS);
    this.fetches -= Number(isFetch(purpose));
    return purpose;
  }

  /** Whether a call for something is in flight; of one conversation, or cursor, where that is said. */
  isInFlight(kind: Purpose["kind"], id?: string, upto?: Seq): boolean {
    return this.purposes().some(
      (it) => it.kind === kind && (!id || ("id" in it && it.id === id)) && (!upto || ("upto" in it && it.upto === upto)),
    );
  }

  /** What has no answer. */
  purposes(): Purpose[] {
    return Array.from(this.#inFlight.values(), ([purpose]) => purpose);
  }

  /** Until when the next answer has to be here; null when none is awaited. */
  deadline(): number | null {
    // They all have the same time: the first that was made is the first that is due.
    const [first] = this.#inFlight.values();
    return first ? first[1] : null;
  }
}
