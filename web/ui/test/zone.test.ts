import { expect, test } from "vitest";
import { zoneNow } from "../src/panels/zone.ts";

const NOW = Date.UTC(2026, 10, 26, 10, 45);

/** A zone by its rules, whatever the zone of the machine is. */
function offsetIn(timeZone: string): (at: number) => number {
  const format = new Intl.DateTimeFormat("en-US", { timeZone, timeZoneName: "longOffset" });
  return (at) => {
    const text = format.formatToParts(at).find((part) => part.type === "timeZoneName")!.value;
    const [, sign, hours, minutes] = /GMT(?:([+-])(\d\d):(\d\d))?/.exec(text)!;
    return (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0));
  };
}

test("a zone with summer time tells its next changes to the minute", () => {
  const zone = zoneNow(NOW, "Europe/Berlin", offsetIn("Europe/Berlin"));
  expect(zone).toMatchObject({ name: "Europe/Berlin", offsetMinutes: 60 });
  expect(zone.changes.slice(0, 2)).toEqual([
    { at: Date.UTC(2027, 2, 28, 1), offsetMinutes: 120 },
    { at: Date.UTC(2027, 9, 31, 1), offsetMinutes: 60 },
  ]);
  expect(zone.changes.length).toBeLessThanOrEqual(16);
});

test("a zone whose clocks stay has no changes", () => {
  expect(zoneNow(NOW, "Asia/Shanghai", offsetIn("Asia/Shanghai"))).toEqual({ name: "Asia/Shanghai", offsetMinutes: 480, changes: [] });
});

test("a name that the server would not take is left out", () => {
  expect(zoneNow(NOW, "Somewhere else", () => 0).name).toBe("");
});
