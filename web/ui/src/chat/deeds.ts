/** Carries out what is done with messages. All of it shows at once; a refusal is said in a remark. */

import type { Account, Conversation, MessageItem } from "@stonechat/sdk";
import { ask } from "../base/dialog.ts";
import type { StonechatElement } from "../base/element.ts";
import { emit } from "../base/events.ts";
import type { Locale } from "../i18n/index.ts";
import { textOf } from "./acts.ts";
import { follow } from "./follow.ts";
import { isDirect, targetOf, type Look } from "./look.ts";
import { keepRecalled } from "./recalled.ts";

/** Adds an emoji, or takes it back where the user had added it. */
export function toggleReaction(host: HTMLElement, locale: Locale, conversation: Conversation, item: MessageItem, emoji: string): void {
  // A message has them without variation selectors: the same key of two keyboards differs in nothing else.
  const plain = (one: string): string => one.replace(/[\uFE0E\uFE0F]/g, "");
  const isOwn = item.message.reactions.some((reaction) => plain(reaction.emoji) === plain(emoji) && reaction.own);
  const target = targetOf(item);
  void follow(host, locale, isOwn ? conversation.takeBack(target, emoji) : conversation.react(target, emoji));
}

/** Asks, and takes a message back for everybody. */
export async function recall(host: StonechatElement, look: Look, conversation: Conversation, item: MessageItem, now: number): Promise<void> {
  const { t } = look.locale;
  const text = isDirect(look) ? t("recall.text_direct") : t("recall.text", { n: look.summary?.memberCount ?? 0 });
  const yes = await ask(host, { title: t("recall.ask"), text, yes: t("recall.do"), no: t("recall.keep"), danger: true });
  if (!yes) {
    return;
  }
  keepRecalled(item, now);
  void follow(host, look.locale, conversation.recall(targetOf(item)));
}

/** Asks, and deletes messages on the user's devices. */
export async function deleteForMe(host: StonechatElement, locale: Locale, conversation: Conversation, items: readonly MessageItem[]): Promise<boolean> {
  const { t } = locale;
  const n = items.length;
  const yes = await ask(host, { title: t("delete.ask", { n }), text: t("delete.text"), yes: t("delete.do"), no: t("common.cancel"), danger: true });
  if (yes) {
    void follow(host, locale, conversation.deleteForMe(items.map((item) => item.message.seq)));
  }
  return yes;
}

export function retrySend(account: Account, { message }: MessageItem): void {
  const handle = message.clientMsgId === null ? null : account.sending(message.clientMsgId);
  handle?.retry().catch(() => undefined);
}

/** Puts the words of messages on the clipboard, each with its author where there are several. */
export async function copy(host: HTMLElement, locale: Locale, items: readonly MessageItem[], name: (item: MessageItem) => string): Promise<void> {
  const texts = items.map((item) => (items.length > 1 ? `${name(item)}: ${textOf(item)}` : textOf(item)));
  try {
    await navigator.clipboard.writeText(texts.join("\n"));
    emit(host, "stonechat-toast", { text: locale.t("common.copied"), icon: "copy" });
  } catch {
    // The browser does not let pages write to the clipboard here: what is selected can still be copied by hand.
  }
}
