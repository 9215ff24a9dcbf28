import path from 'node:path';

import { describe, expect, it } from 'vitest';

import * as tf from '../../src/tensorflow/tf.js';
import { EventFileWriter } from '../../src/training/callbacks/tensorboard/event-file-writer.js';
import { histogramSummary, imageSummary, scalarSummary } from '../../src/training/callbacks/tensorboard/summaries.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** What TensorFlow's own reader finds in an event file, with a histogram of NumPy's beside. */
const script = `
import json, sys
import numpy as np, tensorflow as tf
request = json.load(sys.stdin)
events = list(tf.compat.v1.train.summary_iterator(request['file']))
values = [(e.step, v) for e in events for v in e.summary.value]
def shown(v):
    array = tf.make_ndarray(v.tensor)
    if v.metadata.plugin_data.plugin_name == 'images':
        return [int(array[0]), int(array[1])] + [tf.io.decode_png(png).numpy().tolist() for png in array[2:]]
    return array.tolist()
counts, edges = np.histogram(np.array(request['weights'], np.float64), bins=30)
print(json.dumps({
    'version': events[0].file_version,
    'values': [[step, v.tag, v.metadata.plugin_data.plugin_name, v.metadata.data_class, shown(v)] for step, v in values],
    'counts': counts.tolist(), 'edges': edges.tolist(),
}))
`;

interface Answer {
  readonly version: string;
  readonly values: readonly (readonly [number, string, string, number, unknown])[];
  readonly counts: readonly number[];
  readonly edges: readonly number[];
}

describe.skipIf(!hasPython())('event files, read by Python TensorFlow', () => {
  it('hold scalars, histograms and images as they were written', async () => {
    const folder = path.join(await temporaryFolder(), 'train');
    const weights = Array.from(tf.randomNormal([500], 0, 1, 'float32', 3).dataSync());
    const pixels = Array.from({ length: 24 }, (_, i) => 10 * i);
    const image = tf.tensor4d(pixels, [1, 2, 4, 3]);
    const writer = new EventFileWriter(folder);
    writer.write(3, [scalarSummary('epoch_loss', 0.5), histogramSummary('kernel/histogram', weights)]);
    await writer.flush();
    writer.write(2 ** 40, [await imageSummary('sample_images', image)]);
    await writer.flush();
    const { version, values, counts, edges } = (await runPython(script, { file: writer.file, weights })) as Answer;
    expect(version).toBe('brain.Event:2');
    expect(values.map((value) => value.slice(0, 4))).toEqual([
      [3, 'epoch_loss', 'scalars', 1],
      [3, 'kernel/histogram', 'histograms', 2],
      [2 ** 40, 'sample_images', 'images', 3],
    ]);
    expect(values[0]?.[4]).toBe(0.5);
    const buckets = values[1]?.[4] as [number, number, number][];
    expect(buckets.map(([, , count]) => count)).toEqual(counts);
    buckets.forEach(([left], i) => expect(left).toBeCloseTo(edges[i] ?? NaN, 10));
    expect(values[2]?.[4]).toEqual([4, 2, image.arraySync()[0]]);
  });
});
