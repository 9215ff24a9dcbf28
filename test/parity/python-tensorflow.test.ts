import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { LenetModel } from '../../src/models/lenet-model.js';
import { stringVector } from '../../src/ops/strings.js';
import * as tf from '../../src/tensorflow/tf.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { hasPython, runPython, runPythonTool } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Loads the model as people do in Python, and answers by every road with logits. */
const script = `
import base64, json, sys
import numpy as np, tensorflow as tf
request = json.load(sys.stdin)
images = [base64.b64decode(image) for image in request['images']]
pixels = [tf.cast(tf.io.decode_image(image, channels=3, expand_animations=False), tf.float32) for image in images]
# tf.io.decode_image decodes JPEG with another inverse DCT than Signet: take the accurate one, as a careful client does.
pixels = [tf.cast(tf.io.decode_jpeg(image, channels=3, dct_method='INTEGER_ACCURATE'), tf.float32) if image[:2] == b'\\xff\\xd8' else p
          for image, p in zip(images, pixels)]
model = tf.saved_model.load(request['model'])
signatures = model.signatures
one_by_one = lambda f: np.concatenate([f(tf.expand_dims(p, 0)) for p in pixels]).tolist()
with tf.compat.v1.Session(graph=tf.Graph()) as session:
    meta = tf.compat.v1.saved_model.loader.load(session, ['serve'], request['model'])
    names = meta.signature_def['serving_bytes']
    v1 = session.run(names.outputs['output_0'].name, {names.inputs['image_bytes_string'].name: np.array(images, dtype=object)}).tolist()
    scalar = session.run(names.outputs['output_0'].name, {names.inputs['image_bytes_string'].name: images[0]}).tolist()
tf.saved_model.save(model, request['resaved'])
again = tf.saved_model.load(request['resaved'])
print(json.dumps({
    'predict_bytes_image': model.predict_bytes_image(tf.constant(images)).numpy().tolist(),
    'predict_bytes_image in pairs': np.concatenate([model.predict_bytes_image(tf.constant(images[i:i + 2])) for i in range(0, len(images), 2)]).tolist(),
    'predict_numpy_image': one_by_one(model.predict_numpy_image),
    'serving_default': one_by_one(lambda p: signatures['serving_default'](input_tensor=p)['output_0']),
    'serving_bytes': signatures['serving_bytes'](image_bytes_string=tf.constant(images))['output_0'].numpy().tolist(),
    'by position': signatures['serving_bytes'](tf.constant(images))['output_0'].numpy().tolist(),
    "Keras's TFSMLayer": tf.keras.layers.TFSMLayer(request['model'], call_endpoint='serving_bytes')(tf.constant(images))['output_0'].numpy().tolist(),
    'a session of TensorFlow 1': v1,
    'saved again by Python': again.predict_bytes_image(tf.constant(images)).numpy().tolist(),
    'scalar': scalar,
    'keywords': str(signatures['serving_bytes'].structured_input_signature),
    'variables': sorted([v.name, v.shape.as_list(), v.trainable] for v in model.variables),
}))
`;

interface Answer extends Record<string, unknown> {
  readonly scalar: number[][];
  readonly keywords: string;
  readonly variables: unknown[];
}

describe.skipIf(!hasPython())('a LeNet in Python TensorFlow', () => {
  const classNames = ['ape', 'bee', 'cat', 'dog'];
  let directory: string;
  let answer: Answer;
  let expected: number[][];

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    directory = path.join(folder, 'LenetModel', '1');
    const model = new LenetModel({ classNames, seed: 5 });
    await model.save(directory);
    const images = await encodedImages();
    const bytes = stringVector(images);
    expected = (model.predictBytesImage(bytes) as tf.Tensor2D).arraySync();
    answer = (await runPython(script, {
      model: directory,
      resaved: path.join(folder, 'resaved'),
      images: images.map((image) => Buffer.from(image).toString('base64')),
    })) as Answer;
    const loaded = await LoadedSavedModel.load(directory);
    const reloaded = loaded.call('serving_bytes', { image_bytes_string: bytes });
    expectClose((reloaded.output_0 as tf.Tensor2D).arraySync(), expected);
    loaded.dispose();
  });

  it.each([
    'predict_bytes_image',
    'predict_bytes_image in pairs',
    'predict_numpy_image',
    'serving_default',
    'serving_bytes',
    'by position',
    "Keras's TFSMLayer",
    'a session of TensorFlow 1',
    'saved again by Python',
  ])('gives the same logits by %s', (road) => {
    expectClose(answer[road] as number[][], expected);
  });

  it('takes one scalar as REST sends it', () => {
    expectClose(answer.scalar, expected.slice(0, 1));
  });

  it('asks for arguments by keyword', () => {
    expect(answer.keywords).toBe(
      "((), {'image_bytes_string': TensorSpec(shape=(None,), dtype=tf.string, name='image_bytes_string')})",
    );
  });

  it('has trackable variables', () => {
    expect(answer.variables).toHaveLength(10);
    expect(JSON.stringify(answer.variables)).toContain('[5,5,3,6],true]');
  });

  it('has no op that scanners report', async () => {
    const scanned = await runPythonTool('saved_model_cli', ['scan', '--dir', directory, '--tag_set', 'serve']);
    expect(scanned).toContain('does not contain the default denylisted ops');
  });

  it('shows in saved_model_cli what the design says', async () => {
    const shown = await runPythonTool('saved_model_cli', ['show', '--dir', directory, '--all']);
    for (const line of [
      "MetaGraphDef with tag-set: 'serve'",
      "signature_def['serving_default']:",
      'name: serving_default_input_tensor:0',
      'shape: (-1, -1, -1, 3)',
      "signature_def['serving_bytes']:",
      'name: serving_bytes_image_bytes_string:0',
      'shape: (-1)',
      'name: StatefulPartitionedCall:0',
      'name: StatefulPartitionedCall_1:0',
      'shape: (-1, 4)',
      'Method name is: tensorflow/serving/predict',
      "Function Name: 'predict_bytes_image'",
      "Function Name: 'predict_numpy_image'",
    ]) {
      expect(shown).toContain(line);
    }
  });
});

function expectClose(actual: number[][], expected: number[][]): void {
  expect(actual).toHaveLength(expected.length);
  actual.forEach((row, i) =>
    row.forEach((value, j) => expect(Math.abs(value - (expected[i]?.[j] ?? NaN))).toBeLessThan(1e-4)),
  );
}
