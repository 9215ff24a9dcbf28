import { Presets, SingleBar } from 'cli-progress';

import * as tf from '../../tensorflow/tf.js';
import { numbersOf } from './support/logs.js';

/** What the progress is of, and where it goes. */
export interface ProgressOptions {
  readonly epochs: number;
  /** Images an epoch. */
  readonly images: number;
  /** A bar on a terminal, a plain line an epoch otherwise. Default: standard error. */
  readonly stream?: NodeJS.WriteStream;
}

/** Shows loss, accuracy, images a second and the time left: a bar on a terminal, a line an epoch otherwise. */
export class Progress extends tf.Callback {
  readonly #options: Required<ProgressOptions>;
  readonly #bar: SingleBar | null;
  #epochStart = 0;
  #trainStart = 0;
  #epochs = 0;
  #images = 0;

  constructor(options: ProgressOptions) {
    super();
    this.#options = { stream: process.stderr, ...options };
    const { stream } = this.#options;
    const format = ' epoch {epoch} {bar} {value}/{total} images  loss {loss}  accuracy {accuracy}  {speed} images/s';
    this.#bar = stream.isTTY ? new SingleBar({ format, stream, clearOnComplete: true, fps: 8 }, Presets.rect) : null;
  }

  override async onTrainBegin(): Promise<void> {
    this.#trainStart = performance.now();
    this.#epochs = 0;
    return Promise.resolve();
  }

  override async onEpochBegin(epoch: number): Promise<void> {
    this.#epochStart = performance.now();
    this.#images = 0;
    const fields = { epoch: this.#epochName(epoch), loss: '-', accuracy: '-', speed: '-' };
    this.#bar?.start(this.#options.images, 0, fields);
    return Promise.resolve();
  }

  override async onBatchEnd(_batch: number, logs?: tf.Logs): Promise<void> {
    this.#images += logs?.size ?? 0;
    if (this.#bar) this.#bar.update(this.#images, this.#fields(numbersOf(logs)));
    // The training loop never leaves the event loop a turn by itself: the bar, Ctrl-C and timers need one.
    await new Promise(setImmediate);
  }

  override async onEpochEnd(epoch: number, logs?: tf.Logs): Promise<void> {
    this.#bar?.stop();
    this.#epochs += 1;
    const numbers = numbersOf(logs);
    const values = ['loss', 'accuracy', 'val_loss', 'val_accuracy'].flatMap((name) =>
      numbers[name] === undefined ? [] : [`${name} ${numbers[name].toFixed(4)}`],
    );
    const left = `${this.#speed()} images/s, ${seconds(this.#secondsLeft(epoch))} left at most`;
    this.#options.stream.write(`epoch ${this.#epochName(epoch)}  ${values.join('  ')}  (${left})\n`);
    return Promise.resolve();
  }

  #fields(numbers: Readonly<Record<string, number>>) {
    return {
      loss: numbers.loss?.toFixed(4) ?? '-',
      accuracy: numbers.accuracy?.toFixed(3) ?? '-',
      speed: this.#speed(),
    };
  }

  #epochName(epoch: number): string {
    return `${epoch + 1}/${this.#options.epochs}`;
  }

  #speed(): string {
    return (this.#images / ((performance.now() - this.#epochStart) / 1000)).toFixed(0);
  }

  #secondsLeft(epoch: number): number {
    // A training that goes on did not train the epochs before.
    const perEpoch = (performance.now() - this.#trainStart) / this.#epochs / 1000;
    return perEpoch * (this.#options.epochs - epoch - 1);
  }
}

function seconds(value: number): string {
  if (value < 90) return `${value.toFixed(0)} s`;
  return `${(value / 60).toFixed(0)} min`;
}
