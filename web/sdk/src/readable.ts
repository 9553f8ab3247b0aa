/** Values that can be watched: the store contract of Svelte, and both arguments of React's `useSyncExternalStore`. */

import { same } from "./same.ts";
import type { Readable } from "./types.ts";

/** A value that is told to whoever listens. */
export class Source<T> implements Readable<T> {
  readonly #listeners = new Set<(value: T) => void>();
  #value: T;

  constructor(value: T) {
    this.#value = value;
    this.get = this.get.bind(this);
    this.subscribe = this.subscribe.bind(this);
  }

  get(): T {
    return this.#value;
  }

  subscribe(listener: (value: T) => void): () => void {
    // A listener that is given twice is called twice, and ends twice.
    const own = (value: T) => listener(value);
    this.#listeners.add(own);
    call(own, this.#value);
    return () => {
      this.#listeners.delete(own);
    };
  }

  /** Replaces the value; what is equal stays the value that it was, and nobody is told. */
  set(value: T): void {
    if (!same(this.#value, value)) {
      this.replace(value);
    }
  }

  /** Replaces the value by another that is known to be different. */
  replace(value: T): void {
    this.#value = value;
    for (const listener of [...this.#listeners]) {
      if (this.#listeners.has(listener)) {
        // Who was told by a listener of a newer value is told that one.
        call(listener, this.#value);
      }
    }
  }

  /** Whether somebody listens. */
  get isWatched(): boolean {
    return this.#listeners.size > 0;
  }
}

/** What one listener does wrong is told to the page, and keeps nothing from the others. */
function call<T>(listener: (value: T) => void, value: T): void {
  try {
    listener(value);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}

/** A value made from another: made anew when that one is another, and the same while it is not. */
export function derived<S, T>(source: Readable<S>, make: (value: S) => T): Readable<T> {
  let from: S;
  let made: T;
  let isMade = false;
  const get = (): T => {
    const value = source.get();
    if (!isMade || value !== from) {
      const next = make(value);
      made = isMade && same(made, next) ? made : next;
      from = value;
      isMade = true;
    }
    return made;
  };
  return {
    get,
    subscribe(listener) {
      let told: { value: T } | null = null;
      return source.subscribe(() => {
        const value = get();
        if (told === null || told.value !== value) {
          told = { value };
          listener(value);
        }
      });
    },
  };
}

/** Waits until a value is as wished. Rejects when the signal is aborted, with its reason. */
export function until<T>(source: Readable<T>, isWished: (value: T) => boolean, signal?: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    let stop = (): void => {};
    const end = (): void => {
      isOver = true;
      stop();
      signal?.removeEventListener("abort", abort);
    };
    const abort = (): void => {
      end();
      reject(signal?.reason);
    };
    if (signal?.aborted) {
      return reject(signal.reason);
    }
    signal?.addEventListener("abort", abort);
    stop = source.subscribe((value) => {
      if (!isOver && isWished(value)) {
        end();
        resolve(value);
      }
    });
    if (isOver) {
      stop();
    }
  });
}
