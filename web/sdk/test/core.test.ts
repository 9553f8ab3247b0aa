/** Rules of the core that a script of frames does not show well, one by one. */

import fc from "fast-check";
import { describe, expect, it, test } from "vitest";
import { backoffMs, Dice } from "../src/core/dice.ts";
import { Intervals } from "../src/core/intervals.ts";
import { BACKOFF_MS_MAX, BACKOFF_MS_MIN, FIRST_START_CATCH_UPS, GIVE_UP_MS, LANE_IN_FLIGHT_MAX } from "../src/core/limits.ts";
import { ListOrder } from "../src/core/order.ts";
import { expiresAtMs } from "../src/core/token.ts";
import { Bench, begun, conversation, direct, idOf, message, WELCOME } from "./bench.ts";

const token = (claims: string) => `e30.${Buffer.from(claims).toString("base64url")}.sig`;

describe("small parts", () => {
  test("intervals are the set of what was added", () => {
    const added = fc.array(fc.tuple(fc.integer({ min: 1, max: 59 }), fc.nat(7)), { maxLength: 12 });
    fc.assert(fc.property(added, (all) => {
      const intervals = new Intervals();
      const set = new Set<number>();
      for (const [from, length] of all) {
        const before = intervals.all();
        expect(intervals.add(from, from + length)).toBe(intervals.all() !== before);
        Array.from({ length: length + 1 }, (_, at) => set.add(from + at));
      }
      const held = Array.from({ length: 100 }, (_, at) => at).filter((at) => intervals.holds(at));
      expect(held).toEqual([...set].sort((a, b) => a - b));
      expect(intervals.all().every(([from], at, list) => at === 0 || list[at - 1]![1] + 1 < from)).toBe(true);
    }));
  });

  test("the dice roll what SplitMix64 rolls, so that devices of all SDKs wait alike", () => {
    const dice = new Dice(0);
    expect([dice.roll(), dice.roll(), dice.roll()]).toEqual([
      0xe220_a839_7b1d_cdafn, 0x6e78_9e6a_a1b9_65f4n, 0x06c4_5d18_8009_454fn,
    ]);
  });

  test("waits grow within their bounds and are not the same for all", () => {
    for (let n = 0; n < 40; n++) {
      const waits = Array.from({ length: 200 }, (_, seed) => backoffMs(new Dice(seed), n));
      const bound = Math.min(500 * 2 ** n, BACKOFF_MS_MAX);
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(BACKOFF_MS_MIN);
      expect(Math.max(...waits)).toBeLessThanOrEqual(bound);
      const middle = (BACKOFF_MS_MIN + bound) / 2;
      const mean = waits.reduce((sum, wait) => sum + wait) / waits.length;
      expect(Math.abs(mean - middle)).toBeLessThan(middle / 4);
    }
  });

  test("the end of a token is read, and nonsense has none", () => {
    expect(expiresAtMs(token('{"sub":"alice","exp":1790000000}'))).toBe(1_790_000_000_000);
    expect(expiresAtMs(token('{"sub":"艾丽丝","exp":1790000000.9}'))).toBe(1_790_000_000_000);
    for (const nonsense of ["", "a.b.c", "e30.e30.x", "....", token('{"exp":"soon"}'), token("null")]) {
      expect(expiresAtMs(nonsense), nonsense).toBeNull();
    }
  });

  test("what is pinned stands above, then the most recent, and moves say from where", () => {
    const order = new ListOrder();
    const at = (activeAt: number, pinnedAt = 0) => ({ pinnedAt, activeAt });
    expect(order.place("a", at(10))).toEqual({ from: null, to: 0 });
    expect(order.place("b", at(20))).toEqual({ from: null, to: 0 });
    expect(order.place("c", at(5))).toEqual({ from: null, to: 2 });
    expect(order.place("c", at(30))).toEqual({ from: 2, to: 0 });
    expect(order.place("c", at(31))).toEqual({ from: 0, to: 0 });
    expect(order.place("a", at(10, 1))).toEqual({ from: 2, to: 0 });
    expect(order.place("d", at(40))).toEqual({ from: null, to: 1 });
    expect(order.ids()).toEqual(["a", "d", "c", "b"]);
    expect([order.remove("b"), order.remove("b")]).toEqual([3, null]);
  });
});

