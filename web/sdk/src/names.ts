/** What people are called, as far as this device knows. */

import { NAMES_MAX, NAMES_PER_CALL } from "./driver/limits.ts";
import { called, type Inner } from "./inner.ts";
import { userProfileOf } from "./core/people.ts";
import { Source } from "./readable.ts";
import type { UserId, UserProfile } from "./types.ts";

export class Names {
  /** By the users; what the user calls somebody himself goes before. */
  readonly all = new Source<ReadonlyMap<UserId, string>>(new Map());
  readonly #inner: Inner;
  readonly #wanted = new Set<UserId>();
  #isAsking = false;

  constructor(inner: Inner) {
    this.#inner = inner;
    const { views, over } = inner.host;
    const make = (): void => {
      const all = new Map(views.names.get());
      for (const { user, alias } of views.relations.get().values()) {
        if (alias !== "") {
          all.set(user, alias);
        }
      }
      this.all.replace(all);
    };
    const ends = [views.names.subscribe(make), views.relations.subscribe(make)];
    over.addEventListener("abort", () => ends.forEach((end) => end()));
    // What the server says now is newer than what was kept.
    const kept = inner.host.call("names", NAMES_MAX);
    kept.then((names) => views.name(names.filter(([user]) => !views.names.get().has(user)))).catch(() => {});
  }

  /** Asks the server for those that are not known, many at once. */
  lookUp(users: readonly UserId[]): void {
    const known = this.all.get();
    users.filter((user) => !known.has(user)).forEach((user) => this.#wanted.add(user));
    if (this.#wanted.size > 0 && !this.#isAsking) {
      this.#isAsking = true;
      // What others ask for in the same moment goes with it.
      queueMicrotask(() => void this.#ask());
    }
  }

  async #ask(): Promise<void> {
    try {
      while (this.#wanted.size > 0) {
        const some = [...this.#wanted].slice(0, NAMES_PER_CALL);
        await usersOfServer(this.#inner, some);
        some.forEach((user) => this.#wanted.delete(user));
      }
    } catch {
      // Whoever looks again asks again.
      this.#wanted.clear();
    } finally {
      this.#isAsking = false;
    }
  }
}

/** Users as the server knows them now. Who does not exist is left out. */
export async function usersOfServer(inner: Inner, users: readonly UserId[]): Promise<UserProfile[]> {
  const found: UserProfile[] = [];
  let left = [...users];
  for (;;) {
    const page = await called(inner, { case: "getUsers", value: { userIds: left } }, "users");
    found.push(...page.users.map(userProfileOf).filter((user) => user !== null));
    const at = left.indexOf(page.users.at(-1)?.userId ?? "");
    if (!page.more || at < 0) {
      return found;
    }
    left = left.slice(at + 1);
  }
}
