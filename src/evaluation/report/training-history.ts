import type * as tf from '../../tensorflow/tf.js';

/** Values that a training logged after each epoch. */
export interface TrainingHistory {
  /** Numbers of the epochs, from 1, rising. */
  readonly epochs: readonly number[];
  /** Values per epoch by the name of what was logged, such as `val_loss`; null where one is not a finite number. */
  readonly columns: ReadonlyMap<string, readonly (number | null)[]>;
  /** Stage of each epoch, such as `head`. Default: the training has no stages. */
  readonly stages?: readonly string[] | undefined;
}

/** Takes over what `fit` returns. */
export function recordedHistory({ epoch, history }: tf.History): TrainingHistory {
  // TF.js makes numbers of its tensors at the end of a training.
  const numbers = (values: readonly unknown[]) =>
    values.map((value) => (Number.isFinite(value) ? (value as number) : null));
  return {
    epochs: epoch.map((each) => each + 1),
    columns: new Map(Object.entries(history).map(([name, values]) => [name, numbers(values)])),
  };
}

/** Reads what `CSVLogger` writes: `epoch,accuracy,loss,...`, epochs from 0, with `stage` where the training has stages. */
export function parseHistory(csv: string): TrainingHistory {
  const [names = [], ...rows] = csv
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split(','));
  const column = (i: number) => rows.map((row) => finite(row[i]));
  const stage = names.indexOf('stage');
  const columns = names.flatMap((name, i) => (i === 0 || i === stage ? [] : [[name, column(i)] as const]));
  return {
    epochs: column(0).map((epoch, i) => (epoch ?? i) + 1),
    columns: new Map(columns),
    stages: stage === -1 ? undefined : rows.map((row) => row[stage] ?? ''),
  };
}

function finite(text = ''): number | null {
  const value = Number(text);
  return text !== '' && Number.isFinite(value) ? value : null;
}
