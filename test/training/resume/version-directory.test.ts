import { mkdir, readdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { recordFile } from '../../../src/training/resume/training-record.js';
import { VersionDirectory } from '../../../src/training/resume/version-directory.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const wanted = (modelFolderPath: string, modelVersion?: number) => {
  return { modelFolderPath, modelType: 'TinyModel', modelVersion, overwrite: false };
};

describe('VersionDirectory.claim', () => {
  it('gives trainings that are started at once a version each', async () => {
    const folder = await temporaryFolder();
    await mkdir(path.join(folder, 'TinyModel', '6'), { recursive: true });
    const versions = await Promise.all([1, 2, 3, 4].map(() => VersionDirectory.prepare(wanted(folder))));
    expect(new Set(versions.map((version) => path.basename(version.path)))).toEqual(new Set(['7']));
    await Promise.all(versions.map((version) => version.claim(() => mkdir(version.path))));
    expect(versions.map((version) => path.basename(version.path)).sort()).toEqual(['10', '7', '8', '9']);
    expect((await readdir(path.join(folder, 'TinyModel'))).sort()).toEqual(['10', '6', '7', '8', '9']);
  });

  it('passes over what a training that may be resumed has taken since, and leaves that alone', async () => {
    const folder = await temporaryFolder();
    const version = await VersionDirectory.prepare(wanted(folder));
    await mkdir(path.join(folder, 'TinyModel', '.1.training'), { recursive: true });
    await writeFile(path.join(folder, 'TinyModel', '.1.training', recordFile), '{}');
    await version.claim(() => mkdir(version.path));
    expect((await readdir(path.join(folder, 'TinyModel'))).sort()).toEqual(['.1.training', '2']);
  });

  it('keeps a version that was given, and writes nothing over a model that is there by now', async () => {
    const folder = await temporaryFolder();
    const [version, other, replacing] = await Promise.all(
      [false, false, true].map((overwrite) => VersionDirectory.prepare({ ...wanted(folder, 3), overwrite })),
    );
    await version?.claim(() => mkdir(version.path));
    expect(path.basename(version?.path ?? '')).toBe('3');
    await expect(other?.claim(() => Promise.reject(new Error('begun')))).rejects.toThrow(
      'TinyModel/3 exists. Give another --model-version',
    );
    expect(await replacing?.claim(() => Promise.resolve('replaced'))).toBe('replaced');
  });
});
