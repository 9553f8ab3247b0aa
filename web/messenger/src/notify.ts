/**
 * Says by the browser's notifications what arrives while nobody looks: not of muted conversations unless the user is called by
 * name, and not in his quiet times. One notification a conversation, which the next one of it replaces.
 */

import type { Account, ConversationId, ConversationSummary } from "@stonechat/sdk";
import type { Visibility } from "./visible.ts";

export interface NotifyWish {
  /** Whether the user wants them on this device. */
  readonly on: boolean;
  /** What to say of a message; `sender` is null where the title says who it is. */
  words(sender: string | null, text: string): string;
}

/** Ends at `signal`. */
export function notifyWhileHidden(account: Account, visibility: Visibility, wish: () => NotifyWish, signal: AbortSignal): void {
  if (!("Notification" in globalThis) || !navigator.locks) {
    return;
  }
  // One tab of a user says it, whichever holds this.
  navigator.locks
    .request(`stonechat:notify:${account.user}`, { signal }, () => watch(account, visibility, wish, signal))
    .catch((error: unknown) => {
      if (!signal.aborted) {
        throw error;
      }
    });
}

/** Resolves at the signal, so that the lock is held until then. */
function watch(account: Account, visibility: Visibility, wish: () => NotifyWish, signal: AbortSignal): Promise<void> {
  const list = account.conversations({ archived: "any" });
  let known: ReadonlyMap<ConversationId, ConversationSummary> | null = null;
  const off = list.items.subscribe((items) => {
    const before = known;
    known = new Map(items.map((item) => [item.id, item]));
    // What was missed while signed out of the network is no news of this moment: only what comes while in step.
    if (before && account.connection.get().kind === "online") {
      for (const item of items) {
        const last = before.get(item.id);
        if (last !== item && isNews(account, last, item)) {
          void tell(account, visibility, item, wish());
        }
      }
    }
  });
  return new Promise((resolve) => {
    const end = () => {
      off();
      list.close();
      resolve();
    };
    signal.addEventListener("abort", end, { once: true });
  });
}

function isNews(account: Account, before: ConversationSummary | undefined, now: ConversationSummary): boolean {
  const { preview } = now;
  if (!preview || preview.sender === account.user || preview.recalled || preview.seq <= (before?.preview?.seq ?? 0)) {
    return false;
  }
  // A silent message counts for nobody.
  const called = now.unreadMentions > (before?.unreadMentions ?? 0);
  const counted = now.unread > (before?.unread ?? 0);
  return called || (counted && now.preferences.mutedUntil <= Date.now());
}

async function tell(account: Account, visibility: Visibility, item: ConversationSummary, wish: NotifyWish): Promise<void> {
  if (!wish.on || Notification.permission !== "granted" || account.isQuiet() || (await visibility.anywhere())) {
    return;
  }
  const { preview } = item;
  if (!preview) {
    return;
  }
  const sender = item.kind === "group" ? (account.names.get().get(preview.sender) ?? preview.sender) : null;
  const options: NotificationOptions = {
    body: wish.words(sender, preview.text),
    tag: item.id,
    icon: "/icons/192.png",
    badge: "/icons/badge-96.png",
    data: { path: `/c/${item.id}` },
  };
  const worker = await navigator.serviceWorker?.getRegistration();
  if (worker?.active) {
    await worker.showNotification(item.title, options);
    return;
  }
  const shown = new Notification(item.title, options);
  shown.onclick = () => {
    window.focus();
    shown.close();
    postMessage({ type: "stonechat:open", path: `/c/${item.id}` }, location.origin);
  };
}

/** Takes back what was said of a conversation, once somebody looks at it. */
export async function dismiss(conversation: ConversationId): Promise<void> {
  const worker = await navigator.serviceWorker?.getRegistration();
  (await worker?.getNotifications({ tag: conversation }))?.forEach((shown) => shown.close());
}
