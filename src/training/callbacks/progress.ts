import { type ProgressBar, progressBar } from '../../text/progress-bar.js';
import { Callback, type Logs } from './callback.js';
import { standardError } from '../../text/tell.js';

/** Options of `Progress`. */
export interface ProgressOptions {
  /** Number of the last epoch, counted from 1. */
  readonly epochs: number;
  /** Images per epoch. */
  readonly images: number;
  /**
   * Stream to write to. A terminal gets a bar for the running epoch, anything else only one line per epoch.
   *
   * @defaultValue standard error
   */
  readonly stream?: NodeJS.WriteStream;
}

/**
 * Shows loss, accuracy, images per second and the time left, at most: as a bar while an epoch runs, on a terminal, and as a line after
 * each epoch.
 */
export class Progress extends Callback {
  readonly #options: Required<ProgressOptions>;
  #bar: ProgressBar | null = null;
  #epochStart = 0;
  #trainStart = 0;
  #epochs = 0;
  #images = 0;

  constructor(options: ProgressOptions) {
    super();
    this.#options = { stream: standardError(), ...options };
  }

  override onTrainBegin(): void {
    this.#trainStart = performance.now();
    this.#epochs = 0;
  }

  override onEpochBegin(epoch: number): void {
    this.#epochStart = performance.now();
    this.#images = 0;
    const { stream, images } = this.#options;
    if (!stream.isTTY) return;
    this.#bar = progressBar(`epoch ${this.#epochName(epoch)}`, 'images', { stream, noteWidth: 42 });
    this.#bar.update(0, images, 'loss -  accuracy -  - images/s');
  }

  override async onBatchEnd(_batch: number, logs: Logs): Promise<void> {
    this.#images += logs.size ?? 0;
    this.#bar?.update(this.#images, this.#options.images, this.#note(logs));
    // The training loop never leaves the event loop a turn by itself: the bar, Ctrl-C and timers need one.
    await new Promise(setImmediate);
  }

  override onEpochEnd(epoch: number, logs: Logs): void {
    this.#bar?.stop();
    this.#epochs += 1;
    const values = ['loss', 'accuracy', 'val_loss', 'val_accuracy'].flatMap((name) =>
      logs[name] === undefined ? [] : [`${name} ${logs[name].toFixed(4)}`],
    );
    const left = `${this.#speed()} images/s, ${seconds(this.#secondsLeft(epoch))} left at most`;
    this.#options.stream.write(`epoch ${this.#epochName(epoch)}  ${values.join('  ')}  (${left})\n`);
  }

  #note({ loss, accuracy }: Logs): string {
    return `loss ${loss?.toFixed(4) ?? '-'}  accuracy ${accuracy?.toFixed(3) ?? '-'}  ${this.#speed()} images/s`;
  }

  #epochName(epoch: number): string {
    return `${epoch + 1}/${this.#options.epochs}`;
  }

  #speed(): string {
    return (this.#images / ((performance.now() - this.#epochStart) / 1000)).toFixed(0);
  }

  #secondsLeft(epoch: number): number {
    // A training that was resumed did not train the epochs before.
    const perEpoch = (performance.now() - this.#trainStart) / this.#epochs / 1000;
    return perEpoch * (this.#options.epochs - epoch - 1);
  }
}

function seconds(value: number): string {
  if (value < 90) return `${value.toFixed(0)} s`;
  return `${(value / 60).toFixed(0)} min`;
}
