import * as tf from '../../../tensorflow/tf.js';

/** What TF.js gives a callback: numbers, or scalars that it has not read yet. */
export type Logs = Readonly<Record<string, number | tf.Scalar>>;

/** The numbers in the logs; whoever made the scalars keeps them. */
export function numbersOf(logs: tf.Logs | undefined): Record<string, number> {
  const entries = Object.entries((logs ?? {}) as Logs);
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'number' ? value : (value.dataSync()[0] ?? NaN)]),
  );
}
