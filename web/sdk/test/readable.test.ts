import { describe, expect, it } from "vitest";
import { derived, Source, until } from "../src/readable.ts";
import { same } from "../src/same.ts";

describe("a source", () => {
  it("tells its value at once, and each other one", () => {
    const source = new Source(1);
    const told: number[] = [];
    const stop = source.subscribe((value) => told.push(value));
    source.set(2);
    stop();
    source.set(3);
    expect(told).toEqual([1, 2]);
    expect(source.get()).toBe(3);
  });

  it("stays the value that it was when the next says the same", () => {
    const first = { name: "bob", tags: ["a"], at: new Map([["x", Uint8Array.of(1)]]) };
    const source = new Source(first);
    let told = 0;
    source.subscribe(() => told++);
    source.set({ name: "bob", tags: ["a"], at: new Map([["x", Uint8Array.of(1)]]) });
    expect(source.get()).toBe(first);
    expect(told).toBe(1);
  });

  it("goes on after a listener that fails, and tells the page", async () => {
    const source = new Source(1);
    const errors: unknown[] = [];
    const others = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => errors.push(error));
    const told: number[] = [];
    source.subscribe((value) => {
      if (value === 2) {
        throw new Error("mine");
      }
    });
    source.subscribe((value) => told.push(value));
    source.set(2);
    await new Promise((resolve) => setImmediate(resolve));
    others.forEach((listener) => process.on("uncaughtException", listener));
    expect(told).toEqual([1, 2]);
    expect(errors).toMatchObject([{ message: "mine" }]);
  });

  it("tells whoever comes after a listener that changes it only the last value", () => {
    const source = new Source(1);
    const told: number[] = [];
    source.subscribe((value) => void (value === 2 && source.set(3)));
    source.subscribe((value) => told.push(value));
    source.set(2);
    expect(told.at(-1)).toBe(3);
    expect(told).not.toContain(2);
  });

  it("calls nobody who ended it meanwhile", () => {
    const source = new Source(1);
    let told = 0;
    const stops: (() => void)[] = [];
    source.subscribe((value) => void (value === 2 && stops.forEach((stop) => stop())));
    stops.push(source.subscribe(() => told++));
    source.set(2);
    expect(told).toBe(1);
  });

  it("can be passed on without its object", () => {
    const { get, subscribe } = new Source(1);
    expect(get()).toBe(1);
    subscribe(() => {})();
  });
});

describe("a derived value", () => {
  it("is the same while its source says the same of it", () => {
    const source = new Source({ shown: [1, 2], hidden: 1 });
    const shown = derived(source, (it) => [...it.shown]);
    const told: (readonly number[])[] = [];
    shown.subscribe((value) => told.push(value));
    const before = shown.get();
    source.set({ shown: [1, 2], hidden: 2 });
    expect(shown.get()).toBe(before);
    source.set({ shown: [3], hidden: 2 });
    expect(told).toEqual([[1, 2], [3]]);
  });
});

describe("until", () => {
  it("resolves when the value is as wished", async () => {
    const source = new Source(1);
    const wait = until(source, (value) => value > 2);
    source.set(2);
    source.set(3);
    source.set(1);
    expect(await wait).toBe(3);
    expect(source.isWatched).toBe(false);
  });

  it("resolves at once when it is so already, and rejects when it is given up", async () => {
    const source = new Source(1);
    expect(await until(source, (value) => value === 1)).toBe(1);
    const controller = new AbortController();
    const wait = until(source, (value) => value === 2, controller.signal);
    controller.abort(new Error("enough"));
    await expect(wait).rejects.toThrow("enough");
    expect(source.isWatched).toBe(false);
  });
});

describe("same", () => {
  it("compares by what things hold, and objects of a class by reference", () => {
    class Own {
      value = 1;
    }
    expect(same({ a: [1, { b: null }] }, { a: [1, { b: null }] })).toBe(true);
    expect(same({ a: 1 }, { a: 1, b: undefined })).toBe(false);
    expect(same(Uint8Array.of(1, 2), Uint8Array.of(1, 3))).toBe(false);
    expect(same(new Set([1]), new Set([2]))).toBe(false);
    expect(same([1], { 0: 1, length: 1 })).toBe(false);
    expect(same(new Own(), new Own())).toBe(false);
    expect(same(NaN, NaN)).toBe(true);
  });
});
