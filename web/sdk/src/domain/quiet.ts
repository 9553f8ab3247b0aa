/**
 * When a user is not to be disturbed: windows of his week, and a pause until a time. Nobody is notified meanwhile; what
 * comes is there, and counts.
 *
 * A window is of the clock on the user's wall. There is no table of time zones here: the device that sets the windows says
 * how far its zone is ahead of UTC, and when that changes next.
 */

import type { Quiet, QuietWindow, QuietZone, Timestamp } from "../types.ts";
import { partition } from "./number.ts";

const DAY = 24 * 60;
/** 1970-01-01 was a Thursday; Monday is 0. */
const FIRST_WEEKDAY = 3;

/** A change of it; what it does not name stays. */
export type QuietPatch = Partial<Quiet>;

export const NO_ZONE: QuietZone = { name: "", offsetMinutes: 0, changes: [] };
export const NOT_QUIET: Quiet = { windows: [], zone: NO_ZONE, pausedUntil: 0 };

/** Whether nobody is to be notified now. */
export function isQuiet({ windows, zone, pausedUntil }: Quiet, now: Timestamp): boolean {
  const last = partition(zone.changes, (change) => change.at <= now) - 1;
  const offset = (zone.changes[last] ?? zone).offsetMinutes;
  const minutes = Math.floor(now / 60_000) + offset;
  const day = Math.floor(minutes / DAY);
  const [today, yesterday] = [weekday(day), weekday(day - 1)];
  const minute = minutes - day * DAY;
  const holds = ({ days, from, upto }: QuietWindow) => {
    const has = (weekday: number) => ((days >> weekday) & 1) === 1;
    // One that ends at or before its beginning ends on the next day.
    return from < upto
      ? has(today) && minute >= from && minute < upto
      : (has(today) && minute >= from) || (has(yesterday) && minute < upto);
  };
  return pausedUntil > now || windows.some(holds);
}

function weekday(day: number): number {
  return (((day + FIRST_WEEKDAY) % 7) + 7) % 7;
}

/** With a change. A pause that is over by now changes nothing: it was said late, and ends none that was said since. */
export function applyQuiet(quiet: Quiet, patch: QuietPatch, now: Timestamp): Quiet {
  const { windows = quiet.windows, zone = quiet.zone, pausedUntil } = patch;
  const still = quiet.pausedUntil > now ? quiet.pausedUntil : 0;
  const paused = pausedUntil === undefined ? quiet.pausedUntil : pausedUntil === 0 || pausedUntil > now ? pausedUntil : still;
  return { windows, zone, pausedUntil: paused };
}
