import { describe, expect, it } from 'vitest';

import type { ImageFile } from '../../../src/data/image-file/inspect-image-file.js';
import type { CheckedImages } from '../../../src/evaluation/data-check/checked-images.js';
import {
  alikeClasses,
  heldOutProbabilities,
  suspectedLabels,
} from '../../../src/evaluation/data-check/label-errors.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { mulberry32 } from '../../helpers/data/mulberry32.js';

/** Three classes of features around a corner each, 40 images per class in turns, and what each image's label is. */
function clusters(labelOf: (image: number) => Partial<ImageFile>, isMultiLabel = false) {
  const random = mulberry32(3);
  const images = Array.from({ length: 120 }, (_, i) => ({ file: { path: `${i}`, label: i % 3, ...labelOf(i) } as ImageFile, set: 'training' as const })); // prettier-ignore
  const values = Float32Array.from({ length: 360 }, (_, k) => (Math.floor(k / 3) % 3 === k % 3 ? 1 : 0) + 0.4 * (random() - 0.5)); // prettier-ignore
  const checked: CheckedImages = { images, classNames: ['a', 'b', 'c'], isMultiLabel };
  return { checked, features: { values, size: 3 } };
}

describe('suspected labels', () => {
  it('begin with those that were flipped, and suggest what they were', async () => {
    const flipped = [4, 17, 50, 99];
    const { checked, features } = clusters((i) => (flipped.includes(i) ? { label: (i + 1) % 3 } : {}));
    const tensors = tf.memory().numTensors;
    const suspects = suspectedLabels(checked, await heldOutProbabilities(checked, features));
    expect(tf.memory().numTensors).toBe(tensors);
    expect(suspects.map(({ image }) => image).sort((a, b) => a - b)).toEqual(flipped);
    for (const { image, given, suggested } of suspects)
      expect([given, suggested]).toEqual([(image + 1) % 3, image % 3]);
    expect(suspects.filter(({ isConfident }) => isConfident).length).toBeGreaterThan(1);
  });

  it('are missing classes and such that are too many where images may have several', async () => {
    const wrong = (i: number) => (i === 6 ? [] : i === 8 ? [0, 2] : [i % 3]);
    const { checked, features } = clusters((i) => ({ labels: wrong(i) }), true);
    const suspects = suspectedLabels(checked, await heldOutProbabilities(checked, features));
    expect(suspects.map(({ image, given, suggested }) => ({ image, given, suggested }))).toEqual(
      expect.arrayContaining([
        { image: 6, given: null, suggested: 0 },
        { image: 8, given: 0, suggested: null },
      ]),
    );
    expect(suspects).toHaveLength(2);
    expect(alikeClasses(checked, suspects)).toEqual([]);
  });

  it('keep copies of a picture in one part, so that none vouches for another', async () => {
    const { checked, features } = clusters((i) => (i < 2 ? { label: 2 } : {}));
    // Image 1 is a copy of image 0, with the same wrong label, far from all others.
    features.values.set([9, 0, 0, 9, 0, 0]);
    const alone = await heldOutProbabilities(checked, features, { groups: [[0, 1]] });
    expect(alone[2]).toBeLessThan(0.5);
  });

  it('name classes that are taken for each other', async () => {
    const { checked, features } = clusters((i) => (i % 3 === 0 && i % 2 === 0 ? { label: 1 } : {}));
    const suspects = suspectedLabels(checked, await heldOutProbabilities(checked, features));
    expect(alikeClasses(checked, suspects)[0]?.classes).toEqual([0, 1]);
  });

  it('end with the reason of a signal', async () => {
    const { checked, features } = clusters(() => ({}));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(heldOutProbabilities(checked, features, { signal })).rejects.toThrow('enough');
  });
});
