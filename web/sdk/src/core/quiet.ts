/** When the user is not to be disturbed: as the server said it last, with what waits in the outbox on top. */

import { num, until } from "../domain/number.ts";
import { applyQuiet, NO_ZONE, NOT_QUIET, type QuietPatch } from "../domain/quiet.ts";
import type * as v1 from "../gen/stonechat/v1/native_pb.ts";
import type { Quiet, QuietWindow, QuietZone } from "../types.ts";
import { waiting } from "./lane.ts";
import type { Core } from "./machine.ts";

/** Nothing was set yet. */
export function emptyQuiet(): Quiet {
  return NOT_QUIET;
}

/** Quiet times of the wire. */
export function quietOfWire(wire: v1.Quiet): Quiet {
  return { ...NOT_QUIET, ...hours(wire.hours), pausedUntil: until(wire.pausedUntil) };
}

function hours(wire: v1.QuietHours | undefined): QuietPatch {
  if (!wire) {
    return {};
  }
  const windows = wire.windows.map(({ days, fromMinute: from, uptoMinute: upto }) => ({ days, from, upto }));
  const changes = wire.zone?.changes.map(({ at, offsetMinutes }) => ({ at: num(at), offsetMinutes })) ?? [];
  const zone = { ...NO_ZONE, ...(wire.zone && { name: wire.zone.name, offsetMinutes: wire.zone.offsetMinutes, changes }) };
  return { windows, zone };
}

/** Windows for the wire. */
export function hoursToWire(windows: readonly QuietWindow[], { name, offsetMinutes, changes }: QuietZone) {
  return {
    windows: windows.map(({ days, from: fromMinute, upto: uptoMinute }) => ({ days, fromMinute, uptoMinute })),
    zone: { name, offsetMinutes, changes: changes.map((it) => ({ at: BigInt(it.at), offsetMinutes: it.offsetMinutes })) },
  };
}

/** Tells when the user is not to be disturbed, what waits in the outbox included. */
export function tellQuiet(core: Core): void {
  let { quiet } = core;
  for (const { call, at } of waiting(core.outbox.entries.values(), "setQuiet")) {
    const paused = call.pausedUntil === undefined ? {} : { pausedUntil: until(call.pausedUntil) };
    quiet = applyQuiet(quiet, { ...hours(call.hours), ...paused }, at);
  }
  core.journal.tell({ kind: "quiet", quiet });
}
