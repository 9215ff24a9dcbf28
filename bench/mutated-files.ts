import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { createRandom } from '../src/data/dataset/random.js';
import { LenetModel } from '../src/models/lenet-model.js';
import { imageMutants, weightMutants, type WriteMutant } from '../test/helpers/data/mutated-files.js';
import { ReaderProcess } from './mutated-files/reader-process.js';
import { numberFlag } from './number-flag.js';

/**
 * `npm run bench:mutated-files`: `--files` (2,000) damaged weight files and as many damaged images, read one by one as Signet reads them, in separate
 * processes.
 *
 * Prints the outcomes of each kind, the longest time and the peak memory. A process that ends, an error that is not one of Signet's, more than
 * `--seconds` (5) for one file or more than `--mebibytes` (1,024) of memory are failures: their files are kept in `--keep` (a temporary folder), and
 * the exit code is 1. Another `--seed` (1) makes other files, `--only jpg` runs one kind.
 */
const perGroup = numberFlag('files', 2000);
const mostMilliseconds = numberFlag('seconds', 5) * 1000;
const mostMebibytes = numberFlag('mebibytes', 1024);
const seed = numberFlag('seed', 1);
const only = textFlag('only');

const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-mutated-'));
const kept = textFlag('keep') ?? path.join(os.tmpdir(), 'signet-mutated-files');
let failures = 0;
try {
  const savedModel = path.join(folder, 'LenetModel', '1');
  await new LenetModel({ classNames: Array.from('0123456789'), seed: 9 }).save(savedModel);
  await group('weight files', await weightMutants(savedModel));
  await group('images', await imageMutants());
} finally {
  await rm(folder, { recursive: true, force: true });
}
process.exit(failures > 0 ? 1 : 0);

async function group(name: string, kinds: Readonly<Record<string, WriteMutant>>): Promise<void> {
  console.log(`${perGroup} mutated ${name}`);
  const each = Math.ceil(perGroup / Object.keys(kinds).length);
  for (const [kind, write] of Object.entries(kinds))
    if (only === null || only === kind) await kindOf(kind, write, each);
}

async function kindOf(kind: string, write: WriteMutant, count: number): Promise<void> {
  const random = createRandom(seed * 1000 + kind.length);
  const outcomes = new Map<string, number>();
  let reader = await ReaderProcess.start(4 * mostMilliseconds);
  let [longest, most] = [0, 0];
  for (let i = 0; i < count; i += 1) {
    const file = await write(random, path.join(folder, kind, `${i}`));
    const { outcome, milliseconds } = await reader.read(file);
    const mebibytes = await reader.peakMebibytes();
    [longest, most] = [Math.max(longest, milliseconds), Math.max(most, mebibytes)];
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const isBad =
      /^UNEXPECTED|^ENDED|^HANGS/.test(outcome) || milliseconds > mostMilliseconds || mebibytes > mostMebibytes;
    if (isBad) await keep(kind, file, `${outcome}, ${milliseconds} ms, ${mebibytes} MiB`);
    if (isBad || reader.isOver) {
      reader.end();
      reader = await ReaderProcess.start(4 * mostMilliseconds);
    }
    await rm(file, { recursive: true, force: true });
  }
  reader.end();
  const list = [...outcomes].toSorted(([, a], [, b]) => b - a).map(([outcome, times]) => `${times} ${outcome}`);
  console.log(`  ${kind}: ${count} files, at most ${longest} ms and ${most} MiB: ${list.join(', ')}`);
}

async function keep(kind: string, file: string, what: string): Promise<void> {
  failures += 1;
  await mkdir(kept, { recursive: true });
  const place = path.join(kept, `${kind}-${seed}-${path.basename(file)}`);
  await cp(file, place, { recursive: true, force: true });
  console.log(`  FAILED ${place}: ${what}`);
}

function textFlag(name: string): string | null {
  const at = process.argv.indexOf(`--${name}`);
  return at === -1 ? null : (process.argv[at + 1] ?? null);
}
