import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { describeMisplacedModels } from '../../src/commands/serve-model/misplaced-models.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

async function folderWith(...models: string[]): Promise<string> {
  const folder = await temporaryFolder();
  for (const model of models) {
    mkdirSync(path.join(folder, model), { recursive: true });
    writeFileSync(path.join(folder, model, 'saved_model.pb'), '');
  }
  return folder;
}

describe('describeMisplacedModels', () => {
  it.each([
    ['a version called v1', ['m/v1'], '', ['m/v1 is not served: "v1" is not a version, which is a whole number. Rename it, such as to m/1.']],
    ['versions with a dot, beside one that is right', ['m/0.1', 'm/2'], '', ['m/0.1 is not served: "0.1" is not a version, which is a whole number. Rename it, such as to m/0.']],
    ['a version with a name, in a folder of one model', ['latest', '3'], '', ['latest is not served: "latest" is not a version, which is a whole number. Rename it, such as to 1.']],
    ['a version itself', ['m/1'], 'm/1', ['m/1 is a single SavedModel, not a folder of models or versions. Give m or ..']],
    ['a model without versions', ['m'], 'm', ['m is a single SavedModel, not a folder of models or versions. A model has folders of versions: move it to a folder NAME/1, and give that of NAME.']],
    ['models as they should be', ['m/1', 'n/12'], '', []],
    ['backups and trainings', ['m/.1.old', '.cache/v1'], '', []],
  ])('finds %s', async (_, models, inside, expected) => {
    const folder = await folderWith(...models);
    const cwd = process.cwd();
    const texts = await describeMisplacedModels(path.join(folder, inside));
    const own = path.relative(cwd, folder);
    expect(texts.map((text) => text.replaceAll(`${own}/`, '').replaceAll(own, '.'))).toEqual(expected);
  });
}); // prettier-ignore
