import { createInterface } from 'node:readline';

import { Adam, fit, LenetModel, ResnetModel, sparseCategoricalCrossentropy, tf } from '../../src/index.js';
import { accuracy } from '../../src/training/losses.js';
import { Gate } from './gate.js';
import type { Slice, Task } from './side.js';

/** Signet's and TF.js's side, with the same protocol as keras_fit.py: the first line is the task, then one line `{"steps": n}` per slice. */
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const first = await lines.next();
const task = JSON.parse(first.done ? '{}' : first.value) as Task & { readonly jit: 'graph' | 'xla' | 'off' };
const { size, classes, jit } = task;
const classNames = Array.from({ length: classes }, (_, i) => String(i));
const Model = { LenetModel, ResnetModel }[task.model];
const model = new Model({ classNames, seed: 1, inputHeight: size, inputWidth: size });
const optimizer = jit === 'off' ? tf.train.adam(0.001) : new Adam({ learningRate: 0.001 });
model.compile({ optimizer, loss: sparseCategoricalCrossentropy, metrics: [accuracy] });
const gate = new Gate(task);
const dataset = tf.data.generator<tf.TensorContainer>(() => gate.batches());
let training: Promise<unknown> | undefined;
for (let line = await lines.next(); !line.done; line = await lines.next()) {
  const done = gate.open((JSON.parse(line.value) as { readonly steps: number }).steps);
  training ??= train();
  await Promise.race([done, training]);
  const slice: Slice = { seconds: await done, peakMebibytes: process.resourceUsage().maxRSS / 1024 };
  process.stdout.write(`${JSON.stringify(slice)}\n`);
}
gate.close();
await training;

/** TF.js's own loop for `off`: a classifier's `fitDataset` runs compiled. */
function train(): Promise<unknown> {
  if (jit !== 'off') return fit(model, dataset, { epochs: 1, jit });
  return tf.LayersModel.prototype.fitDataset.call(model, dataset, { epochs: 1, verbose: 0 });
}
