import { harmless, standardError } from '../../../text/tell.js';

/** Options of callbacks that report what they do. */
export interface ReportOptions {
  /**
   * Whether a line is written whenever the callback does something: 1 writes it, 0 does not.
   *
   * @defaultValue 0
   */
  readonly verbose?: 0 | 1;
  /**
   * Stream to write to.
   *
   * @defaultValue standard error
   */
  readonly stream?: LineStream;
}

/** A stream that takes lines of text. */
export interface LineStream {
  /** Takes a line of text with its line break. */
  write(text: string): unknown;
}

/** Reports what a callback does, in Keras's words, if `verbose` is set. */
export class Report {
  readonly #stream: LineStream | null;

  constructor({ verbose = 0, stream = standardError() }: ReportOptions) {
    this.#stream = verbose === 1 ? stream : null;
  }

  line(text: string): void {
    this.#stream?.write(`${harmless(text)}\n`);
  }
}

/** A number as people write it: a float32 such as 0.0010000000474974513 is 0.001. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(7)));
}
