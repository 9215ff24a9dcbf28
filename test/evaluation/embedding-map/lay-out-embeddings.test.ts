import { describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { layOutEmbeddings } from '../../../src/evaluation/embedding-map/lay-out-embeddings.js';
import * as tf from '../../../src/tensorflow/tf.js';

const groups = 3;
const features = 8;
const image = { path: '1.png', label: 0, format: 'png', width: 8, height: 8, sizeBytes: 1 } as const;

/** Vectors in three directions, and some noise. */
function embeddings(count: number, noise = 0.3) {
  const random = createRandom(1);
  const vectors = Float32Array.from(
    { length: count * features },
    (_, i) => (Math.floor(i / features) % groups === i % features ? 1 : 0) + noise * (random() - 0.5),
  );
  return { vectors, images: Array.from({ length: count }, () => ({ image, labels: [0], predicted: [0] })) };
}

describe('layOutEmbeddings', () => {
  it.each([
    ['UMAP', 60],
    ['PCA', 12],
  ] as const)('puts images next to others of their group, at the same places each time: %s', async (method, count) => {
    const before = tf.memory().numTensors;
    const layout = await layOutEmbeddings(embeddings(count));
    expect(tf.memory().numTensors).toBe(before);
    expect(layout.method).toBe(method);
    const { places } = layout;
    expect(places).toHaveLength(count);
    expect(places.flat().every((value) => Math.abs(value - 0.5) < 0.5 + 1e-9)).toBe(true);
    for (const [i, [x, y]] of places.entries()) {
      const others = places.map(([a, b], k) => ({ k, distance: k === i ? Infinity : Math.hypot(a - x, b - y) }));
      const [nearest] = others.sort((a, b) => a.distance - b.distance);
      expect((nearest?.k ?? NaN) % groups).toBe(i % groups);
    }
    expect(await layOutEmbeddings(embeddings(count))).toEqual(layout);
  });

  it('has a place for images that are all alike, for one, and for none', async () => {
    const alike = { ...embeddings(40), vectors: new Float32Array(40 * features).fill(1) };
    const { places } = await layOutEmbeddings(alike);
    expect(places).toHaveLength(40);
    expect(places.flat().every((value) => Math.abs(value - 0.5) < 0.5 + 1e-9)).toBe(true);
    expect((await layOutEmbeddings(embeddings(1))).places).toEqual([[0.5, 0.5]]);
    expect(await layOutEmbeddings({ images: [], vectors: new Float32Array() })).toEqual({ method: 'PCA', places: [] });
  });
});
