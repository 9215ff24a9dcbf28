import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

describe('docs/errors.md', () => {
  it('lists every code of SignetError, and no other', async () => {
    const source = await readFile('src/errors.ts', 'utf8');
    const codes = [...source.matchAll(/^ {2}\| '([A-Z_]+)'/gm)].map(([, code]) => code);
    const listed = [...(await readFile('docs/errors.md', 'utf8')).matchAll(/^\| `([A-Z_]+)` +\|/gm)].map(
      ([, code]) => code,
    );
    expect(listed.toSorted()).toEqual(codes.toSorted());
  });
});
