import { readFileSync } from 'node:fs';
import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { checkServedClasses } from '../../../src/commands/eval-served-model/check-served-classes.js';
import type { ImageScan } from '../../../src/data/scan/image-scan.js';
import { scanImageDirectory } from '../../../src/data/scan/scan-image-directory.js';
import { type CallableModel, findClassNames } from '../../../src/client/classify-images.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const classNames = Array.from('01234567');
let loaded: LoadedSavedModel;
let scan: ImageScan;

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  const model = new LenetModel({ classNames, seed: 1 });
  await model.save(path.join(folder, 'model'));
  model.dispose();
  loaded = await LoadedSavedModel.load(path.join(folder, 'model'));
  scan = await scanImageDirectory(copyDigits(folder, { classes: 8, images: 1 }).test);
});
afterAll(() => loaded.dispose());

/** The model with some of its signatures. */
function modelWith(...keys: string[]): CallableModel {
  const signatures = Object.fromEntries(keys.map((key) => [key, loaded.signature(key)]));
  return { name: 'digits', signatures, call: (key, inputs) => Promise.resolve(loaded.callValues(key, inputs)) };
}

const check = (model: CallableModel, names: readonly string[]) =>
  checkServedClasses(model, { ...scan, classNames: names }, 'the test set x');

describe('checkServedClasses', () => {
  it('knows all names where the model has serving_classify', async () => {
    expect(await check(modelWith('serving_classify', 'serving_labels'), classNames)).toHaveProperty('told', 'all');
  });

  it('knows some names where serving_labels gives five of them', async () => {
    const [only] = scan.files;
    const one = { ...scan, files: only ? [only] : [] };
    expect(await checkServedClasses(modelWith('serving_labels'), one, 'the test set x')).toHaveProperty('told', 'some');
  });

  it('finds all names by serving_labels, image by image', async () => {
    const names = await findClassNames(
      modelWith('serving_labels'),
      scan.files.map(({ path: file }) => readFileSync(file)),
    );
    for (const [index, name] of names.names) expect(name).toBe(classNames[index]);
    expect(names.areAll).toBe(false);
    const told = names.names.size === 8 ? 'all' : 'some';
    expect(await check(modelWith('serving_labels'), classNames)).toHaveProperty('told', told);
  });

  it('gives a list, which may name some of the classes, the labels of the model', async () => {
    const names = [...classNames].slice(2, 5).reverse();
    const files = scan.files
      .filter(({ label }) => label >= 2 && label < 5)
      .map((file) => ({ ...file, label: 4 - file.label }));
    const list = { ...scan, list: 'list.csv', classNames: names, files };
    const { scan: matched, told } = await checkServedClasses(modelWith('serving_classify'), list, 'the list');
    expect([told, matched.classNames]).toEqual(['all', classNames]);
    expect(matched.files).toEqual(scan.files.filter(({ label }) => label >= 2 && label < 5));
    const other = { ...list, classNames: ['2', '3', 'x'] };
    await expect(checkServedClasses(modelWith('serving_classify'), other, 'the list')).rejects.toThrow(
      'Unexpected: "x".',
    );
  });

  it('knows no names otherwise', async () => {
    expect(await check(modelWith('serving_default', 'serving_bytes'), Array.from('abcdefgh'))).toHaveProperty(
      'told',
      'none',
    );
  });

  it.each([
    ['serving_classify', Array.from('0123456x'), /Missing: "7"\.\nUnexpected: "x"\./],
    ['serving_classify', Array.from('10234567'), /in another order, so that labels would be confused/],
    ['serving_classify', Array.from('012345'), /Missing: "6", "7"\./],
    ['serving_labels', Array.from('abcdefgh'), /class \d is "\d" there, "[a-h]" here/],
  ])('refuses a test set of other classes, by %s: %j', async (key, names, message) => {
    const promise = check(modelWith(key), names);
    await expect(promise).rejects.toThrow(expect.objectContaining({ code: 'CLASSES_DIFFER' }));
    await expect(promise).rejects.toThrow(message);
    await expect(promise).rejects.toThrow(/^The classes of the test set x are .*those of the served model "digits"/);
  });
});
