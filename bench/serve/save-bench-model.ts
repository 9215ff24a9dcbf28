import { cp, mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { LenetModel } from '../../src/index.js';

/** A model in a folder as serve-model takes it. */
export interface BenchModel {
  readonly folder: string;
  /** Directory of version 1. */
  readonly directory: string;
  /** Adds a copy as another version. */
  readonly addVersion: (version: number) => Promise<void>;
  readonly removeVersion: (version: number) => Promise<void>;
  readonly remove: () => Promise<void>;
}

/** Saves a LeNet for ten digits with random weights, which take as long to compute as trained ones. */
export async function saveBenchModel(): Promise<BenchModel> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-bench-'));
  const versionPath = (version: number) => path.join(folder, 'LenetModel', String(version));
  const model = new LenetModel({ classNames: Array.from('0123456789'), seed: 1 });
  await model.save(versionPath(1));
  model.dispose();
  return {
    folder,
    directory: versionPath(1),
    addVersion: (version) => cp(versionPath(1), versionPath(version), { recursive: true }),
    removeVersion: (version) => rm(versionPath(version), { recursive: true }),
    remove: () => rm(folder, { recursive: true }),
  };
}
