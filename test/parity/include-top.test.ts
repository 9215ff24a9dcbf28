import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { buildModel } from '../../src/commands/build-model/run.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { kerasImage } from '../helpers/models/keras-weights.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Makes an architecture with its head and weights that are no longer those of a fresh one, saves and runs it. */
const script = `
import json, sys
import numpy as np, keras
request = json.load(sys.stdin)
answers = {}
for case in request['cases']:
    keras.backend.clear_session()
    keras.utils.set_random_seed(3)
    make = getattr(keras.applications, case['application'])
    shape = (case['size'], case['size'], 3)
    options = {key: case[key] for key in ('alpha',) if key in case}
    model = make(include_top=True, weights=None, classes=case['classes'], input_shape=shape, classifier_activation=None, **options)
    random = np.random.default_rng(5)
    for weight in model.weights:
        weight.assign(weight.numpy() + random.uniform(0, 0.1, weight.shape) * (1 if weight.shape.rank == 1 else 0.1))
    model.save_weights(case['file'] + '.weights.h5')
    model.save(case['file'] + '.h5')
    image = np.array(case['image'], dtype=np.float32).reshape((1,) + shape) / 127.5 - 1
    answers[case['application']] = {'logits': model.predict(image, verbose=0)[0].tolist(), 'last': model.layers[-1].name}
print(json.dumps(answers))
`;

const cases = [
  { modelType: 'MobileNetModel', application: 'MobileNetV2', size: 96, classes: 1000, alpha: 0.35 },
  { modelType: 'ResnetModel', application: 'ResNet50V2', size: 64, classes: 1000 },
  { modelType: 'InceptionModel', application: 'InceptionV3', size: 107, classes: 12 },
] as const;

describe.skipIf(!hasPython())('a model built from what Keras saves with its head', () => {
  let folder: string;
  let answers: Record<string, { logits: number[]; last: string }>;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    const asked = cases.map((each) => ({
      ...each,
      file: path.join(folder, each.application),
      image: Array.from(kerasImage(each.size, each.size)),
    }));
    answers = (await runPython(script, { cases: asked })) as typeof answers;
  }, 400_000);

  it.each(cases.flatMap((each) => ['.weights.h5', '.h5'].map((ending) => ({ ...each, ending }))))(
    '$application answers with the logits of Keras, from its $ending',
    async ({ modelType, application, size, classes, ending, ...options }) => {
      const labels = path.join(folder, 'labels.txt');
      await writeFile(labels, Array.from({ length: classes }, (_, i) => `class ${i}\n`).join(''));
      const { directory } = await buildModel({
        modelType,
        labels,
        modelFolder: folder,
        inputHeight: size,
        inputWidth: size,
        overwrite: false,
        ...options,
        weights: path.join(folder, `${application}${ending}`),
      });
      const served = await LoadedSavedModel.load(directory);
      const image = tf.tensor(kerasImage(size, size), [1, size, size, 3]);
      const received = served.call('serving_default', { input_tensor: image }).output_0?.dataSync() ?? [];
      const { logits = [], last } = answers[application] ?? {};
      expect(last).toBe('predictions');
      expect(received).toHaveLength(classes);
      const largest = Math.max(...logits.map(Math.abs));
      const worst = Math.max(...logits.map((value, i) => Math.abs(value - (received[i] ?? NaN))));
      expect(worst / largest).toBeLessThan(1e-3);
      // Logits that are all the same would tell nothing.
      expect(Math.max(...logits) - Math.min(...logits)).toBeGreaterThan(largest / 10);
      served.dispose();
    },
  );
});
