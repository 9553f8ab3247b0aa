/** One signed-in user on the screen: the kit, and what the page round it does for it. */

import { type Account, type EndReason, isStonechatError } from "@stonechat/sdk";
import "@stonechat/ui";
import { ask, type Choices, type StonechatEventMap } from "@stonechat/ui";
import { choose, languageOf, onChosenElsewhere, readChoices } from "./choices.ts";
import { dismiss, notifyWhileHidden } from "./notify.ts";
import { keepPresence } from "./presence.ts";
import { followAddress } from "./places.ts";
import { say } from "./texts/index.ts";
import { demoPeople } from "./token.ts";
import { showUnread } from "./unread.ts";
import { watchVisibility } from "./visible.ts";

export interface Session {
  readonly account: Account;
  /** Goes on, if it ended for want of a token. */
  resume(): void;
  close(): Promise<void>;
}

export interface SessionEnds {
  /** This device was signed out, and what it held is gone. */
  signedOut(): void;
  /** The user wants to sign in again after the session ended. */
  again(reason: EndReason | null): Promise<void>;
}

/** Shows the account. `join` is a link by which the user came, to join a group. */
export function openSession(account: Account, ends: SessionEnds, join: string | null = null): Session {
  const end = new AbortController();
  const { signal } = end;
  let choices = readChoices();
  const provider = document.createElement("stonechat-provider");
  const chat = document.createElement("stonechat-chat");
  provider.account = account;
  chat.linkBase = `${location.origin}/#join=`;
  provider.append(chat);

  const show = (next: Choices) => {
    choices = next;
    provider.theme = next.theme === "system" ? "" : next.theme;
    provider.density = next.density === "compact" ? "compact" : "";
    provider.language = languageOf(next);
    chat.choices = next;
  };
  show(choices);
  onChosenElsewhere(show, signal);

  const visibility = watchVisibility(account.user, signal);
  const name = showUnread(account, signal);
  const places = followAddress(account, chat, signal, (open) => {
    name(open?.title ?? null);
    if (open) {
      void dismiss(open.id);
    }
  });
  keepPresence(account, visibility, signal);
  notifyWhileHidden(account, visibility, () => ({
    on: choices.notify,
    words: (sender, text) => {
      const body = choices.notifyText && text ? text : say("notify.wordless");
      return sender === null ? body : say("notify.line", { name: sender, text: body });
    },
  }), signal);

  provider.addEventListener("stonechat-appearance", (event: StonechatEventMap["stonechat-appearance"]) => {
    void choose(event.detail).then(show);
  });
  const endReason = (): EndReason | null => {
    const state = account.connection.get();
    return state.kind === "ended" ? state.reason : null;
  };
  provider.addEventListener("stonechat-sign-out", (event: StonechatEventMap["stonechat-sign-out"]) => {
    if (event.detail.again) {
      void ends.again(endReason());
    } else {
      void account.signOut().finally(() => ends.signedOut());
    }
  });
  // Another tab signed out: what this one shows is gone as well.
  const off = account.connection.subscribe((state) => {
    if (state.kind === "ended" && state.reason.kind === "stopped" && !signal.aborted) {
      ends.signedOut();
    }
  });
  signal.addEventListener("abort", off);
  greetNewcomer(account, chat, signal);

  document.body.replaceChildren(provider);
  if (join !== null) {
    void joinByLink(join);
  }

  async function joinByLink(link: string): Promise<void> {
    await chat.updateComplete;
    const yes = await ask(chat, { title: say("join.ask"), text: say("join.text"), yes: say("join.do"), no: say("join.no") });
    if (!yes) {
      return;
    }
    try {
      await account.online();
      places.open((await account.joinByLink(link)).id);
    } catch (error) {
      const text = isStonechatError(error) && error.code === "forbidden" ? say("join.not_allowed") : say("join.bad");
      provider.dispatchEvent(new CustomEvent("stonechat-toast", { detail: { text, danger: true }, bubbles: true, composed: true }));
    }
  }

  return {
    account,
    resume: () => {
      const reason = endReason();
      if (reason?.kind === "auth" && ["no_token", "token_expired", "token_refused"].includes(reason.error)) {
        void ends.again({ kind: "auth", error: "token_expired" });
      }
    },
    close: async () => {
      end.abort();
      provider.remove();
      await account.stop();
    },
  };
}

/** Who has no conversation yet is shown the people of the demo. */
function greetNewcomer(account: Account, chat: HTMLElementTagNameMap["stonechat-chat"], signal: AbortSignal): void {
  const list = account.conversations({ archived: "any" });
  const close = () => {
    off();
    list.close();
  };
  // Only when it is in step is it known that there is none.
  const off = account.connection.subscribe(({ kind }) => {
    if (kind !== "online") {
      return;
    }
    queueMicrotask(close);
    if (list.items.get().length === 0) {
      demoPeople().then(
        (people) => (chat.people = people?.map(({ id }) => id).filter((id) => id !== account.user) ?? null),
        // Nobody to greet, then: the rest of the page tells what else there is.
        () => {},
      );
    }
  });
  signal.addEventListener("abort", close);
}
