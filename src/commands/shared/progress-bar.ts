import { Presets, SingleBar } from 'cli-progress';

/** Shows how far a command is. */
export interface ProgressBar {
  /** `speed`, such as `90 images/s`, is shown at the end. Default: nothing. */
  readonly update: (done: number, total: number, speed?: string) => void;
  readonly stop: () => void;
}

/** A bar on a terminal, which is gone when all is done; plain lines otherwise. */
export function progressBar(doing: string, unit: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar {
  if (!stream.isTTY) return plainLines(doing, unit, stream);
  const format = ` ${doing} {bar} {value}/{total} ${unit}  {speed}`;
  // Of 80 columns, words and numbers take up to 50.
  const barsize = Math.max(10, Math.min(40, stream.columns - doing.length - unit.length - 40));
  const bar = new SingleBar({ format, stream, barsize, clearOnComplete: true, fps: 8 }, Presets.rect);
  let started = false;
  return {
    update: (done, total, speed = '') => {
      if (!started) bar.start(total, done, { speed });
      started = true;
      bar.setTotal(total);
      bar.update(done, { speed });
    },
    stop: () => bar.stop(),
  };
}

/** A line for each tenth that is done. */
function plainLines(doing: string, unit: string, stream: NodeJS.WriteStream): ProgressBar {
  let told = 0;
  return {
    update: (done, total, speed = '') => {
      const tenths = Math.floor((10 * done) / total);
      if (tenths <= told) return;
      told = tenths;
      stream.write(`${doing}: ${done}/${total} ${unit}${speed === '' ? '' : `  (${speed})`}\n`);
    },
    stop: () => undefined,
  };
}
