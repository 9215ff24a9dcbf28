import { describe, expect, it } from 'vitest';

import { runChild } from '../../src/tensorflow/set-up/run-child.js';

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
