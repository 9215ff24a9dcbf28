import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statfsSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

import sharp, { type Sharp } from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { type CommandLineResult, runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { bmp, pngClaiming } from '../data/samples.js';

/** Two digits to train on and a folder for models, of one test alone. */
interface Workplace extends SmallDigits {
  readonly folder: string;
  readonly models: string;
  /** Folder of the trained model that eval-model gets. */
  readonly model: string;
}

type Flags = Readonly<Record<string, string | number | true | undefined>>;

/** A mistake, and how the command answers it. */
interface Mistake {
  readonly name: string;
  readonly flags?: Flags | ((workplace: Workplace) => Flags);
  readonly arrange?: (workplace: Workplace) => unknown;
  /** Parts of the message, with `FOLDER` for the test's folder. */
  readonly says: readonly string[];
  /** Default: 1. */
  readonly code?: number;
}

let folder: string;
/** A trained model of the two digits; tests take copies. */
let trained: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  const workplace = makeWorkplace();
  const { code, stderr } = await trainModel(workplace);
  expect(code, stderr).toBe(0);
  trained = path.join(workplace.models, 'LenetModel', '1');
});

function makeWorkplace(): Workplace {
  const own = mkdtempSync(path.join(folder, 'case-'));
  return { folder: own, models: path.join(own, 'models'), model: path.join(own, 'model'), ...copyDigits(own) };
}

async function trainModel({ train, test, models }: Workplace, flags: Flags = {}): Promise<CommandLineResult> {
  return runCommandLine(
    'train-model',
    toArguments({
      'train-dataset-path': train,
      'test-dataset-path': test,
      'model-folder-path': models,
      'num-epochs': 1,
      'model-type': 'LenetModel',
      ...flags,
    }),
  );
}

async function evalModel({ test, model }: Workplace, flags: Flags = {}): Promise<CommandLineResult> {
  return runCommandLine('eval-model', toArguments({ 'test-dataset-path': test, 'model-path': model, ...flags }));
}

/** The command ended with one message of its own, which a person can read. */
function expectRefusal(command: string, result: CommandLineResult, own: string, { says, code = 1 }: Mistake): void {
  const stderr = result.stderr.replaceAll(own, 'FOLDER');
  for (const part of says) expect(stderr).toContain(part);
  expect(stderr.split('\n').filter((line) => line.startsWith(`${command}: `))).toHaveLength(1);
  expect(stderr).not.toContain('    at ');
  expect(stderr).not.toContain('This was not foreseen');
  expect([result.code, result.stdout]).toEqual([code, '']);
}

/** Everything below the folder of the models, hidden files too. */
function filesOf(models: string): string[] {
  if (!existsSync(models)) return [];
  return readdirSync(models, { recursive: true, encoding: 'utf8' }).sort();
}

function expectNoModel(models: string): void {
  expect(filesOf(models).filter((name) => !/^\w+Model$/.test(name))).toEqual([]);
}

/** An image with detail, the same at every run. */
function picture(): Sharp {
  const pixels = Buffer.from(Array.from({ length: 60 * 40 * 3 }, (_, i) => (7 * i + (i % 61) * (i % 17)) % 256));
  return sharp(pixels, { raw: { width: 60, height: 40, channels: 3 } });
}

const pictures = {
  png: await picture().png().toBuffer(),
  jpg: await picture().jpeg().toBuffer(),
  gif: await picture().gif().toBuffer(),
  bmp: bmp({ width: 60, height: 40 }),
  webp: await picture().webp().toBuffer(),
  avif: await picture().avif().toBuffer(),
  tiff: await picture().tiff({ compression: 'lzw' }).toBuffer(),
};
const formats = Object.keys(pictures) as (keyof typeof pictures)[];

/** Puts a file among the images of digit 0. */
function add(name: string, content: string | Uint8Array, half: 'train' | 'test' = 'train') {
  return (workplace: Workplace) => writeFileSync(path.join(workplace[half], '0', name), content);
}

function half(bytes: Uint8Array): Uint8Array {
  return bytes.subarray(0, bytes.length / 2);
}

function flipMiddle(bytes: Uint8Array, count: number): Uint8Array {
  const start = Math.floor(bytes.length / 2);
  return bytes.map((byte, i) => (i >= start && i < start + count ? byte ^ 0xff : byte));
}

