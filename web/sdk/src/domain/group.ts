/** What a group or a channel is besides its members. */

import type { GroupRow } from "../core/rows.ts";
import { NO_BYTES } from "../core/wire.ts";
import type { ConversationKind, GroupSettings } from "../types.ts";

/** The settings that a conversation begins with. */
export function settingsOf(kind: ConversationKind): GroupSettings {
  const isChannel = kind === "channel";
  const admins = kind === "direct" ? "everybody" : "admins";
  return {
    speak: isChannel ? "admins" : "everybody",
    invite: "admins",
    editInfo: "admins",
    mentionAll: admins,
    pin: admins,
    join: isChannel ? "open" : "invitation",
    history: isChannel,
    receipts: !isChannel,
    membersHidden: isChannel,
  };
}

/** Whether members are told how far others have read. Who is hidden is not named by it. */
export function tellsReceipts(settings: GroupSettings): boolean {
  return settings.receipts && !settings.membersHidden;
}

/** A group of which nothing was said yet. */
export function groupOf(kind: ConversationKind): GroupRow {
  return {
    description: "", avatar: "", extension: NO_BYTES, settings: settingsOf(kind), announcement: 0, dissolved: false,
    mutedUntil: 0, nickname: "",
  };
}
