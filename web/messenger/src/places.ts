/** Keeps the address and what is shown in step, by the History API. */

import type { Account, ConversationId } from "@stonechat/sdk";
import type { Shown, StonechatChat } from "@stonechat/ui";
import { pathOf, type Route, routeOf } from "./routes.ts";

/** The conversation that is open. */
export interface Open {
  readonly id: ConversationId;
  readonly title: string;
}

export interface Places {
  open(conversation: ConversationId): void;
}

/** Ends at `signal`. `opened` hears of the open conversation, and when its title changes. */
export function followAddress(account: Account, chat: StonechatChat, signal: AbortSignal, opened: (open: Open | null) => void): Places {
  let stop = () => {};

  const follow = (id: ConversationId | null) => {
    stop();
    stop = id === null ? () => {} : account.summary(id).subscribe((summary) => opened({ id, title: summary?.title ?? "" }));
    if (id === null) {
      opened(null);
    }
  };

  const show = (route: Route) => {
    switch (route.kind) {
      case "conversation":
        Object.assign(chat, { page: "chats", conversation: route.id, section: "" });
        if (route.message !== null) {
          chat.open(route.id, route.message);
        }
        break;
      case "settings":
        Object.assign(chat, { page: "settings", section: route.section ?? "" });
        break;
      default:
        Object.assign(chat, { page: route.kind, conversation: route.kind === "chats" ? null : chat.conversation, section: "" });
    }
    follow(chat.page === "chats" ? chat.conversation : null);
  };

  const stateNow = () => (history.state ?? {}) as { readonly from?: string; readonly over?: boolean };
  const go = (path: string) => {
    if (path !== location.pathname) {
      // What lay over the page before is not come back to.
      const { from, over } = stateNow();
      history[over ? "replaceState" : "pushState"]({ from: over ? from : location.pathname }, "", path);
    }
  };

  chat.href = (id) => pathOf({ kind: "conversation", id, message: null });
  chat.addEventListener("stonechat-shown", (event) => {
    const { page, conversation, section, replace, over } = (event as CustomEvent<Shown>).detail;
    const path = pathOf(
      page === "settings" ? { kind: "settings", section: section || null }
        : page !== "chats" ? { kind: page }
          : conversation === null ? { kind: "chats" } : { kind: "conversation", id: conversation, message: null },
    );
    const state = stateNow();
    const isUp = page === "chats" ? conversation === null : page === "settings" && section === "";
    if (replace) {
      history.replaceState(history.state, "", path);
    } else if (path === location.pathname && over !== Boolean(state.over)) {
      // On a phone the button of the system closes what lies over a page.
      if (over) {
        history.pushState({ from: path, over }, "", path);
      } else {
        history.back();
      }
    } else if (state.from === path && isUp && !state.over) {
      // The way back to the list is a step back, not one more.
      history.back();
    } else {
      go(path);
    }
    follow(page === "chats" ? conversation : null);
  });
  addEventListener("popstate", () => {
    if (chat.panes === "one" && !stateNow().over) {
      chat.closeInner();
    }
    show(routeOf(location.pathname));
  }, { signal });
  const openFromOutside = ({ data, origin }: MessageEvent) => {
    const path = (data as { type?: unknown; path?: unknown } | null)?.type === "stonechat:open" ? String((data as { path: unknown }).path) : null;
    if (path !== null && (origin === location.origin || origin === "")) {
      go(path);
      show(routeOf(path));
    }
  };
  // Of a notification that was clicked: of the worker, or of this page.
  navigator.serviceWorker?.addEventListener("message", openFromOutside, { signal });
  addEventListener("message", openFromOutside, { signal });
  signal.addEventListener("abort", () => stop());

  // The address names a conversation that this user does not have: once that is known, the list is shown.
  const offConnection = account.connection.subscribe(({ kind }) => {
    if (kind === "online" && chat.conversation !== null && account.summary(chat.conversation).get() === null) {
      history.replaceState(null, "", "/");
      show({ kind: "chats" });
    }
  });
  signal.addEventListener("abort", offConnection);

  const first = routeOf(location.pathname);
  history.replaceState(history.state, "", pathOf(first) + location.search);
  show(first);
  return {
    open: (conversation) => {
      const route: Route = { kind: "conversation", id: conversation, message: null };
      go(pathOf(route));
      show(route);
    },
  };
}
