/** Carries out what is done with messages. All of it shows at once; a refusal is said in a remark. */

import type { Account, CommandHandle, Conversation, MessageItem, RichText } from "@stonechat/sdk";
import { ask } from "../base/dialog.ts";
import type { StonechatElement } from "../base/element.ts";
import { emit } from "../base/events.ts";
import type { Locale } from "../i18n/index.ts";
import { codeOf, reasonOf } from "../panels/reason.ts";
import { targetOf, textOf } from "./acts.ts";
import { isDirect, type Look } from "./look.ts";

/** What own messages said before they were recalled, for as long as this page stands: to be written again. */
const recalled = new Map<string, { readonly says: RichText; readonly at: number }>();
/** For so long a recalled message can be written again. */
export const AGAIN_MS = 120_000;
const RECALLED_MAX = 50;

export function recalledText({ key }: MessageItem, now: number): RichText | null {
  const kept = recalled.get(key);
  return kept !== undefined && now - kept.at < AGAIN_MS ? kept.says : null;
}

/** Follows a command to its end. One that is refused is taken away: its wish is shown no longer. */
export async function follow(host: HTMLElement, locale: Locale, command: Promise<CommandHandle>): Promise<boolean> {
  try {
    const handle = await command;
    try {
      await handle.done;
    } catch (error) {
      await handle.cancel().catch(() => undefined);
      throw error;
    }
    return true;
  } catch (error) {
    if (codeOf(error) !== "cancelled") {
      emit(host, "stonechat-toast", { text: reasonOf(error, locale), danger: true });
    }
    return false;
  }
}

/** Adds an emoji, or takes it back where the user had added it. */
export function toggleReaction(host: HTMLElement, locale: Locale, conversation: Conversation, item: MessageItem, emoji: string): void {
  const isOwn = item.message.reactions.some((reaction) => reaction.emoji === emoji && reaction.own);
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
  if (item.message.own && item.message.content.kind === "text") {
    recalled.set(item.key, { says: item.message.content, at: now });
    const oldest = recalled.keys().next().value;
    if (recalled.size > RECALLED_MAX && oldest !== undefined) {
      recalled.delete(oldest);
    }
  }
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

/** A message that has not gone out, or was refused: it is not sent, and gone. */
export function cancelSend(account: Account, { message }: MessageItem): Promise<void> {
  const handle = message.clientMsgId === null ? null : account.sending(message.clientMsgId);
  return handle?.cancel().catch(() => undefined) ?? Promise.resolve();
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
