/** A page with components of the kit and nothing else, bundled in memory: for tests of what only a browser can tell. */

import { readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { basename, join } from "node:path";
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import { Person, type PersonOptions } from "./browser.ts";
import type { Kit } from "./kit/page.ts";

declare global {
  interface Window {
    kit: Kit;
  }
}

const here = import.meta.dirname;
const CSP = "default-src 'self'; img-src 'self' data:; require-trusted-types-for 'script'; trusted-types lit-html";
const HTML = `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Kit</title><link rel="stylesheet" href="tokens.css"><script type="module" src="page.js"></script></head><body></body></html>`;

export class KitPages {
  private constructor(
    private readonly server: Server,
    readonly url: string,
  ) {}

  static async serve(): Promise<KitPages> {
    const { outputFiles } = await build({
      entryPoints: [join(here, "kit/page.ts")],
      bundle: true, write: false, splitting: true, format: "esm", target: "es2022", charset: "utf8", outdir: "out",
      conditions: ["stonechat-source"],
      tsconfigRaw: { compilerOptions: { experimentalDecorators: true, useDefineForClassFields: false } },
    });
    const files = new Map(outputFiles.map(({ path, text }) => [`/${basename(path)}`, text]));
    files.set("/tokens.css", readFileSync(join(here, "../ui/src/tokens.css"), "utf8"));
    files.set("/", HTML);
    const server = createServer((request, response) => {
      const path = new URL(request.url ?? "/", "http://kit").pathname;
      const text = files.get(path);
      const type = path.endsWith(".js") ? "text/javascript" : path.endsWith(".css") ? "text/css" : "text/html";
      response.writeHead(text === undefined ? 404 : 200, { "content-type": type, "content-security-policy": CSP });
      response.end(text);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    return new KitPages(server, `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  }

  /** A person before a page on which `window.kit` waits. */
  async visit(browser: Browser, options: PersonOptions = {}): Promise<{ person: Person; page: Page }> {
    const person = await Person.arrive(browser, this.url, options);
    const page = await person.tab();
    await page.locator("html[data-ready]").waitFor();
    return { person, page };
  }

  async close(): Promise<void> {
    await new Promise((resolve) => this.server.close(resolve));
  }
}
