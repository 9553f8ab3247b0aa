/**
 * Where an account of this page lives: in the one page of the browser that leads, which owns the socket, the core and the
 * store, or through a channel to it. The pages elect it by a lock, which passes on when it dies.
 */

import type { Change } from "../core/change.ts";
import type { Command, Reply } from "../core/command.ts";
import { closed } from "../core/link.ts";
import { StonechatError } from "../error.ts";
import { Source } from "../readable.ts";
import { type Store, storeErrorOf } from "../store/store.ts";
import type { EndReason } from "../types.ts";
import { Views } from "../views.ts";
import { LEADER_TIMEOUT_MS } from "./limits.ts";
import { reviveChange, reviveReply } from "./revive.ts";
import { Leader, type LeaderOptions, type Method, type Requests } from "./leader.ts";

/** How long what this device knows lasts. `memory`: as long as the page. `evictable`: the browser may remove it. */
export type Storage = "persistent" | "evictable" | "memory";

/** What a host works with. */
export interface HostOptions extends LeaderOptions {
  /** The same for all pages that show the same account; null when pages do not share it. */
  readonly name: string | null;
  /** This page. */
  readonly page: string;
  readonly open: () => Promise<{ readonly store: Store; readonly storage: Storage }>;
}

type Answer = { readonly value: unknown } | { readonly error: Fields };
/** The fields of an error, which do not survive a channel as an error does. */
type Fields = Partial<StonechatError> & { readonly message: string };

/** What pages say to each other. */
type Said =
  /** To the leader: who is there, and which page told it everything; if another leads, that one tells it. */
  | { readonly kind: "hello"; readonly from: string; readonly told: string | null }
  | {
      readonly kind: "ask";
      readonly from: string;
      readonly to: string;
      readonly id: number;
      readonly method: Method;
      readonly args: unknown[];
    }
  /** To all: this page leads now; or it does still, or will once its store is open. */
  | { readonly kind: "lead" | "here" }
  | {
      readonly kind: "snapshot";
      readonly from: string;
      readonly to: string;
      readonly changes: readonly Change[];
      readonly storage: Storage;
    }
  | { readonly kind: "changes"; readonly from: string; readonly changes: readonly Change[] }
  | { readonly kind: "answer"; readonly to: string; readonly id: number; readonly answer: Answer }
  /** To all: the account is signed out. */
  | { readonly kind: "over" };

/** Pages of another version of these words do not hear each other. */
const VERSION = 2;

interface Waiting {
  readonly method: Method;
  readonly args: unknown[];
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** Whether the user cannot see this page. */
function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}

function revived(answer: Answer): Answer {
  return "value" in answer ? { value: reviveReply(answer.value) } : answer;
}

export class Host {
  readonly views = new Views();
  readonly storage = new Source<Storage>("memory");
  readonly clock: LeaderOptions["clock"];
  readonly #options: HostOptions;
  #channel: BroadcastChannel | null = null;
  readonly #waiting = new Map<number, Waiting>();
  readonly #followers = new Set<string>();
  readonly #renewed = new Set<() => void>();
  readonly #over = new AbortController();
  /** What this page shows and watches, which whoever leads next is told again. */
  readonly #shown = new Map<string, Command>();
  #leader: Leader | null = null;
  /** Which page leads, as far as it has told everything; this one, or another. */
  #told: string | null = null;
  /** Whether the lead was given to this page. */
  #isElected = false;
  /** Ends the wait for who leads to answer, where it waits; and whether it was heard since. */
  #stopGreeting: (() => void) | null = null;
  #isHeard = false;
  #last = 0;
  #letGo = (): void => {};
  #isWishedAway = false;

  private constructor(options: HostOptions) {
    this.#options = options;
    this.clock = options.clock;
  }

