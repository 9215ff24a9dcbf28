/**
 * `npm run predict:step -- --parameters 25.6e6 --images-per-second 100 --bits-per-second 1e9 --batch 256`: predicts the time of a training's step on
 * several machines, and the batch from which they pay. docs/network.md says how it was held against measurements.
 */
import { parseArgs } from 'node:util';

import { efficiency, smallestBatch, stepSeconds } from './step-prediction.js';

const { values } = parseArgs({
  options: {
    parameters: { type: 'string', default: '25.6e6' },
    'images-per-second': { type: 'string', default: '5' },
    'bits-per-second': { type: 'string', default: '1e9' },
    batch: { type: 'string', default: '256' },
    workers: { type: 'string', default: '2,4,8' },
  },
});
const numbers = Object.entries(values).map(([name, text]) => [name, text.split(',').map(Number)] as const);
const wrong = numbers.find(([, each]) => !each.every((value) => value > 0));
if (wrong) {
  console.error(
    `predict-step: --${wrong[0]} is a number above 0; --workers may be several, as in 2,4,8. Received: ${values[wrong[0] as 'batch']}.`,
  );
  process.exit(2);
}
const [parameters = 0, imagesPerSecond = 0, bitsPerSecond = 0, batch = 0] = numbers.map(([, [value]]) => value);
const machine = { secondsPerImage: 1 / imagesPerSecond };
console.log('workers  gradients   seconds per step  efficiency  efficient (0.85) from a batch of');
for (const workers of values.workers.split(',').map(Number)) {
  for (const [name, bytes] of [
    ['float32', 4],
    ['bfloat16', 2],
  ] as const) {
    const training = { workers, gradientBytes: bytes * parameters, bitsPerSecond };
    const columns = [
      String(workers).padStart(7),
      name.padEnd(10),
      stepSeconds(training, machine, batch).toFixed(3).padStart(17),
      efficiency(training, machine, batch).toFixed(2).padStart(10),
      String(smallestBatch(training, machine, 0.85)).padStart(32),
    ];
    console.log(columns.join('  '));
  }
}
