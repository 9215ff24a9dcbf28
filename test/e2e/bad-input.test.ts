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
import { runInProcess } from '../helpers/run-in-process.js';
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

/** A mistake that a command refuses. */
interface Mistake {
  readonly flags?: Flags | ((workplace: Workplace) => Flags);
  /** Spoils a new workplace. */
  readonly arrange?: (workplace: Workplace) => unknown;
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

function trainingArguments({ train, test, models }: Workplace, flags: Flags = {}): string[] {
  return toArguments({
    'train-dataset-path': train,
    'test-dataset-path': test,
    'model-folder-path': models,
    'num-epochs': 1,
    'model-type': 'LenetModel',
    ...flags,
  });
}

const trainModel = (workplace: Workplace, flags?: Flags): Promise<CommandLineResult> =>
  runInProcess('train-model', trainingArguments(workplace, flags));

function evaluationArguments({ test, model }: Workplace, flags: Flags = {}): string[] {
  return toArguments({ 'test-dataset-path': test, 'model-path': model, ...flags });
}

/**
 * Checks that a command ended with one message of its own, which a person can read, and printed nothing else.
 *
 * @returns The message, with `FOLDER` for the workplace's folder.
 */
function messageOf(command: string, result: CommandLineResult, { folder: own }: Workplace, code = 1): string {
  const stderr = result.stderr.replaceAll(own, 'FOLDER');
  expect(stderr.split('\n').filter((line) => line.startsWith(`${command}: `))).toHaveLength(1);
  expect(stderr).not.toContain('    at ');
  expect(stderr).not.toContain('This was not foreseen');
  expect([result.code, result.stdout]).toEqual([code, '']);
  return stderr.slice(stderr.indexOf(`${command}: `)).trimEnd();
}

/** What train-model says to a mistake; nothing is written. */
async function refusedTraining({ flags, arrange, code }: Mistake = {}): Promise<string> {
  const workplace = makeWorkplace();
  arrange?.(workplace);
  const result = await trainModel(workplace, typeof flags === 'function' ? flags(workplace) : flags);
  expectNoModel(workplace.models);
  return messageOf('train-model', result, workplace, code);
}

/** What train-model says to wrong flags. */
const misuse = (flags: Flags): Promise<string> => refusedTraining({ flags, code: 2 });

/** What eval-model says to a mistake. */
async function refusedEvaluation({ flags, arrange, code }: Mistake = {}): Promise<string> {
  const workplace = makeWorkplace();
  cpSync(trained, workplace.model, { recursive: true });
  arrange?.(workplace);
  const given = evaluationArguments(workplace, typeof flags === 'function' ? flags(workplace) : flags);
  return messageOf('eval-model', await runInProcess('eval-model', given), workplace, code);
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

describe('train-model refuses', () => {
  it('a flag that does not exist', async () => {
    expect(await misuse({ 'batch-sizes': 3 })).toMatchInlineSnapshot(`
      "train-model: Unknown argument: --batch-sizes
      See train-model --help"
    `);
  });

  it('no training set', async () => {
    expect(await misuse({ 'train-dataset-path': undefined })).toMatchInlineSnapshot(
      `
      "train-model: --train-dataset-path or --dataset-path or --train-list is required.
      See train-model --help"
    `,
    );
  });

  it('a batch of none', async () => {
    expect(await misuse({ 'batch-size': 0 })).toMatchInlineSnapshot(
      `
      "train-model: --batch-size is a whole number from 1. Received: 0.
      See train-model --help"
    `,
    );
  });

  it('a batch of text', async () => {
    expect(await misuse({ 'batch-size': 'abc' })).toMatchInlineSnapshot(`
      "train-model: --batch-size takes a number. Received: abc
      See train-model --help"
    `);
  });

  it('a batch of 1.5', async () => {
    expect(await misuse({ 'batch-size': 1.5 })).toMatchInlineSnapshot(
      `
      "train-model: --batch-size is a whole number from 1. Received: 1.5.
      See train-model --help"
    `,
    );
  });

  it('negative epochs', async () => {
    expect(await misuse({ 'num-epochs': -1 })).toMatchInlineSnapshot(
      `
      "train-model: --num-epochs is a whole number from 1. Received: -1.
      See train-model --help"
    `,
    );
  });

  it('a learning rate of 0', async () => {
    expect(await misuse({ 'learning-rate': 0 })).toMatchInlineSnapshot(
      `
      "train-model: --learning-rate is more than 0. Received: 0.
      See train-model --help"
    `,
    );
  });

  it('a learning rate of NaN', async () => {
    expect(await misuse({ 'learning-rate': 'NaN' })).toMatchInlineSnapshot(`
      "train-model: --learning-rate takes a number. Received: NaN
      See train-model --help"
    `);
  });

  it('a split of 1', async () => {
    expect(await misuse({ 'validation-split': 1 })).toMatchInlineSnapshot(
      `
      "train-model: --validation-split is between 0 and 1. Received: 1.
      See train-model --help"
    `,
    );
  });

  it('version 0', async () => {
    expect(await misuse({ 'model-version': 0 })).toMatchInlineSnapshot(
      `
      "train-model: --model-version is a whole number from 1. Received: 0.
      See train-model --help"
    `,
    );
  });

  it('an unknown architecture', async () => {
    expect(await misuse({ 'model-type': 'Nope' })).toMatchInlineSnapshot(
      `
      "train-model: --model-type is one of EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, LenetModel, MobileNetModel, MobileNetV3Model, ResnetModel, or your own class as path/to/model.ts#ClassName. Received: Nope.
      See train-model --help"
    `,
    );
  });

  it('a class in a file that is not there', async () => {
    expect(await misuse({ 'model-type': 'gone.ts#TinyModel' })).toMatchInlineSnapshot(
      `
      "train-model: --model-type names the file gone.ts, which does not exist.
      See train-model --help"
    `,
    );
  });

  it('a class that a file does not export', async () => {
    expect(await misuse({ 'model-type': 'examples/custom-model/tiny-model.ts#TinnyModel' })).toMatchInlineSnapshot(
      `
      "train-model: --model-type names TinnyModel, which examples/custom-model/tiny-model.ts does not export. It exports: TinyModel.
      See train-model --help"
    `,
    );
  });

  it('a class of another kind', async () => {
    expect(await misuse({ 'model-type': 'examples/adder/adder.ts#Adder' })).toMatchInlineSnapshot(
      `
      "train-model: --model-type names Adder of examples/adder/adder.ts, which is a class that extends Servable. Expected: export class Adder extends ImageClassifierModel. Give its layers to ImageClassifierModel, as examples/custom-model does.
      See train-model --help"
    `,
    );
  });

  it('a backbone to freeze that is not there', async () => {
    expect(await misuse({ 'freeze-backbone': true as const, dropout: 0.2 })).toMatchInlineSnapshot(
      `
      "train-model: --freeze-backbone, --dropout are for models with a backbone: EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, MobileNetModel, MobileNetV3Model, ResnetModel, or your own class that extends BackboneModel. Received: LenetModel.
      See train-model --help"
    `,
    );
  });

  it('a backbone that is frozen and trained', async () => {
    expect(
      await misuse({ 'freeze-backbone': true as const, 'fine-tune-from': 'Conv_1', 'model-type': 'MobileNetModel' }),
    ).toMatchInlineSnapshot(`
      "train-model: --freeze-backbone trains only the head, --fine-tune-from part of the backbone too: give one of them. Received: both.
      See train-model --help"
    `);
  });

  it('a layer that is not there', async () => {
    expect(
      await misuse({
        'fine-tune-from': 'conv1',
        'model-type': 'MobileNetModel',
        'pretrained-weights': 'none',
        'input-width': 32,
        'input-height': 32,
      }),
    ).toMatchInlineSnapshot(
      `
      "train-model: MobileNetModel has no layer "conv1" in its backbone, which goes from Conv1 to out_relu. Names like it: Conv1, Conv_1, bn_Conv1, Conv_1_bn, Conv1_relu.
      See train-model --help"
    `,
    );
  });

  it('all dropped', async () => {
    expect(await misuse({ dropout: 1 })).toMatchInlineSnapshot(
      `
      "train-model: --dropout is 0 or more and below 1. Received: 1.
      See train-model --help"
    `,
    );
  });

  it('published weights of a model that has none', async () => {
    expect(await misuse({ 'pretrained-weights': 'imagenet' })).toMatchInlineSnapshot(
      `
      "train-model: Weights by name are "imagenet", for EfficientNetLiteModel, EfficientNetV2Model, InceptionModel, MobileNetModel, MobileNetV3Model, ResnetModel. Received: "imagenet" for LenetModel. Give a weight file of Keras, or start from random weights.
      See train-model --help"
    `,
    );
  });

  it('no image size', async () => {
    expect(await misuse({ 'input-width': 0 })).toMatchInlineSnapshot(
      `
      "train-model: --input-width is a whole number from 1 to 10000. Received: 0.
      See train-model --help"
    `,
    );
  });

  it('an unknown word for bad images', async () => {
    expect(await misuse({ 'on-bad-image': 'mend' })).toMatchInlineSnapshot(`
      "train-model: Invalid values:
        Argument: on-bad-image, Given: "mend", Choices: "fail", "skip"
      See train-model --help"
    `);
  });
});

describe('train-model refuses a data set:', () => {
  it('weights that are not there', async () => {
    expect(await refusedTraining({ flags: { 'pretrained-weights': 'gone.h5' } })).toMatchInlineSnapshot(
      `
      "train-model: The weight file gone.h5 does not exist.
      Error code: INVALID_WEIGHTS"
    `,
    );
  });

  it('weights of another architecture', async () => {
    expect(await refusedTraining({ flags: { 'pretrained-weights': 'test/fixtures/keras/mobilenetv2_035.legacy.h5' } }))
      .toMatchInlineSnapshot(`
        "train-model: test/fixtures/keras/mobilenetv2_035.legacy.h5 cannot be used: its layers are not the model's:
          conv1: missing
          conv2: missing
          conv3: missing
          dense1: missing
          Conv1: the model has no such layer
          bn_Conv1: the model has no such layer
          expanded_conv_depthwise: the model has no such layer
          expanded_conv_depthwise_BN: the model has no such layer
          expanded_conv_project: the model has no such layer
          expanded_conv_project_BN: the model has no such layer
          block_1_expand: the model has no such layer
          block_1_expand_BN: the model has no such layer
          block_1_depthwise: the model has no such layer
          block_1_depthwise_BN: the model has no such layer
          block_1_project: the model has no such layer
          block_1_project_BN: the model has no such layer
          block_2_expand: the model has no such layer
          block_2_expand_BN: the model has no such layer
          block_2_depthwise: the model has no such layer
          block_2_depthwise_BN: the model has no such layer
          block_2_project: the model has no such layer
          block_2_project_BN: the model has no such layer
          block_3_expand: the model has no such layer
          block_3_expand_BN: the model has no such layer
          block_3_depthwise: the model has no such layer
          block_3_depthwise_BN: the model has no such layer
          block_3_project: the model has no such layer
          block_3_project_BN: the model has no such layer
          block_4_expand: the model has no such layer
          block_4_expand_BN: the model has no such layer
          block_4_depthwise: the model has no such layer
          block_4_depthwise_BN: the model has no such layer
          block_4_project: the model has no such layer
          block_4_project_BN: the model has no such layer
          block_5_expand: the model has no such layer
          block_5_expand_BN: the model has no such layer
          block_5_depthwise: the model has no such layer
          block_5_depthwise_BN: the model has no such layer
          block_5_project: the model has no such layer
          block_5_project_BN: the model has no such layer
          block_6_expand: the model has no such layer
          block_6_expand_BN: the model has no such layer
          block_6_depthwise: the model has no such layer
          block_6_depthwise_BN: the model has no such layer
          block_6_project: the model has no such layer
          block_6_project_BN: the model has no such layer
          block_7_expand: the model has no such layer
          block_7_expand_BN: the model has no such layer
          block_7_depthwise: the model has no such layer
          block_7_depthwise_BN: the model has no such layer
          block_7_project: the model has no such layer
          block_7_project_BN: the model has no such layer
          block_8_expand: the model has no such layer
          block_8_expand_BN: the model has no such layer
          block_8_depthwise: the model has no such layer
          block_8_depthwise_BN: the model has no such layer
          block_8_project: the model has no such layer
          block_8_project_BN: the model has no such layer
          block_9_expand: the model has no such layer
          block_9_expand_BN: the model has no such layer
          block_9_depthwise: the model has no such layer
          block_9_depthwise_BN: the model has no such layer
          block_9_project: the model has no such layer
          block_9_project_BN: the model has no such layer
          block_10_expand: the model has no such layer
          block_10_expand_BN: the model has no such layer
          block_10_depthwise: the model has no such layer
          block_10_depthwise_BN: the model has no such layer
          block_10_project: the model has no such layer
          block_10_project_BN: the model has no such layer
          block_11_expand: the model has no such layer
          block_11_expand_BN: the model has no such layer
          block_11_depthwise: the model has no such layer
          block_11_depthwise_BN: the model has no such layer
          block_11_project: the model has no such layer
          block_11_project_BN: the model has no such layer
          block_12_expand: the model has no such layer
          block_12_expand_BN: the model has no such layer
          block_12_depthwise: the model has no such layer
          block_12_depthwise_BN: the model has no such layer
          block_12_project: the model has no such layer
          block_12_project_BN: the model has no such layer
          block_13_expand: the model has no such layer
          block_13_expand_BN: the model has no such layer
          block_13_depthwise: the model has no such layer
          block_13_depthwise_BN: the model has no such layer
          block_13_project: the model has no such layer
          block_13_project_BN: the model has no such layer
          block_14_expand: the model has no such layer
          block_14_expand_BN: the model has no such layer
          block_14_depthwise: the model has no such layer
          block_14_depthwise_BN: the model has no such layer
          block_14_project: the model has no such layer
          block_14_project_BN: the model has no such layer
          block_15_expand: the model has no such layer
          block_15_expand_BN: the model has no such layer
          block_15_depthwise: the model has no such layer
          block_15_depthwise_BN: the model has no such layer
          block_15_project: the model has no such layer
          block_15_project_BN: the model has no such layer
          block_16_expand: the model has no such layer
          block_16_expand_BN: the model has no such layer
          block_16_depthwise: the model has no such layer
          block_16_depthwise_BN: the model has no such layer
          block_16_project: the model has no such layer
          block_16_project_BN: the model has no such layer
          Conv_1: the model has no such layer
          Conv_1_bn: the model has no such layer
        Give a weight file of Keras for this architecture: .weights.h5, .keras, the .h5 that Keras Applications publishes, or a SavedModel.
        Error code: INVALID_WEIGHTS"
      `);
  });

  it('a training set that is missing', async () => {
    expect(await refusedTraining({ flags: ({ folder }) => ({ 'train-dataset-path': path.join(folder, 'gone') }) }))
      .toMatchInlineSnapshot(`
      "train-model: The data set FOLDER/gone does not exist.
      Error code: INVALID_DATASET"
    `);
  });

  it('a training set that is a file', async () => {
    expect(
      await refusedTraining({ flags: ({ train }) => ({ 'train-dataset-path': path.join(train, '0', '0000.png') }) }),
    ).toMatchInlineSnapshot(
      `
      "train-model: The data set FOLDER/train/0/0000.png is not a directory. A data set is a directory with a directory of images for each class, such as FOLDER/train/0/0000.png/cat and FOLDER/train/0/0000.png/dog.
      Error code: INVALID_DATASET"
    `,
    );
  });

  it('a training set that is empty', async () => {
    expect(
      await refusedTraining({
        arrange: ({ train }) => ['0', '1'].forEach((name) => rmSync(path.join(train, name), { recursive: true })),
      }),
    ).toMatchInlineSnapshot(`
      "train-model: The data set FOLDER/train cannot be used.
      It needs at least two classes. Found: none. A data set is a directory with a directory of images for each class, such as FOLDER/train/cat and FOLDER/train/dog.
      Error code: INVALID_DATASET"
    `);
  });

  it('one class only', async () => {
    expect(await refusedTraining({ arrange: ({ train }) => rmSync(path.join(train, '1'), { recursive: true }) }))
      .toMatchInlineSnapshot(`
        "train-model: The data set FOLDER/train cannot be used.
        It needs at least two classes. Found: only "0". A data set is a directory with a directory of images for each class, such as FOLDER/train/cat and FOLDER/train/dog.
        Error code: INVALID_DATASET"
      `);
  });

  it('a class without images', async () => {
    expect(await refusedTraining({ arrange: ({ train }) => mkdirSync(path.join(train, '2')) })).toMatchInlineSnapshot(`
      "train-model: The data set FOLDER/train cannot be used.
      Classes without an image that can be used: "2".
      Error code: INVALID_DATASET"
    `);
  });

  it('a class that the test set lacks', async () => {
    expect(
      await refusedTraining({
        arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '../train/2'), { recursive: true }),
      }),
    ).toMatchInlineSnapshot(`
      "train-model: The classes of the test set FOLDER/test are not those of the training set FOLDER/train.
      Missing: "2".
      Every class needs a directory of its name with at least one image, and there may be no others.
      Error code: CLASSES_DIFFER"
    `);
  });

  it('a class that only the test set has', async () => {
    expect(
      await refusedTraining({
        arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '2'), { recursive: true }),
      }),
    ).toMatchInlineSnapshot(`
      "train-model: The classes of the test set FOLDER/test are not those of the training set FOLDER/train.
      Unexpected: "2".
      Every class needs a directory of its name with at least one image, and there may be no others.
      Error code: CLASSES_DIFFER"
    `);
  });

  it('a folder for models below a file', async () => {
    expect(
      await refusedTraining({
        flags: ({ train }) => ({ 'model-folder-path': path.join(train, '0', '0000.png', 'models') }),
      }),
    ).toMatchInlineSnapshot(
      `
      "train-model: Cannot write FOLDER/train/0/0000.png/models/LenetModel: a part of the path is a file. Choose another folder.
      Error code: CANNOT_WRITE"
    `,
    );
  });

  it('a version that exists, and leaves it as it is', async () => {
    const workplace = makeWorkplace();
    const version = path.join(workplace.models, 'LenetModel', '3');
    cpSync(trained, version, { recursive: true });
    const before = filesOf(workplace.models);
    const result = await trainModel(workplace, { 'model-version': 3 });
    expect(messageOf('train-model', result, workplace)).toMatchInlineSnapshot(
      `
      "train-model: FOLDER/models/LenetModel/3 exists. Give another --model-version, leave it out for the next free one, or replace it with --overwrite.
      Error code: MODEL_EXISTS"
    `,
    );
    expect(filesOf(workplace.models)).toEqual(before);
    expect(readFileSync(path.join(version, 'saved_model.pb'))).toEqual(
      readFileSync(path.join(trained, 'saved_model.pb')),
    );
  });
});

