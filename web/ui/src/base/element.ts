/** The class under every component: the account, what is read of it, the language and the direction. */

import type { Account, Readable, UserId, UserProfile } from "@stonechat/sdk";
import { LitElement, type ReactiveController, type ReactiveControllerHost } from "lit";
import { english, type Key, type Locale, type Params } from "../i18n/index.ts";
import { accountContext, Consumer, localeContext } from "./context.ts";
import { emit, type StonechatEvents } from "./events.ts";
import { displayName } from "./names.ts";
import { profilesOf } from "./profiles.ts";
import { adoptTokens } from "./tokens.ts";

/**
 * Follows the `Readable`s that the last rendering read, and no others: reading one is subscribing to it, and what is not
 * read again is let go. The host renders once for any number of changes.
 */
export class ReadController implements ReactiveController {
  private readonly stops = new Map<Readable<unknown>, () => void>();
  private seen: Set<Readable<unknown>> | null = null;

  constructor(private readonly host: ReactiveControllerHost & { readonly isConnected: boolean }) {
    host.addController(this);
  }

  read<T>(source: Readable<T>): T {
    this.seen?.add(source);
    if (this.seen && !this.stops.has(source) && this.host.isConnected) {
      // The first call tells the value of now, which is being rendered.
      let first = true;
      const stop = source.subscribe(() => {
        if (!first) this.host.requestUpdate();
      });
      first = false;
      this.stops.set(source, stop);
    }
    return source.get();
  }

  /** Round a rendering. */
  begin(): void {
    this.seen = new Set();
  }

  end(): void {
    for (const [source, stop] of this.stops) {
      if (this.seen?.has(source)) continue;
      stop();
      this.stops.delete(source);
    }
    this.seen = null;
  }

  hostConnected(): void {
    this.host.requestUpdate();
  }

  hostDisconnected(): void {
    for (const stop of this.stops.values()) stop();
    this.stops.clear();
  }
}

export class StonechatElement extends LitElement {
  private readonly reads = new ReadController(this);
  private given: Account | null = null;
  private readonly provided = new Consumer(this, accountContext, () => this.requestUpdate("account"));
  private readonly localised = new Consumer(this, localeContext, () => this.requestUpdate());

  /** The account: of the nearest `<stonechat-provider>`, unless it is set here. */
  get account(): Account | null {
    return this.given ?? this.provided.value ?? null;
  }
  set account(account: Account | null) {
    if (account === this.given) return;
    this.given = account;
    this.requestUpdate("account");
  }

  get locale(): Locale {
    return this.localised.value ?? english;
  }

  override connectedCallback(): void {
    adoptTokens();
    super.connectedCallback();
  }

  /** The value of now. In a rendering it is followed from then on. */
  protected read<T>(source: Readable<T>): T {
    return this.reads.read(source);
  }

  protected t(key: Key, params?: Params): string {
    return this.locale.t(key, params);
  }

  /** What a user is called, as this device knows; it asks for names that it does not have. */
  protected nameOf(user: UserId): string {
    const account = this.account;
    if (!account) return user;
    this.read(account.names);
    return displayName(account, user);
  }

  /** Who a user is beside his name; null until that is known. Asks for it. */
  protected profileOf(user: UserId): UserProfile | null {
    const account = this.account;
    if (!account) return null;
    if (user === account.user) return this.read(account.profile)?.user ?? null;
    const profiles = profilesOf(account);
    const found = this.read(profiles).get(user);
    if (!found) profiles.want(user);
    return found ?? null;
  }

  /** The address of his picture; empty for none. */
  protected pictureOf(user: UserId): string {
    return this.profileOf(user)?.avatar ?? "";
  }

  protected emit<Name extends keyof StonechatEvents>(name: Name, detail: StonechatEvents[Name]): boolean {
    return emit(this, name, detail);
  }

  /** Whether the layout runs right to left. */
  protected get rtl(): boolean {
    return this.matches(":dir(rtl)");
  }

  protected override performUpdate(): void {
    this.reads.begin();
    try {
      super.performUpdate();
    } finally {
      this.reads.end();
    }
  }
}
