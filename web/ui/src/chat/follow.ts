/** Follows what is on its way to its end. */

import type { Account, CommandHandle, MessageItem } from "@stonechat/sdk";
import { emit } from "../base/events.ts";
import type { Locale } from "../i18n/index.ts";
import { codeOf, reasonOf } from "../panels/reason.ts";

/** Follows a command. One that is refused is said in a remark and taken away: its wish is shown no longer. */
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

/** A message that has not gone out, or was refused: it is not sent, and gone. */
export function cancelSend(account: Account, { message }: MessageItem): Promise<void> {
  const handle = message.clientMsgId === null ? null : account.sending(message.clientMsgId);
  return handle?.cancel().catch(() => undefined) ?? Promise.resolve();
}