  /** Leads, or follows; resolves once everything that the device holds can be seen. */
  static async open(options: HostOptions): Promise<Host> {
    const host = new Host(options);
    const { name, page } = options;
    if (name === null) {
      await host.#lead(() => true);
      host.#watchPage();
    } else {
      // Until it shows anything, too: whether it may take the lead depends on whether the user looks at it.
      host.#watchPage();
      // That this page is alive: the leader waits for this lock, so it is held before anybody hears of this page.
      await new Promise<void>((isHeld) => void host.#hold(`${name}:${page}`, async () => isHeld()));
      // Nor does this page hear of others before, which would make it speak.
      host.#channel = new BroadcastChannel(`${name}#${VERSION}`);
      host.#channel.onmessage = ({ data }: MessageEvent<Said>) => host.#hear(data);
      await new Promise<void>((resolve, reject) => {
        // It may be signed out by then.
        host.over.addEventListener("abort", () => reject(closed()));
        const told = host.onRenewed(() => {
          told();
          resolve();
        });
        host.#compete(name).catch(reject);
        host.#greet();
      });
    }
    return host;
  }

  /** Aborted when the account is stopped or signed out. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Calls when everything was told anew, by another leader: what was read before may be old. */
  onRenewed(call: () => void): () => void {
    this.#renewed.add(call);
    return () => void this.#renewed.delete(call);
  }

  ask(command: Command): Promise<Reply> {
    if (command.kind === "focus" || command.kind === "watch") {
      this.#shown.set(command.kind, command);
    }
    return this.call("ask", command);
  }

  /** Asks whoever leads, now or next; answered once. */
  call<M extends Method>(method: M, ...args: Parameters<Requests[M]>): ReturnType<Requests[M]> {
    const answer = new Promise((resolve, reject) => {
      if (this.over.aborted) {
        return reject(closed());
      }
      const id = ++this.#last;
      this.#waiting.set(id, { method, args, resolve, reject });
      this.#pass(id);
    });
    return answer as ReturnType<Requests[M]>;
  }

  /** The user says that he is away, whatever he looks at. */
  setAway(away: boolean): Promise<void> {
    this.#isWishedAway = away;
    return this.#tellAway();
  }

  /** Disconnects this page. Another that shows the account goes on. */
  async stop(): Promise<void> {
    await this.#end({ kind: "stopped" });
  }

  /** Signs the device out, and ends the account in all pages. */
  async signOut(): Promise<void> {
    await this.call("signOut");
    await this.stop();
  }

  /** Ends it here. Another page may lead once what this one still does is done. */
  async #end(reason: EndReason): Promise<void> {
    if (this.over.aborted) {
      return;
    }
    this.views.connection.set({ kind: "ended", reason });
    this.#over.abort(closed());
    for (const { method, resolve, reject } of this.#waiting.values()) {
      // Signed out it is, whoever asked for it.
      (method === "signOut" ? resolve : reject)(closed());
    }
    this.#waiting.clear();
    await this.#leader?.stop();
    this.#channel?.close();
    this.#channel = null;
    this.#letGo();
  }