describe("the connection", () => {
  it("makes no more calls than the welcome allows, and keeps a place for control", async () => {
    const bench = await Bench.up({ limits: { callsMax: 4, heartbeatMs: 1_000 } });
    for (let n = 1; n <= 9; n++) {
      bench.send(n);
    }
    expect(bench.cases()).toEqual(["send", "send", "send"]);
    bench.advance(1_000);
    expect(bench.cases()).toEqual(["ping"]);
  });

  it("ends with a number that no store reaches, which changes nothing", async () => {
    const over = 2n ** 64n - 1n;
    const cases = [
      { case: "event", value: { ...message(0, 3), seq: over } },
      { case: "event", value: { ...message(0, 3), ordinal: 2n ** 53n } },
      { case: "event", value: { ...message(0, 3), change: { case: "edited", value: { seq: over } } } },
      { case: "head", value: { conversationId: direct(0), headSeq: over, headOrdinal: 2n } },
      { case: "readMoved", value: { conversationId: direct(0), userId: "alice", uptoSeq: 2n, uptoOrdinal: over } },
    ] as const;
    for (const body of cases) {
      const bench = await Bench.up({ conversations: [conversation(0, 2)] });
      const before = bench.row();
      bench.say(0, body);
      expect(bench.disconnects).toBe(1);
      expect(bench.states().at(-1)).toMatchObject({ kind: "offline" });
      expect(bench.row()).toEqual(before);
    }
    const bench = await Bench.up({ conversations: [{ ...conversation(0, 2), unread: 2n ** 32n }] });
    expect([bench.disconnects, bench.store.tables.conversations.size]).toEqual([1, 0]);
  });

  it("leaves nothing in the store of a device that the server signs out", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 2)] });
    const draft = {
      attributes: null, conversation: direct(0), peer: null, clientMsgId: idOf(1), bodyType: "text", body: Uint8Array.of(1),
      readUpto: 2,
    };
    bench.command({ kind: "send", draft });
    bench.say(0, { case: "closing", value: { code: "revoked" } });
    expect(bench.states().at(-1)).toEqual({ kind: "ended", reason: { kind: "auth", error: "revoked" } });
    const { outbox, conversations, messages, entries } = bench.store.tables;
    expect([outbox, conversations, messages, entries].map(({ size }) => size)).toEqual([0, 0, 0, 0]);
  });

  it("takes windows that have no end", async () => {
    const bench = await Bench.up({ limits: { editWindowMs: 2n ** 64n - 1n, recallWindowMs: 120_000n } });
    const windows = { editMs: Number.MAX_SAFE_INTEGER, recallMs: 120_000 };
    expect(bench.changes).toContainEqual({ kind: "windows", windows });
  });

  it("plans with any clock of a server and any end of a token", async () => {
    for (const expires of ["-9223372036854775808", "-1", "0", "9223372036854775", "9223372036854775807", "1e400"]) {
      for (const serverTime of [-(2n ** 63n), 0n, 2n ** 63n - 1n]) {
        const bench = await Bench.up({ serverTime });
        bench.input({ kind: "token", token: token(`{"exp":${expires}}`) });
        expect(bench.core.nextDeadline(), `${expires} at ${serverTime}`).toBeGreaterThan(bench.nowMs);
      }
    }
  });

  it("renews a token by the clock of the server, however wrong its own is", async () => {
    for (const wallMs of [0, 1_790_000_000_000, 2 ** 50]) {
      const bench = await Bench.up({ serverTime: 1_790_000_000_000n });
      bench.wallMs = wallMs;
      bench.input({ kind: "token", token: token('{"exp":1790003600}') });
      // A tenth of its hour before its end, and not all devices in one moment.
      const left = bench.core.link.refreshAt! - bench.nowMs;
      expect(left).toBeLessThanOrEqual(54 * 60_000);
      expect(left).toBeGreaterThanOrEqual(54 * 60_000 - 30_000);
    }
  });

  it("ends after silence behind a ping", async () => {
    const bench = await Bench.up();
    bench.advance(24_999);
    expect(bench.cases()).toEqual([]);
    bench.advance(1);
    expect(bench.cases()).toEqual(["ping"]);
    bench.advance(9_999);
    expect(bench.disconnects).toBe(0);
    bench.advance(1);
    expect(bench.disconnects).toBe(1);
  });

  it("ends when an answer does not come, and the caller hears of it", async () => {
    const bench = await Bench.up();
    bench.command({ kind: "call", body: { case: "listDevices", value: {} } });
    for (let n = 0; n < 3; n++) {
      // The server lives, but does not answer the call.
      bench.advance(9_000);
      bench.say(0, { case: "head", value: {} });
    }
    expect(bench.disconnects).toBe(0);
    bench.advance(3_000);
    expect(bench.disconnects).toBe(1);
    expect(bench.replies.at(-1)).toMatchObject({ code: expect.stringMatching(/^(timeout|offline)$/), retryable: true });
  });

  it("comes back when it was sent away and then got no answer", async () => {
    const bench = await Bench.up();
    bench.command({ kind: "call", body: { case: "listDevices", value: {} } });
    // The server drains and dies: the call is given up in the moment in which the device would have left.
    bench.say(0, { case: "goAway", value: { afterMs: 30_000 } });
    bench.advance(30_000);
    expect(bench.disconnects).toBe(1);
    expect(bench.core.nextDeadline()).not.toBeNull();
  });

  it("makes a call again on the next connection", async () => {
    const bench = await Bench.up();
    bench.command({ kind: "call", body: { case: "createGroup", value: { commandId: new Uint8Array(16).fill(5), title: "Ops" } } });
    expect(bench.cases()).toEqual(["createGroup"]);
    bench.say(bench.reconnect(), { case: "welcome", value: WELCOME });
    const [id, body] = bench.sent().find(([, it]) => it.case === "createGroup")!;
    expect(body.value).toMatchObject({ title: "Ops" });
    bench.say(id, { case: "commandDone", value: {} });
    expect(bench.replies.at(-1)).toMatchObject({ kind: "answer" });
  });

  it.each([
    ["a welcome for somebody else", "wrong_user", { case: "welcome", value: { ...WELCOME, userId: "mallory" } }],
    ["a version that is not spoken", "unsupported_version", { case: "error", value: { code: "unsupported_version" } }],
    ["a newer session of the device", "replaced", { case: "error", value: { code: "replaced" } }],
  ] as const)("ends for good with %s", async (_, error, answer) => {
    const bench = await Bench.begin();
    bench.start();
    bench.say(1, answer);
    expect(bench.states().at(-1)).toEqual({ kind: "ended", reason: { kind: "auth", error } });
    bench.advance(600_000);
    expect(bench.cases()).toEqual([]);
  });

  it("asks once for another token when one is refused, and ends with the next", async () => {
    const bench = await Bench.begin();
    bench.start();
    bench.refuse(1, "unauthenticated");
    expect(bench.cases()).toEqual(["hello"]);
    bench.refuse(1, "unauthenticated");
    expect(bench.states().at(-1)).toEqual({ kind: "ended", reason: { kind: "auth", error: "token_refused" } });
  });

  it("ends when the store fails, and nobody waits for ever", async () => {
    const bench = await Bench.up();
    bench.command({ kind: "call", body: { case: "listDevices", value: {} } });
    bench.input({ kind: "store_failed", error: "disk_full" });
    expect(bench.replies.at(-1)).toMatchObject({ code: "store.disk_full", retryable: true });
    expect(bench.states().at(-1)).toMatchObject({ kind: "ended" });
  });
});

