/** Numbers of the wire, which has 64 bits for them. */

import { FOR_GOOD } from "../types.ts";

/** A number as it comes in; what stands for "never ends" becomes {@link FOR_GOOD}. */
export function num(wire: bigint): number {
  return Math.min(Number(wire), FOR_GOOD);
}

/** A time of what ends: 0 is none, -1 of the wire has no end. */
export function until(wire: bigint): number {
  return wire === -1n ? FOR_GOOD : num(wire);
}

/** The same, for the wire. */
export function untilToWire(time: number): bigint {
  return BigInt(time >= FOR_GOOD ? -1 : Math.trunc(time));
}

/** How many of a sorted array come before the first of which this is not true. */
export function partition<T>(sorted: readonly T[], isBefore: (one: T) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isBefore(sorted[middle]!)) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
