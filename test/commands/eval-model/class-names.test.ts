import { cpSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { evalModel } from '../../../src/commands/eval-model/run.js';
import { LenetModel } from '../../../src/index.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const model = new LenetModel({ classNames: ['bee', 'caf\u00e9'], seed: 1 });
  await model.save(path.join(folder, 'model'));
  model.dispose();
});

/** Evaluates the model on a folder with classes of two names. */
async function evaluated(names: readonly [string, string]): Promise<number> {
  const { test } = copyDigits(path.join(folder, names.join()), { classes: 2, images: 2 });
  const place = path.join(folder, names.join(), 'renamed');
  names.forEach((name, digit) => cpSync(path.join(test, String(digit)), path.join(place, name), { recursive: true }));
  const { signatures } = await evalModel({ testDatasetPath: place, modelPath: path.join(folder, 'model') });
  return signatures.serving_bytes.images;
}

describe('the classes of a folder and the class names of a model', () => {
  it('are the same where only the Unicode form differs', async () => {
    expect(await evaluated(['bee', 'cafe\u0301'])).toBe(4);
  });

  it.each([
    ['Bee', 'caf\u00e9', '"bee" and "Bee" differ only in upper and lower case.'],
    ['b\u0435e', 'caf\u00e9', '"bee" and "b\u0435e" look alike and differ from character 2 on: U+0065 and U+0435.'],
    [
      'bee',
      '\uff43af\u00e9',
      '"caf\u00e9" and "\uff43af\u00e9" look alike and differ from character 1 on: U+0063 and U+FF43.',
    ],
  ])('are told apart, and why, where they look alike: %s, %s', async (first, second, message) => {
    await expect(evaluated([first, second])).rejects.toThrow(message);
  });
});
