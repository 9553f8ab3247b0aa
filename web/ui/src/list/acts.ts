/** What can be done with a conversation from the list: by menu, key or swipe. Each shows its result at once. */

import type { Account, ConversationSummary } from "@stonechat/sdk";
import { ask } from "../base/dialog.ts";
import type { StonechatElement } from "../base/element.ts";
import { emit } from "../base/events.ts";
import type { MenuItem } from "../base/menu.ts";
import { titleOf } from "../base/names.ts";
import { clock } from "../base/time.ts";
import "../loaded.ts";

export interface Acts {
  toggleRead(summary: ConversationSummary): void;
  togglePin(summary: ConversationSummary): void;
  toggleMute(summary: ConversationSummary): void;
  toggleArchive(summary: ConversationSummary): void;
  folders(summary: ConversationSummary): void;
  remove(summary: ConversationSummary): void;
  menu(summary: ConversationSummary): readonly (MenuItem | null)[];
}

/** The acts of an account, asked and answered in the place of `host`. */
export function actsOf(host: StonechatElement, account: Account): Acts {
  const { locale } = host;
  const of = (summary: ConversationSummary) => account.conversation(summary.id);
  const toast = (text: string, icon: "archive" | "bellOff" | "bell", undo?: () => void): void => {
    emit(host, "stonechat-toast", { text, icon, ...(undo && { action: { label: locale.t("common.undo"), run: undo } }) });
  };

  const toggleRead = (summary: ConversationSummary): void => {
    if (summary.unread > 0) void of(summary).markAllRead();
    else void of(summary).markUnread(!summary.preferences.markedUnread);
  };
  const togglePin = (summary: ConversationSummary): void => void of(summary).pin(summary.preferences.pinnedAt === 0);
  const toggleMute = (summary: ConversationSummary): void => {
    if (summary.preferences.mutedUntil > clock.now()) void of(summary).muteUntil(0);
    else void import("./dialogs.ts").then(({ askMute }) => askMute(host, of(summary), titleOf(account, summary, locale)));
  };
  const toggleArchive = (summary: ConversationSummary): void => {
    const archived = !summary.preferences.archived;
    void of(summary).archive(archived);
    toast(locale.t(archived ? "row.archived" : "row.unarchived"), "archive", () => void of(summary).archive(!archived));
  };
  const folders = (summary: ConversationSummary): void => {
    void import("./dialogs.ts").then(({ askFolders }) => askFolders(host, account, summary));
  };
  const remove = async (summary: ConversationSummary): Promise<void> => {
    const yes = await ask(host, {
      title: locale.t("row.delete_ask"), text: locale.t("row.delete_text"), yes: locale.t("common.delete"), no: locale.t("row.keep"), danger: true,
    });
    if (yes) await of(summary).delete();
  };

  return {
    toggleRead, togglePin, toggleMute, toggleArchive, folders,
    remove: (summary) => void remove(summary),
    menu(summary) {
      const { preferences } = summary;
      const isUnread = summary.unread > 0 || preferences.markedUnread;
      const isMuted = preferences.mutedUntil > clock.now();
      const t = locale.t;
      return [
        { label: t(isUnread ? "row.read" : "row.unread"), icon: isUnread ? "check" : "unread", key: "U", run: () => toggleRead(summary) },
        // An archived one is in no list that it could be on top of.
        ...(preferences.archived ? [] : [{ label: t(preferences.pinnedAt ? "row.unpin" : "row.pin"), icon: "pin" as const, key: "P", run: () => togglePin(summary) }]),
        { label: t(isMuted ? "row.unmute" : "row.mute"), icon: isMuted ? "bell" : "bellOff", key: "M", run: () => toggleMute(summary) },
        { label: t("row.folder"), icon: "folder", run: () => folders(summary) },
        { label: t(preferences.archived ? "row.unarchive" : "row.archive"), icon: "archive", key: "A", run: () => toggleArchive(summary) },
        null,
        { label: t("row.delete"), icon: "trash", danger: true, run: () => void remove(summary) },
      ];
    },
  };
}
