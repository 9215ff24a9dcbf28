import { cpSync, readdirSync, rmSync } from 'node:fs';
import path from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { completeOptions } from '../../../src/commands/shared/flag-table.js';
import { trainModelCommand } from '../../../src/commands/train-model/flags.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import { copyDigits } from '../../helpers/data/small-digits.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

afterEach(() => vi.restoreAllMocks());

/** Of class 0 one training image is repeated and in the test set too, another stands in class 1. */
async function scanned(onDuplicate?: 'warn' | 'fail' | 'skip') {
  const { train, test } = copyDigits(await temporaryFolder(), { classes: 2, images: 5 });
  const [first = '', second = ''] = readdirSync(path.join(train, '0'));
  cpSync(path.join(train, '0', first), path.join(train, '0', 'repeated.png'));
  cpSync(path.join(train, '0', first), path.join(test, '0', 'again.png'));
  cpSync(path.join(train, '0', second), path.join(train, '1', 'other-class.png'));
  const options = completeOptions(trainModelCommand.flags, {
    trainDatasetPath: train,
    testDatasetPath: test,
    ...(onDuplicate && { onDuplicate }),
  });
  return TrainingData.scan(options);
}

describe('--on-duplicate', () => {
  it('warns by default, with ways on, and keeps all images', async () => {
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const { set, duplicates } = await scanned();
    const text = written.join('');
    expect(duplicates).toHaveLength(3);
    for (const note of duplicates) expect(text).toContain(`warning: ${note}\n`);
    expect(text).toContain(
      '  To leave them out: --on-duplicate skip. check-dataset finds pictures that were saved again, too, and suspicious labels.\n',
    );
    expect(set.scan.files.length).toBe(12);
  });

  it('ends the command when it says fail', async () => {
    await expect(scanned('fail')).rejects.toThrow(
      /^Images have the same bytes\.\n1 test image is in the training set too/,
    );
  });

  it('leaves images out when it says skip, and lists them', async () => {
    const { set, skippedList } = await scanned('skip');
    expect(set.scan.files.map(({ path: file }) => path.basename(file))).not.toContain('other-class.png');
    expect(skippedList).toMatch(/other-class\.png\tduplicate\tstands in more than one class, with the same bytes\n/);
    expect(skippedList).toMatch(/\tduplicate\thas the same bytes as /);
  });
});

describe('the split', () => {
  it.each([1, 2, 3])('of classes of 5 and %i images leaves none without, or says so', async (images) => {
    const { train, test } = copyDigits(await temporaryFolder(), { classes: 2, images: 5 });
    for (const name of readdirSync(path.join(train, '1')).slice(images)) rmSync(path.join(train, '1', name));
    const written: string[] = [];
    vi.spyOn(process.stderr, 'write').mockImplementation((text) => written.push(String(text)) > 0);
    const given = { trainDatasetPath: train, testDatasetPath: test, seed: 3, validationSplit: 0.2 };
    const { set } = await TrainingData.scan(completeOptions(trainModelCommand.flags, given));
    const warning = 'warning: no image for the validation of "1": add images, two of a class at least\n';
    expect(written.join('').includes(warning)).toBe(images === 1);
    const ofClass = (subset: 'training' | 'validation') =>
      set.part(subset).files.filter(({ label }) => label === 1).length;
    expect([ofClass('training'), ofClass('validation')]).toEqual([Math.max(images - 1, 1), images === 1 ? 0 : 1]);
  });
});
