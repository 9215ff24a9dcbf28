import path from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import { EfficientNetV2Model } from '../../src/models/efficient-net-v2-model.js';
import { InceptionModel } from '../../src/models/inception-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { MobileNetModel } from '../../src/models/mobile-net-model.js';
import { ResnetModel } from '../../src/models/resnet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { forgetNames } from '../helpers/models/forget-names.js';
import { kerasImage, setKerasWeights } from '../helpers/models/keras-weights.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/**
 * Calls `serving_heatmap` in Python, and computes Grad-CAM with a GradientTape in Keras's own network, which gets the SavedModel's weights. Without pooling
 * the gradient is taken at each pixel, HiResCAM.
 */
const script = `
import base64, json, sys
import keras, numpy as np, tensorflow as tf
request = json.load(sys.stdin)

def lenet(shape):
    layers = keras.layers
    return keras.Sequential([
        keras.Input(shape), layers.Rescaling(1 / 255),
        layers.Conv2D(6, 5, activation='tanh', name='conv1'), layers.AveragePooling2D(2),
        layers.Conv2D(16, 3, activation='tanh', name='conv2'), layers.AveragePooling2D(2),
        layers.Conv2D(120, 3, activation='tanh', name='conv3'), layers.Flatten(),
        layers.Dense(84, activation='tanh', name='dense1'), layers.Dense(3, name='logits')])

def network(case):
    shape = (case['size'], case['size'], 3)
    if case['name'] == 'LeNet': return lenet(shape)
    options = {'alpha': 0.35} if case['name'] == 'MobileNetV2' else {}
    make = getattr(keras.applications, case['name'])
    return make(include_top=True, weights=None, classes=3, input_shape=shape, classifier_activation=None, **options)

def grad_cam(model, last, images, wanted, is_pooled):
    inside = keras.Model(model.inputs, [model.get_layer(last).output, model.outputs[0]])
    with tf.GradientTape() as tape:
        features, logits = inside(images, training=False)
        classes = tf.where(wanted < 0, tf.argmax(logits, -1, tf.int32), wanted)
        score = tf.reduce_sum(tf.gather(logits, classes, batch_dims=1))
    weights = tape.gradient(score, features)
    if is_pooled: weights = tf.reduce_mean(weights, [1, 2], keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(features * weights, -1, keepdims=True))
    heat = tf.math.divide_no_nan(heat, tf.reduce_max(heat, [1, 2, 3], keepdims=True))
    return tf.image.resize(heat, images.shape[1:3])[..., 0], classes, tf.nn.softmax(logits)

answers = {}
for case in request['cases']:
    keras.backend.clear_session()
    saved = tf.saved_model.load(case['directory'])
    values = {variable.name.split(':')[0].replace('depthwise_kernel', 'kernel'): variable.numpy() for variable in saved.variables}
    model = network(case)
    for weight in model.weights: weight.assign(values[weight.path.removeprefix('sequential/')])
    files = tf.constant([base64.b64decode(image) for image in case['images']])
    wanted = tf.constant([-1, 0, 2])
    pixels = tf.stack([tf.cast(tf.image.decode_png(file), tf.float32) for file in files])
    scaled = pixels / 127.5 - 1 if case['scaled'] else pixels
    heat, classes, probabilities = grad_cam(model, case['last'], scaled, wanted, case['name'] != 'LeNet')
    served = saved.signatures['serving_heatmap'](image_bytes_string=files, class_index=wanted)
    answers[case['name']] = {
        'shape': served['heatmap'].shape.as_list(),
        'heatmap': served['heatmap'].numpy().ravel().tolist(),
        'expected': heat.numpy().ravel().tolist(),
        'classes': [served['class_index'].numpy().tolist(), classes.numpy().tolist()],
        'names': [name.decode() for name in served['class_name'].numpy()],
        'probabilities': [served['probability'].numpy().tolist(), tf.gather(probabilities, classes, batch_dims=1).numpy().tolist()],
    }
print(json.dumps(answers))
`;

const classNames = ['ape', 'bee', 'cat'];

const families = [
  { name: 'LeNet', Model: LenetModel, last: 'conv3', size: 40, scaled: false },
  { name: 'MobileNetV2', Model: MobileNetModel, last: 'out_relu', size: 96, scaled: true, alpha: 0.35 },
  { name: 'ResNet50V2', Model: ResnetModel, last: 'post_relu', size: 96, scaled: true },
  { name: 'InceptionV3', Model: InceptionModel, last: 'mixed10', size: 139, scaled: true },
  { name: 'EfficientNetV2B0', Model: EfficientNetV2Model, last: 'top_activation', size: 96, scaled: false },
] as const;

interface Answer {
  readonly shape: number[];
  readonly heatmap: number[];
  readonly expected: number[];
  readonly classes: number[][];
  readonly names: string[];
  readonly probabilities: number[][];
}

describe.skipIf(!hasPython())('heat maps', () => {
  const here = new Map<string, Float32Array>();
  let answers: Record<string, Answer>;

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    const cases = [];
    for (const { name, Model, size, ...family } of families) {
      forgetNames();
      const alpha = 'alpha' in family ? { alpha: family.alpha } : {};
      const options = { classNames, inputHeight: size, inputWidth: size, withHeatmap: true };
      const model = new Model({ ...options, ...alpha, ...(Model === LenetModel ? {} : { includeTop: true }) });
      setKerasWeights(model, (values, shape) => tf.tensor(values, shape));
      const directory = path.join(folder, name);
      await model.save(directory);
      const images = await pictures(size);
      const { heatmap } = model.explainImage?.(stringVector(images), tf.tensor1d([-1, 0, 2], 'int32')) ?? {};
      here.set(name, heatmap?.dataSync<'float32'>() ?? new Float32Array());
      cases.push({ ...family, name, directory, size, images: images.map((image) => image.toString('base64')) });
      model.dispose();
    }
    answers = (await runPython(script, { cases: cases.map(({ ...each }) => each) })) as typeof answers;
  }, 400_000);

  it.each(families)('of $name are those of a GradientTape in Keras', ({ name, size }) => {
    const { shape, heatmap, expected, classes, names, probabilities } = answers[name] ?? ({} as Answer);
    expect(shape).toEqual([3, size, size]);
    expect(classes[0]).toEqual(classes[1]);
    expect(names).toEqual(classes[0]?.map((index) => classNames[index]));
    const [served = [], computed = []] = probabilities;
    expect(worst(served, computed)).toBeLessThan(1e-4);
    expect(worst(heatmap, expected)).toBeLessThan(1e-4);
    expect(worst(heatmap, here.get(name) ?? [])).toBeLessThan(1e-4);
    // Maps that are the same all over would tell nothing.
    expect(Math.max(...expected) - Math.min(...expected)).toBeGreaterThan(0.3);
  });
});

/** Three pictures of a size that need not be resized. */
function pictures(size: number): Promise<Buffer[]> {
  const first = Uint8Array.from(kerasImage(size, size));
  const others = [first.toReversed(), first.map((value, i) => (i % 7 === 0 ? 255 - value : value))];
  return Promise.all(
    [first, ...others].map((pixels) =>
      sharp(pixels, { raw: { width: size, height: size, channels: 3 } })
        .png()
        .toBuffer(),
    ),
  );
}

function worst(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a).toHaveLength(b.length);
  return Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - (b[i] ?? NaN))), 0);
}
