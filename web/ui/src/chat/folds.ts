/** Lines of what happened: many in a row are one, which can be opened. */

import type { ItemKey, Seq, SystemEvent, TimelineItem } from "@stonechat/sdk";

export type EventItem = Extract<TimelineItem, { kind: "event" }>;

/** So many in a row fold into one. */
export const FOLDED_FROM = 5;

/** The line that stands for several, or above them while they are open. Its `event` is the first of them. */
export interface FoldedItem extends EventItem {
  readonly folded: readonly SystemEvent[];
  readonly isOpen: boolean;
}

export function isFolded(item: TimelineItem): item is FoldedItem {
  return "folded" in item;
}

/** Which rows of events a reader opened. */
export class Folds {
  private readonly opened = new Set<Seq>();
  private made: ReadonlyMap<ItemKey, FoldedItem> = new Map();
  private last: { readonly items: readonly TimelineItem[]; readonly shown: readonly TimelineItem[] } | null = null;

  /** Opens a row, or closes it. */
  toggle(key: ItemKey): void {
    const { folded = [], isOpen } = this.made.get(key) ?? {};
    // Earlier events may come to stand before the first: any of them keeps the row open.
    folded.forEach(({ seq }) => (isOpen ? this.opened.delete(seq) : this.opened.add(seq)));
    this.last = null;
  }

  /** The lines to show. What did not change is the same object. */
  take(items: readonly TimelineItem[]): readonly TimelineItem[] {
    if (this.last?.items === items) {
      return this.last.shown;
    }
    const shown: TimelineItem[] = [];
    const made = new Map<ItemKey, FoldedItem>();
    for (let at = 0; at < items.length;) {
      let end = at;
      while (items[end]?.kind === "event") {
        end += 1;
      }
      if (end - at < FOLDED_FROM) {
        end = Math.max(end, at + 1);
        shown.push(...items.slice(at, end));
      } else {
        const row = items.slice(at, end) as EventItem[];
        const line = this.fold(row);
        made.set(line.key, line);
        shown.push(line, ...(line.isOpen ? row : []));
      }
      at = end;
    }
    this.made = made;
    this.last = { items, shown: made.size === 0 ? items : shown };
    return this.last.shown;
  }

  private fold(row: readonly EventItem[]): FoldedItem {
    const folded = row.map(({ event }) => event);
    const event = folded[0] as SystemEvent;
    const isOpen = folded.some(({ seq }) => this.opened.has(seq));
    const key = `f:${event.seq}`;
    const before = this.made.get(key);
    const isSame = before?.isOpen === isOpen && before.folded.length === folded.length && before.folded.every((it, at) => it === folded[at]);
    return before !== undefined && isSame ? before : { key, kind: "event", event, folded, isOpen };
  }
}
