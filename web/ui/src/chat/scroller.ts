/**
 * Lays out the lines around what is visible, and holds what is visible where it is.
 *
 * The box scrolls from its end (`column-reverse`), so lines added above and estimates above that turn out wrong move
 * nothing. For all else one line is the anchor: after each change its lower edge is put back where it was.
 */

import type { ItemKey, TimelineItem } from "@stonechat/sdk";
import { Sizes, spanAround, type Span } from "./spans.ts";

/** Nearer to the end than this, what arrives is followed. */
const FOLLOW_PX = 80;
/** Who scrolled up so lately means to leave the end. */
const LEAVING_MS = 500;
/** A difference that nobody sees. */
const STILL_PX = 0.5;
/** Lines taken for visible at the end before any was measured. */
const FIRST_SCREEN = 24;

/** Where a line is to be: its upper edge at a part of the height, or all of it in sight with as little movement as can be. */
export interface Aim {
  readonly key: ItemKey;
  readonly at: number | "nearest";
}

export class Scroller {
  readonly sizes = new Sizes();
  /** Which lines are laid out. */
  span: Span = { from: 0, upto: 0 };
  /** Which of them are in sight, at least in part. */
  visible: Span = { from: 0, upto: 0 };
  /** The last of them that is in sight down to its lower edge. */
  seenUpto = -1;
  isAtEnd = true;
  /** Whether the end of the lines is that of the conversation, so that what arrives is followed. */
  isLive = true;
  /** Following ends where this line would leave at the top: nobody has looked since it came. */
  unlooked: ItemKey | null = null;

  private items: readonly TimelineItem[] = [];
  private places = new Map<ItemKey, number>();
  private edges: { first: ItemKey; last: ItemKey } | null = null;
  private anchor: { key: ItemKey; bottom: number } | null = null;
  private aim: Aim | null = null;
  private top = 0;
  private leftAt = Number.NEGATIVE_INFINITY;
  private width = 0;

  constructor(
    private readonly box: () => HTMLElement | null,
    private readonly list: () => HTMLElement | null,
  ) {}

  placeOf(key: ItemKey): number | undefined {
    return this.places.get(key);
  }

  elementOf(key: ItemKey): HTMLElement | null {
    const place = this.places.get(key);
    return place === undefined ? null : this.elementAt(place);
  }

  /** Begins anew at the end: other lines, of which nothing is known. */
  reset(): void {
    [this.items, this.edges, this.anchor, this.aim, this.isAtEnd] = [[], null, null, null, true];
    [this.isLive, this.unlooked] = [true, null];
    [this.span, this.visible, this.seenUpto] = [{ from: 0, upto: 0 }, { from: 0, upto: 0 }, -1];
    this.places.clear();
    this.sizes.forget();
  }

  /** With the next rendering a line comes to where it is to be. */
  aimAt(aim: Aim): void {
    this.aim = aim;
    this.isAtEnd = false;
  }

  toEnd(): void {
    [this.aim, this.anchor, this.isAtEnd] = [null, null, true];
    this.leftAt = Number.NEGATIVE_INFINITY;
  }

  /** Before a rendering: which lines are to be laid out. */
  take(items: readonly TimelineItem[]): void {
    // The user may have scrolled in this very frame.
    const box = this.box();
    if (box !== null && Math.abs(box.scrollTop - this.top) > STILL_PX) {
      this.scrolled();
    }
    if (items !== this.items) {
      this.sizes.keep(this.places);
      const before = this.edges;
      [this.items, this.places] = [items, new Map(items.map((item, at) => [item.key, at]))];
      const from = before === null ? undefined : this.places.get(before.first);
      const last = before === null ? undefined : this.places.get(before.last);
      this.span = from === undefined || last === undefined || last < from ? { from: 0, upto: 0 } : { from, upto: last + 1 };
    }
    this.span = spanAround(this.span, this.around(), items.length);
    const [first, last] = [items[this.span.from], items[this.span.upto - 1]];
    this.edges = first === undefined || last === undefined ? null : { first: first.key, last: last.key };
  }

  /** What is to be in sight. */
  private around(): Span {
    const count = this.items.length;
    const aimed = this.aim === null ? undefined : this.places.get(this.aim.key);
    if (aimed !== undefined) {
      return { from: aimed, upto: aimed + 1 };
    }
    if (this.isAtEnd && this.isLive) {
      return { from: Math.max(0, count - Math.max(this.visible.upto - this.visible.from, FIRST_SCREEN)), upto: count };
    }
    const anchored = this.anchor === null ? undefined : this.places.get(this.anchor.key);
    const from = Math.min(anchored ?? this.visible.from, Math.max(count - 1, 0));
    return { from, upto: Math.min(count, from + Math.max(this.visible.upto - this.visible.from, 1)) };
  }

  /** The height of what is not laid out, before and behind. */
  spacers(): { before: number; behind: number } {
    return {
      before: this.sizes.sum(this.items, 0, this.span.from),
      behind: this.sizes.sum(this.items, this.span.upto, this.items.length),
    };
  }

