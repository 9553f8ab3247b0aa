/**
 * How far the members of a group have read. It is told as it happens; what moved while this device was away no event
 * tells, and the entries of every member for every member would be too many: it is asked for where somebody looks.
 */

import { tellsReceipts } from "../domain/group.ts";
import type { ConversationId } from "../types.ts";
import { FOCUS_MAX, MARKS_MEMBERS_MAX } from "./limits.ts";
import type { Core } from "./machine.ts";

/** Asks for groups that the app shows and whose marks may have moved unseen. */
export function askMarks(core: Core, shown: readonly ConversationId[]): void {
  for (const id of shown.slice(0, FOCUS_MAX)) {
    const row = core.conversations.get(id)?.row;
    const isMember = row?.member && row.kind !== "direct" && row.memberCount <= MARKS_MEMBERS_MAX;
    if (isMember && tellsReceipts(row.group.settings)) {
      core.gets.add(id);
    }
  }
}
