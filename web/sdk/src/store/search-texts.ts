/** Finds messages in an IndexedDB store by what they say: most pages never do. */

import type { MessageRow } from "../core/rows.ts";
import type { Reading, Table } from "./indexed-db.ts";
import { finder, type MessageSearch, type TimePlace } from "./store.ts";

/** Texts of the first page of a search, and of a later one at most: each twice the one before. */
const TEXTS_OF_FIRST_PAGE = 500;
const TEXTS_PER_PAGE_MAX = 8_000;

/** The newest messages that a search finds. `read` reads the tables of the store. */
export async function searchTexts(
  read: <T>(tables: Table[], work: (tx: Reading) => Promise<T>) => Promise<T>,
  query: MessageSearch,
): Promise<MessageRow[]> {
  const finds = finder(query);
  const found: MessageRow[] = [];
  const since = [query.since];
  // Behind every key that there can be.
  let before: unknown[] | TimePlace = query.after === null ? [[]] : [...query.after];
  for (let size = TEXTS_OF_FIRST_PAGE; ; size = Math.min(size * 2, TEXTS_PER_PAGE_MAX)) {
    const page = await read(["texts", "messages"], async (tx) => {
      const table = tx.objectStore("texts");
      // An open end below the first key is no range.
      if (indexedDB.cmp(since, before) >= 0) {
        return null;
      }
      const cursor = await table.openKeyCursor(IDBKeyRange.bound(since, before, false, true), "prev");
      if (cursor === null) {
        return null;
      }
      const last = cursor.key;
      const first = await cursor.advance(size - 1);
      const range = IDBKeyRange.bound(first === null ? since : first.key, last);
      const [places, texts] = await Promise.all([table.getAllKeys(range), table.getAll(range)]);
      for (let at = places.length - 1; at >= 0 && found.length < query.limit; at--) {
        const [, conversation, seq] = places[at]!;
        if ((query.conversation === null || query.conversation === conversation) && finds(texts[at]!)) {
          const row = await tx.objectStore("messages").get([conversation, seq]);
          if (row !== undefined && (query.bodyType === null || query.bodyType === row.bodyType)) {
            found.push(row);
          }
        }
      }
      return first === null ? null : first.key;
    });
    if (page === null || found.length >= query.limit) {
      return found;
    }
    before = page;
  }
}
