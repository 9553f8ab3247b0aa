/** Which messages stand together: same author, same day, few minutes apart, nothing else between. */

import type { TimelineItem } from "@stonechat/sdk";

/** Neighbours further apart than this begin a new run. */
export const RUN_GAP_MS = 5 * 60_000;

/** Whether two neighbouring lines belong to one run. A day line between two days is a line of its own. */
export function joins(before: TimelineItem | undefined, after: TimelineItem | undefined): boolean {
  if (before?.kind !== "message" || after?.kind !== "message") {
    return false;
  }
  const [a, b] = [before.message, after.message];
  // What was not sent has its reason under it.
  if (before.state?.kind === "failed" || after.state?.kind === "failed") {
    return false;
  }
  return (
    a.sender === b.sender &&
    a.content.kind !== "recalled" &&
    b.content.kind !== "recalled" &&
    Math.abs(b.sentAt - a.sentAt) <= RUN_GAP_MS
  );
}