const wrongFlags: readonly Mistake[] = [
  { name: 'a flag that does not exist', flags: { 'batch-sizes': 3 }, says: ['Unknown argument: --batch-sizes'] },
  {
    name: 'no training set',
    flags: { 'train-dataset-path': undefined },
    says: ['Missing required argument: train-dataset-path', 'See train-model --help'],
  },
  {
    name: 'a batch of none',
    flags: { 'batch-size': 0 },
    says: ['--batch-size is a whole number from 1. Received: 0.'],
  },
  { name: 'a batch of text', flags: { 'batch-size': 'abc' }, says: ['--batch-size takes a number. Received: abc'] },
  { name: 'a batch of 1.5', flags: { 'batch-size': 1.5 }, says: ['--batch-size is a whole number from 1.'] },
  { name: 'negative epochs', flags: { 'num-epochs': -1 }, says: ['--num-epochs is a whole number from 1.'] },
  { name: 'a learning rate of 0', flags: { 'learning-rate': 0 }, says: ['--learning-rate is more than 0.'] },
  { name: 'a learning rate of NaN', flags: { 'learning-rate': 'NaN' }, says: ['--learning-rate takes a number.'] },
  { name: 'a split of 1', flags: { 'validation-split': 1 }, says: ['--validation-split is between 0 and 1.'] },
  { name: 'version 0', flags: { 'model-version': 0 }, says: ['--model-version is a whole number from 1.'] },
  {
    name: 'an unknown architecture',
    flags: { 'model-type': 'Nope' },
    says: ['InceptionModel, LenetModel, MobileNetModel, ResnetModel', 'Nope'],
  },
  {
    name: 'a class in a file that is not there',
    flags: { 'model-type': 'gone.ts#TinyModel' },
    says: ['names the file gone.ts, which does not exist.'],
  },
  {
    name: 'a class that a file does not export',
    flags: { 'model-type': 'examples/custom-model/tiny-model.ts#TinnyModel' },
    says: ['does not export. It exports: TinyModel.'],
  },
  {
    name: 'a class of another kind',
    flags: { 'model-type': 'examples/adder/adder.ts#Adder' },
    says: ['which is a class that extends Servable. Expected: export class Adder extends ImageClassifierModel.'],
  },
  {
    name: 'a backbone to freeze that is not there',
    flags: { 'freeze-backbone': true as const, dropout: 0.2 },
    says: ['--freeze-backbone, --dropout are for models with a backbone: InceptionModel, MobileNetModel, ResnetModel'],
  },
  {
    name: 'a backbone that is frozen and trained',
    flags: { 'freeze-backbone': true as const, 'fine-tune-from': 'Conv_1', 'model-type': 'MobileNetModel' },
    says: ['give one of them. Received: both.'],
  },
  {
    name: 'a layer that is not there',
    flags: { 'fine-tune-from': 'conv1', 'model-type': 'MobileNetModel', 'input-width': 32, 'input-height': 32 },
    says: ['has no layer "conv1" in its backbone', 'Names like it: Conv1, Conv_1'],
  },
  { name: 'all dropped', flags: { dropout: 1 }, says: ['--dropout is 0 or more and below 1. Received: 1.'] },
  {
    name: 'published weights of a model that has none',
    flags: { 'pretrained-weights': 'imagenet' },
    says: ['for InceptionModel, MobileNetModel, ResnetModel. Received: "imagenet" for LenetModel.'],
  },
  { name: 'no image size', flags: { 'input-width': 0 }, says: ['--input-width is a whole number from 1.'] },
  { name: 'an unknown word for bad images', flags: { 'on-bad-image': 'mend' }, says: ['fail', 'skip', 'mend'] },
].map((mistake) => ({ code: 2, ...mistake }));

