/**
 * SHA-256 (FIPS 180-4) of a few bytes, at once: the page's own answers only later, and ids are made where nobody waits. Its
 * constants are computed: the first 32 bits behind the point of the square roots of the first 8 primes, and of the cube
 * roots of the first 64.
 */

let constants: readonly [start: readonly number[], rounds: readonly number[]] | undefined;

export function sha256(bytes: Uint8Array): Uint8Array {
  const [start, rounds] = (constants ??= roots());
  const blocks = new DataView(new ArrayBuffer(((bytes.length + 8) & ~63) + 64));
  const padded = new Uint8Array(blocks.buffer);
  padded.set(bytes);
  padded[bytes.length] = 0x80;
  blocks.setUint32(padded.length - 4, bytes.length * 8);
  const hash = [...start];
  const words: number[] = [];
  for (let block = 0; block < padded.length; block += 64) {
    let [a, b, c, d, e, f, g, h] = hash as [number, number, number, number, number, number, number, number];
    for (let i = 0; i < 64; i++) {
      words[i] = i < 16 ? blocks.getInt32(block + i * 4) : next(words, i);
      const first = h + (turn(e, 6) ^ turn(e, 11) ^ turn(e, 25)) + ((e & f) ^ (~e & g)) + rounds[i]! + words[i]!;
      const second = (turn(a, 2) ^ turn(a, 13) ^ turn(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
      [h, g, f, e, d, c, b, a] = [g, f, e, (d + first) | 0, c, b, a, (first + second) | 0];
    }
    [a, b, c, d, e, f, g, h].forEach((word, at) => (hash[at] = (hash[at]! + word) | 0));
  }
  const out = new DataView(new ArrayBuffer(32));
  hash.forEach((word, at) => out.setInt32(at * 4, word));
  return new Uint8Array(out.buffer);
}

function next(words: readonly number[], i: number): number {
  const [early, late] = [words[i - 15]!, words[i - 2]!];
  const first = turn(early, 7) ^ turn(early, 18) ^ (early >>> 3);
  const second = turn(late, 17) ^ turn(late, 19) ^ (late >>> 10);
  return (words[i - 16]! + first + words[i - 7]! + second) | 0;
}

/** A word, turned to the right. */
function turn(word: number, bits: number): number {
  return (word >>> bits) | (word << (32 - bits));
}

function roots(): [number[], number[]] {
  const primes: bigint[] = [];
  for (let n = 2n; primes.length < 64; n++) {
    if (primes.every((prime) => n % prime > 0n)) {
      primes.push(n);
    }
  }
  const behindPoint = (n: bigint, power: bigint) => {
    let root = 0n;
    for (let bit = 1n << 40n; bit > 0n; bit >>= 1n) {
      root += (root + bit) ** power <= n << (32n * power) ? bit : 0n;
    }
    return Number(BigInt.asIntN(32, root));
  };
  return [primes.slice(0, 8).map((prime) => behindPoint(prime, 2n)), primes.map((prime) => behindPoint(prime, 3n))];
}
