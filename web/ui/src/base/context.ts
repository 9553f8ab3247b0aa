/**
 * What a provider gives to the components inside it, by the protocol that web components share: who looks for something sends
 * `context-request` upwards, and who has it answers, now and with each change. Consumers of `@lit/context` are answered too.
 */

import type { Account } from "@stonechat/sdk";
import type { ReactiveControllerHost } from "lit";
import type { Locale } from "../i18n/index.ts";

/** The key of something that is provided; its type is what one gets. */
export type Context<T> = symbol & { readonly __context__: T };

export const accountContext = Symbol("stonechat-account") as Context<Account | null>;
export const localeContext = Symbol("stonechat-locale") as Context<Locale>;

type Stop = () => void;
type Answer = (value: unknown, stop?: Stop) => void;

interface Request extends Event {
  readonly context: unknown;
  readonly contextTarget?: Element;
  readonly callback: Answer;
  readonly subscribe?: boolean;
}

type Host = ReactiveControllerHost & HTMLElement;

/** Has the account and the language; it answers before it knows them, too. */
export class Provider {
  private readonly values = new Map<unknown, unknown>([[accountContext, null], [localeContext, undefined]]);
  private readonly followers = new Map<Answer, readonly [context: unknown, stop: Stop]>();

  constructor(private readonly host: Host) {
    host.addEventListener("context-request", (event) => this.answer(event as Request));
  }

  give<T>(context: Context<T>, value: T): void {
    if (this.values.get(context) === value) return;
    this.values.set(context, value);
    for (const [answer, [of, stop]] of this.followers) if (of === context) answer(value, stop);
  }

  private answer(event: Request): void {
    const { context, callback, subscribe } = event;
    if (!this.values.has(context) || (event.contextTarget ?? event.composedPath()[0]) === this.host) return;
    event.stopPropagation();
    const stop = (): void => void this.followers.delete(callback);
    if (subscribe) this.followers.set(callback, [context, stop]);
    callback(this.values.get(context), subscribe ? stop : undefined);
  }
}

/** Follows what the nearest provider has; `changed` is called after each change. */
export class Consumer<T> {
  value: T | undefined;
  private stop: Stop | undefined;

  constructor(host: Host, context: Context<T>, changed: () => void) {
    const callback: Answer = (value, stop) => {
      // Another provider answers, which is nearer.
      if (stop !== this.stop) this.stop?.();
      this.stop = stop;
      this.value = value as T;
      changed();
    };
    host.addController({
      hostConnected: () => {
        host.dispatchEvent(Object.assign(new Event("context-request", { bubbles: true, composed: true }), { context, contextTarget: host, callback, subscribe: true }));
      },
      hostDisconnected: () => {
        this.stop?.();
        this.stop = undefined;
      },
    });
  }
}
