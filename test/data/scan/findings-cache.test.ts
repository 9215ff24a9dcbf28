import { existsSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { expect, it } from 'vitest';

import { keepFindings, readFindings } from '../../../src/data/scan/findings-cache.js';
import { temporaryDirectory } from '../samples.js';

const day = 24 * 60 * 60 * 1000;

/** A file that was used last some days ago. */
function used(folder: string, name: string, days: number): string {
  const [file, then] = [join(folder, name), new Date(Date.now() - days * day)];
  writeFileSync(file, 'old\n');
  utimesSync(file, then, then);
  return file;
}

it('removes findings that no scan has used for half a year, and nothing else', async () => {
  const folder = temporaryDirectory();
  const gone = used(folder, `${'a'.repeat(32)}.tsv`, 181);
  const goneToo = used(folder, `${'b'.repeat(32)}.jsonl`, 400);
  const young = used(folder, `${'c'.repeat(32)}.tsv`, 179);
  const readAgain = used(folder, `${'d'.repeat(32)}.tsv`, 300);
  const notOurs = used(folder, 'notes.tsv', 1000);
  expect((await readFindings(readAgain)).toString()).toBe('old\n');
  expect(Date.now() - statSync(readAgain).mtimeMs).toBeLessThan(day);
  const file = join(folder, `${'e'.repeat(32)}.tsv`);
  await keepFindings(file, ['head', 'line']);
  expect((await readFindings(file)).toString()).toBe('head\nline\n');
  expect([gone, goneToo, young, readAgain, notOurs].map((each) => existsSync(each))).toEqual([false, false, true, true, true]); // prettier-ignore
});

it('finds nothing where nothing was kept, and bears a place that cannot be written', async () => {
  const file = join(temporaryDirectory(), 'file');
  expect(await readFindings(file)).toHaveLength(0);
  writeFileSync(file, '');
  await keepFindings(join(file, 'below.tsv'), ['head']);
  expect(await readFindings(join(file, 'below.tsv'))).toHaveLength(0);
});
