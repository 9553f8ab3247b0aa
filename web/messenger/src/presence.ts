/** Says that the user is away once no tab of his was seen for a while, and that he is back. */

import type { Account } from "@stonechat/sdk";
import type { Visibility } from "./visible.ts";

const AWAY_AFTER_MS = 5 * 60_000;

/** Ends at `signal`. */
export function keepPresence(account: Account, visibility: Visibility, signal: AbortSignal): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const update = () => {
    clearTimeout(timer);
    if (document.visibilityState === "visible") {
      void account.setAway(false).catch(ignore);
    } else {
      timer = setTimeout(() => {
        void visibility.anywhere().then((seen) => (seen ? undefined : account.setAway(true).catch(ignore)));
      }, AWAY_AFTER_MS);
    }
  };
  document.addEventListener("visibilitychange", update, { signal });
  signal.addEventListener("abort", () => clearTimeout(timer));
  // What is true when it opens needs no word; a tab that opens behind others waits like one that was left.
  if (document.visibilityState !== "visible") {
    update();
  }
}

/** Without a connection nobody is told; the next session begins as what it is. */
function ignore(): void {}
