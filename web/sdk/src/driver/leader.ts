/** A store and a core at work, for all pages of this browser that show the account. */

import type { TokenRequest } from "../api.ts";
import type { Change } from "../core/change.ts";
import type { Command, Reply } from "../core/command.ts";
import type { Settings } from "../core/machine.ts";
import type { MessageRow } from "../core/rows.ts";
import { FOCUS_MAX } from "../core/limits.ts";
import {
  type HistoryRows, type MessageQuery, type MessageSearch, pageOf, type RecordedEvent, type Store,
} from "../store/store.ts";
import type { ConversationId, Seq, UserId } from "../types.ts";
import { Engine } from "./engine.ts";
import { WATCHED_MAX } from "./limits.ts";
import type { Clock, Entropy, Transport } from "./ports.ts";

/** What a page asks of the one that leads. All of it can be asked twice. */
export interface Requests {
  ask(command: Command): Promise<Reply>;
  page(query: MessageQuery): Promise<HistoryRows>;
  message(conversation: ConversationId, seq: Seq): Promise<MessageRow | null>;
  search(search: MessageSearch): Promise<MessageRow[]>;
  names(limit: number): Promise<[UserId, string][]>;
  /** Keeps each event that arrives until it is acknowledged, from now on and after a restart. */
  record(): Promise<void>;
  events(after: number, limit: number): Promise<RecordedEvent[]>;
  acknowledge(upto: number): Promise<void>;
  signOut(): Promise<void>;
}

export type Method = keyof Requests;

/** What the leader works with, besides its store. */
export interface LeaderOptions {
  readonly settings: Settings;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly tokens: (request: TokenRequest) => Promise<string>;
}

/** What one page shows and watches, and whether its user is away. */
interface Attention {
  focus: readonly ConversationId[];
  watch: readonly UserId[];
  away: boolean;
}

const RECORDING = "recording";

/** Leads. Everything is asked in the name of a page. */
export class Leader {
  readonly #store: Store;
  readonly #engine: Engine;
  readonly #settings: { recordEvents: boolean };
  readonly #pages = new Map<string, Attention>();

  private constructor(store: Store, engine: Engine, settings: { recordEvents: boolean }) {
    this.#store = store;
    this.#engine = engine;
    this.#settings = settings;
  }

  /** Opens what the store holds and tells it, and begins to connect. */
  static async open(store: Store, options: LeaderOptions, emit: (changes: readonly Change[]) => void): Promise<Leader> {
    const [snapshot, recording] = await Promise.all([store.load(), store.setting(RECORDING)]);
    const settings = { ...options.settings, recordEvents: recording !== null };
    const engine = new Engine({ ...options, settings, snapshot, store, emit });
    const leader = new Leader(store, engine, settings);
    // Whatever keeps it from that, the connection says.
    engine.ask({ kind: "start" }).catch(() => {});
    return leader;
  }

  /** The network of this machine is gone, or back. */
  network(isThere: boolean): void {
    if (isThere) {
      void this.#engine.ask({ kind: "try_now" }).catch(() => {});
    } else {
      this.#engine.networkGone();
    }
  }

  /** A page is gone: nobody looks at what it showed. */
  async leave(page: string): Promise<void> {
    if (this.#pages.delete(page)) {
      await Promise.all([this.#focus(), this.#watch(), this.#away()]).catch(() => {});
    }
  }

  async stop(): Promise<void> {
    await this.#engine.stop();
    this.#store.close();
  }

  /** Does what a page asks. */
  async call<M extends Method>(page: string, method: M, args: Parameters<Requests[M]>): Promise<unknown> {
    switch (method) {
      case "ask":
        return this.#ask(page, args[0] as Command);
      case "record":
        this.#settings.recordEvents = true;
        return this.#store.setSetting(RECORDING, "1");
      case "signOut":
        await this.#engine.ask({ kind: "sign_out" });
        await this.#engine.stop();
        return this.#store.erase();
      case "page":
        return pageOf(this.#store, args[0] as MessageQuery);
      default: {
        const read = this.#store[method as Exclude<Method, "ask" | "record" | "signOut" | "page">] as (
          ...all: unknown[]
        ) => Promise<unknown>;
        return read(...args);
      }
    }
  }

  #ask(page: string, command: Command): Promise<Reply> {
    const attention = this.#pages.get(page) ?? { focus: [], watch: [], away: false };
    // The page that spoke last comes first.
    this.#pages.delete(page);
    this.#pages.set(page, attention);
    switch (command.kind) {
      case "focus":
        attention.focus = command.conversations;
        return this.#focus();
      case "watch":
        attention.watch = command.users;
        return this.#watch();
      case "away":
        attention.away = command.away;
        return this.#away();
      default:
        return this.#engine.ask(command);
    }
  }

  #focus(): Promise<Reply> {
    return this.#engine.ask({ kind: "focus", conversations: this.#union("focus", FOCUS_MAX) });
  }

  #watch(): Promise<Reply> {
    return this.#engine.ask({ kind: "watch", users: this.#union("watch", WATCHED_MAX) });
  }

  #away(): Promise<Reply> {
    return this.#engine.ask({ kind: "away", away: [...this.#pages.values()].every(({ away }) => away) });
  }

  #union(what: "focus" | "watch", max: number): string[] {
    const newestFirst = [...this.#pages.values()].reverse();
    return [...new Set(newestFirst.flatMap((page) => page[what]))].slice(0, max);
  }
}
