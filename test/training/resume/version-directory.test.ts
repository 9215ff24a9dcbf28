import { mkdir, readdir } from 'node:fs/promises';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

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

  it('keeps a version that was given', async () => {
    const folder = await temporaryFolder();
    const version = await VersionDirectory.prepare(wanted(folder, 3));
    await mkdir(version.path, { recursive: true });
    await version.claim(() => Promise.resolve());
    expect(path.basename(version.path)).toBe('3');
  });
});