describe("the outbox", () => {
  it("has a bound of what is in flight, and goes on as answers come", async () => {
    const bench = await Bench.up();
    for (let n = 1; n <= 12; n++) {
      bench.send(n);
    }
    const sent = bench.sent();
    expect(sent.length).toBe(LANE_IN_FLIGHT_MAX);
    bench.say(sent[0]![0], { case: "sent", value: { conversationId: direct(0), seq: 2n, ordinal: 1n } });
    expect(bench.sent().map(([, body]) => body.value)).toMatchObject([{ body: Uint8Array.of(9) }]);
  });

  it("gives a message up after a day, and tries it again when asked", async () => {
    const bench = await Bench.begin();
    const last = () => bench.changes.findLast((change) => change.kind === "send");
    bench.send(1);
    bench.wallMs += GIVE_UP_MS - 1;
    bench.tick();
    expect(last()).toMatchObject({ state: { kind: "queued" } });
    bench.wallMs += 1;
    bench.tick();
    expect(last()).toMatchObject({ state: { kind: "failed", code: "gave_up", recoverable: true } });
    bench.start();
    bench.say(1, { case: "welcome", value: WELCOME });
    expect(bench.cases()).toEqual([]);
    bench.command({ kind: "retry", id: idOf(1) });
    expect(bench.cases()).toEqual(["send"]);
  });

  it("refuses another body under the same id while the first waits", async () => {
    const bench = await Bench.begin();
    bench.send(1);
    bench.send(1);
    bench.send(1, Uint8Array.of(2));
    const queued = { kind: "queued", state: { kind: "queued" } };
    expect(bench.replies).toMatchObject([queued, queued, { code: "invalid_argument", field: "client_msg_id" }]);
    expect(bench.store.tables.outbox.size).toBe(1);
  });
});

