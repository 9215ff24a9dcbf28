import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { randomPrograms } from '../helpers/programs/random-programs.js';
import { renderProgram } from '../helpers/programs/render-program.js';
import { tryProgram } from '../helpers/programs/try-program.js';

/** `SIGNET_PROGRAMS=5000` tries as many, `SIGNET_PROGRAMS_SEED=7` others. `bench/random-programs.ts` also sees processes that end. */
const numRuns = Number(process.env.SIGNET_PROGRAMS ?? 300);
const seed = Number(process.env.SIGNET_PROGRAMS_SEED ?? 16);

it('a random program computes the same as a graph at every size, or is refused', { timeout: 3_600_000 }, async () => {
  const sizes = { refused: 0 };
  const property = fc.asyncProperty(randomPrograms, async (program) => {
    const { kind, message } = await tryProgram(program);
    if (kind === 'refused') sizes.refused += 1;
    if (kind === 'wrong' || kind === 'fails') throw new Error(`${message}\n${renderProgram(program).source}`);
  });
  await fc.assert(property, { numRuns, seed });
  expect(sizes.refused).toBeLessThan(numRuns / 5);
});

describe('half of the random programs do what programs seldom do', () => {
  const sources = fc.sample(randomPrograms, { numRuns: 1000, seed }).map((program) => renderProgram(program));
  const share = (does: (source: string) => boolean) => sources.filter(({ source }) => does(source)).length / 1000;

  const unusual: [string, RegExp][] = [
    ['limits', /Math\.(min|max)/],
    ['remainders', / % /],
    ['thresholds', / [<>] \d+ \?/],
    ['loops', /for \(/],
    ['choices of variables', /\? w1 : w2/],
    ['several arguments', /\(x, y\)/],
    ['bodies', /mapFn\(|cond\(|whileLoop\(/],
    ['inner functions', /tfFunction\(/],
    ['gradients', /tf\.grad\(/],
    ['random numbers', /random(Uniform|Normal)\(/],
  ];

  it.each(unusual)('%s', (_, pattern) => {
    expect(share((source) => pattern.test(source))).toBeGreaterThan(0.03);
  });

  it('one or another of these', () => {
    expect(share((source) => unusual.some(([, pattern]) => pattern.test(source)))).toBeGreaterThan(0.5);
  });

  it('pixels and large integers', () => {
    const types = sources.flatMap(({ signature }) => Object.values(signature).map(({ dtype }) => dtype));
    expect(types.filter((dtype) => dtype === 'uint8').length).toBeGreaterThan(60);
    expect(types.filter((dtype) => dtype === 'int64').length).toBeGreaterThan(20);
  });
});
