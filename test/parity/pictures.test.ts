import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { centerCrop, cropTo } from '../../src/ops/crop-to.js';
import { padTo } from '../../src/ops/pad-to.js';
import { letterbox, resizeImages } from '../../src/ops/resize-images.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { tensorSpec } from '../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../src/tracing/tf-function.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

type Pictures = tf.Tensor4D;

/** What Python's `tf.image` does under a name of its own. */
const functions = {
  central_crop: tfFunction(
    (x: tf.Tensor) => ({
      a: centerCrop(x as Pictures, 0.875),
      b: centerCrop(x as Pictures, 0.56),
      c: centerCrop(x as Pictures, 0.7),
    }),
    { inputSignature: { x: tensorSpec('float32', [null, null, null, 1]) } },
  ),
  others: tfFunction(
    (x: tf.Tensor) => ({
      crop_or_pad: cropTo(padTo(x, [21, 30]), [21, 30]),
      nearest: resizeImages(x as Pictures, [13, 17], { method: 'nearest' }),
      bilinear: resizeImages(x as Pictures, [13, 17]),
      with_pad: letterbox(x as Pictures, [24, 17]),
    }),
    { inputSignature: { x: tensorSpec('float32', [null, null, null, 2]) } },
  ),
};

/** Calls the graphs and Python's own functions at many sizes; gives what differs. */
const script = `
import json, sys
import numpy as np, tensorflow as tf
model = tf.saved_model.load(json.load(sys.stdin)['directory'])
differing = []
def compare(name, size, ours, theirs):
    ours, theirs = ours.numpy(), theirs.numpy()
    if ours.shape != theirs.shape or np.abs(ours - theirs).max(initial=0) > 1e-5:
        differing.append([name, size, ours.shape, theirs.shape])
crop = model.signatures['central_crop']
for h in range(1, 260):
    x = tf.reshape(tf.range(h * 3, dtype=tf.float32), [1, h, 3, 1])
    ours = crop(x=x)
    for name, fraction in [('a', 0.875), ('b', 0.56), ('c', 0.7)]:
        compare(name, h, ours[name], tf.image.central_crop(x, fraction))
others = model.signatures['others']
for h, w in [[1, 1], [20, 31], [21, 30], [100, 7], [7, 100], [24, 17], [48, 34], [33, 47], [50, 25], [224, 160], [3, 5]]:
    x = tf.constant(np.random.default_rng(h).random((2, h, w, 2), np.float32))
    ours = others(x=x)
    compare('crop_or_pad', [h, w], ours['crop_or_pad'], tf.image.resize_with_crop_or_pad(x, 21, 30))
    compare('nearest', [h, w], ours['nearest'], tf.image.resize(x, [13, 17], 'nearest'))
    compare('bilinear', [h, w], ours['bilinear'], tf.image.resize(x, [13, 17]))
    compare('with_pad', [h, w], ours['with_pad'], tf.image.resize_with_pad(x, 24, 17))
print(json.dumps(differing))
`;

describe.runIf(hasPython())('pictures in Python', () => {
  it('are cut, padded and resized as tf.image does at every size', async () => {
    const directory = path.join(await temporaryFolder(), '1');
    const graphs = Object.fromEntries(
      Object.entries(functions).map(([name, fn]) => [name, fn.getConcreteFunction()] as const),
    );
    const signatures = Object.fromEntries(Object.keys(graphs).map((name) => [name, name]));
    await writeSavedModel(directory, { functions: graphs, signatures });
    expect(await runPython(script, { directory })).toEqual([]);
  });
});
