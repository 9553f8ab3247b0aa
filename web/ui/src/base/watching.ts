/** Whose presence is watched: of all whom the components on the screen show, together. */

import type { Account, UserId } from "@stonechat/sdk";
import type { ReactiveController } from "lit";
import type { StonechatElement } from "./element.ts";

/** As many as the server lets a device watch. */
const WATCHED_MAX = 200;

interface Watching {
  readonly wanted: Map<object, readonly UserId[]>;
  told: string;
  isDue: boolean;
}

const byAccount = new WeakMap<Account, Watching>();

function change(account: Account, who: object, users: readonly UserId[]): void {
  let watching = byAccount.get(account);
  if (!watching) {
    byAccount.set(account, (watching = { wanted: new Map(), told: "", isDue: false }));
  }
  // Who asked last is looked at now, and goes before where there are too many.
  watching.wanted.delete(who);
  if (users.length > 0) {
    watching.wanted.set(who, users);
  }
  if (!watching.isDue) {
    watching.isDue = true;
    queueMicrotask(() => tell(account, watching));
  }
}

function tell(account: Account, watching: Watching): void {
  watching.isDue = false;
  const users = new Set([...watching.wanted.values()].reverse().flat());
  users.delete(account.user);
  const list = [...users].slice(0, WATCHED_MAX).sort();
  const told = list.join("\n");
  if (told !== watching.told) {
    watching.told = told;
    // The account keeps it, and says it again behind each reconnect; what is refused leaves the dots away.
    account.watchPresence(list).catch(() => (watching.told = ""));
  }
}

/** Watches those whom a component shows, as long as it is on the page. */
export class WatchController implements ReactiveController {
  private users: readonly UserId[] = [];
  private account: Account | null = null;

  constructor(private readonly host: StonechatElement) {
    host.addController(this);
  }

  /** Call it for each rendering, with those who are in it. */
  watch(users: readonly UserId[]): void {
    const isSame = users.length === this.users.length && users.every((user, at) => user === this.users[at]);
    if (this.account !== this.host.account || !isSame) {
      this.hostDisconnected();
      this.users = users;
      this.hostConnected();
    }
  }

  hostConnected(): void {
    this.account = this.host.account;
    if (this.account && this.users.length > 0) {
      change(this.account, this, this.users);
    }
  }

  hostDisconnected(): void {
    if (this.account) {
      change(this.account, this, []);
    }
    this.account = null;
  }
}
