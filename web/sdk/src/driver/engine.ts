/** The one loop of an account: what happens goes into the core, what the core wants is done. */

import { fromBinary, toBinary } from "../codec.ts";
import type { TokenReason, TokenRequest } from "../api.ts";
import type { Change } from "../core/change.ts";
import type { Command, Reply, Ticket } from "../core/command.ts";
import { closed, type TokenError } from "../core/link.ts";
import { type Action, Core, type Input, type Settings } from "../core/machine.ts";
import type { Snapshot, Transaction } from "../core/rows.ts";
import { isStonechatError, type StonechatError } from "../error.ts";
import { type Frame, FrameSchema } from "../gen/stonechat/v1/native_pb.ts";
import { storeErrorOf, type Store } from "../store/store.ts";
import {
  CONNECT_TIMEOUT_MS, FRAMES_HELD_FROM, FRAMES_HELD_MAX, STOP_TIMEOUT_MS, TOKEN_TIMEOUT_MS, TRANSACTIONS_PER_COMMIT,
} from "./limits.ts";
import type { Clock, Connection, Entropy, Transport } from "./ports.ts";

/** What the loop works with. */
export interface EngineOptions {
  readonly settings: Settings;
  readonly snapshot: Snapshot;
  readonly store: Store;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly entropy: Entropy;
  readonly tokens: (request: TokenRequest) => Promise<string>;
  /** Takes the changes of one input, in their order. */
  readonly emit: (changes: readonly Change[]) => void;
}

interface Waiting {
  readonly resolve: (reply: Reply) => void;
  readonly reject: (error: StonechatError) => void;
}

function decode(bytes: Uint8Array): Frame | null {
  try {
    return fromBinary(FrameSchema, bytes);
  } catch {
    return null;
  }
}

