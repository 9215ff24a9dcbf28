import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { exportModel } from '../../src/commands/export-model/run.js';
import { LenetModel } from '../../src/index.js';
import { architecture, withEmbedding, withoutEmbedding } from '../fixtures/architectures.js';
import { hasPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

const architectures = { ...withEmbedding, ...withoutEmbedding };
const some = ['models nested twice', 'rows through an LSTM', 'up and down', 'a siamese distance', 'two heads added'];

// LiteRT's interpreter is a Python package; the other formats come along, since the command compares all of them with one SavedModel.
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
  it.each(some)('%s', async (name) => {
    const build = architectures[name];
    if (!build) throw new Error(`There is no architecture "${name}".`);
    const folder = await temporaryFolder();
    const modelPath = path.join(folder, '1');
    const model = new (architecture(build))({ classNames: ['ant', 'bee', 'cat'], seed: 1 });
    await model.save(modelPath);
    model.dispose();
    const { formats } = await exportModel({
      modelPath,
      format: ['litert', 'tfjs', 'onnx'],
      output: path.join(folder, 'out'),
    });
    for (const { format, agreement, unchecked } of formats) {
      expect([format, unchecked]).toEqual([format, null]);
      expect(agreement?.maxDifference).toBeLessThan(1e-5);
      expect(agreement?.agree).toBe(8);
    }
  });
});
