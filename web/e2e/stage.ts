/** A server, a browser, and people who come and go; all is cleared away at the end of a file. */

import { mkdirSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launch, Person, type PersonOptions } from "./browser.ts";
import { type DemoPerson, Server } from "./server.ts";

export class Stage {
  server!: Server;
  browser!: Browser;
  /** Whom one can be. */
  people: readonly DemoPerson[] = [];
  readonly #here: Person[] = [];
  readonly #residents: Person[] = [];

  /** A browser of its own for somebody; it is closed after the test, and must have had no trouble. */
  async person(options: PersonOptions = {}, url = this.server.url): Promise<Person> {
    const person = await Person.arrive(this.browser, url, options);
    this.#here.push(person);
    return person;
  }

  /** Somebody whose browser keeps what it knows in a folder, so that it can be closed and opened again. */
  async regular(folder: string, url = this.server.url): Promise<Person> {
    const person = await Person.arrive(folder, url);
    this.#here.push(person);
    return person;
  }

  /** Somebody who stays for all tests of a file. */
  async resident(options: PersonOptions = {}, url = this.server.url): Promise<Person> {
    const person = await Person.arrive(this.browser, url, options);
    this.#residents.push(person);
    return person;
  }

  /** What everybody sees, for whoever looks into a failure. */
  async picture(name: string): Promise<void> {
    const folder = join(tmpdir(), "stonechat-e2e-failures");
    mkdirSync(folder, { recursive: true });
    const pages = [...this.#residents, ...this.#here].flatMap((person) => person.pages());
    for (const [i, page] of pages.entries()) {
      await page.screenshot({ path: join(folder, `${name.replace(/\W+/g, "-").slice(0, 60)}-${i + 1}.png`) });
    }
  }

  async clear(): Promise<void> {
    for (const person of this.#here.splice(0)) {
      await person.leave();
    }
    this.#residents.forEach((person) => person.check());
  }
}

/** To be called once, at the top of a file. */
export function stage(options: { demo?: boolean } = {}): Stage {
  const set = new Stage();
  beforeAll(async () => {
    [set.server, set.browser] = await Promise.all([Server.start(options), launch()]);
    set.people = options.demo === false ? [] : await set.server.people();
  });
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") {
      await set.picture(task.name);
    }
    await set.clear();
  });
  afterAll(async () => {
    await set.browser?.close();
    await set.server?.stop();
  });
  return set;
}

/** A browser before pages of a server of the tests' own, for all tests of a file; to be called once, at its top. */
export function site<S extends { close(): Promise<void> }>(serve: () => Promise<S>): { browser: Browser; served: S } {
  const set = {} as { browser: Browser; served: S };
  beforeAll(async () => {
    [set.browser, set.served] = await Promise.all([launch(), serve()]);
  });
  afterAll(async () => {
    await set.browser?.close();
    await set.served?.close();
  });
  return set;
}