describe('train-model refuses an image:', () => {
  it('an empty file', async () => {
    expect(await refusedTraining({ arrange: add('bad.png', '') })).toMatchInlineSnapshot(`
      "train-model: 1 file in FOLDER/train cannot be used.
      1 file is empty:
        FOLDER/train/0/bad.png has no bytes
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });

  it('an empty file in the test set', async () => {
    expect(await refusedTraining({ arrange: add('bad.png', '', 'test') })).toMatchInlineSnapshot(`
      "train-model: 1 file in FOLDER/test cannot be used.
      1 file is empty:
        FOLDER/test/0/bad.png has no bytes
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });

  it.each(formats)('half of a %s', async (format) => {
    const said = await refusedTraining({ arrange: add(`bad.${format}`, half(pictures[format])) });
    for (const part of ['1 file is corrupt:', `FOLDER/train/0/bad.${format}`, '--on-bad-image skip'])
      expect(said).toContain(part);
  });

  it('text that is named .png', async () => {
    expect(await refusedTraining({ arrange: add('bad.png', 'no image') })).toMatchInlineSnapshot(`
      "train-model: 1 file in FOLDER/train cannot be used.
      1 file is of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF):
        FOLDER/train/0/bad.png is text
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });

  it('HTML that is named .jpg', async () => {
    expect(await refusedTraining({ arrange: add('bad.jpg', '<!DOCTYPE html><title>404</title>') }))
      .toMatchInlineSnapshot(`
        "train-model: 1 file in FOLDER/train cannot be used.
        1 file is of an unsupported format (supported are JPEG, PNG, GIF, BMP, WebP, AVIF and TIFF):
          FOLDER/train/0/bad.jpg is an HTML page
        Repair or remove them, or continue without them: --on-bad-image skip
        Error code: BAD_IMAGE"
      `);
  });

  it('a PNG that claims 50,000 x 50,000 pixels', async () => {
    expect(await refusedTraining({ arrange: add('bad.png', pngClaiming(50_000, 50_000)) })).toMatchInlineSnapshot(`
      "train-model: 1 file in FOLDER/train cannot be used.
      1 file is too large in pixels:
        FOLDER/train/0/bad.png is 50000 x 50000 pixels (2,500 megapixels): more than the limit of 50 megapixels (maxPixels)
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });

  it('a link that leads nowhere', async () => {
    expect(await refusedTraining({ arrange: ({ train }) => symlinkSync('gone.png', path.join(train, '0', 'bad.png')) }))
      .toMatchInlineSnapshot(`
        "train-model: 1 file in FOLDER/train cannot be used.
        1 file is unreadable:
          FOLDER/train/0/bad.png is a symbolic link to gone.png, which does not exist
        Repair or remove them, or continue without them: --on-bad-image skip
        Error code: BAD_IMAGE"
      `);
  });

  it('a link to itself', async () => {
    expect(await refusedTraining({ arrange: ({ train }) => symlinkSync('bad.png', path.join(train, '0', 'bad.png')) }))
      .toMatchInlineSnapshot(`
        "train-model: 1 file in FOLDER/train cannot be used.
        1 file is part of a circle of symbolic links:
          FOLDER/train/0/bad.png is a symbolic link that leads in a circle
        Repair or remove them, or continue without them: --on-bad-image skip
        Error code: BAD_IMAGE"
      `);
  });

  it('links to folders in a circle', async () => {
    expect(await refusedTraining({ arrange: ({ train }) => symlinkSync('..', path.join(train, '0', 'up')) }))
      .toMatchInlineSnapshot(`
        "train-model: 1 file in FOLDER/train cannot be used.
        1 file is part of a circle of symbolic links:
          FOLDER/train/0/up is a symbolic link to a directory that contains it
        Repair or remove them, or continue without them: --on-bad-image skip
        Error code: BAD_IMAGE"
      `);
  });

  it('a named pipe', async () => {
    expect(
      await refusedTraining({ arrange: ({ train }) => execFileSync('mkfifo', [path.join(train, '0', 'bad.png')]) }),
    ).toMatchInlineSnapshot(`
      "train-model: 1 file in FOLDER/train cannot be used.
      1 file is unreadable:
        FOLDER/train/0/bad.png is a named pipe, not a file
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });
});

describe('an image with flipped bits', () => {
  it.each(formats)('is trained on or refused by its path: %s', async (format) => {
    const workplace = makeWorkplace();
    add(`bad.${format}`, flipMiddle(pictures[format], 16))(workplace);
    const result = await trainModel(workplace);
    if (result.code === 0) return;
    expect(messageOf('train-model', result, workplace)).toContain(`FOLDER/train/0/bad.${format}`);
    expectNoModel(workplace.models);
  });
});

describe('train-model --on-bad-image skip', () => {
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
    expect(messageOf('train-model', result, workplace)).toMatchInlineSnapshot(`
      "train-model: The data set FOLDER/train cannot be used.
      Classes without an image that can be used: "2".
      1 file is empty:
        FOLDER/train/2/bad.png has no bytes
      Error code: INVALID_DATASET"
    `);
    expectNoModel(workplace.models);
  });
});

function cut(file: string): void {
  truncateSync(file, Math.floor(readFileSync(file).length / 2));
}

describe('eval-model refuses', () => {
  it('no model', async () => {
    expect(await refusedEvaluation({ flags: { 'model-path': undefined }, code: 2 })).toMatchInlineSnapshot(`
      "eval-model: Missing required argument: model-path
      See eval-model --help"
    `);
  });

  it('a batch of none', async () => {
    expect(await refusedEvaluation({ flags: { 'batch-size': 0 }, code: 2 })).toMatchInlineSnapshot(
      `
      "eval-model: --batch-size is a whole number from 1. Received: 0.
      See eval-model --help"
    `,
    );
  });

  it('a model that is missing', async () => {
    expect(
      await refusedEvaluation({ flags: ({ folder }) => ({ 'model-path': path.join(folder, 'gone') }) }),
    ).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER/gone is not a SavedModel: it has no readable saved_model.pb. There is no such directory. Give the directory of a version, such as models/LenetModel/1.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('a folder that is not a SavedModel', async () => {
    expect(await refusedEvaluation({ flags: ({ test }) => ({ 'model-path': test }) })).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER/test is not a SavedModel: it has no readable saved_model.pb. Give the directory of a version, such as models/LenetModel/1.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('the folder of the versions, and names those in it', async () => {
    expect(await refusedEvaluation({ flags: ({ folder }) => ({ 'model-path': folder }) })).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER is not a SavedModel: it has no readable saved_model.pb. Give one of the SavedModels in it: FOLDER/model.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('a model without saved_model.pb', async () => {
    expect(
      await refusedEvaluation({ arrange: ({ model }) => rmSync(path.join(model, 'saved_model.pb')) }),
    ).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER/model is not a SavedModel: it has no readable saved_model.pb. Give the directory of a version, such as models/LenetModel/1.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('half of saved_model.pb', async () => {
    expect(await refusedEvaluation({ arrange: ({ model }) => cut(path.join(model, 'saved_model.pb')) }))
      .toMatchInlineSnapshot(`
      "eval-model: FOLDER/model/saved_model.pb is damaged. Copy or save the model again.
      Error code: INVALID_SAVED_MODEL"
    `);
  });

  it('a model without variables', async () => {
    expect(
      await refusedEvaluation({ arrange: ({ model }) => rmSync(path.join(model, 'variables'), { recursive: true }) }),
    ).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER/model is incomplete: it has no variables/variables.index. Copy or save the model again.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('half of the variables', async () => {
    expect(
      await refusedEvaluation({
        arrange: ({ model }) => cut(path.join(model, 'variables/variables.data-00000-of-00001')),
      }),
    ).toMatchInlineSnapshot(`
      "eval-model: TensorFlow could not load FOLDER/model: Failed to load SavedModel: Read less bytes than requested
      	 [[{{node RestoreV2}}]]
      Error code: INVALID_SAVED_MODEL"
    `);
  });

  it('a model without class names', async () => {
    expect(
      await refusedEvaluation({ arrange: ({ model }) => rmSync(path.join(model, 'assets/class_names.txt')) }),
    ).toMatchInlineSnapshot(
      `
      "eval-model: FOLDER/model is not a classifier of Signet: it has no assets/class_names.txt. Give a directory that train-model wrote, such as models/LenetModel/1.
      Error code: INVALID_SAVED_MODEL"
    `,
    );
  });

  it('a test set of other classes', async () => {
    expect(
      await refusedEvaluation({
        arrange: ({ test }) => cpSync(path.join(test, '1'), path.join(test, '2'), { recursive: true }),
      }),
    ).toMatchInlineSnapshot(`
      "eval-model: The classes of the test set FOLDER/test are not those of the model FOLDER/model.
      Unexpected: "2".
      Every class needs a directory of its name with at least one image, and there may be no others.
      Error code: CLASSES_DIFFER"
    `);
  });

  it('a bad image', async () => {
    expect(await refusedEvaluation({ arrange: add('bad.png', '', 'test') })).toMatchInlineSnapshot(`
      "eval-model: 1 file in FOLDER/test cannot be used.
      1 file is empty:
        FOLDER/test/0/bad.png has no bytes
      Repair or remove them, or continue without them: --on-bad-image skip
      Error code: BAD_IMAGE"
    `);
  });

  it('an image whose pixels are damaged', async () => {
    expect(await refusedEvaluation({ arrange: add('bad.png', flipMiddle(pictures.png, 16), 'test') }))
      .toMatchInlineSnapshot(`
        "eval-model: 1 file in FOLDER/test cannot be used.
        1 file is corrupt:
          FOLDER/test/0/bad.png is PNG with bytes that fail their checksum
        Repair or remove them, or continue without them: --on-bad-image skip
        Error code: BAD_IMAGE"
      `);
  });

  it('an image to be transcoded whose pixels are damaged', async () => {
    expect(await refusedEvaluation({ arrange: add('bad.avif', flipMiddle(pictures.avif, 16), 'test') }))
      .toMatchInlineSnapshot(`
        "eval-model: 1 file is corrupt:
          FOLDER/test/0/bad.avif does not decode: The image is corrupt: it cannot be transcoded to PNG
        Repair or remove the files listed, or leave it out with --on-bad-image skip.
        Error code: BAD_IMAGE"
      `);
  });
});

// The same commands as users start them: a process of its own each.
describe.concurrent('a process that refuses', () => {
  it('wrong usage ends with exit code 2', async () => {
    const workplace = makeWorkplace();
    const result = await runCommandLine('train-model', trainingArguments(workplace, { 'batch-size': 'abc' }));
    expect(messageOf('train-model', result, workplace, 2)).toContain('--batch-size takes a number. Received: abc');
  });

  it.each(['png', 'jpg'] as const)('half of a %s ends with exit code 1', async (format) => {
    const workplace = makeWorkplace();
    add(`bad.${format}`, half(pictures[format]))(workplace);
    const result = await runCommandLine('train-model', trainingArguments(workplace));
    expect(messageOf('train-model', result, workplace)).toContain(`FOLDER/train/0/bad.${format}`);
    expectNoModel(workplace.models);
  });

  it('a broken model ends with exit code 1', async () => {
    const workplace = makeWorkplace();
    cpSync(trained, workplace.model, { recursive: true });
    cut(path.join(workplace.model, 'variables/variables.data-00000-of-00001'));
    const result = await runCommandLine('eval-model', evaluationArguments(workplace));
    expect(messageOf('eval-model', result, workplace)).toContain('FOLDER/model');
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
    expect(messageOf('train-model', result, workplace)).toMatchInlineSnapshot(
      `
      "train-model: Cannot write FOLDER/models/LenetModel/1: the disk is full. Free some space, or choose another folder.
      Error code: CANNOT_WRITE"
    `,
    );
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
    expect(messageOf('train-model', result, workplace)).toMatchInlineSnapshot(
      `
      "train-model: Cannot write FOLDER/models/LenetModel: the disk is full. Free some space, or choose another folder.
      Error code: CANNOT_WRITE"
    `,
    );
    expect(result.stderr).not.toContain('training LenetModel');
  });

  it('that is read-only is noticed before the training', async ({ skip }) => {
    const workplace = makeWorkplace();
    if (mountDisk(workplace.models, 'ro') === null) return skip();
    expect(messageOf('train-model', await trainModel(workplace), workplace)).toMatchInlineSnapshot(
      `
      "train-model: Cannot write FOLDER/models/LenetModel: its file system is read-only. Choose another folder.
      Error code: CANNOT_WRITE"
    `,
    );
  });
});
