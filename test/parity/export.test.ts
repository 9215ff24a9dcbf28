import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { exportModel } from '../../src/commands/export-model/run.js';
import { LenetModel, tf } from '../../src/index.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { architecture, withEmbedding, withoutEmbedding } from '../fixtures/architectures.js';
import { exportedDifference, noiseBatches } from '../helpers/models/exported-difference.js';
import { hasPython, mediaPipeFolder, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

// LiteRT's interpreter is a Python package; the other formats come along, since all of them are compared with one SavedModel.
/** What makes a model of a folder. */
const preprocessings = [
  { resize: 'crop', antialias: false },
  { resize: 'pad', antialias: false },
  { resize: 'squash', antialias: true },
  { resize: 'crop', antialias: true },
  { resize: 'pad', antialias: true },
] as const;

describe.skipIf(!hasPython())('pictures resized as the model does, in every format', () => {
  it.each(preprocessings)('$resize, antialias $antialias', async (preprocessing) => {
    const folder = await temporaryFolder();
    const modelPath = path.join(folder, '1');
    const model = new LenetModel({ classNames: ['ant', 'bee', 'cat'], seed: 1, ...preprocessing });
    await model.save(modelPath);
    model.dispose();
    const output = path.join(folder, 'out');
    const { formats } = await exportModel({ modelPath, format: ['litert', 'tfjs', 'onnx'], output });
    for (const { format, agreement, unchecked } of formats) {
      expect([format, unchecked]).toEqual([format, null]);
      expect(agreement?.maxDifference).toBeLessThan(1e-5);
    }
  });
});

describe.skipIf(!hasPython())('networks as users write them, exported to every format', () => {
  const architectures = Object.entries({ ...withEmbedding, ...withoutEmbedding });
  const batches = noiseBatches([40, 52], [7, 9]);
  const formats = ['litert', 'tfjs', 'onnx'] as const;

  async function compare(build: (typeof architectures)[number][1], quantize: 'none' | 'float16') {
    const modelPath = path.join(await temporaryFolder(), '1');
    const model = new (architecture(build))({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
    await model.save(modelPath);
    model.dispose();
    const loaded = await LoadedSavedModel.load(modelPath);
    const differences = await Promise.all(
      formats.map((format) => exportedDifference(loaded, { format, quantize }, batches)),
    );
    loaded.dispose();
    return differences;
  }

  it.each(architectures)('%s: batches of one and five in two sizes', async (_, build) => {
    for (const { probability, otherClasses } of await compare(build, 'none')) {
      expect(probability).toBeLessThan(1e-5);
      expect(otherClasses).toBe(0);
    }
  });

  // Those with more than the 1024 weights from which on all formats store halves, or with loops of rows, whose mistakes add up.
  const halved = architectures.filter(([name]) => /every dropout|LSTM|parametric/.test(name));

  it.each(halved)('%s: with weights of 16 bits', async (_, build) => {
    for (const { probability } of await compare(build, 'float16')) expect(probability).toBeLessThan(1e-2);
  });
});

/** Gives each picture to MediaPipe's classifier, which resizes it to the size that the file names. */
const script = `
import json, sys
import numpy as np, mediapipe as mp
from mediapipe.tasks.python import vision, BaseOptions
given = json.load(sys.stdin)
answers = []
for file in given['files']:
    options = vision.ImageClassifierOptions(base_options=BaseOptions(model_asset_path=file))
    with vision.ImageClassifier.create_from_options(options) as classifier:
        pixels = np.array(given['pixels'], np.uint8).reshape(given['shape'])
        image = mp.Image(image_format=mp.ImageFormat.SRGB, data=pixels)
        categories = classifier.classify(image).classifications[0].categories
        answers.append({each.category_name: each.score for each in categories})
print(json.dumps(answers))
`;

describe.skipIf(!hasPython())("MediaPipe's image classifier", () => {
  const classNames = ['ant', 'Bärchen', '猫'];

  it('finds names, pixels and size in the file: logits of one class, probabilities of several', async () => {
    const folder = await temporaryFolder();
    const shape = [28, 28, 3];
    const pixels = Array.from({ length: 28 * 28 * 3 }, (_, i) => (i * 7919) % 256);
    const files: string[] = [];
    const expected: Record<string, number>[] = [];
    for (const multiLabel of [false, true]) {
      const modelPath = path.join(folder, String(multiLabel), '1');
      const model = new LenetModel({ classNames, seed: 1, multiLabel });
      await model.save(modelPath);
      const logits = model.predictNumpyImage(tf.tensor4d(pixels, [1, 28, 28, 3])).dataSync();
      model.dispose();
      const scores = Array.from(logits, (logit) => (multiLabel ? 1 / (1 + Math.exp(-logit)) : logit));
      expected.push(Object.fromEntries(classNames.map((name, i) => [name, scores[i] ?? NaN])));
      const output = path.join(folder, `${multiLabel}-out`);
      await exportModel({ modelPath, format: ['litert'], output });
      files.push(path.join(output, 'litert', 'model.tflite'));
    }
    const interpreter = path.join(mediaPipeFolder, 'bin', 'python');
    const answers = (await runPython(script, { files, shape, pixels }, interpreter)) as Record<string, number>[];
    for (const [i, scores] of expected.entries()) {
      expect(Object.keys(answers[i] ?? {}).sort()).toEqual([...classNames].sort());
      for (const [name, score] of Object.entries(scores)) expect(answers[i]?.[name]).toBeCloseTo(score, 5);
    }
  });
});