const wrongData: readonly Mistake[] = [
  {
    name: 'weights that are not there',
    flags: { 'pretrained-weights': 'gone.h5' },
    says: ['The weight file gone.h5 does not exist.'],
  },
  {
    name: 'weights of another architecture',
    flags: { 'pretrained-weights': 'test/fixtures/keras/mobilenetv2_035.legacy.h5' },
    says: ["its layers are not the model's:", 'conv1: missing'],
  },
  {
    name: 'a training set that is missing',
    flags: ({ folder }) => ({ 'train-dataset-path': path.join(folder, 'gone') }),
    says: ['The data set FOLDER/gone does not exist.'],
  },
  {
    name: 'a training set that is a file',
    flags: ({ train }) => ({ 'train-dataset-path': path.join(train, '0', '0000.png') }),
    says: ['The data set FOLDER/train/0/0000.png is not a directory.'],
  },
  {
    name: 'a training set that is empty',
    arrange: ({ train }) => ['0', '1'].forEach((name) => rmSync(path.join(train, name), { recursive: true })),
    says: ['It needs at least two classes. Found: none.'],
  },
  {
    name: 'one class only',
    arrange: ({ train }) => rmSync(path.join(train, '1'), { recursive: true }),
    says: ['It needs at least two classes. Found: only "0".'],
  },
  {
    name: 'a class without images',
    arrange: ({ train }) => mkdirSync(path.join(train, '2')),
    says: ['Classes without an image that can be used: "2".'],
  },
  {
    name: 'a class that the test set lacks',
    arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '../train/2'), { recursive: true }),
    says: ['The classes of the test set FOLDER/test are not those of the training set FOLDER/train.', 'Missing: "2".'],
  },
  {
    name: 'a class that only the test set has',
    arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '2'), { recursive: true }),
    says: ['The classes of the test set FOLDER/test are not those of', 'Unexpected: "2".'],
  },
  {
    name: 'a folder for models below a file',
    flags: ({ train }) => ({ 'model-folder-path': path.join(train, '0', '0000.png', 'models') }),
    says: ['Cannot write FOLDER/train/0/0000.png/models/LenetModel: a part of the path is a file.'],
  },
];

const badImages: readonly Mistake[] = [
  { name: 'an empty file', arrange: add('bad.png', ''), says: ['FOLDER/train/0/bad.png has no bytes'] },
  {
    name: 'an empty file in the test set',
    arrange: add('bad.png', '', 'test'),
    says: ['1 file in FOLDER/test cannot be used.', 'FOLDER/test/0/bad.png has no bytes'],
  },
  ...formats.map((format) => ({
    name: `half of a ${format}`,
    arrange: add(`bad.${format}`, half(pictures[format])),
    says: ['1 file is corrupt:', `FOLDER/train/0/bad.${format}`, '--on-bad-image skip'],
  })),
  { name: 'text that is named .png', arrange: add('bad.png', 'no image'), says: ['FOLDER/train/0/bad.png is text'] },
  {
    name: 'HTML that is named .jpg',
    arrange: add('bad.jpg', '<!DOCTYPE html><title>404</title>'),
    says: ['FOLDER/train/0/bad.jpg is an HTML page'],
  },
  {
    name: 'a PNG that claims 50,000 x 50,000 pixels',
    arrange: add('bad.png', pngClaiming(50_000, 50_000)),
    says: ['FOLDER/train/0/bad.png is 50000 x 50000 pixels (2,500 megapixels)'],
  },
  {
    name: 'a link that leads nowhere',
    arrange: ({ train }) => symlinkSync('gone.png', path.join(train, '0', 'bad.png')),
    says: ['FOLDER/train/0/bad.png is a symbolic link to gone.png, which does not exist'],
  },
  {
    name: 'a link to itself',
    arrange: ({ train }) => symlinkSync('bad.png', path.join(train, '0', 'bad.png')),
    says: ['FOLDER/train/0/bad.png is a symbolic link that leads in a circle'],
  },
  {
    name: 'links to folders in a circle',
    arrange: ({ train }) => symlinkSync('..', path.join(train, '0', 'up')),
    says: ['FOLDER/train/0/up is a symbolic link to a directory that it stands in'],
  },
  {
    name: 'a named pipe',
    arrange: ({ train }) => execFileSync('mkfifo', [path.join(train, '0', 'bad.png')]),
    says: ['FOLDER/train/0/bad.png is a named pipe, not a file'],
  },
];

