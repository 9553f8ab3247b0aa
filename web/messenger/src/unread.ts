/** How many messages wait, in the title, the icon of the tab and the icon of the installed messenger. */

import type { Account } from "@stonechat/sdk";

/** `name` says what is open, or nothing. Ends at `signal`. */
export function showUnread(account: Account, signal: AbortSignal): (name: string | null) => void {
  const icon = document.querySelector<HTMLLinkElement>("link[rel=icon]");
  let name: string | null = null;
  let count = 0;
  const update = () => {
    document.title = `${count > 0 ? `(${count > 999 ? "999+" : count}) ` : ""}${name === null ? "" : `${name} · `}Stonechat`;
  };
  const off = account.totalUnread.subscribe((total) => {
    if (icon && total > 0 !== count > 0) {
      icon.href = total > 0 ? "/icon-unread.svg" : "/icon.svg";
    }
    count = total;
    update();
    // Not every browser has it, and those that have refuse it to a page that is not installed.
    navigator.setAppBadge?.(total).catch(() => {});
  });
  signal.addEventListener("abort", () => {
    off();
    name = null;
    count = 0;
    update();
    if (icon) {
      icon.href = "/icon.svg";
    }
    navigator.clearAppBadge?.().catch(() => {});
  });
  return (next) => {
    name = next;
    update();
  };
}
