/** A server, a browser, and people who come and go; all is cleared away at the end of a file. */

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

  /** A browser of its own for somebody; it is closed after the test, and must have had no trouble. */
  async person(options: PersonOptions = {}, url = this.server.url): Promise<Person> {
    const person = await Person.arrive(this.browser, url, options);
    this.#here.push(person);
    return person;
  }

  async clear(): Promise<void> {
    for (const person of this.#here.splice(0)) {
      await person.leave();
    }
  }
}

/** To be called once, at the top of a file. */
export function stage(options: { demo?: boolean } = {}): Stage {
  const set = new Stage();
  beforeAll(async () => {
    [set.server, set.browser] = await Promise.all([Server.start(options), launch()]);
    set.people = options.demo === false ? [] : await set.server.people();
  });
  afterEach(() => set.clear());
  afterAll(async () => {
    await set.browser?.close();
    await set.server?.stop();
  });
  return set;
}
