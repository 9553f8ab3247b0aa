/** What only a browser can tell of the hooks and components for React. */

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join, relative } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, expect, it } from "vitest";
import { launch, Person } from "./browser.ts";
import type { ReactPage } from "./react/page.ts";

declare global {
  interface Window {
    reactPage: ReactPage;
  }
}

let browser: Browser;
let server: Server;

beforeAll(async () => {
  const outdir = join(import.meta.dirname, "none");
  const [launched, { outputFiles }] = await Promise.all([
    launch(),
    build({
      entryPoints: [join(import.meta.dirname, "react/page.ts")],
      bundle: true, write: false, splitting: true, format: "esm", target: "es2022", outdir, conditions: ["stonechat-source"],
      define: { "process.env.NODE_ENV": '"production"' },
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    }),
  ]);
  browser = launched;
  const files = new Map(outputFiles.map(({ path, text }) => [`/${relative(outdir, path)}`, text]));
  server = createServer((request, response) => {
    const text = files.get(request.url ?? "") ?? '<!doctype html><html lang="en"><meta charset="utf-8"><title>React</title><script type="module" src="/page.js"></script><body></body></html>';
    response.writeHead(200, { "content-type": files.has(request.url ?? "") ? "text/javascript" : "text/html", "content-security-policy": "default-src 'self'; img-src 'self' data:" });
    response.end(text);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
});

afterAll(async () => {
  await browser.close();
  await new Promise((resolve) => server.close(resolve));
});

async function looking(look: (page: Page) => Promise<void>): Promise<void> {
  const person = await Person.arrive(browser, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  const page = await person.tab("/");
  await look(page);
  await person.leave();
}

const opened = (page: Page): Promise<number> => page.evaluate(() => window.reactPage.open);

it("a timeline lives as long as its component, and follows its conversation", async () => {
  await looking(async (page) => {
    await page.getByText("I’m at gate 3 now and can take a photo.").first().waitFor();
    expect(await opened(page)).toBe(1);
    await page.getByRole("button", { name: "Ines" }).click();
    await page.locator("ol > li", { hasText: "staging" }).first().waitFor();
    await expect.poll(() => opened(page)).toBe(1);
    await page.getByRole("button", { name: "Nobody" }).click();
    await expect.poll(() => opened(page)).toBe(0);
  });
});

it("what arrives is drawn, by one rendering", async () => {
  await looking(async (page) => {
    await page.locator("main > ol > li").first().waitFor();
    const before = await page.evaluate(() => window.reactPage.renderings);
    await page.evaluate(() => void window.reactPage.account.fake("g_harbour").receive("kofi", "The ladder is here"));
    await page.locator("main > ol > li", { hasText: "The ladder is here" }).waitFor();
    expect(await page.evaluate(() => window.reactPage.renderings)).toBe(before + 1);
    await expect.poll(async () => Number(await page.locator("output").innerText())).toBeGreaterThan(0);
  });
});

it("a component has its account from the provider, and its events as props", async () => {
  await looking(async (page) => {
    await page.locator("stonechat-conversation").getByText("Saturday ridge walk").first().waitFor();
    await page.locator("stonechat-chat-header").getByRole("button", { name: /details|about/i }).first().click();
    await expect.poll(() => page.evaluate(() => window.reactPage.heard)).toEqual(["details"]);
  });
});