  /** After a rendering, or a change of size: puts back what was moved, and looks what is in sight. */
  settle(): void {
    const box = this.box();
    if (box === null || box.clientHeight === 0) {
      return;
    }
    if (this.width !== box.clientWidth) {
      this.width = box.clientWidth;
      this.sizes.forget();
    }
    const target = this.aim === null ? null : this.elementOf(this.aim.key);
    const isLeaving = performance.now() - this.leftAt < LEAVING_MS;
    if (this.aim !== null && target !== null) {
      this.moveTo(box, target, this.aim.at);
      this.aim = null;
    } else if (this.isAtEnd && this.isLive && !(isLeaving && box.scrollTop < 0)) {
      this.scrollTo(box, 0);
      const unlooked = this.unlooked === null ? null : this.elementOf(this.unlooked);
      if (unlooked !== null) {
        this.scrollTo(box, Math.min(0, box.scrollTop + Math.min(0, unlooked.getBoundingClientRect().top - box.getBoundingClientRect().top)));
      }
    } else if (this.anchor !== null) {
      const held = this.elementOf(this.anchor.key);
      if (held !== null) {
        const moved = held.getBoundingClientRect().bottom - box.getBoundingClientRect().top - this.anchor.bottom;
        if (Math.abs(moved) > STILL_PX) {
          this.scrollTo(box, box.scrollTop + moved);
        }
      }
    }
    this.measure();
    this.look();
  }

  /** After the box was scrolled. */
  scrolled(): void {
    const box = this.box();
    if (box === null) {
      return;
    }
    if (box.scrollTop < this.top - 1) {
      this.leftAt = performance.now();
    }
    this.top = box.scrollTop;
    this.look();
  }

  /** Whether other lines should be laid out than are. */
  get isOut(): boolean {
    return spanAround(this.span, this.visible, this.items.length) !== this.span;
  }

  /** How far the end is away. */
  get fromEnd(): number {
    return -(this.box()?.scrollTop ?? 0);
  }

  private elementAt(place: number): HTMLElement | null {
    return (this.list()?.children[place - this.span.from] as HTMLElement | undefined) ?? null;
  }

  private scrollTo(box: HTMLElement, top: number): void {
    if (Math.abs(box.scrollTop - top) > STILL_PX) {
      box.scrollTop = top;
    }
    this.top = box.scrollTop;
  }

  private moveTo(box: HTMLElement, target: HTMLElement, at: Aim["at"]): void {
    const [frame, line] = [box.getBoundingClientRect(), target.getBoundingClientRect()];
    let by = 0;
    if (at !== "nearest") {
      by = line.top - (frame.top + frame.height * at);
    } else if (line.top < frame.top + 8 || line.height > frame.height) {
      by = line.top - frame.top - 8;
    } else if (line.bottom > frame.bottom - 8) {
      by = line.bottom - frame.bottom + 8;
    }
    this.scrollTo(box, box.scrollTop + by);
  }

  private measure(): void {
    const { children } = this.list() ?? { children: [] };
    for (let at = 0; at < children.length; at += 1) {
      const item = this.items[this.span.from + at];
      if (item !== undefined) {
        this.sizes.measure(item.key, (children[at] as HTMLElement).getBoundingClientRect().height);
      }
    }
  }

  /** Looks what is in sight, and takes an anchor from it. */
  private look(): void {
    const [box, list] = [this.box(), this.list()];
    if (box === null || list === null) {
      return;
    }
    const frame = box.getBoundingClientRect();
    const { children } = list;
    const rect = (at: number): DOMRect => (children[at] as HTMLElement).getBoundingClientRect();
    let [low, high] = [0, children.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rect(middle).bottom > frame.top + 1) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    let end = low;
    this.anchor = null;
    this.seenUpto = -1;
    while (end < children.length) {
      const { top, bottom } = rect(end);
      if (top >= frame.bottom - 1) {
        break;
      }
      const item = this.items[this.span.from + end];
      if (bottom <= frame.bottom + 2) {
        this.seenUpto = this.span.from + end;
      }
      // The first whose lower edge is in sight: what changes above that edge may grow upwards.
      if (item !== undefined && (this.anchor === null || this.anchor.bottom > frame.height) && (bottom <= frame.bottom || end === low)) {
        this.anchor = { key: item.key, bottom: bottom - frame.top };
      }
      end += 1;
    }
    this.visible = { from: this.span.from + low, upto: this.span.from + end };
    if (low === end && this.items.length > 0) {
      // Nothing laid out is in sight: it was scrolled far in one step. What belongs here is guessed from the distance.
      const last = this.sizes.at(this.items, this.fromEnd);
      const first = this.sizes.at(this.items, this.fromEnd + frame.height);
      this.visible = { from: first, upto: last + 1 };
    }
    this.isAtEnd = this.span.upto === this.items.length && this.fromEnd <= FOLLOW_PX && this.aim === null;
  }
}
