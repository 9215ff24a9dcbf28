import { readFileSync } from 'node:fs';
import path from 'node:path';

import { describe, expect, it } from 'vitest';

import { runChild } from '../../../src/files/run-child.js';
import { standardErrorAddonPath, tfjsPackage } from '../../../src/set-up/tfjs-package.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';
import { runTypeScript } from '../../helpers/run-type-script.js';

const program = "import * as tf from './src/tensorflow/tf.js'; console.log(tf.add(1, 2).dataSync()[0]);";
const nodeArgs = (text: string) => [...runTypeScript, '--input-type=module', '--eval', text];

/** Runs a program whose standard error is the socket that Node.js gives a child. */
async function runWithSocket(text: string, env: NodeJS.ProcessEnv = {}) {
  return runChild(process.execPath, nodeArgs(text), {
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: undefined, ...env },
  });
}

async function runWithPipe(text: string) {
  const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: undefined };
  return runChild('sh', ['-c', '"$@" 2>&1 | cat', 'sh', process.execPath, ...nodeArgs(text)], { env });
}

describe("TensorFlow's own log", () => {
  it.each([
    ['pipe', runWithPipe],
    ['socket', runWithSocket],
  ])('does not reach a %s', async (_, run) => {
    const { output } = await run(program);
    expect(output).toBe('3\n');
  });

  it('does not reach a file, which keeps what everybody else writes there', async () => {
    const file = path.join(await temporaryFolder(), 'log');
    const both = `${program} console.error('error');`;
    const script = '{ echo before; "$@"; echo after; } > "$0" 2>&1';
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: undefined };
    await runChild('sh', ['-c', script, file, process.execPath, ...nodeArgs(both)], { env });
    expect(readFileSync(file, 'utf8')).toBe('before\n3\nerror\nafter\n');
  });

  it('does when it is asked for', async () => {
    const { output } = await runWithSocket(program, { TF_CPP_MIN_LOG_LEVEL: '0' });
    // Its words about oneDNN are missing on processors without AVX-512.
    expect(output).toContain('cpu_feature_guard');
  });

  it('needs no standard error', async () => {
    const { output } = await runChild('sh', ['-c', '"$@" 2>&-', 'sh', process.execPath, ...nodeArgs(program)]);
    expect(output).toBe('3\n');
  });
});

describe('what others write to standard error while TensorFlow is loaded', () => {
  it.runIf(process.platform === 'linux')('arrives afterwards', async () => {
    // The loader's own words, among them those about TensorFlow's library.
    const { output } = await runWithSocket(program, { LD_DEBUG: 'files' });
    expect(output).toMatch(/file=libtensorflow_framework.*generating link map/);
    expect(output).not.toContain('oneDNN');
  });

  it('arrives from another thread', async () => {
    const worker = `import('tsx/esm/api').then(({ register }) => (register(), import('./src/tensorflow/tf.js'))).then((tf) => console.log(tf.add(1, 2).dataSync()[0]))`;
    const main = `
      import { writeSync } from 'node:fs';
      import { Worker } from 'node:worker_threads';
      let written = 0;
      const timer = setInterval(() => (written += writeSync(2, '~')), 1);
      new Worker(${JSON.stringify(worker)}, { eval: true }).on('exit', () => { clearInterval(timer); console.log('written', written); });`;
    const { stdout, output } = await runWithSocket(main);
    const written = Number(/written (\d+)/.exec(stdout)?.[1]);
    expect(stdout).toMatch(/^3\n/);
    expect(written).toBeGreaterThan(0);
    expect(output.match(/~/g)).toHaveLength(written);
    expect(output).not.toContain('oneDNN');
  });
});

describe('what TensorFlow says', () => {
  const words = 'E0000 00:00:1795905624.290752   28059 port.cc:153] this is why';

  it('is kept when it does not load', async () => {
    const failing = `
      import { writeSync } from 'node:fs';
      const { dlopen } = process;
      process.dlopen = (module, file, ...flags) => {
        if (!file.includes('tfjs_binding')) return dlopen(module, file, ...flags);
        writeSync(2, '${words}\\n');
        throw new Error('injected');
      };
      await import('./src/tensorflow/tf.js');`;
    const { ok, output } = await runWithSocket(failing);
    expect(ok).toBe(false);
    expect(output).toContain(`${words}\n`);
  });

  it.each(['SIGABRT', 'SIGILL', 'SIGSEGV'])('is kept when it dies of %s', async (signal) => {
    const addon = path.join(tfjsPackage().folder, standardErrorAddonPath);
    const dying = `
      const standardError = require(${JSON.stringify(addon)});
      standardError.turnAway();
      require('fs').writeSync(2, '${words}\\n');
      process.kill(process.pid, '${signal}');
      for (;;);`;
    const { ok, output, ending } = await runChild(process.execPath, ['--eval', dying]);
    expect([ok, output]).toEqual([false, `${words}\n`]);
    expect(ending).toContain(signal);
  });
});
