/** Voice messages that were played: which a user has played, and how many others have played his, of one conversation. */

import type { Seq } from "../types.ts";
import { partition } from "./number.ts";

const KEPT_MAX = 256;

/** How many others have played a message of the user; 64 stands for so many and more. */
export interface PlayedByOthers {
  readonly seq: Seq;
  readonly by: number;
}

/** What is known of the voice messages of a conversation, also while the server does not know it yet. */
export class Played {
  constructor(
    readonly plays: Plays,
    /** What the user has played and the server was not told. */
    readonly waiting: readonly Seq[],
  ) {}

  /** Whether the user has played a message of another. */
  holds(message: Seq): boolean {
    return this.waiting.includes(message) || this.plays.holds(message);
  }

  /** How many others have played a message of the user. */
  byOthers(message: Seq): number {
    return this.plays.byOthers(message);
  }
}

/** What one user knows of the voice messages of one conversation: the newest of either sort. */
export class Plays {
  /** The same, with nothing that waits. */
  readonly played = new Played(this, []);

  constructor(
    /** Up to here messages of others are too old to be told apart: they count as played. */
    readonly floor: Seq,
    /** The messages above it that the user has played, the oldest first. */
    readonly mine: readonly Seq[],
    /** The messages of the user that others have played, the oldest first. */
    readonly others: readonly PlayedByOthers[],
  ) {}

  /** Whether the user has played a message of another. */
  holds(seq: Seq): boolean {
    return seq <= this.floor || this.mine.includes(seq);
  }

  byOthers(seq: Seq): number {
    return this.others.find((it) => it.seq === seq)?.by ?? 0;
  }

  /** After the user has played a message of another. */
  play(seq: Seq): Plays {
    if (this.holds(seq)) {
      return this;
    }
    const at = partition(this.mine, (it) => it < seq);
    const mine = [...this.mine.slice(0, at), seq, ...this.mine.slice(at)];
    const floor = mine.length > KEPT_MAX ? mine.shift()! : this.floor;
    return new Plays(floor, mine, this.others);
  }
}

export const NO_PLAYS = new Plays(0, [], []);
