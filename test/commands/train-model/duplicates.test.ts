import { cpSync, linkSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { afterEach, describe, expect, it, vi } from 'vitest';

import { completeOptions } from '../../../src/commands/shared/flag-table.js';
import { trainModelCommand } from '../../../src/commands/train-model/flags.js';
import type { GivenTrainModelOptions } from '../../../src/commands/train-model/train-model-options.js';
import { TrainingData } from '../../../src/commands/train-model/training-data.js';
import { copyDigits, type SmallDigits } from '../../helpers/data/small-digits.js';
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
    expect(skippedList).toMatch(/other-class\.png\tduplicate\tis in more than one class, with the same bytes\n/);
    expect(skippedList).toMatch(/\tduplicate\thas the same bytes as /);
  });
});

/** What is said of two classes of five images each in both sets, changed before. */
async function notesAfter(
  change: (digits: SmallDigits, folder: string) => Partial<GivenTrainModelOptions> | undefined,
): Promise<string[]> {
  vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  const folder = await temporaryFolder();
  const digits = copyDigits(folder, { classes: 2, images: 5 });
  const folders = { trainDatasetPath: digits.train, testDatasetPath: digits.test };
  const { duplicates } = await TrainingData.scan(
    completeOptions(trainModelCommand.flags, change(digits, folder) ?? folders),
  );
  return duplicates.map((note) => note.replaceAll(`${folder}/`, '').replaceAll(/\d{4}\.png/g, 'N.png'));
}

const imagesOf = (digits: SmallDigits, set: 'train' | 'test', label: string) =>
  readdirSync(path.join(digits[set], label)).map((name) => path.join(digits[set], label, name));

const jsonLines = (file: string, rows: readonly object[]) => {
  writeFileSync(file, rows.map((row) => JSON.stringify(row)).join('\n'));
  return file;
};

describe('the same bytes are found', () => {
  it('where the training folder is the test folder', async () => {
    const notes = await notesAfter(({ train }) => ({ trainDatasetPath: train, testDatasetPath: train }));
    expect(notes).toHaveLength(1);
    expect(notes[0]).toMatch(
      /^10 test images are in the training set too, with the same bytes: .*train\/0\/N\.png = train\/0\/N\.png/,
    );
  });

  it('behind a symbolic link and a hard link, in another set and in another class', async () => {
    const notes = await notesAfter((digits) => {
      const [first = '', second = ''] = imagesOf(digits, 'train', '0');
      symlinkSync(first, path.join(digits.test, '0', 'linked.png'));
      linkSync(second, path.join(digits.train, '1', 'linked.png'));
      return undefined;
    });
    expect(notes).toEqual([
      '1 test image is in the training set too, with the same bytes: accuracy on them says nothing about new images: train/0/N.png = test/0/linked.png.',
      '1 image is in more than one class, with the same bytes: at most one label is right: train/0/N.png = train/1/linked.png.',
    ]);
  });

  it('in a list that names images of the test list, under other paths', async () => {
    const notes = await notesAfter((digits, folder) => {
      const test = imagesOf(digits, 'test', '1');
      const rows = ['0', '1'].flatMap((label) =>
        imagesOf(digits, 'train', label).map((file) => ({ path: file, label })),
      );
      const twice = test.slice(0, 2).map((file) => ({ path: file, label: '1' }));
      return {
        trainList: jsonLines(path.join(folder, 'train.jsonl'), [...rows, ...twice]),
        testList: jsonLines(path.join(folder, 'test.jsonl'), test.map((file) => ({ path: path.relative(folder, file), label: '1' }))), // prettier-ignore
      };
    });
    expect(notes).toEqual([
      '2 test images are in the training set too, with the same bytes: accuracy on them says nothing about new images: test/1/N.png = test/1/N.png, test/1/N.png = test/1/N.png.',
    ]);
  });

  it('in a list of several labels, where a copy has other ones', async () => {
    const notes = await notesAfter((digits, folder) => {
      const [first = '', ...others] = imagesOf(digits, 'train', '0');
      cpSync(first, path.join(folder, 'copy.png'));
      const rows = [[first, ['cat', 'sun']], [path.join(folder, 'copy.png'), ['cat']], ...others.map((file) => [file, ['sun']])] as const; // prettier-ignore
      const test = imagesOf(digits, 'test', '0').map((file) => ({ path: file, labels: ['cat'], split: 'test' }));
      const train = rows.map(([file, labels]) => ({ path: file, labels, split: 'train' }));
      return { trainList: jsonLines(path.join(folder, 'several.jsonl'), [...train, ...test]) };
    });
    expect(notes).toEqual([
      '1 image is in more than one class, with the same bytes: at most one label is right: copy.png = train/0/N.png.',
    ]);
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
