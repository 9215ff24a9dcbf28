import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';

import type { EvalModelResult } from '../../src/commands/eval-model/run.js';
import { type CommandLineResult, runCommandLine, startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

let folder: string;
let digits: SmallDigits;
/** Two trainings with the same seed, in a process of its own and in this one. */
let twins: CommandLineResult[];

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 20 });
  const argumentsOf = (models: string) => trainArguments(models, { 'num-epochs': 2, seed: 7 });
  twins = [await runCommandLine('train-model', argumentsOf('a')), await runInProcess('train-model', argumentsOf('b'))];
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
    expect(stdout).toContain(`\nreport         ${path.join(model, 'assets.extra', 'report', 'report.html')}\n`);
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

  it('writes a report that tells what it printed, with the history as a picture', async () => {
    const report = inFolder('a', 'LenetModel', '1', 'assets.extra', 'report');
    const pictures = ['confusion-matrix', 'embedding-map', 'training-curves'].flatMap((name) => [
      `${name}.png`,
      `${name}.svg`,
    ]);
    expect(readdirSync(report).sort()).toEqual([...pictures, 'report.html'].sort());
    const curves = await sharp(path.join(report, 'training-curves.png')).metadata();
    expect([curves.width, curves.height]).toEqual([1760, 580]);
    const matrix = await sharp(path.join(report, 'confusion-matrix.png')).metadata();
    expect(Math.min(matrix.width, matrix.height)).toBeGreaterThan(250);
    const page = readFileSync(path.join(report, 'report.html'), 'utf8');
    for (const [name, label] of [
      ['accuracy', 'test accuracy'],
      ['loss', 'test loss'],
    ] as const) {
      const [, printed] = new RegExp(`^${label} +(\\S+)$`, 'm').exec(twins[0]?.stdout ?? '') ?? [];
      expect(page).toContain(`<dd>${printed}</dd><dt>${name}</dt>`);
    }
    expect(page).toContain('<dd>60</dd><dt>images</dt>');
    const mistakes = Number(/<dd>(\d+)<\/dd><dt>mistakes<\/dt>/.exec(page)?.[1]);
    const [, shown = ''] = /<section aria-labelledby="mistakes">([^]*?)<\/section>/.exec(page) ?? [];
    // Each with its heat map over it.
    expect(shown.match(/<img src="data:image\//g) ?? []).toHaveLength(2 * Math.min(24, mistakes));
  });

  it('can be run again as its report says', async () => {
    const page = readFileSync(inFolder('a', 'LenetModel', '1', 'assets.extra', 'report', 'report.html'), 'utf8');
    const [, command = ''] = /<code>npm run --silent train-model -- ([^<]+)<\/code>/.exec(page) ?? [];
    const words = command.replace(inFolder('a'), inFolder('again')).split(' ');
    const { code, stderr } = await runInProcess('train-model', words);
    expect(code, stderr).toBe(0);
    const history = (models: string) =>
      readFileSync(inFolder(models, 'LenetModel', '1', 'assets.extra', 'history.csv'), 'utf8');
    expect(history('again')).toBe(history('a'));
  });

  it('keeps the model where the report cannot be written', async () => {
    const callbacks = inFolder('in-the-way.mjs');
    writeFileSync(
      callbacks,
      `import { writeFileSync } from 'node:fs';
       export default ({ directory }) => ({ onTrainEnd: () => writeFileSync(directory + '/assets.extra/report', '') });`,
    );
    const args = [...trainArguments('unreported', { 'num-epochs': 1 }), '--callbacks', callbacks];
    const { code, stdout, stderr } = await runInProcess('train-model', args);
    expect(code, stderr).toBe(0);
    expect(stderr).toMatch(/^warning: the report could not be written, the model is whole: Cannot write .*report: /m);
    expect(stdout).not.toMatch(/^report/m);
    expect((await evaluate('unreported')).signatures.serving_bytes.images).toBe(60);
  });

  it('takes the next version that is free', async () => {
    const { code, stdout, stderr } = await runInProcess('train-model', trainArguments('b', { 'num-epochs': 1 }));
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
    expect(stdout).toMatch(
      /^continue +npm run --silent train-model -- --resume .* --model-type LenetModel --model-version 1$/m,
    );
    expect(readdirSync(inFolder('interrupted', 'LenetModel')).sort()).toEqual(['.1.training', '1']);
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

describe('eval-model --report', () => {
  it('writes the same report without the training, by the model on disk', async () => {
    const folderOfReport = inFolder('report', 'of a');
    const { report, signatures } = await evaluate('a', { report: folderOfReport });
    expect(report).toBe(path.join(folderOfReport, 'report.html'));
    const pictures = ['confusion-matrix', 'embedding-map'].flatMap((name) => [`${name}.png`, `${name}.svg`]);
    expect(readdirSync(folderOfReport).sort()).toEqual([...pictures, 'report.html']);
    // The model in memory has the same embeddings as its signature.
    const [ofTraining, ofSaved] = [inFolder('a', 'LenetModel', '1', 'assets.extra', 'report'), folderOfReport].map((each) => readFileSync(path.join(each, 'embedding-map.svg'), 'utf8')); // prettier-ignore
    expect(marksOf(ofSaved)).toEqual(marksOf(ofTraining));
    const page = readFileSync(path.join(folderOfReport, 'report.html'), 'utf8');
    expect(page).toContain(`<dd>${signatures.serving_default.accuracy.toFixed(4)}</dd><dt>accuracy</dt>`);
    expect(page).toContain(`<dd>${signatures.serving_default.loss.toFixed(4)}</dd><dt>loss</dt>`);
    expect(page).not.toContain('id="training"');
  });

  it('says at once that it cannot write there', async () => {
    const paths = { 'test-dataset-path': inFolder('nowhere'), 'model-path': inFolder('a', 'LenetModel', '1') };
    writeFileSync(inFolder('a file'), '');
    const args = toArguments({ ...paths, report: inFolder('a file', 'in it') });
    const { code, stdout, stderr } = await runInProcess('eval-model', args);
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^eval-model: Cannot write .*a file\/in it: /);
  });
});

/** The marks of an embedding map, without their places: rounding moves those. */
function marksOf(svg = ''): string[] {
  return Array.from(svg.matchAll(/class="(class-\d|ring)"/g), ([, mark = '']) => mark);
}

async function evaluate(models: string, more: Readonly<Record<string, string>> = {}): Promise<EvalModelResult> {
  const flags = { 'test-dataset-path': digits.test, 'model-path': inFolder(models, 'LenetModel', '1'), ...more };
  const { code, stdout, stderr } = await runInProcess('eval-model', toArguments({ ...flags, json: true }));
  expect(code, stderr).toBe(0);
  return JSON.parse(stdout) as EvalModelResult;
}