/** A core at work. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #core: Core;
  readonly #answers = new Map<Ticket, Waiting>();
  readonly #inputs: Input[] = [];
  readonly #transactions: Transaction[] = [];
  /** Frames that wait for the store, which sets the pace. */
  readonly #held: Uint8Array[] = [];
  #isHandling = false;
  #isWriting = false;
  /** Why nothing becomes durable any more. */
  #failure: unknown = null;
  #isOver = false;
  #lastTicket = 0;
  #connection: Connection | null = null;
  #stopTimer = (): void => {};
  #stopConnecting = (): void => {};
  #stopToken = (): void => {};

  /** Begins with what the store holds, and tells it at once. */
  constructor(options: EngineOptions) {
    this.#options = options;
    this.#core = new Core(options.settings, options.snapshot);
    this.#isHandling = true;
    this.#act();
    this.#isHandling = false;
    this.#drain();
  }

  /** Asks the core; answered once what it changed is durable. */
  ask(command: Command): Promise<Reply> {
    if (this.#isOver) {
      return Promise.reject(closed());
    }
    return new Promise((resolve, reject) => {
      const ticket = ++this.#lastTicket;
      this.#answers.set(ticket, { resolve, reject });
      this.#input({ kind: "command", ticket, command });
    });
  }

  /** The network of this machine is gone: what the connection still seems to be, it is not. */
  networkGone(): void {
    if (this.#connection !== null) {
      this.#disconnect();
      this.#input({ kind: "closed", reason: "the network is gone" });
    }
  }

  /** Ends. What was accepted is made durable first: nobody is answered before what was asked earlier is. */
  async stop(): Promise<void> {
    if (this.#isOver) {
      return;
    }
    await new Promise<unknown>((resolve) => {
      this.#options.clock.after(STOP_TIMEOUT_MS, () => resolve(null));
      this.ask({ kind: "stop" }).then(resolve, resolve);
    });
    this.#isOver = true;
    this.#disconnect();
    this.#stopToken();
    this.#stopTimer();
    this.#answers.forEach(({ reject }) => reject(closed()));
    this.#answers.clear();
  }

  #input(input: Input): void {
    this.#inputs.push(input);
    if (!this.#isHandling) {
      this.#drain();
    }
  }

  #drain(): void {
    this.#isHandling = true;
    try {
      for (let input = this.#inputs.shift(); input !== undefined; input = this.#inputs.shift()) {
        this.#handle(input);
      }
    } finally {
      this.#isHandling = false;
    }
    this.#setTimer();
  }

  #handle(input: Input): void {
    const { clock, entropy } = this.#options;
    const random = new Uint32Array(1);
    entropy(new Uint8Array(random.buffer));
    const now = { monotonicMs: clock.monotonicMs(), wallMs: clock.wallMs(), random: random[0]! };
    this.#core.handle(now, input);
    this.#act();
  }

  #setTimer(): void {
    this.#stopTimer();
    this.#stopTimer = () => {};
    const at = this.#core.nextDeadline();
    if (at !== null && !this.#isOver) {
      const { clock } = this.#options;
      this.#stopTimer = clock.after(Math.max(1, at - clock.monotonicMs()), () => this.#input({ kind: "tick" }));
    }
  }

  /** Does what the core wants, in its order. */
  #act(): void {
    const changes: Change[] = [];
    for (const action of this.#core.actions.splice(0)) {
      if (action.kind === "emit") {
        changes.push(action.change);
      } else if (action.kind === "reply") {
        // Whoever waits goes on after this loop: he sees what changed by it.
        this.#reply(action);
      } else {
        this.#do(action);
      }
    }
    if (changes.length > 0) {
      this.#options.emit(changes);
    }
  }

  #do(action: Exclude<Action, { kind: "emit" | "reply" }>): void {
    switch (action.kind) {
      case "fetch_token":
        return this.#fetchToken(action.reason);
      case "connect":
        return this.#connect();
      case "disconnect":
        return this.#disconnect();
      case "transmit":
        return this.#connection?.send(toBinary(FrameSchema, action.frame));
      case "commit":
        this.#transactions.push(action.transaction);
        void this.#write();
    }
  }

  #reply({ ticket, reply }: Extract<Action, { kind: "reply" }>): void {
    const waiting = this.#answers.get(ticket);
    this.#answers.delete(ticket);
    if (isStonechatError(reply)) {
      waiting?.reject(reply);
    } else {
      waiting?.resolve(reply);
    }
  }

  async #write(): Promise<void> {
    if (this.#isWriting) {
      return;
    }
    this.#isWriting = true;
    // What the same input, and those right behind it, still write goes with it.
    await Promise.resolve();
    while (this.#transactions.length > 0) {
      const batch = this.#transactions.splice(0, TRANSACTIONS_PER_COMMIT);
      try {
        // Behind what failed nothing is stored, and whoever waits for it is told so.
        if (this.#failure !== null) {
          throw this.#failure;
        }
        await this.#options.store.apply(batch);
        this.#input({ kind: "committed", number: batch.at(-1)!.number });
      } catch (error) {
        this.#failure = error;
        this.#input({ kind: "store_failed", error: storeErrorOf(error) });
      }
      this.#release();
    }
    this.#isWriting = false;
  }

  #fetchToken(reason: TokenReason): void {
    this.#stopToken();
    const { clock, tokens, settings } = this.#options;
    const controller = new AbortController();
    let isOpen = true;
    const answer = (token: string | TokenError): void => {
      if (isOpen) {
        isOpen = false;
        stop();
        this.#input({ kind: "token", token });
      }
    };
    const stop = clock.after(TOKEN_TIMEOUT_MS, () => {
      answer({ kind: "later", reason: "the token provider took too long" });
      controller.abort();
    });
    this.#stopToken = () => {
      isOpen = false;
      stop();
      controller.abort();
    };
    const ask = async (): Promise<string> => {
      const token: unknown = await tokens({ userId: settings.me, reason, signal: controller.signal });
      // What an app reads of its own server may lack it, whatever the types say.
      if (typeof token !== "string") {
        throw new TypeError("the token provider gave no token");
      }
      return token;
    };
    ask().then(answer, (error: unknown) => {
      const isRefused = isStonechatError(error) && error.code === "auth.no_token";
      answer({ kind: isRefused ? "refused" : "later", reason: error instanceof Error ? error.message : String(error) });
    });
  }

  #connect(): void {
    this.#disconnect();
    const { clock, transport } = this.#options;
    let connection: Connection | null = null;
    const isCurrent = (): boolean => connection !== null && this.#connection === connection;
    const end = (reason: string): void => {
      if (isCurrent()) {
        this.#disconnect();
        this.#input({ kind: "closed", reason });
      }
    };
    connection = transport({
      opened: () => {
        if (isCurrent()) {
          this.#stopConnecting();
          this.#input({ kind: "opened" });
        }
      },
      received: (bytes) => {
        if (isCurrent()) {
          this.#held.push(bytes);
          this.#release();
        }
        if (this.#held.length > FRAMES_HELD_MAX) {
          // What is dropped with them the server has: it is asked for again.
          end("the store is too slow");
        }
      },
      closed: end,
    });
    this.#connection = connection;
    this.#stopConnecting = clock.after(CONNECT_TIMEOUT_MS, () => end("the server took too long"));
  }

  /** Hands on what came, unless the store is behind. */
  #release(): void {
    while (this.#held.length > 0 && this.#transactions.length < FRAMES_HELD_FROM && this.#connection !== null) {
      const frame = decode(this.#held.shift()!);
      if (frame === null) {
        this.#disconnect();
        return this.#input({ kind: "closed", reason: "the server sent what is not a frame" });
      }
      this.#input({ kind: "frame", frame });
    }
  }

  #disconnect(): void {
    this.#stopConnecting();
    this.#stopConnecting = () => {};
    this.#connection?.close();
    this.#connection = null;
    this.#held.length = 0;
  }
}
