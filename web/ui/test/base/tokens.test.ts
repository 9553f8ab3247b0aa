import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
// @ts-expect-error a script without types
import { tokensModule } from "../../tokens.mjs";

it("the tokens of components are those of the sheet", () => {
  const written = readFileSync(new URL("../../src/base/tokens-sheet.ts", import.meta.url), "utf8");
  expect(written).toBe((tokensModule as () => string)());
});
