/** The sizes of lines that are not laid out: measured where they once were, guessed where they never were. */

import type { ItemKey, TimelineItem } from "@stonechat/sdk";

/** A stretch of lines, from the first to before the last. */
export interface Span {
  readonly from: number;
  readonly upto: number;
}

/** Lines laid out on each side of what is visible. */
export const AHEAD = 24;
/** Fewer than these on a side, and more are laid out. */
const FEW = 10;
/** More than these, and those far from what is visible go. */
const MANY = 120;

const GUESS: Readonly<Record<TimelineItem["kind"], number>> = { message: 48, event: 30, day: 44, read_marker: 36, start: 180, gap: 48 };

export class Sizes {
  private readonly measured = new Map<ItemKey, number>();

  measure(key: ItemKey, height: number): void {
    this.measured.set(key, height);
  }

  /** Lets go of lines that are gone, once there are many of them. */
  keep(places: ReadonlyMap<ItemKey, unknown>): void {
    if (this.measured.size > 2 * places.size + MANY) {
      for (const key of this.measured.keys()) {
        if (!places.has(key)) {
          this.measured.delete(key);
        }
      }
    }
  }

  /** After the width changed, what was measured says nothing. */
  forget(): void {
    this.measured.clear();
  }

  of(item: TimelineItem): number {
    return this.measured.get(item.key) ?? guess(item);
  }

  sum(items: readonly TimelineItem[], from: number, upto: number): number {
    let height = 0;
    for (let at = from; at < upto; at += 1) {
      height += this.of(items[at] as TimelineItem);
    }
    return height;
  }

  /** The line at a distance above the end. */
  at(items: readonly TimelineItem[], fromEnd: number): number {
    let height = 0;
    for (let at = items.length - 1; at > 0; at -= 1) {
      height += this.of(items[at] as TimelineItem);
      if (height > fromEnd) {
        return at;
      }
    }
    return 0;
  }
}

function guess(item: TimelineItem): number {
  if (item.kind !== "message" || item.message.content.kind !== "text") {
    return GUESS[item.kind];
  }
  const { text } = item.message.content;
  return 42 + 22 * Math.floor(text.length / 62) + (item.quote === null ? 0 : 52) + (item.message.reactions.length > 0 ? 32 : 0);
}

/**
 * The span to lay out around visible lines. What is laid out stays while enough of it is on each side and it is not too
 * much, so that lines are not exchanged at every step.
 */
export function spanAround(now: Span, visible: Span, count: number): Span {
  const needed = { from: Math.max(0, visible.from - FEW), upto: Math.min(count, visible.upto + FEW) };
  const wanted = { from: Math.max(0, visible.from - AHEAD), upto: Math.min(count, visible.upto + AHEAD) };
  const isApart = now.upto < needed.from || now.from > needed.upto || now.upto > count;
  if (isApart) {
    return wanted;
  }
  const from = now.from <= needed.from ? now.from : wanted.from;
  const upto = now.upto >= needed.upto ? now.upto : wanted.upto;
  if (from === now.from && upto === now.upto && upto - from <= MANY) {
    return now;
  }
  return upto - from > Math.max(MANY, wanted.upto - wanted.from) ? wanted : { from, upto };
}
