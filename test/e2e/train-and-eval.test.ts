import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import type { EvalModelResult } from '../../src/commands/eval-model.js';
import { type CommandLineResult, runCommandLine, startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
/** Two trainings with the same seed. */
let twins: CommandLineResult[];

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 20 });
  const train = (models: string) => runCommandLine('train-model', trainArguments(models, { 'num-epochs': 2, seed: 7 }));
  twins = await Promise.all([train('a'), train('b')]);
});

function trainArguments(models: string, flags: Readonly<Record<string, number>>): string[] {
  const { train, test } = digits;
  const paths = { 'train-dataset-path': train, 'test-dataset-path': test, 'model-folder-path': inFolder(models) };
  return toArguments({ 'model-type': 'LenetModel', ...paths, ...flags });
}

function inFolder(...names: string[]): string {
  return path.join(folder, ...names);
}

/** TensorFlow's way to begin a line of its log: `I0000 00:00:1795241591.259579`, `2026-11-21 06:03:53.1: I`. */
const logLine = /^[IWEF]\d{4} |^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.\d+: |oneDNN|absl::/m;

describe('train-model', () => {
  it('ends well, and tells the accuracy, the model and what to type next', () => {
    const [{ code, stdout, stderr } = { code: null, stdout: '', stderr: '' }] = twins;
    expect(code, stderr).toBe(0);
    const model = inFolder('a', 'LenetModel', '1');
    expect(stdout).toMatch(/^test accuracy +[01]\.\d{4}$/m);
    expect(stdout).toMatch(/^test loss +\d+\.\d{4}$/m);
    expect(stdout).toMatch(/^epochs +2, the best was [12]$/m);
    expect(stdout).toContain(`\nmodel          ${model}\n`);
    const evaluation = `eval-model -- --test-dataset-path ${digits.test} --model-path ${model}`;
    expect(stdout).toContain(`\nnext           npm run --silent ${evaluation}\n`);
  });

  it('prints plain lines where there is no terminal', () => {
    const text = twins.map(({ stdout, stderr }) => stdout + stderr).join('');
    expect(text).toMatch(/^epoch 1\/2 {2}loss .* {2}val_accuracy [01]\.\d{4} {2}\(\d+ images\/s/m);
    expect(text).toMatch(/^epoch 2\/2 /m);
    // No colour, no cursor that moves, no line that is written over.
    // eslint-disable-next-line no-control-regex
    expect(text).not.toMatch(/[\x00-\x08\x0b-\x1f]/);
  });

  it("keeps TensorFlow's log from the user", () => {
    for (const { stderr } of twins) expect(stderr).not.toMatch(logLine);
  });

  it('gives the same weights and history for the same seed', () => {
    for (const file of ['variables/variables.data-00000-of-00001', 'assets.extra/history.csv']) {
      const [a, b] = ['a', 'b'].map((models) => readFileSync(inFolder(models, 'LenetModel', '1', file)));
      expect(a?.length).toBeGreaterThan(0);
      expect(a?.equals(b ?? Buffer.of()), file).toBe(true);
    }
  });

  it('takes the next version that is free', async () => {
    const { code, stdout, stderr } = await runCommandLine('train-model', trainArguments('b', { 'num-epochs': 1 }));
    expect(code, stderr).toBe(0);
    expect(stdout).toContain(inFolder('b', 'LenetModel', '2'));
    expect(readdirSync(inFolder('b', 'LenetModel')).sort()).toEqual(['1', '2']);
  });

  it('stops at Ctrl-C with exit code 130 and keeps the best model', async () => {
    const args = trainArguments('interrupted', { 'num-epochs': 200, patience: 200 });
    const { child, done, printed } = startCommandLine('train-model', args);
    await printed('epoch 1/');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await done;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('stopping after this step, the best model is kept (Ctrl-C again ends at once)');
    expect(stderr).not.toContain('epoch 200/');
    expect(stdout).toMatch(/^epochs +\d+ \(interrupted\), the best was \d+$/m);
    expect(readdirSync(inFolder('interrupted', 'LenetModel'))).toEqual(['1']);
    expect((await evaluate('interrupted')).classNames).toEqual(['0', '1', '2']);
  });
});

describe('eval-model --json', () => {
  it('agrees with itself and with train-model', async () => {
    const result = await evaluate('a');
    expect(result.maxLogitDifference).toBeLessThan(1e-4);
    const { serving_default: byDefault, serving_bytes: byBytes } = result.signatures;
    expect([byDefault.images, byBytes.images]).toEqual([60, 60]);
    expect(byBytes.accuracy).toBe(byDefault.accuracy);
    const [, printed] = /^test accuracy +(\S+)$/m.exec(twins[0]?.stdout ?? '') ?? [];
    expect(byDefault.accuracy.toFixed(4)).toBe(printed);
  });
});

async function evaluate(models: string): Promise<EvalModelResult> {
  const flags = { 'test-dataset-path': digits.test, 'model-path': inFolder(models, 'LenetModel', '1') };
  const { code, stdout, stderr } = await runCommandLine('eval-model', toArguments({ ...flags, json: true }));
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as EvalModelResult;
}
