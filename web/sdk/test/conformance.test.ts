/** Runs the scripts of `fixtures/conformance/`, which every SDK runs. Their format is described there. */

import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { isObject, type Json } from "./conformance/compare.ts";
import { run, type Script } from "./conformance/device.ts";

const folder = new URL("../../../fixtures/conformance/", import.meta.url);
const files = readdirSync(folder).filter((file) => file.endsWith(".json")).sort();
const scriptOf = (file: string): Script => JSON.parse(readFileSync(new URL(file, folder), "utf8"));

describe("every script runs as written", () => {
  test("there are scripts", () => expect(files.length).toBeGreaterThanOrEqual(40));
  test.each(files)("%s", (file) => run(scriptOf(file)));
});

/** Steps that say what a device sends, holds or shows. */
const CHECKS = ["out", "store", "list", "timeline", "presence", "typing", "state", "own"];

/** The same with another value in its last place; null when it has none. */
function changed(value: Json): Json {
  if (Array.isArray(value)) {
    return value.length > 0 ? [...value.slice(0, -1), changed(value.at(-1)!)] : [1];
  }
  if (isObject(value)) {
    const [last, inside] = Object.entries(value).at(-1) ?? ["more", null];
    return { ...value, [last]: changed(inside) };
  }
  return typeof value === "boolean" ? !value : typeof value === "number" ? -value - 1 : `${value ?? ""}x`;
}

describe("a script with another expectation fails", () => {
  test.each(files)("%s", async (file) => {
    const { steps, ...script } = scriptOf(file);
    for (const [at, step] of steps.entries()) {
      const [[kind, inside] = ["", null]] = Object.entries(step);
      if (CHECKS.includes(kind)) {
        // Of a frame what is in it, and not how the script calls it.
        const other = kind === "out" && isObject(inside) ? { ...inside, frame: changed(inside.frame!) } : changed(inside);
        const altered = { ...script, steps: steps.with(at, { [kind]: other }) };
        await expect(run(altered), JSON.stringify(other)).rejects.toThrow(`step ${at},`);
      }
    }
  });
});
