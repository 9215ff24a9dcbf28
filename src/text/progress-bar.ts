import { Presets, SingleBar } from 'cli-progress';
import { standardError } from './tell.js';

/** Shows how far something is. */
export interface ProgressBar {
  /**
   * Shows how much is done.
   *
   * @param total The whole; null if it is unknown, which leaves the bar empty.
   * @param note Text at the end, such as `90 images/s`. Default: none.
   */
  readonly update: (done: number, total: number | null, note?: string) => void;
  /** Removes the bar. */
  readonly stop: () => void;
}

/** Where and how a bar is shown. */
export interface ProgressBarOptions {
  /** Default: standard error. */
  readonly stream?: NodeJS.WriteStream;
  /** Writes done and total as text. Default: `3/10 images`. */
  readonly amount?: (done: number, total: number | null) => string;
  /** Columns that the longest note takes; the bar is shorter by that many. Default: 15. */
  readonly noteWidth?: number;
}

/** Shows a bar on a terminal and removes it when all is done; elsewhere prints a line for each tenth. */
export function progressBar(
  doing: string,
  unit: string,
  {
    stream = standardError(),
    amount = (done, total) => `${done}${total === null ? '' : `/${total}`} ${unit}`,
    noteWidth = 15,
  }: ProgressBarOptions = {},
): ProgressBar {
  if (!stream.isTTY) return plainLines(doing, amount, stream);
  const format = ` ${doing} {bar} {amount}  {note}`;
  // The amount takes up to 20 columns, plus the unit.
  const barsize = Math.max(10, Math.min(40, stream.columns - doing.length - unit.length - noteWidth - 25));
  const bar = new SingleBar({ format, stream, barsize, clearOnComplete: true, fps: 8 }, Presets.rect);
  let started = false;
  return {
    update: (done, total, note = '') => {
      const texts = { amount: amount(done, total), note };
      if (!started) bar.start(total ?? 0, done, texts);
      started = true;
      if (total !== null) bar.setTotal(total);
      bar.update(done, texts);
    },
    stop: () => bar.stop(),
  };
}

/** A line for each tenth that is done. */
function plainLines(
  doing: string,
  amount: NonNullable<ProgressBarOptions['amount']>,
  stream: NodeJS.WriteStream,
): ProgressBar {
  let written = 0;
  return {
    update: (done, total, note = '') => {
      const tenths = total === null ? 0 : Math.floor((10 * done) / total);
      if (tenths <= written) return;
      written = tenths;
      stream.write(`${doing}: ${amount(done, total)}${note === '' ? '' : `  (${note})`}\n`);
    },
    stop: () => undefined,
  };
}
