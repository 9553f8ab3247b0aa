/** Randomness out of the one number that comes with each input. */

import { BACKOFF_MS_FIRST, BACKOFF_MS_MAX, BACKOFF_MS_MIN } from "./limits.ts";

const u64 = (value: bigint) => BigInt.asUintN(64, value);

/** Gives numbers that follow from a seed (SplitMix64). */
export class Dice {
  #state: bigint;

  constructor(seed: number) {
    this.#state = BigInt(seed);
  }

  /** The next number, of 64 bits. */
  roll(): bigint {
    this.#state = u64(this.#state + 0x9e37_79b9_7f4a_7c15n);
    let z = this.#state;
    z = u64((z ^ (z >> 30n)) * 0xbf58_476d_1ce4_e5b9n);
    z = u64((z ^ (z >> 27n)) * 0x94d0_49bb_1331_11ebn);
    return z ^ (z >> 31n);
  }

  /** A whole number from `low` to `high`, both included. */
  between(low: number, high: number): number {
    return low >= high ? low : low + Number(this.roll() % BigInt(high - low + 1));
  }
}

/** How long to wait before the nth further try: full jitter, `n` from 0. */
export function backoffMs(dice: Dice, n: number): number {
  return dice.between(BACKOFF_MS_MIN, Math.min(BACKOFF_MS_FIRST * 2 ** n, BACKOFF_MS_MAX));
}
