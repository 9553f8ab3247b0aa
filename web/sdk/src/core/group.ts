/** What an event makes of a group besides its members. The rules are those of `domain`. */

import { num } from "../domain/number.ts";
import type { Event } from "../gen/stonechat/v1/native_pb.ts";
import type { UserId } from "../types.ts";
import type { GroupRow } from "./rows.ts";
import { settings } from "./translate.ts";

/** A group after an event that is newer than it; the same one where nothing changed by that. */
export function foldGroup(group: GroupRow, event: Event, me: UserId): GroupRow {
  const { case: kind, value: it } = event.change;
  switch (kind) {
    case "infoChanged": {
      const { description, avatar, extension } = it;
      return { ...group, description, avatar, extension };
    }
    case "settingsChanged":
      return it.settings ? { ...group, settings: settings(it.settings, group.settings) } : group;
    case "dissolved":
      return { ...group, dissolved: true };
    case "memberMuted":
      return it.userId === me ? { ...group, mutedUntil: num(it.until) } : group;
    case "memberUnmuted":
      return it.userId === me ? { ...group, mutedUntil: 0 } : group;
    case "nicknameChanged":
      return event.senderId === me ? { ...group, nickname: it.nickname } : group;
    case "announced":
      return { ...group, announcement: it.text ? num(event.seq) : 0 };
    default:
      // Of members, and of messages: see `apply`.
      return group;
  }
}
