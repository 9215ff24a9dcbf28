import { durationText } from '../../text/amounts.js';
import { type ProgressBar, progressBar } from '../../text/progress-bar.js';
import { standardError } from '../../text/tell.js';
import { Callback, type Logs } from './callback.js';

/** Options of `Progress`. */
export interface ProgressOptions {
  /** Number of the last epoch, counted from 1. */
  readonly epochs: number;
  /** Images per epoch. */
  readonly images: number;
  /** Stage of the training, which its lines begin with. Default: none. */
  readonly stage?: string | undefined;
  /**
   * Seconds between two lines within an epoch, where the stream is not a terminal.
   *
   * @defaultValue 20
   */
  readonly secondsBetweenLines?: number;
  /**
   * Stream to write to. A terminal gets a bar for the running epoch, anything else a line from time to time; both get a line per epoch.
   *
   * @defaultValue standard error
   */
  readonly stream?: NodeJS.WriteStream;
}

/**
 * Shows loss, accuracy, images per second and the time left, at most: as a bar on a terminal or in lines elsewhere while an epoch runs, and as a line
 * after each epoch. Images per second are those of the training steps only, without the features that are computed before the first step, and without
 * the validation.
 */
export class Progress extends Callback {
  readonly #options: ProgressOptions & Required<Pick<ProgressOptions, 'secondsBetweenLines' | 'stream'>>;
  #bar: ProgressBar | null = null;
  #epoch = 0;
  /** Time of the epoch's first batch; null before that. */
  #epochStart: number | null = null;
  #lastBatch = 0;
  #lastLine = 0;
  /** Milliseconds of the epochs so far, each from its first batch on, and how many there were. */
  #trained = { milliseconds: 0, epochs: 0 };
  #images = 0;
  #tested = 0;

  constructor(options: ProgressOptions) {
    super();
    this.#options = { stream: standardError(), secondsBetweenLines: 20, ...options };
  }

  override onTrainBegin(): void {
    // A training that was resumed did not train the epochs before.
    this.#trained = { milliseconds: 0, epochs: 0 };
  }

  override onEpochBegin(epoch: number): void {
    this.#epoch = epoch;
    this.#epochStart = null;
    [this.#images, this.#tested] = [0, 0];
    const { stream, images } = this.#options;
    if (!stream.isTTY) return;
    this.#bar = progressBar(this.#name, 'images', { stream, noteWidth: 42 });
    this.#bar.update(0, images, 'loss -  accuracy -  - images/s');
  }

  override onBatchBegin(): void {
    if (this.#epochStart !== null) return;
    this.#epochStart = performance.now();
    this.#lastLine = this.#epochStart;
  }

  override async onBatchEnd(_batch: number, logs: Logs): Promise<void> {
    this.#images += logs.size ?? 0;
    this.#lastBatch = performance.now();
    const { images } = this.#options;
    const now = `loss ${logs.loss?.toFixed(4) ?? '-'}  accuracy ${logs.accuracy?.toFixed(3) ?? '-'}`;
    this.#bar?.update(this.#images, images, `${now}  ${this.#speed} images/s`);
    if (this.#images < images) this.#line(() => `${this.#images} of ${images} images  ${now}  (${this.#left()})`);
    // The training loop never yields to the event loop by itself: the bar, Ctrl-C and timers need a turn.
    await new Promise(setImmediate);
  }

  override onTestBatchEnd(_batch: number, logs: Logs): void {
    this.#tested += logs.size ?? 0;
    this.#line(() => `${this.#tested} images of the validation`);
  }

  override onEpochEnd(_epoch: number, logs: Logs): void {
    this.#bar?.stop();
    this.#bar = null;
    this.#trained.epochs += 1;
    this.#trained.milliseconds += performance.now() - (this.#epochStart ?? performance.now());
    const values = ['loss', 'accuracy', 'val_loss', 'val_accuracy'].flatMap((name) =>
      logs[name] === undefined ? [] : [`${name} ${logs[name].toFixed(4)}`],
    );
    const left = this.#secondsPerEpoch() * (this.#options.epochs - this.#epoch - 1);
    const pace = `${this.#speed} images/s, ${durationText(left)} left at most`;
    this.#options.stream.write(`${this.#name}  ${values.join('  ')}  (${pace})\n`);
  }

  /** Writes a line if the last one is long ago, away from a terminal. */
  #line(text: () => string): void {
    const { stream, secondsBetweenLines } = this.#options;
    const now = performance.now();
    if (stream.isTTY || now - this.#lastLine < secondsBetweenLines * 1000) return;
    this.#lastLine = now;
    stream.write(`${this.#name}  ${text()}\n`);
  }

  get #name(): string {
    const { stage, epochs } = this.#options;
    return `${stage === undefined ? '' : `${stage}, `}epoch ${this.#epoch + 1}/${epochs}`;
  }

  get #speed(): string {
    const seconds = (this.#lastBatch - (this.#epochStart ?? this.#lastBatch)) / 1000;
    return seconds > 0 ? (this.#images / seconds).toFixed(0) : '-';
  }

  /** Speed and time left, as far as they can be known within an epoch. */
  #left(): string {
    const { images, epochs } = this.#options;
    const elapsed = (performance.now() - (this.#epochStart ?? performance.now())) / 1000;
    const ofEpoch = (elapsed / this.#images) * Math.max(0, images - this.#images);
    const whole = this.#trained.epochs === 0 ? elapsed + ofEpoch : this.#secondsPerEpoch();
    const left = ofEpoch + whole * (epochs - this.#epoch - 1);
    return `${this.#speed} images/s, ${durationText(left)} left at most`;
  }

  #secondsPerEpoch(): number {
    const { milliseconds, epochs } = this.#trained;
    return epochs === 0 ? 0 : milliseconds / epochs / 1000;
  }
}
