/**
 * The property that the core stands on: whatever the network, the server and the user do, a device ends up equal to the
 * server. And the proof that the property can tell: planted faults are caught.
 */

import fc from "fast-check";
import { afterEach, describe, expect, test, vi } from "vitest";
import { Conversation } from "../src/core/conversation.ts";
import { Intervals } from "../src/core/intervals.ts";
import { Journal } from "../src/core/journal.ts";
import { Core } from "../src/core/machine.ts";
import { anyStep, carefulSteps, type Step } from "./simulation/steps.ts";
import { run } from "./simulation/world.ts";

const CASES = Number(process.env.SIMULATION_CASES ?? 200);
const SEED = Number(process.env.SIMULATION_SEED ?? 20_261_128);
const steps = fc.array(anyStep, { minLength: 1, maxLength: 90, size: "max" });
const holds = fc.asyncProperty(steps, fc.boolean(), async (all, record) => void (await run(all, record)));

afterEach(() => void vi.restoreAllMocks());

describe("a device", () => {
  test("ends up equal to the server", { timeout: 120_000 }, () => fc.assert(holds, { numRuns: CASES, seed: SEED }));

  test("neither loses nor doubles a command when it is killed between any two steps", { timeout: 120_000 }, async () => {
    const all = carefulSteps();
    for (let kill = 0; kill <= all.length; kill++) {
      const killed: Step[] = all.toSpliced(kill, 0, { kind: "crash" });
      const world = await run(killed, false).catch((error: Error) => {
        throw new Error(`killed before step ${kill}: ${error.message}`);
      });
      const commands = world.promised.filter((promise) => promise.says === null).length;
      expect(kill < all.length || commands >= 4).toBe(true);
    }
  });
});

/** Faults, by what the core does wrong. Longer campaigns of the property itself: SIMULATION_CASES=6000 SIMULATION_SEED=1. */
const FAULTS: Readonly<Record<string, () => void>> = {
  "moves past a hole": () =>
    vi.spyOn(Conversation.prototype, "nextHeld").mockImplementation(function (this: Conversation) {
      const [first] = [...this.held.keys()].sort((a, b) => a - b);
      const event = first === undefined ? undefined : this.held.get(first);
      this.held.delete(first ?? 0);
      return event ?? null;
    }),
  "counts what was before the latest join": () =>
    vi.spyOn(Conversation.prototype, "floor").mockImplementation(function (this: Conversation) {
      return this.row.readOrdinal;
    }),
  "sends before the message is durable": () => vi.spyOn(Journal.prototype, "isDurable").mockReturnValue(true),
  "tells what is not stored": () =>
    vi.spyOn(Journal.prototype, "stored").mockImplementation(function (this: Journal, id, upto) {
      this.takeStored = () => [[id, upto]];
    }),
  "sends a message again under another id": () => {
    const { call } = Core.prototype;
    vi.spyOn(Core.prototype, "call").mockImplementation(function (this: Core, purpose, body) {
      if (body.case === "send" && body.value.clientMsgId) {
        const clientMsgId = body.value.clientMsgId.slice();
        clientMsgId[15] = this.now.random % 256;
        call.call(this, purpose, { case: "send", value: { ...body.value, clientMsgId } });
      } else {
        call.call(this, purpose, body);
      }
    });
  },
  "takes everything before a page for held": () =>
    vi.spyOn(Intervals.prototype, "add").mockImplementation(function (this: Intervals, _, upto) {
      const isNew = !this.holds(upto);
      this.all = () => [[1, upto]];
      return isNew;
    }),
  "keeps what it holds of another history": () => vi.spyOn(Conversation.prototype, "forgetHistory").mockReturnValue(),
};

describe("a planted fault is caught: the core", () => {
  test.each(Object.entries(FAULTS))("%s", { timeout: 120_000 }, async (_, plant) => {
    plant();
    const found = await fc.check(holds, { numRuns: 1_500, seed: SEED, endOnFailure: true });
    expect(found.failed).toBe(true);
  });
});
