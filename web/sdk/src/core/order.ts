/** The order of a conversation list: what is pinned first, then the most recent. */

import { partition } from "../domain/number.ts";
import type { ConversationId, Timestamp } from "../types.ts";

/** By what a conversation is placed: since when it is pinned, 0 when it is not, and when it moved up. */
export interface Rank {
  readonly pinnedAt: Timestamp;
  readonly activeAt: Timestamp;
}

/** Where a conversation went: to an index, out of another or, when it is new, out of none. */
export interface Placed {
  readonly from: number | null;
  readonly to: number;
}

interface Entry extends Rank {
  readonly id: ConversationId;
}

function isBefore(a: Entry, b: Entry): boolean {
  const pinned = Number(b.pinnedAt > 0) - Number(a.pinnedAt > 0);
  const time = (b.pinnedAt || b.activeAt) - (a.pinnedAt || a.activeAt);
  return (pinned || time || (a.id < b.id ? -1 : 1)) < 0 && a.id !== b.id;
}

/** Knows at which index each conversation stands. */
export class ListOrder {
  readonly #sorted: Entry[] = [];
  readonly #entries = new Map<ConversationId, Entry>();

  /** Places a conversation. One that stays says the same index twice. */
  place(id: ConversationId, { pinnedAt, activeAt }: Rank): Placed {
    const from = this.remove(id);
    const entry = { id, pinnedAt, activeAt };
    const last = this.#sorted.at(-1);
    // At a start they come in their order.
    const to = last && isBefore(last, entry) ? this.#sorted.length : this.#index(entry);
    this.#sorted.splice(to, 0, entry);
    this.#entries.set(id, entry);
    return { from, to };
  }

  /** Takes a conversation out; says where it stood, null when it was not there. */
  remove(id: ConversationId): number | null {
    const entry = this.#entries.get(id);
    if (!entry) {
      return null;
    }
    this.#entries.delete(id);
    const at = this.#index(entry);
    this.#sorted.splice(at, 1);
    return at;
  }

  /** All of them, the first first. */
  ids(): ConversationId[] {
    return this.#sorted.map((entry) => entry.id);
  }

  #index(entry: Entry): number {
    return partition(this.#sorted, (other) => isBefore(other, entry));
  }
}
