import { Adam, LenetModel, ResnetModel } from '../../src/index.js';
import * as tf from '../../src/tensorflow/tf.js';
import { fit, type FitOptions } from '../../src/training/fit.js';
import { accuracy, sparseCategoricalCrossentropy } from '../../src/training/losses.js';
import type { Side, Task } from './side.js';

type Train = (model: tf.LayersModel, dataset: tf.data.Dataset<tf.TensorContainer>) => Promise<unknown>;

/** TF.js's own `fitDataset`, op by op. */
export function eagerSide(task: Task): Side {
  return side('TF.js fitDataset', task, tf.train.adam(0.001), (model, dataset) =>
    model.fitDataset(dataset, { epochs: 1, verbose: 0 }),
  );
}

/** Signet's `fit`. */
export function signetSide(task: Task, options: Partial<FitOptions<tf.TensorContainer>> = {}, name = 'Signet'): Side {
  return side(name, task, new Adam({ learningRate: 0.001 }), (model, dataset) =>
    fit(model, dataset, { epochs: 1, ...options }),
  );
}

function side(name: string, task: Task, optimizer: tf.Optimizer, train: Train): Side {
  const Model = { LenetModel, ResnetModel }[task.model];
  const { size, classes } = task;
  const classNames = Array.from({ length: classes }, (_, i) => String(i));
  const model = new Model({ classNames, seed: 1, inputHeight: size, inputWidth: size });
  const metrics = [accuracy as unknown as string];
  model.compile({ optimizer, loss: sparseCategoricalCrossentropy, metrics });
  const gate = new Gate(task);
  const dataset = tf.data.generator<tf.TensorContainer>(() => gate.batches());
  let training: Promise<unknown> | undefined;
  return {
    name,
    run: async (steps) => {
      const done = gate.open(steps);
      training ??= train(model, dataset);
      await Promise.race([done, training]);
      return done;
    },
    end: async () => {
      gate.close();
      await training;
      model.dispose();
    },
  };
}

/** Gives batches while a slice is measured, and keeps the training waiting in between. */
class Gate {
  #left = 0;
  #start = 0;
  #isClosed = false;
  #finish: (seconds: number) => void = () => undefined;
  #wake: () => void = () => undefined;
  readonly #pixels: Float32Array;
  readonly #labels: Int32Array;

  constructor(private readonly task: Task) {
    const { size, classes, batch } = task;
    this.#pixels = Float32Array.from({ length: batch * size * size * 3 }, () => Math.random() * 255);
    this.#labels = Int32Array.from({ length: batch }, () => Math.floor(Math.random() * classes));
  }

  open(steps: number): Promise<number> {
    this.#left = steps;
    this.#start = performance.now();
    this.#wake();
    return new Promise((resolve) => (this.#finish = resolve));
  }

  close(): void {
    this.#isClosed = true;
    this.#wake();
  }

  async *batches() {
    const { size, batch } = this.task;
    for (;;) {
      if (this.#left === 0) {
        this.#finish((performance.now() - this.#start) / 1000);
        await new Promise<void>((resolve) => (this.#wake = resolve));
      }
      if (this.#isClosed) return;
      this.#left -= 1;
      yield { xs: tf.tensor4d(this.#pixels, [batch, size, size, 3]), ys: tf.tensor1d(this.#labels, 'int32') };
    }
  }
}
