import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { addonRevision, readStamp, stampHolds, writeStamp } from '../../src/set-up/stamp.js';
import { assertSetUp } from '../../src/set-up/assert-set-up.js';
import { addonPath, standardErrorAddonPath } from '../../src/set-up/tfjs-package.js';

const host = { platform: 'linux', arch: 'x64' } as const;
let folder: string;
let tfjs: string;
let library: string;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'signet-stamp-'));
  tfjs = join(folder, 'tfjs');
  library = join(folder, 'library');
  mkdirSync(join(library, 'lib'), { recursive: true });
  writeFileSync(join(library, 'lib/libtensorflow.so'), 'library');
  mkdirSync(dirname(join(tfjs, addonPath)), { recursive: true });
  writeFileSync(join(tfjs, addonPath), 'addon');
  symlinkSync(library, join(tfjs, 'deps'));
  symlinkSync(folder, join(folder, 'another link'));
  const choice = { kind: 'cpu' } as const;
  await writeStamp(tfjs, { ...host, tensorflow: '2.21.0', choice, libraryFolder: library, libraryId: 'x' });
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

describe('the stamp of a set-up', () => {
  it('holds while everything is in its place', () => {
    expect(stampHolds(tfjs, readStamp(tfjs), host)).toBe(true);
  });

  it.each([
    ['the cache was cleared', () => rmSync(library, { recursive: true })],
    ['the addon is gone', () => rmSync(join(tfjs, addonPath))],
    ['the addon is another one', () => writeFileSync(join(tfjs, addonPath), 'another addon')],
    ['the addon is another one of the same size', () => writeFileSync(join(tfjs, addonPath), 'nodda')],
    ['the small addon is another one', () => writeFileSync(join(tfjs, standardErrorAddonPath), 'evil')],
    ['deps leads elsewhere', () => renameSync(join(folder, 'another link'), join(tfjs, 'deps'))],
    ['the stamp is damaged', () => writeFileSync(join(tfjs, `.signet-set-up-${addonRevision}.json`), '{"tensor')],
  ])('does not hold when %s', (_what, change) => {
    change();
    expect(stampHolds(tfjs, readStamp(tfjs), host)).toBe(false);
  });

  it('does not hold on another machine', () => {
    expect(stampHolds(tfjs, readStamp(tfjs), { ...host, arch: 'arm64' })).toBe(false);
  });
});

describe('assertSetUp', () => {
  it('is content with this repository, once "npm run set-up" has run', () => {
    expect(() => assertSetUp()).not.toThrow();
  });
});
