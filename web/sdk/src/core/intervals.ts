/** Which ordinals a device holds. */

import type { Ordinal } from "../types.ts";
import type { Interval } from "./rows.ts";

/** Intervals of ordinals, ascending, neither touching nor overlapping. */
export class Intervals {
  #list: readonly Interval[] = [];

  /** Adds an interval; an empty one changes nothing. Says whether anything changed. */
  add(from: Ordinal, upto: Ordinal): boolean {
    if (from > upto || this.#list.some(([f, u]) => f <= from && upto <= u)) {
      return false;
    }
    const apart = this.#list.filter(([f, u]) => {
      const isApart = u + 1 < from || upto + 1 < f;
      if (!isApart) {
        from = Math.min(from, f);
        upto = Math.max(upto, u);
      }
      return isApart;
    });
    this.#list = [...apart, [from, upto] as const].sort((a, b) => a[0] - b[0]);
    return true;
  }

  /** Forgets all of them. */
  clear(): void {
    this.#list = [];
  }

  /** All of them, ascending. The list never changes: after the next addition there is another. */
  all(): readonly Interval[] {
    return this.#list;
  }

  /** Whether an ordinal is in one. */
  holds(ordinal: Ordinal): boolean {
    return this.#list.some(([from, upto]) => from <= ordinal && ordinal <= upto);
  }
}
