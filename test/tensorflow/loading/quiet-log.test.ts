import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runChild } from '../../../src/files/run-child.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

const program = "import * as tf from './src/tensorflow/tf.js'; console.log(tf.add(1, 2).dataSync()[0]);";

async function runProgram(level: string | undefined) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: level };
  // Through a shell's pipe: the one that Node.js gives a child is a socket, for which nothing is turned away.
  const args = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', program];
  return runChild('sh', ['-c', '"$@" 2>&1 | cat', 'sh', ...args], { env });
}

describe("TensorFlow's own log", () => {
  it('does not reach the terminal', async () => {
    const { output } = await runProgram(undefined);
    expect(output).toBe('3\n');
  });

  it('does when it is asked for', async () => {
    const { output } = await runProgram('0');
    expect(output).toContain('oneDNN');
  });
});

describe('a file that standard output, standard error and other commands share', () => {
  it('keeps what each of them wrote', async () => {
    const file = path.join(await temporaryFolder(), 'log');
    const both = `${program} console.error('error');`;
    const args = [process.execPath, '--import', 'tsx', '--input-type=module', '--eval', both];
    const script = '{ echo before; "$@"; echo after; } > "$0" 2>&1';
    await runChild('sh', ['-c', script, file, ...args]);
    const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
    expect(lines.filter((line) => !/oneDNN|absl/.test(line))).toEqual(['before', '3', 'error', 'after']);
  });
});
