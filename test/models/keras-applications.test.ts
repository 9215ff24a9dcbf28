import { readFile } from 'node:fs/promises';
import path from 'node:path';

import sharp from 'sharp';
import { describe, expect, it } from 'vitest';

import { EfficientNetLiteModel } from '../../src/models/efficient-net-lite-model.js';
import { EfficientNetV2Model } from '../../src/models/efficient-net-v2-model.js';
import type { ImageClassifierModel } from '../../src/models/image-classifier-model.js';
import { InceptionModel } from '../../src/models/inception-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { MobileNetV3Model } from '../../src/models/mobile-net-v3-model.js';
import { ResnetModel } from '../../src/models/resnet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { kerasImage, setKerasWeights } from '../helpers/models/keras-weights.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

interface Output {
  readonly shape: readonly (number | null)[];
  readonly first: readonly number[];
  readonly absmax: number;
}

interface Fixture {
  readonly input: { readonly height: number; readonly width: number };
  readonly parameters: number;
  readonly layers: readonly {
    readonly name: string;
    readonly variables: readonly { readonly shape: readonly number[] }[];
  }[];
  readonly intermediate: Readonly<Record<string, Output>>;
  readonly output: Output;
  readonly output_values: readonly (readonly number[])[];
}

const classNames = ['ant', 'bee'];
/** By the fixture's file: those of `torch` were computed by PyTorch. */
const makers: Readonly<Record<string, (inputHeight: number, inputWidth: number) => ImageClassifierModel>> = {
  'keras/resnet50v2': (inputHeight, inputWidth) => new ResnetModel({ classNames, inputHeight, inputWidth }),
  'keras/resnet50v2_224': (inputHeight, inputWidth) => new ResnetModel({ classNames, inputHeight, inputWidth }),
  'keras/mobilenetv2_035': (inputHeight, inputWidth) =>
    new MobileNetModel({ classNames, inputHeight, inputWidth, alpha: 0.35 }),
  'keras/mobilenetv2_100': (inputHeight, inputWidth) => new MobileNetModel({ classNames, inputHeight, inputWidth }),
  'keras/inceptionv3': (inputHeight, inputWidth) => new InceptionModel({ classNames, inputHeight, inputWidth }),
  'keras/efficientnetv2b0': (inputHeight, inputWidth) =>
    new EfficientNetV2Model({ classNames, inputHeight, inputWidth }),
  'keras/mobilenetv3small': (inputHeight, inputWidth) =>
    new MobileNetV3Model({ classNames, inputHeight, inputWidth, variant: 'small' }),
  'torch/efficientnetlite0': (inputHeight, inputWidth) =>
    new EfficientNetLiteModel({ classNames, inputHeight, inputWidth }),
  'keras/mobilenetv3large': (inputHeight, inputWidth) => new MobileNetV3Model({ classNames, inputHeight, inputWidth }),
};

describe.each(Object.entries(makers))('the network of the fixture %s', (file, make) => {
  it('has its layers, variables and parameters, and computes what it computes, eager and served', async () => {
    const fixture = JSON.parse(await readFile(`test/fixtures/${file}.json`, 'utf8')) as Fixture;
    const { height, width } = fixture.input;
    const model = make(height, width);
    setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
    const own = model.layers.filter((layer) => layer.weights.length > 0 && layer.name !== 'logits');
    // Its order too: weights of files with other names are told by it.
    expect(own.map((layer) => layer.name)).toEqual(fixture.layers.map((layer) => layer.name));
    const shapes = (all: readonly { name: string; variables: readonly { shape: readonly (number | null)[] }[] }[]) =>
      Object.fromEntries(all.map((layer) => [layer.name, layer.variables.map(({ shape }) => shape)]));
    expect(shapes(own.map((layer) => ({ name: layer.name, variables: layer.weights })))).toEqual(
      shapes(fixture.layers),
    );
    const logits = model.getLayer('logits').countParams();
    expect(model.countParams() - logits).toBe(fixture.parameters);

    const image = tf.tensor(kerasImage(height, width), [1, height, width, 3]);
    const features = fixture.output_values.flat();
    const inside = Object.entries(fixture.intermediate);
    const outputs = outputsOf(model, [...inside.map(([layer]) => layer), 'avg_pool'], image);
    inside.forEach(([, expected], i) => {
      const first = outputs[i]?.flatten().slice([0], [expected.first.length]);
      expectClose(first?.dataSync() ?? [], expected.first, expected.absmax);
    });
    expectClose(outputs.at(-1)?.dataSync() ?? [], features, fixture.output.absmax);

    const directory = path.join(await temporaryFolder(), '1');
    await model.save(directory);
    const served = await LoadedSavedModel.load(directory);
    const raw = { width, height, channels: 3 as const };
    const png = await sharp(Uint8Array.from(kerasImage(height, width)), { raw })
      .png()
      .toBuffer();
    const { embedding } = served.call('serving_embedding', { image_bytes_string: stringVector([png]) });
    expectClose(embedding?.dataSync() ?? [], features, fixture.output.absmax);
    served.dispose();
    model.dispose();
  });
});

/** What layers of a model give for an image, in one run of the network. */
function outputsOf(model: ImageClassifierModel, layers: readonly string[], image: tf.Tensor): tf.Tensor[] {
  const outputs = layers.map((layer) => (model.getLayer(layer).output as tf.SymbolicTensor).name);
  return model.execute(image, outputs) as tf.Tensor[];
}

function expectClose(actual: ArrayLike<number>, expected: readonly number[], absmax: number): void {
  expect(actual.length).toBe(expected.length);
  const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - (actual[i] ?? NaN))), 0);
  expect(worst / absmax).toBeLessThan(1e-4);
}
