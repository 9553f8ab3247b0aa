/** Messages that a user removed from one conversation for himself, on all of his devices. Others see them still. */

import type { Ordinal, Seq } from "../types.ts";
import { partition } from "./number.ts";

/** Messages that follow each other, all of them removed. */
export interface Run {
  readonly fromSeq: Seq;
  readonly uptoSeq: Seq;
  readonly fromOrdinal: Ordinal;
  readonly uptoOrdinal: Ordinal;
}

/** What the user removed from a conversation for himself, also while the server does not know it yet. */
export class Removed {
  constructor(
    readonly deletions: Deletions,
    readonly waiting: ReadonlySet<Seq>,
  ) {}

  /** Whether a message is removed, or cleared. */
  holds(message: Seq): boolean {
    return this.waiting.has(message) || this.deletions.holds(message);
  }
}

/** What a user removed from one conversation: runs in their order, with messages that stay between them. */
export class Deletions {
  /** The same, with nothing that waits. */
  readonly removed = new Removed(this, new Set());

  /** Of runs as the server gives them. */
  constructor(readonly runs: readonly Run[]) {}

  /** Whether a message is removed, by its event. */
  holds(seq: Seq): boolean {
    const run = this.runs[partition(this.runs, (it) => it.uptoSeq < seq)];
    return run !== undefined && run.fromSeq <= seq;
  }

  /** Whether a message is removed, by its ordinal. */
  holdsOrdinal(ordinal: Ordinal): boolean {
    const run = this.#at(ordinal);
    return run !== undefined && run.fromOrdinal <= ordinal;
  }

  /** Whether all of a run is removed. */
  holdsRun(run: Run): boolean {
    const around = this.#at(run.fromOrdinal);
    return around !== undefined && around.fromOrdinal <= run.fromOrdinal && around.uptoOrdinal >= run.uptoOrdinal;
  }

  /** How many messages above one ordinal and up to another are removed. */
  between(above: Ordinal, upto: Ordinal): number {
    let count = 0;
    for (const { fromOrdinal, uptoOrdinal } of this.runs) {
      count += Math.max(0, Math.min(uptoOrdinal, upto) - Math.max(fromOrdinal, above + 1) + 1);
    }
    return count;
  }

  #at(ordinal: Ordinal): Run | undefined {
    return this.runs[partition(this.runs, (it) => it.uptoOrdinal < ordinal)];
  }
}

export const NO_DELETIONS = new Deletions([]);
