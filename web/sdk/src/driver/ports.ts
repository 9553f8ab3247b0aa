/** The world as the driver sees it. Each can be replaced by a test. */

/** A live connection: frames out and in. */
export interface Connection {
  send(bytes: Uint8Array): void;
  /** Ends it. Nothing of it comes in any more. */
  close(): void;
}

/** What becomes of a connection that is being made. After `closed` nothing comes. */
export interface ConnectionEvents {
  opened(): void;
  received(bytes: Uint8Array): void;
  closed(reason: string): void;
}

/** Makes connections to one server. What it returns can be closed before it is open. */
export type Transport = (events: ConnectionEvents) => Connection;

export interface Clock {
  /** Milliseconds since 1970-01-01 UTC. May jump. */
  wallMs(): number;
  /** Milliseconds since some moment. Never goes back. */
  monotonicMs(): number;
  /** Calls once after so many milliseconds; returns how to take it back. */
  after(ms: number, call: () => void): () => void;
}

/** Fills bytes with what nobody can foresee. */
export type Entropy = (bytes: Uint8Array<ArrayBuffer>) => void;

/** The clocks of the system. */
export const systemClock: Clock = {
  wallMs: () => Date.now(),
  monotonicMs: () => Math.floor(performance.now()),
  after(ms, call) {
    // Longer times overflow the timer, which then fires at once. Firing early does no harm.
    const timer = setTimeout(call, Math.min(ms, 0x7fff_ffff));
    return () => clearTimeout(timer);
  },
};

/** The randomness of the system. */
export const systemEntropy: Entropy = (bytes) => {
  crypto.getRandomValues(bytes);
};