describe.concurrent('train-model refuses', () => {
  it.each([...wrongFlags, ...wrongData, ...badImages])('$name', async (mistake) => {
    const workplace = makeWorkplace();
    mistake.arrange?.(workplace);
    const flags = typeof mistake.flags === 'function' ? mistake.flags(workplace) : mistake.flags;
    expectRefusal('train-model', await trainModel(workplace, flags), workplace.folder, mistake);
    expectNoModel(workplace.models);
  });

  it('a version that exists, and leaves it as it is', async () => {
    const workplace = makeWorkplace();
    const version = path.join(workplace.models, 'LenetModel', '3');
    cpSync(trained, version, { recursive: true });
    const before = filesOf(workplace.models);
    const says = ['FOLDER/models/LenetModel/3 exists.', '--overwrite'];
    const result = await trainModel(workplace, { 'model-version': 3 });
    expectRefusal('train-model', result, workplace.folder, { name: '', says });
    expect(filesOf(workplace.models)).toEqual(before);
    expect(readFileSync(path.join(version, 'saved_model.pb'))).toEqual(
      readFileSync(path.join(trained, 'saved_model.pb')),
    );
  });
});

describe.concurrent('an image with flipped bits', () => {
  it.each(formats)('is trained on or refused by its path: %s', async (format) => {
    const workplace = makeWorkplace();
    add(`bad.${format}`, flipMiddle(pictures[format], 16))(workplace);
    const result = await trainModel(workplace);
    if (result.code === 0) return;
    const says = [`FOLDER/train/0/bad.${format}`];
    expectRefusal('train-model', result, workplace.folder, { name: '', says });
    expectNoModel(workplace.models);
  });
});

describe.concurrent('train-model --on-bad-image skip', () => {
  it('trains without the bad images, and lists them in the model', async () => {
    const workplace = makeWorkplace();
    add('bad.png', '')(workplace);
    add('bad.jpg', '<html>', 'test')(workplace);
    // Whole from header to end: only its pixels find an AVIF out.
    add('pixels.png', flipMiddle(pictures.png, 16))(workplace);
    add('pixels.avif', flipMiddle(pictures.avif, 16))(workplace);
    add('pixels.avif', flipMiddle(pictures.avif, 16), 'test')(workplace);
    const { code, stderr } = await trainModel(workplace, { 'on-bad-image': 'skip' });
    expect(code, stderr).toBe(0);
    const list = readFileSync(path.join(workplace.models, 'LenetModel/1/assets.extra/skipped-images.tsv'), 'utf8');
    const rows = list.replaceAll(workplace.folder, 'FOLDER').trimEnd().split('\n').sort();
    expect(rows.map((row) => row.split('\t').slice(0, 2))).toEqual([
      ['FOLDER/test/0/bad.jpg', 'unsupported'],
      ['FOLDER/test/0/pixels.avif', 'corrupt'],
      ['FOLDER/train/0/bad.png', 'empty'],
      ['FOLDER/train/0/pixels.avif', 'corrupt'],
      ['FOLDER/train/0/pixels.png', 'corrupt'],
    ]);
  });

  it('stops when a class is left without images', async () => {
    const workplace = makeWorkplace();
    mkdirSync(path.join(workplace.train, '2'));
    writeFileSync(path.join(workplace.train, '2', 'bad.png'), '');
    const result = await trainModel(workplace, { 'on-bad-image': 'skip' });
    const says = ['Classes without an image that can be used: "2".', 'FOLDER/train/2/bad.png has no bytes'];
    expectRefusal('train-model', result, workplace.folder, { name: '', says });
    expectNoModel(workplace.models);
  });
});

