import { describe, expect, it } from 'vitest';

import { parseServingJson } from '../../src/client/parse-serving-json.js';

/** Milliseconds; quadratic, these texts would take half a minute and more. */
const most = 2000;

describe('a hostile answer', () => {
  it.each([
    ['quotation marks without an end', `NaN"${'\\"'.repeat(160_000)}`],
    ['a string of quotations without an end', `Infinity"${'a\\"'.repeat(160_000)}`],
    ['a large number, and the same in a list', `[1234567890123456,"${' \\"'.repeat(160_000)}`],
    ['backslashes without an end', `NaN"${'\\'.repeat(320_001)}`],
  ])('of %s is refused in no time', (_, text) => {
    const started = performance.now();
    expect(() => parseServingJson(text)).toThrow(SyntaxError);
    expect(performance.now() - started).toBeLessThan(most);
  });
});
