import { expect, it, vi } from "vitest";
import { Part } from "../../src/base/part.ts";

const host = () => ({ requestUpdate: vi.fn(), addController() {}, removeController() {}, updateComplete: Promise.resolve(true) });

it("is loaded once, and acts at once from then on", async () => {
  const load = vi.fn(async () => "part");
  const part = new Part(load);
  const told: string[] = [];
  part.use((it) => told.push(it));
  part.use((it) => told.push(it));
  expect(told).toEqual([]);
  await part.get();
  expect(told).toEqual(["part", "part"]);
  part.use((it) => told.push(it));
  expect([told.length, load.mock.calls.length]).toEqual([3, 1]);
});

it("is asked for again when it could not be loaded", async () => {
  let tries = 0;
  const part = new Part(async () => {
    if (++tries === 1) {
      throw new TypeError("Failed to fetch");
    }
    return "part";
  });
  const otherwise = vi.fn();
  part.use(() => undefined, otherwise);
  await expect(part.get()).rejects.toThrow("Failed to fetch");
  expect(otherwise).toHaveBeenCalledOnce();
  expect(await part.get()).toBe("part");
});

it("lets a rendering wait a moment, and has it done again when it comes later", async () => {
  vi.useFakeTimers();
  let come: (part: string) => void = () => undefined;
  const part = new Part(() => new Promise<string>((resolve) => (come = resolve)));
  const [first, second] = [host(), host()];
  const waited = part.soon(first);
  await vi.advanceTimersByTimeAsync(1_000);
  await waited;
  // Nobody waits a second time for what is late.
  await part.soon(second);
  expect(part.now).toBeNull();
  come("part");
  await part.get();
  await Promise.resolve();
  expect([first.requestUpdate.mock.calls.length, second.requestUpdate.mock.calls.length]).toEqual([1, 1]);
  vi.useRealTimers();
});
