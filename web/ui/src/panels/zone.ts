/** How the clock on the user's wall goes, in the form in which the server keeps it beside quiet hours. */

import type { QuietZone, Timestamp } from "@stonechat/sdk";

const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** As far ahead as changes are told, and as many: the server takes 16. */
const AHEAD_MS = 5 * 366 * DAY_MS;
const CHANGES_MAX = 16;

const ofThisDevice = (at: Timestamp): number => -new Date(at).getTimezoneOffset();

/** The zone of this device: what it is ahead of UTC now, and when that changes next. */
export function zoneNow(
  now: Timestamp,
  name: string = new Intl.DateTimeFormat().resolvedOptions().timeZone,
  offsetAt: (at: Timestamp) => number = ofThisDevice,
): QuietZone {
  const changes: { at: Timestamp; offsetMinutes: number }[] = [];
  let before = now;
  for (let at = now + DAY_MS; at < now + AHEAD_MS && changes.length < CHANGES_MAX; at += DAY_MS) {
    if (offsetAt(at) !== offsetAt(before)) {
      const change = firstAfter(before, at, offsetAt);
      changes.push({ at: change, offsetMinutes: offsetAt(change) });
    }
    before = at;
  }
  return { name: /^[A-Za-z0-9_+\-/]{1,64}$/.test(name) ? name : "", offsetMinutes: offsetAt(now), changes };
}

/** The first minute with another offset than at `low`, at most at `high`. */
function firstAfter(low: Timestamp, high: Timestamp, offsetAt: (at: Timestamp) => number): Timestamp {
  const before = offsetAt(low);
  let [from, upto] = [Math.floor(low / MINUTE_MS), Math.ceil(high / MINUTE_MS)];
  while (upto - from > 1) {
    const middle = Math.floor((from + upto) / 2);
    if (offsetAt(middle * MINUTE_MS) === before) {
      from = middle;
    } else {
      upto = middle;
    }
  }
  return upto * MINUTE_MS;
}
