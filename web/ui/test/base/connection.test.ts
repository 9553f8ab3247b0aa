import type { ConnectionState } from "@stonechat/sdk";
import { describe, expect, it } from "vitest";
import { endingOf } from "../../src/connection/ended.ts";
import { changesAt, lineOf, next, START, type Watch } from "../../src/connection/line.ts";

const ONLINE: ConnectionState = { kind: "online" };
const offline = (retryInMs: number): ConnectionState => ({ kind: "offline", reason: "unreachable", retryInMs });
const connecting = (attempt: number): ConnectionState => ({ kind: "connecting", attempt });

function told(...states: readonly (readonly [number, ConnectionState])[]): Watch {
  return states.reduce((watch, [at, state]) => next(watch, state, at), START);
}

describe("the connection line", () => {
  it("says nothing for two seconds, then Reconnecting, then Offline", () => {
    const watch = told([1000, ONLINE], [2000, connecting(0)]);
    expect(lineOf(watch, 3999, 0).kind).toBe("nothing");
    expect(changesAt(watch, 2000)).toBe(4000);
    expect(lineOf(watch, 4000, 0).kind).toBe("reconnecting");
    expect(changesAt(watch, 4000)).toBe(12_000);
    expect(lineOf(watch, 12_000, 0)).toEqual({ kind: "offline", retryInS: null });
    expect(changesAt(watch, 12_000)).toBeNull();
  });

  it("does not blink for each attempt", () => {
    const watch = told([1000, ONLINE], [2000, offline(500)], [2500, connecting(1)], [2600, offline(1000)], [3600, connecting(2)]);
    expect(lineOf(watch, 12_000, 0).kind).toBe("offline");
  });

  it("counts down only a long wait", () => {
    const watch = told([1000, connecting(0)], [20_000, offline(30_000)]);
    expect(lineOf(watch, 20_000, 0)).toEqual({ kind: "offline", retryInS: 30 });
    expect(changesAt(watch, 20_000)).toBe(21_000);
    expect(lineOf(watch, 49_900, 0)).toEqual({ kind: "offline", retryInS: 1 });
    expect(lineOf(told([1000, connecting(0)], [20_000, offline(15_000)]), 20_000, 0)).toEqual({ kind: "offline", retryInS: null });
  });

  it("says that it is back where it said that it was gone, for a moment", () => {
    const back = told([1000, connecting(0)], [12_000, ONLINE]);
    expect(lineOf(back, 12_000, 0)).toEqual({ kind: "back", everything: true });
    expect(lineOf(back, 12_000, 2)).toEqual({ kind: "back", everything: false });
    expect(changesAt(back, 12_000)).toBe(13_500);
    expect(lineOf(back, 13_500, 0).kind).toBe("nothing");
    expect(lineOf(told([1000, connecting(0)], [5000, ONLINE]), 5000, 0).kind).toBe("nothing");
  });

  it("remembers that it said so while it catches up", () => {
    const back = told([1000, connecting(0)], [12_000, { kind: "syncing", done: 0, total: 3 }], [12_500, ONLINE]);
    expect(lineOf(back, 12_600, 0).kind).toBe("back");
  });

  it("says after two seconds that it catches up, and how far where that is long", () => {
    const short = told([1000, { kind: "syncing", done: 1, total: 20 }]);
    expect(lineOf(short, 2900, 0).kind).toBe("nothing");
    expect(lineOf(short, 3000, 0)).toEqual({ kind: "catching_up", share: null });
    const long = told([1000, { kind: "syncing", done: 0, total: 400 }], [2000, { kind: "syncing", done: 100, total: 400 }]);
    expect(lineOf(long, 3000, 0)).toEqual({ kind: "catching_up", share: 0.25 });
  });

  it("says nothing of an end, which has its dialog", () => {
    const watch = told([1000, connecting(0)], [12_000, { kind: "ended", reason: { kind: "auth", error: "revoked" } }]);
    expect(lineOf(watch, 30_000, 0).kind).toBe("nothing");
  });
});

describe("an end", () => {
  it("has its own words, and nothing to decide when it was asked for", () => {
    expect(endingOf({ kind: "stopped" })).toBeNull();
    expect(endingOf({ kind: "auth", error: "device_replaced" })?.title).toBe("ended.elsewhere");
    expect(endingOf({ kind: "auth", error: "unsupported_version" })?.act).toBe("reload");
    expect(endingOf({ kind: "store", error: "disk_full" })?.title).toBe("ended.store");
  });
});
