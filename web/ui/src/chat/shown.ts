/** What is on the screen, of all timelines of an account together: the server tells more of those conversations. */

import type { Account, ConversationId } from "@stonechat/sdk";

/** As many as the server takes. */
const FOCUS_MAX = 16;

const shown = new WeakMap<Account, Map<object, ConversationId>>();

/** A timeline shows a conversation, or none any more. */
export function tellShown(account: Account, timeline: object, id: ConversationId | null): void {
  let all = shown.get(account);
  if (all === undefined) {
    shown.set(account, (all = new Map()));
  }
  if (id === null) {
    all.delete(timeline);
  } else {
    all.set(timeline, id);
  }
  // Not told to a server that cannot be reached: the SDK says it again with the next connection.
  account.focus([...new Set(all.values())].slice(0, FOCUS_MAX)).catch(() => undefined);
}