describe("a conversation", () => {
  /** Everything up to an event is hidden. */
  const hidden = (upto: number) => ({
    case: "events" as const, value: { fromSeq: 1n, uptoSeq: BigInt(upto), hidden: [{ fromSeq: 1n, uptoSeq: BigInt(upto) }] },
  });

  it("that is old is left for later where there are many and the device is new", async () => {
    const all = FIRST_START_CATCH_UPS + 50;
    const bench = await Bench.up({ conversations: Array.from({ length: all }, (_, n) => conversation(n, 9)) });
    let [fetched, told] = [0, 0];
    for (let sent; (sent = bench.sent()).length > 0; ) {
      for (const [id, body] of sent) {
        if (body.case === "markDelivered") {
          // Their newest messages are here.
          told += body.value.marks.length;
        } else {
          expect(body.case).toBe("fetchEvents");
          fetched += 1;
          bench.say(id, hidden(9));
        }
      }
    }
    expect([fetched, told]).toEqual([FIRST_START_CATCH_UPS, 50]);
    const { device, intervals, conversations } = bench.store.tables;
    // A recorded gap counts as stored.
    expect(new TextDecoder().decode(device.position)).toBe("p1");
    expect([...intervals.values()].filter((held) => held.length === 1 && held[0]![0] === 8).length).toBe(50);
    expect(conversations.size).toBe(all);
  });

  it("of which the server gives nothing does not keep the device from being in step", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 5)] });
    bench.refuse(bench.asked("fetchEvents")!, "corrupt");
    bench.say(bench.asked("getConversation")!, { case: "conversation", value: conversation(0, 5) });
    expect(bench.states().at(-1)).toEqual({ kind: "online" });
    expect(bench.cases()).toEqual([]);
  });

  it("gives a reader of all events those of a jump too", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 5)] }, true);
    bench.say(bench.asked("fetchEvents")!, { case: "events", value: { jump: true } });
    for (const [from, upto] of [[1, 2], [3, 4]] as const) {
      const [[id, body]] = bench.sent() as [[number, object]];
      expect(body).toMatchObject({ case: "fetchMessages", value: { range: { case: "afterOrdinal", value: BigInt(from - 1) } } });
      const messages = [from, upto].map((ordinal) => ({ event: message(0, ordinal + 1), changedSeq: BigInt(ordinal + 1) }));
      const value = { messages, asOfSeq: 5n, fromOrdinal: BigInt(from), uptoOrdinal: BigInt(upto), moreAfter: upto < 4 };
      bench.say(id, { case: "messages", value });
    }
    expect(Array.from(bench.store.tables.events.values(), (event) => event.seq)).toEqual([2n, 3n, 4n, 5n]);
    expect(bench.row().lastSeq).toBe(5);
  });

  it("keeps a cursor that is told before it is known", async () => {
    const bench = await Bench.up();
    bench.say(0, { case: "event", value: message(0, 2) });
    const asked = bench.asked("getConversation")!;
    bench.say(0, { case: "readMoved", value: { conversationId: direct(0), userId: "alice", uptoSeq: 2n, uptoOrdinal: 1n } });
    // The answer was made before the cursor moved.
    bench.say(asked, { case: "conversation", value: conversation(0, 1) });
    expect(bench.row().readSeq).toBe(2);
  });

  it("gives a cursor up that was ahead at a removal, and is not asked for without end", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 5)] });
    bench.sent();
    // The user reads on while the server removes him: nobody here knows the ordinal there.
    bench.command({ kind: "mark_read", conversation: direct(0), upto: 3 });
    let asked = 0;
    for (let round = 0; round < 20; round++) {
      for (const [id, body] of bench.sent()) {
        if (body.case === "markRead") {
          bench.refuse(id, "not_a_member");
        } else if (body.case === "getConversation") {
          asked += 1;
          bench.say(id, { case: "conversation", value: { ...conversation(0, 5), member: false, readSeq: 1n } });
        }
      }
      bench.advance(100);
    }
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThanOrEqual(3);
    expect(bench.row().readSeq).toBe(1);
  });

  it("tells a cursor again that the server may have lost", async () => {
    const listed = { ...conversation(0, 5), unread: 0n };
    const bench = await Bench.up({ conversations: [listed] });
    bench.say(bench.asked("fetchEvents")!, hidden(5));
    bench.command({ kind: "mark_read", conversation: direct(0), upto: 5 });
    bench.say(bench.asked("markRead")!, { case: "done", value: {} });
    expect(bench.row().readUnconfirmed).toBe(5);
    // The device learns of the crash long after it.
    bench.advance(20_000);
    // The server lists the conversation with the cursor of before: the larger one stands, and is told.
    bench.say(bench.reconnect(), { case: "welcome", value: { ...WELCOME, conversations: [listed] } });
    const told = bench.sent().filter(([, body]) => body.case === "markRead");
    expect(told.map(([, body]) => body.value)).toMatchObject([{ uptoSeq: 5n }]);
    expect(bench.row().unread).toBe(0);
  });

  it("has nothing unread where the user is no member any more", async () => {
    const bench = await Bench.up({ conversations: [{ ...conversation(0, 5), unread: 2n }] });
    bench.say(bench.asked("fetchEvents")!, hidden(5));
    expect(bench.row().unread).toBe(2);
    const change = { case: "memberRemoved", value: { userId: "alice" } } as const;
    bench.say(0, { case: "event", value: { ...message(0, 6), kind: "member_removed", ordinal: 4n, change } });
    expect(bench.row()).toMatchObject({ member: false, unread: 0 });
  });

  it("counts what is unread again when its mute ends", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 4), conversation(1, 3)], unreadTotal: 5n });
    const totals = () => bench.changes.splice(0).flatMap((change) => (change.kind === "total_unread" ? [change.unread] : []));
    const mute = (n: number, until: number) => {
      const value = { conversationId: direct(n), mutedUntil: BigInt(until) };
      bench.say(0, { case: "personalChange", value: { personalSeq: BigInt(7 + n), change: { case: "preferences", value } } });
    };
    expect(totals().at(-1)).toBe(5);
    mute(0, bench.wallMs + 60_000);
    mute(1, -1);
    expect(totals().at(-1)).toBe(0);
    bench.advance(59_999);
    expect(totals()).toEqual([]);
    bench.advance(1);
    expect(totals()).toEqual([3]);
  });

  it("says again what it may not have stored: what was on its way for long proves nothing", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 1)] });
    bench.say(bench.asked("fetchEvents")!, { case: "events", value: { fromSeq: 1n, uptoSeq: 1n, events: [begun(0)] } });
    bench.say(0, { case: "event", value: message(0, 2) });
    bench.say(bench.asked("markDelivered")!, { case: "done", value: {} });
    bench.advance(10_000);
    // Said before the server was killed, and held up since.
    bench.say(0, { case: "head", value: { conversationId: direct(0), headSeq: 2n, headOrdinal: 1n } });
    bench.say(bench.reconnect(), { case: "welcome", value: { ...WELCOME, reset: false } });
    expect(bench.asked("markDelivered")).not.toBeNull();
  });

  it("knows of the last message that is hidden from it", async () => {
    const bench = await Bench.up({ conversations: [conversation(0, 1)] });
    const fetch = bench.asked("fetchEvents")!;
    // It comes live, and is removed by the user elsewhere, before the page is here.
    bench.say(0, { case: "event", value: message(0, 2) });
    const runs = [{ fromSeq: 2n, uptoSeq: 2n, fromOrdinal: 1n, uptoOrdinal: 1n }];
    const change = { case: "deletions", value: { conversationId: direct(0), runs } } as const;
    bench.say(0, { case: "personalChange", value: { personalSeq: 7n, change } });
    const page = { fromSeq: 1n, uptoSeq: 2n, headSeq: 2n, headOrdinal: 1n, events: [begun(0)], hidden: [{ fromSeq: 2n, uptoSeq: 2n }] };
    bench.say(fetch, { case: "events", value: page });
    expect(bench.row()).toMatchObject({ headSeq: 2, headOrdinal: 1, lastSeq: 2, unread: 0 });
    // The cursor may have moved over it.
    expect(bench.asked("getConversation")).not.toBeNull();
    bench.say(0, { case: "event", value: message(0, 3) });
    expect(bench.row()).toMatchObject({ headSeq: 3, headOrdinal: 2, lastSeq: 3, unread: 1 });
    expect(bench.seqs()).toEqual([3]);
  });
});