const wrongModels: readonly Mistake[] = [
  { name: 'no model', flags: { 'model-path': undefined }, says: ['Missing required argument: model-path'], code: 2 },
  { name: 'a batch of none', flags: { 'batch-size': 0 }, says: ['--batch-size is a whole number from 1.'], code: 2 },
  {
    name: 'a model that is missing',
    flags: ({ folder }) => ({ 'model-path': path.join(folder, 'gone') }),
    says: ['FOLDER/gone'],
  },
  {
    name: 'a folder that is no SavedModel',
    flags: ({ test }) => ({ 'model-path': test }),
    says: ['FOLDER/test is no classifier of Signet'],
  },
  {
    name: 'a model without saved_model.pb',
    arrange: ({ model }) => rmSync(path.join(model, 'saved_model.pb')),
    says: ['FOLDER/model is no SavedModel: it has no readable saved_model.pb.'],
  },
  {
    name: 'half of saved_model.pb',
    arrange: ({ model }) => cut(path.join(model, 'saved_model.pb')),
    says: ['FOLDER/model/saved_model.pb is damaged.'],
  },
  {
    name: 'a model without variables',
    arrange: ({ model }) => rmSync(path.join(model, 'variables'), { recursive: true }),
    says: ['FOLDER/model is not whole: it has no variables/variables.index.'],
  },
  {
    name: 'half of the variables',
    arrange: ({ model }) => cut(path.join(model, 'variables/variables.data-00000-of-00001')),
    says: ['FOLDER/model'],
  },
  {
    name: 'a model without class names',
    arrange: ({ model }) => rmSync(path.join(model, 'assets/class_names.txt')),
    says: ['FOLDER/model is no classifier of Signet: it has no assets/class_names.txt.'],
  },
  {
    name: 'a test set of other classes',
    arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '2'), { recursive: true }),
    says: ['The classes of the test set FOLDER/test are not those of the model FOLDER/model.', 'Unexpected: "2".'],
  },
  { name: 'a bad image', arrange: add('bad.png', '', 'test'), says: ['FOLDER/test/0/bad.png has no bytes'] },
  {
    name: 'an image whose pixels are damaged',
    arrange: add('bad.png', flipMiddle(pictures.png, 16), 'test'),
    says: ['FOLDER/test/0/bad.png'],
  },
  {
    name: 'an image to be transcoded whose pixels are damaged',
    arrange: add('bad.avif', flipMiddle(pictures.avif, 16), 'test'),
    says: ['FOLDER/test/0/bad.avif does not decode'],
  },
];

function cut(file: string): void {
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
}

describe.concurrent('eval-model refuses', () => {
  it.each(wrongModels)('$name', async (mistake) => {
    const workplace = makeWorkplace();
    cpSync(trained, workplace.model, { recursive: true });
    mistake.arrange?.(workplace);
    const flags = typeof mistake.flags === 'function' ? mistake.flags(workplace) : mistake.flags;
    expectRefusal('eval-model', await evalModel(workplace, flags), workplace.folder, mistake);
  });
});

describe('a disk', () => {
  const mounts: string[] = [];
  afterAll(() => mounts.forEach((mount) => execFileSync('umount', [mount])));

  /** A disk of one mebibyte, `null` where mounting is not permitted. */
  function mountDisk(disk: string, options: string): string | null {
    mkdirSync(disk);
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=1m,${options}`, 'none', disk], { stdio: 'pipe' });
    } catch {
      console.warn('SKIPPED: mounting a small disk needs root, so a full disk is not tested here.');
      return null;
    }
    mounts.push(disk);
    return disk;
  }

  it('that fills up while the model is written leaves nothing behind', async ({ skip }) => {
    const workplace = makeWorkplace();
    const disk = mountDisk(workplace.models, 'rw');
    if (disk === null) return skip();
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(path.join(disk, 'filler'), Buffer.alloc(bavail * bsize - 64 * 1024));
    const result = await trainModel(workplace);
    const says = ['Cannot write FOLDER/models/LenetModel/1: the disk is full.'];
    expectRefusal('train-model', result, workplace.folder, { name: '', says });
    rmSync(path.join(disk, 'filler'));
    expectNoModel(disk);
  });

  it('that is full is noticed before the training', async ({ skip }) => {
    const workplace = makeWorkplace();
    const disk = mountDisk(workplace.models, 'rw');
    if (disk === null) return skip();
    const { bavail, bsize } = statfsSync(disk);
    writeFileSync(path.join(disk, 'filler'), Buffer.alloc(bavail * bsize));
    const result = await trainModel(workplace);
    const says = ['Cannot write FOLDER/models/LenetModel: the disk is full.'];
    expectRefusal('train-model', result, workplace.folder, { name: '', says });
    expect(result.stderr).not.toContain('training LenetModel');
  });

  it('that is read-only is noticed before the training', async ({ skip }) => {
    const workplace = makeWorkplace();
    if (mountDisk(workplace.models, 'ro') === null) return skip();
    const says = ['Cannot write FOLDER/models/LenetModel: its file system is read-only.'];
    expectRefusal('train-model', await trainModel(workplace), workplace.folder, { name: '', says });
  });
});
