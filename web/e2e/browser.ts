/** People before browsers: each context is a browser of its own, each page a tab. */

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const started = { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", args: ["--no-sandbox"] };

export function launch(): Promise<Browser> {
  return chromium.launch(started);
}

export interface PersonOptions {
  /** `phone` has a small screen and touch. */
  readonly screen?: "desktop" | "phone";
  readonly theme?: "light" | "dark";
  readonly locale?: string;
  /** How many hours the clock of this browser is wrong. */
  readonly clockHours?: number;
}

/** A browser of one person, and what went wrong in it. */
export class Person {
  readonly troubles: string[] = [];
  #left = false;

  private constructor(
    readonly context: BrowserContext,
    readonly url: string,
  ) {}

  /** In a browser of his own that forgets everything, or with a folder that keeps it. */
  static async arrive(browser: Browser | string, url: string, options: PersonOptions = {}): Promise<Person> {
    const phone = options.screen === "phone";
    const settings = {
      viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      hasTouch: phone,
      colorScheme: options.theme ?? "light",
      locale: options.locale ?? "en-GB",
      timezoneId: "Europe/Stockholm",
    } as const;
    const context = typeof browser === "string"
      ? await chromium.launchPersistentContext(browser, { ...started, ...settings })
      : await browser.newContext(settings);
    context.setDefaultTimeout(10_000);
    await context.grantPermissions(["notifications", "clipboard-read", "clipboard-write"], { origin: url });
    if (options.clockHours) {
      await context.addInitScript(shiftClock, options.clockHours * 3_600_000);
    }
    return new Person(context, url);
  }

  /** A new tab at a path; troubles of it are noted. */
  async tab(path = "/"): Promise<Page> {
    // A browser with a folder begins with an empty tab.
    const empty = this.context.pages().find((page) => page.url() === "about:blank");
    const page = empty ?? (await this.context.newPage());
    page.on("pageerror", (error) => this.troubles.push(`${error.name}: ${error.message}\n${error.stack ?? ""}`));
    page.on("console", (message) => {
      const text = message.text();
      if (/Content Security Policy/i.test(text) || (message.type() === "error" && !isNetwork(text))) {
        this.troubles.push(text);
      }
    });
    await page.goto(this.url + path);
    return page;
  }

  /** Picks one of the people of the demo on the page of sign-in. */
  async signIn(name: string | RegExp, path = "/"): Promise<Page> {
    const page = await this.tab(path);
    await page.getByRole("button", { name }).click();
    await page.locator("stonechat-chat nav").first().waitFor();
    return page;
  }

  pages(): readonly Page[] {
    return this.#left ? [] : this.context.pages();
  }

  async leave(): Promise<void> {
    if (!this.#left) {
      this.#left = true;
      await this.context.close();
    }
    this.check();
  }

  /** Fails where something went wrong since the last time. */
  check(): void {
    expect(this.troubles.splice(0)).toEqual([]);
  }
}

/** That a network is gone is what these tests are about. */
function isNetwork(text: string): boolean {
  return /net::ERR_|WebSocket connection to|Failed to load resource/.test(text);
}

/** In the page, before its scripts: a clock that is wrong. */
function shiftClock(by: number): void {
  const Real = Date;
  class Shifted extends Real {
    constructor(...args: unknown[]) {
      super(...((args.length === 0 ? [Real.now() + by] : args) as []));
    }
    static override now(): number {
      return Real.now() + by;
    }
  }
  globalThis.Date = Shifted as DateConstructor;
}
