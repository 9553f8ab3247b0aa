/**
 * Every screen over the fixed world: what must be on it is there, axe finds nothing, and it looks as its picture in
 * docs/screenshots. `UPDATE_SCREENSHOTS=1` takes the pictures anew, to be looked at.
 */

import { AxeBuilder } from "@axe-core/playwright";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, type ExpectStatic, test } from "vitest";
import { serve } from "../tools/serve.mjs";
import { buildWorld } from "../tools/world.mjs";
import { launch } from "./browser.ts";
import { type Screen, SCREENS, SIZES } from "./screens.ts";

const pictures = new URL("../../docs/screenshots/", import.meta.url).pathname;
/** Another major version draws letters otherwise: its pictures say nothing about ours. */
const versionFile = join(pictures, "CHROMIUM");
const update = process.env.UPDATE_SCREENSHOTS === "1";
/** The share of points that may be different. */
const DIFFERENT_MAX = 0.002;

let folder = "";
let browser: Browser;
let site: { readonly url: string; close(): Promise<void> };
let compares = false;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "stonechat-world-"));
  await buildWorld(folder);
  [browser, site] = await Promise.all([launch(), serve({ dist: folder })]);
  const major = browser.version().split(".")[0]!;
  mkdirSync(pictures, { recursive: true });
  if (update) {
    writeFileSync(versionFile, `${major}\n`);
  }
  compares = existsSync(versionFile) && readFileSync(versionFile, "utf8").trim() === major;
});

afterAll(async () => {
  await browser?.close();
  await site?.close();
  rmSync(folder, { recursive: true, force: true });
});

async function show(screen: Screen): Promise<{ context: BrowserContext; page: Page; troubles: string[] }> {
  const context = await browser.newContext({
    viewport: SIZES[screen.size],
    hasTouch: screen.size === "phone",
    isMobile: screen.size === "phone",
    colorScheme: screen.theme ?? "light",
    locale: screen.language === "zh" ? "zh-CN" : screen.dir === "rtl" ? "ar" : "en-GB",
    timezoneId: "Europe/Stockholm",
    reducedMotion: "reduce",
  });
  const page = await context.newPage();
  const troubles: string[] = [];
  page.on("pageerror", (error) => troubles.push(error.message));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  const query = new URLSearchParams({ world: screen.world, theme: screen.theme ?? "light", language: screen.language ?? "en", dir: screen.dir ?? "ltr" });
  await page.goto(`${site.url}${screen.path ?? "/"}?${query}`);
  await page.locator("html[data-ready]").waitFor({ state: "attached" });
  await screen.go?.(page);
  for (const [role, name] of screen.sees) {
    await page.getByRole(role, name === "" ? {} : { name }).first().waitFor({ state: "visible", timeout: 10_000 });
  }
  // Nothing is looked at while it moves.
  await page.evaluate(async () => {
    await document.fonts.ready;
    await new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve)));
  });
  return { context, page, troubles };
}

async function compare(page: Page, name: string, expect: ExpectStatic): Promise<void> {
  const file = join(pictures, `${name}.png`);
  const taken = await page.screenshot({ animations: "disabled", caret: "hide" });
  if (update) {
    writeFileSync(file, taken);
    return;
  }
  if (!compares) {
    return;
  }
  const [now, before] = [PNG.sync.read(taken), PNG.sync.read(readFileSync(file))];
  expect([now.width, now.height], `size of ${name}`).toEqual([before.width, before.height]);
  const difference = new PNG({ width: now.width, height: now.height });
  const points = pixelmatch(now.data, before.data, difference.data, now.width, now.height, { threshold: 0.1 });
  if (points > now.width * now.height * DIFFERENT_MAX) {
    const out = join(tmpdir(), `stonechat-${name}`);
    writeFileSync(`${out}-now.png`, taken);
    writeFileSync(`${out}-difference.png`, PNG.sync.write(difference));
    expect.fail(`${name} looks different in ${points} points; see ${out}-now.png and ${out}-difference.png`);
  }
}

for (const screen of SCREENS) {
  test.concurrent(screen.name, async ({ expect }) => {
    const { context, page, troubles } = await show(screen);
    try {
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.target.join(" ")} ${node.failureSummary ?? ""}`).join("; ")}`)).toEqual([]);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
      expect(wide, "no horizontal scrolling").toBe(0);
      await compare(page, screen.name, expect);
      expect(troubles).toEqual([]);
    } finally {
      await context.close();
    }
  });
}
