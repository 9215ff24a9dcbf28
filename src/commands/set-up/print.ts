import type { WriteStream } from 'node:tty';

import type { SetUpReport } from '../../set-up/set-up.js';
import type { SetUpProgress } from '../../set-up/site.js';

/** Prints the steps of a set-up, one line each. */
export interface ProgressPrinter {
  readonly onProgress: (progress: SetUpProgress) => void;
  /** Ends a line that waits for its step's end. */
  readonly endLine: () => void;
  readonly done: (report: SetUpReport) => void;
}

/** On a terminal a step's line grows in place; elsewhere, and among other output, its beginning and end are lines. */
export function progressPrinter(stream: WriteStream, amongOutput: boolean): ProgressPrinter {
  const inPlace = stream.isTTY && !amongOutput;
  let open = false;
  const endLine = () => {
    if (open) stream.write('\n');
    open = false;
  };
  const onProgress = ({ doing, fraction, seconds }: SetUpProgress) => {
    if (seconds !== undefined) {
      stream.write(`${inPlace ? '\r' : ''}${doing}: done in ${roundSeconds(seconds)} s\n`);
      open = false;
    } else if (inPlace) {
      if (fraction === undefined) endLine();
      stream.write(`\r${doing} ...${fraction === undefined ? '' : ` ${Math.floor(fraction * 100)} %`}`);
      open = true;
    } else if (fraction === undefined) {
      stream.write(`${doing} ...\n`);
    }
  };
  const done = ({ tensorflow, choice, proof }: SetUpReport) => {
    const noGpu = choice.kind === 'gpu' && proof?.usesGpu === false;
    stream.write(`TensorFlow ${tensorflow} is set up.\n`);
    if (noGpu) stream.write('It sees no GPU here and will compute on the CPU: does nvidia-smi list one?\n');
  };
  return { onProgress, endLine, done };
}

function roundSeconds(seconds: number): string {
  return seconds < 10 ? seconds.toFixed(1) : String(Math.round(seconds));
}
