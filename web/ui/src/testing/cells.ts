/** Values that can be watched, for the fake account. */

import type { Readable } from "@stonechat/sdk";

export interface Cell<T> extends Readable<T> {
  set(value: T): void;
}

export function cell<T>(value: T): Cell<T> {
  const listeners = new Set<(value: T) => void>();
  return {
    get: () => value,
    set(next) {
      if (next === value) return;
      value = next;
      for (const listener of [...listeners]) listener(value);
    },
    subscribe(listener) {
      listeners.add(listener);
      listener(value);
      return () => void listeners.delete(listener);
    },
  };
}

/** Says that something changed; what is derived from it looks again. */
export class Source {
  version = 0;
  private readonly listeners = new Set<() => void>();

  changed(): void {
    this.version++;
    for (const listener of [...this.listeners]) listener();
  }

  onChange(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

/** Equal by value: what is equal keeps its reference. */
export function equal(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  if (a instanceof Map && b instanceof Map) {
    return a.size === b.size && [...a].every(([key, value]) => b.has(key) && equal(value, b.get(key)));
  }
  const left = Object.entries(a);
  return left.length === Object.keys(b).length && left.every(([key, value]) => equal(value, (b as Record<string, unknown>)[key]));
}

/** A value made of others, computed when somebody looks. */
export function derived<T>(source: Source, compute: (before: T | undefined) => T): Readable<T> {
  let version = -1;
  let value: T;
  let stop: (() => void) | null = null;
  const listeners = new Set<(value: T) => void>();
  const get = (): T => {
    if (version !== source.version) {
      version = source.version;
      const next = compute(value);
      if (!equal(next, value)) value = next;
    }
    return value;
  };
  return {
    get,
    subscribe(listener) {
      listeners.add(listener);
      const now = get();
      let told = now;
      stop ??= source.onChange(() => {
        const next = get();
        if (next === told) return;
        told = next;
        for (const each of [...listeners]) each(next);
      });
      listener(now);
      return () => {
        listeners.delete(listener);
        if (listeners.size === 0) {
          stop?.();
          stop = null;
        }
      };
    },
  };
}
