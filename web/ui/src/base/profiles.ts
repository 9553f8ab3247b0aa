/** Who people are beside their names: usernames and pictures, asked for when they are shown. */

import type { Account, Readable, UserId, UserProfile } from "@stonechat/sdk";

/** As many as one call asks for. */
const BATCH = 100;
/** What is known of more people than this is asked for again. */
const KNOWN_MAX = 2000;
/** After a call that failed. */
const PAUSE_MS = 10_000;

type Known = ReadonlyMap<UserId, UserProfile>;

class Profiles implements Readable<Known> {
  private known: Known = new Map();
  private readonly asked = new Set<UserId>();
  private readonly listeners = new Set<(known: Known) => void>();
  private wanted: UserId[] = [];
  private quietUntil = 0;

  constructor(private readonly account: Account) {}

  get = (): Known => this.known;

  subscribe = (listener: (known: Known) => void): (() => void) => {
    this.listeners.add(listener);
    listener(this.known);
    return () => void this.listeners.delete(listener);
  };

  want(user: UserId): void {
    if (this.asked.has(user) || Date.now() < this.quietUntil) return;
    if (this.asked.size >= KNOWN_MAX) this.asked.clear();
    this.asked.add(user);
    this.wanted.push(user);
    if (this.wanted.length === 1) queueMicrotask(() => void this.ask());
  }

  private async ask(): Promise<void> {
    const users = this.wanted;
    this.wanted = [];
    for (let i = 0; i < users.length; i += BATCH) {
      const batch = users.slice(i, i + BATCH);
      try {
        const found = await this.account.users(batch);
        const known = new Map(this.known.size < KNOWN_MAX ? this.known : []);
        for (const profile of found) known.set(profile.id, profile);
        this.known = known;
      } catch {
        // Initials do; they are asked for again later.
        this.quietUntil = Date.now() + PAUSE_MS;
        for (const user of users.slice(i)) this.asked.delete(user);
        return;
      }
      for (const listener of [...this.listeners]) listener(this.known);
    }
  }
}

const all = new WeakMap<Account, Profiles>();

/** What is known of people by now. */
export function profilesOf(account: Account): Readable<Known> & { want(user: UserId): void } {
  let profiles = all.get(account);
  if (!profiles) all.set(account, (profiles = new Profiles(account)));
  return profiles;
}
