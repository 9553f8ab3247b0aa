/** Messages of one conversation that a user starred, to find them again on all of his devices. */

import type { Ordinal, Seq, Timestamp } from "../types.ts";

/** A message that a user starred. */
export interface Star {
  readonly seq: Seq;
  /** Null where that is not known. */
  readonly ordinal: Ordinal | null;
  readonly at: Timestamp;
}

/** What the user starred in a conversation, also while the server does not know it yet. */
export class Starred {
  constructor(
    readonly stars: Stars,
    /** What waits: since when a message is to be starred; null when it is not to be any more. */
    readonly waiting: ReadonlyMap<Seq, Timestamp | null>,
  ) {}

  /** Whether a message is starred. */
  holds(message: Seq): boolean {
    const waiting = this.waiting.get(message);
    return waiting === undefined ? this.stars.holds(message) : waiting !== null;
  }

  /** All of them. */
  all(): Star[] {
    const left = this.stars.all.filter((star) => this.holds(star.seq));
    for (const [seq, at] of this.waiting) {
      // One that is starred already stays where it is.
      if (at !== null && !this.stars.holds(seq)) {
        left.push({ seq, ordinal: null, at });
      }
    }
    return left;
  }
}

/** Those of one conversation, in the order of the log. */
export class Stars {
  /** The same, with nothing that waits. */
  readonly starred = new Starred(this, new Map());
  readonly #seqs: ReadonlySet<Seq>;

  constructor(readonly all: readonly Star[]) {
    this.#seqs = new Set(all.map((star) => star.seq));
  }

  /** Whether a message is starred. */
  holds(message: Seq): boolean {
    return this.#seqs.has(message);
  }
}

export const NO_STARS = new Stars([]);
