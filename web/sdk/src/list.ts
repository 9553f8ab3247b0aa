/** The conversations of the user, as a list shows them. */

import type { ConversationFilter, ConversationList } from "./api.ts";
import type { Summary } from "./core/change.ts";
import { fold } from "./domain/search.ts";
import { Source } from "./readable.ts";
import type { ConversationSummary, Readable, UserId } from "./types.ts";

export class LiveList implements ConversationList {
  readonly items = new Source<readonly ConversationSummary[]>([]);
  readonly #all: Readable<readonly Summary[]>;
  readonly #names: Readable<ReadonlyMap<UserId, string>>;
  #filter: ConversationFilter;
  readonly #ends: (() => void)[];

  constructor(
    all: Readable<readonly Summary[]>,
    names: Readable<ReadonlyMap<UserId, string>>,
    filter: ConversationFilter,
  ) {
    this.#all = all;
    this.#names = names;
    this.#filter = filter;
    const show = (): void => this.#show();
    this.#ends = [all.subscribe(show), names.subscribe(() => void (this.#filter.query && show()))];
  }

  setFilter(filter: ConversationFilter): void {
    this.#filter = filter;
    this.#show();
  }

  close(): void {
    this.#ends.splice(0).forEach((end) => end());
  }

  #show(): void {
    const items = this.#all.get().filter(filterOf(this.#filter, this.#names.get()));
    const before = this.items.get();
    if (items.length !== before.length || items.some((item, at) => item !== before[at])) {
      this.items.replace(items);
    }
  }
}

function filterOf(
  { unread = false, archived = false, folder, kinds, query = "" }: ConversationFilter,
  names: ReadonlyMap<UserId, string>,
): (summary: Summary) => boolean {
  const part = fold(query);
  return (it) =>
    (!unread || it.unread > 0 || it.preferences.markedUnread) &&
    (archived === "any" || it.preferences.archived === archived) &&
    (folder === undefined || it.preferences.folders.includes(folder)) &&
    (kinds === undefined || kinds.includes(it.kind)) &&
    (part === "" || folded(it.title).includes(part) || (it.peer !== null && folded(names.get(it.peer) ?? "").includes(part)));
}

/** Titles that were folded lately: the same are asked for with each letter of a query. */
const FOLDED_KEPT = 20_000;
const foldedTitles = new Map<string, string>();

function folded(title: string): string {
  let text = foldedTitles.get(title);
  if (text === undefined) {
    if (foldedTitles.size >= FOLDED_KEPT) {
      foldedTitles.clear();
    }
    foldedTitles.set(title, (text = fold(title)));
  }
  return text;
}
