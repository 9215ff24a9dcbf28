import { createHash } from 'node:crypto';

import { SignetError } from '../../errors.js';

/** A source of random numbers, uniform in [0, 1) with 53 bits each, the same for the same seed on every machine. */
export type Random = () => number;

/**
 * Makes a source of random numbers from a seed: sfc32 (Chris Doty-Humphrey, PractRand), whose state is filled by
 * splitmix32 (after Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014) so that neighbouring
 * seeds have nothing in common. Not for secrets.
 *
 * @param seed Any safe integer.
 * @throws SignetError `INVALID_ARGUMENT` for another number.
 */
export function createRandom(seed: number): Random {
  checkSeed(seed);
  const fill = splitmix32(seed ^ splitmix32(Math.floor(seed / 2 ** 32))());
  const next = sfc32(fill(), fill(), fill());
  // As Python's random.random() makes 53 bits of two words.
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** A copy of `items` in random order: every order is equally likely (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const copy = [...items];
  for (let last = copy.length - 1; last > 0; last--) {
    const chosen = Math.floor(random() * (last + 1));
    [copy[last], copy[chosen]] = [copy[chosen] as T, copy[last] as T];
  }
  return copy;
}

/**
 * Derives a seed for one use of another seed, such as the shuffle of epoch 3, different from that for any other use.
 *
 * @param text What it is for; the same text gives the same seed.
 * @returns An integer from 0 to 2^32 - 1.
 */
export function deriveSeed(seed: number, text: string): number {
  checkSeed(seed);
  return createHash('sha256').update(`${seed}:${text}`).digest().readUInt32LE();
}

function checkSeed(seed: number): void {
  if (Number.isSafeInteger(seed)) return;
  throw new SignetError('INVALID_ARGUMENT', `A seed is an integer. Received: ${seed}.`);
}

function splitmix32(seed: number): () => number {
  let state = seed | 0;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let word = state ^ (state >>> 16);
    word = Math.imul(word, 0x21f0aaad);
    word ^= word >>> 15;
    word = Math.imul(word, 0x735a2d97);
    return (word ^ (word >>> 15)) >>> 0;
  };
}

function sfc32(first: number, second: number, third: number): () => number {
  let [a, b, c, counter] = [first | 0, second | 0, third | 0, 1];
  const next = (): number => {
    const sum = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = (((c << 21) | (c >>> 11)) + sum) | 0;
    return sum >>> 0;
  };
  // PractRand mixes the seed by discarding the first twelve words.
  for (let i = 0; i < 12; i++) next();
  return next;
}