  /** Leads once no other page does; or at once, when the one that does is suspended and will not let go. */
  async #compete(name: string, steal = false): Promise<void> {
    let isLeading = true;
    try {
      await this.#hold(name, () => this.#lead(() => isLeading), steal);
    } catch (error) {
      if ((error as Error).name !== "AbortError") {
        // It cannot lead now that it should.
        void this.#end({ kind: "store", error: storeErrorOf(error) });
        throw error;
      }
      // Another page took it while this one was suspended.
      isLeading = false;
      const leader = this.#leader;
      this.#isElected = false;
      this.#leader = this.#told = null;
      this.#followers.clear();
      void leader?.stop();
      this.#greet();
      await this.#compete(name);
    }
  }

  /** Says that this page is there. Where the user looks at it and nobody answers, it takes the lead. */
  #greet(): void {
    this.#stopGreeting?.();
    this.#isHeard = false;
    const since = this.clock.monotonicMs();
    this.#say({ kind: "hello", from: this.#options.page, told: this.#told });
    this.#stopGreeting = this.clock.after(LEADER_TIMEOUT_MS, () => {
      this.#stopGreeting = null;
      if (this.#isElected || isHidden() || this.over.aborted) {
        return;
      }
      // One that was suspended itself may not have heard yet what was answered.
      const isLate = this.clock.monotonicMs() - since >= 2 * LEADER_TIMEOUT_MS;
      if (!this.#isHeard && !isLate) {
        this.#compete(this.#options.name!, true).catch(() => {});
      } else if (isLate || this.#told === null) {
        this.#greet();
      }
    });
  }

  /** Holds a lock from when it is given until the account ends here. */
  async #hold(name: string, then: () => Promise<void>, steal = false): Promise<void> {
    const letGo = this.#letGo;
    const held = new Promise<void>((resolve) => {
      this.#letGo = () => {
        letGo();
        resolve();
      };
    });
    try {
      await navigator.locks.request(name, steal ? { steal } : { signal: this.over }, async () => {
        await then();
        await held;
      });
    } catch (error) {
      if (!this.over.aborted) {
        throw error;
      }
    }
  }

  async #lead(isLeading: () => boolean): Promise<void> {
    this.#isElected = true;
    this.#say({ kind: "here" });
    const { page, open } = this.#options;
    const { store, storage } = await open();
    let isFirst = true;
    const leader = await Leader.open(store, this.#options, (all) => {
      if (!isLeading()) {
        return;
      }
      // Where it has ended, what is still being stored is told; its connection is nothing to the others any more.
      const changes = this.over.aborted ? all.filter(({ kind }) => kind !== "connection") : all;
      if (isFirst) {
        isFirst = false;
        this.views.renew(changes);
      } else {
        this.views.apply(changes);
      }
      if (this.#followers.size > 0) {
        this.#channel?.postMessage({ kind: "changes", from: page, changes } satisfies Said);
      }
    });
    if (!isLeading() || this.over.aborted) {
      return leader.stop();
    }
    this.#leader = leader;
    this.#told = page;
    this.storage.set(storage);
    this.#say({ kind: "lead" });
    this.#tellRenewed();
  }

  #tellRenewed(): void {
    [...this.#waiting.keys()].forEach((id) => this.#pass(id));
    [...this.#renewed].forEach((call) => call());
    this.#shown.forEach((command) => void this.ask(command).catch(() => {}));
    void this.#tellAway();
  }

  #pass(id: number): void {
    const { method, args } = this.#waiting.get(id)!;
    const { page } = this.#options;
    if (this.#leader !== null) {
      void this.#answer(page, method, args).then((answer) => this.#take(id, answer));
    } else if (this.#told !== null) {
      this.#say({ kind: "ask", from: page, to: this.#told, id, method, args });
      // It may have fallen asleep since it was heard last.
      if (this.#stopGreeting === null) {
        this.#greet();
      }
    }
  }

  async #answer(page: string, method: Method, args: unknown[]): Promise<Answer> {
    try {
      const leader = this.#leader!;
      const value = await leader.call(page, method, args as never);
      if (method === "signOut") {
        this.#say({ kind: "over" });
        void this.stop();
      }
      return { value };
    } catch (error) {
      return { error: { ...(error as StonechatError), message: (error as Error).message } };
    }
  }

  #take(id: number, answer: Answer): void {
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if ("error" in answer) {
      const { code = "unknown", message, retryable, retryAfterMs, field } = answer.error;
      waiting?.reject(new StonechatError(code, message, retryable, retryAfterMs, field));
    } else {
      waiting?.resolve(answer.value);
    }
  }

  #say(said: Said): void {
    if (!this.over.aborted) {
      this.#channel?.postMessage(said);
    }
  }

  #hear(said: Said): void {
    const { page } = this.#options;
    switch (said.kind) {
      case "hello":
        if (this.#leader !== null && !this.over.aborted && said.told !== page) {
          return this.#welcome(said.from);
        }
        // One that ends lets go soon.
        return this.#isElected ? this.#channel?.postMessage({ kind: "here" } satisfies Said) : undefined;
      case "ask":
        // One that slept while another took the lead may hear what was asked of that one.
        if (this.#leader !== null && said.to === page) {
          const { from, id, method, args } = said;
          void this.#answer(from, method, args).then((answer) => this.#say({ kind: "answer", to: from, id, answer }));
        }
        return;
      case "here":
        this.#isHeard = true;
        return;
      case "lead":
        if (!this.#isElected) {
          this.#told = null;
          this.#greet();
        }
        return;
      case "snapshot":
        if (said.to === page && this.#leader === null) {
          this.#stopGreeting?.();
          this.#stopGreeting = null;
          this.storage.set(said.storage);
          this.views.renew(said.changes.map(reviveChange));
          this.#told = said.from;
          this.#tellRenewed();
        }
        return;
      case "changes":
        if (this.#leader !== null) {
          return;
        }
        if (said.from === this.#told) {
          this.#isHeard = true;
          this.views.apply(said.changes.map(reviveChange));
        } else if (this.#told !== null) {
          // The page that told everything leads no more.
          this.#told = null;
          this.#greet();
        }
        return;
      case "answer":
        return said.to === page ? this.#take(said.id, revived(said.answer)) : undefined;
      case "over":
        void this.stop();
    }
  }

  #welcome(page: string): void {
    if (!this.#followers.has(page)) {
      this.#followers.add(page);
      const gone = (): void => {
        this.#followers.delete(page);
        void this.#leader?.leave(page);
      };
      navigator.locks.request(`${this.#options.name}:${page}`, { signal: this.over }, gone).catch(() => {});
    }
    const from = this.#options.page;
    this.#say({ kind: "snapshot", from, to: page, changes: this.views.retell(), storage: this.storage.get() });
  }

  async #tellAway(): Promise<void> {
    await this.ask({ kind: "away", away: this.#isWishedAway || isHidden() }).catch(() => {});
  }

  /** Listens to what the page hears of the network and of its user. */
  #watchPage(): void {
    const signal = this.over;
    if (globalThis.document === undefined || globalThis.window === undefined) {
      return;
    }
    window.addEventListener("online", () => this.#leader?.network(true), { signal });
    window.addEventListener("offline", () => this.#leader?.network(false), { signal });
    document.addEventListener("visibilitychange", () => {
      void this.#tellAway();
      if (!isHidden()) {
        void this.ask({ kind: "try_now" }).catch(() => {});
        if (this.#options.name !== null && this.#leader === null) {
          this.#greet();
        }
      }
    }, { signal });
  }
}
