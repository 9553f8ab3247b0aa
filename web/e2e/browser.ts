/** People before browsers: each context is a browser of its own, each page a tab. */

import { type Browser, type BrowserContext, chromium, type Page } from "playwright-core";
import { expect } from "vitest";

const executablePath = process.env.CHROMIUM ?? "/usr/bin/chromium";

export function launch(): Promise<Browser> {
  return chromium.launch({ executablePath, args: ["--no-sandbox"] });
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

  private constructor(
    readonly context: BrowserContext,
    readonly url: string,
  ) {}

  static async arrive(browser: Browser, url: string, options: PersonOptions = {}): Promise<Person> {
    const phone = options.screen === "phone";
    const context = await browser.newContext({
      viewport: phone ? { width: 390, height: 844 } : { width: 1440, height: 900 },
      hasTouch: phone,
      colorScheme: options.theme ?? "light",
      locale: options.locale ?? "en-GB",
      timezoneId: "Europe/Stockholm",
    });
    await context.grantPermissions(["notifications", "clipboard-read", "clipboard-write"], { origin: url });
    if (options.clockHours) {
      await context.addInitScript(shiftClock, options.clockHours * 3_600_000);
    }
    return new Person(context, url);
  }

  /** A new tab at a path; troubles of it are noted. */
  async tab(path = "/"): Promise<Page> {
    const page = await this.context.newPage();
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
    await page.getByRole("navigation", { name: "Main" }).waitFor();
    return page;
  }

  async leave(): Promise<void> {
    await this.context.close();
    expect(this.troubles).toEqual([]);
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
