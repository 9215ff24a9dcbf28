/** Whether a callback says what it does, and where. */
export interface ReportOptions {
  /** 1 for a line whenever it does something, 0 for none. Default: 0. */
  readonly verbose?: 0 | 1;
  /** Default: standard error. */
  readonly stream?: LineStream;
}

/** What takes lines of text. */
export interface LineStream {
  write(text: string): unknown;
}

/** Says what a callback does, in Keras's words, when it was asked to. */
export class Report {
  readonly #stream: LineStream | null;

  constructor({ verbose = 0, stream = process.stderr }: ReportOptions) {
    this.#stream = verbose === 1 ? stream : null;
  }

  line(text: string): void {
    this.#stream?.write(`${text}\n`);
  }
}

/** A number as people write it: a float32 such as 0.0010000000474974513 is 0.001. */
export function shortNumber(value: number): string {
  return String(Number(value.toPrecision(7)));
}
