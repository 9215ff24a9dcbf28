import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { listVersions } from '../../src/serving/store/version-source.js';
import { type CommandLineResult, runCommandLine, toArguments } from '../helpers/run-command-line.js';
import { runInProcess } from '../helpers/run-in-process.js';
import { forgetNames } from '../helpers/models/forget-names.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

type Flags = Readonly<Record<string, string | number | true | undefined>>;

const droppingModel = 'test/helpers/models/dropping-model.ts#DroppingModel';

let folder: string;
let digits: SmallDigits;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 5, images: 20, testImages: 5 });
});

/** 80 images to train on: 10 steps an epoch. */
function trainArguments(models: string, flags: Flags): string[] {
  return toArguments({
    'train-dataset-path': digits.train,
    'test-dataset-path': digits.test,
    'model-folder-path': inFolder(models),
    'num-epochs': 6,
    patience: 20,
    'batch-size': 8,
    seed: 3,
    ...flags,
  });
}

function inFolder(...names: string[]): string {
  return path.join(folder, ...names);
}

/** A file for `--callbacks` that sends its own process a signal once, after a batch of all epochs, counted from 1. */
function signalAfter(batch: number, signal: 'SIGINT' | 'SIGKILL', name: string): string {
  const [file, sent] = [inFolder(`${name}.mjs`), inFolder(`${name}.sent`)];
  const code = `import { existsSync, writeFileSync } from 'node:fs';
    let batches = 0;
    export default {
      onBatchEnd: () => {
        batches += 1;
        if (batches !== ${batch} || existsSync(${JSON.stringify(sent)})) return;
        writeFileSync(${JSON.stringify(sent)}, '');
        process.kill(process.pid, '${signal}');
      },
    };`;
  writeFileSync(file, code);
  return file;
}

/** A file for `--callbacks` that kills its own process, one process after the other, so many milliseconds after so many batches. */
function killAt(moments: readonly (readonly [batches: number, milliseconds: number])[], name: string): string {
  const [file, counter] = [inFolder(`${name}.mjs`), inFolder(`${name}.kills`)];
  const code = `import { existsSync, readFileSync, writeFileSync } from 'node:fs';
    const counter = ${JSON.stringify(counter)};
    const kills = existsSync(counter) ? Number(readFileSync(counter, 'utf8')) : 0;
    const [last, milliseconds] = ${JSON.stringify(moments)}[kills] ?? [];
    let batches = 0;
    export default {
      onBatchEnd: () => {
        batches += 1;
        if (batches !== last) return;
        writeFileSync(counter, String(kills + 1));
        setTimeout(() => process.kill(process.pid, 'SIGKILL'), milliseconds);
      },
    };`;
  writeFileSync(file, code);
  return file;
}

/** What a training came to: the bytes of its weights, and its history. */
function resultOf(models: string, type: string): Readonly<Record<string, string>> {
  const version = inFolder(models, type, '1');
  const files = ['variables/variables.index', 'variables/variables.data-00000-of-00001', 'assets.extra/history.csv'];
  return Object.fromEntries(files.map((file) => [file, readFileSync(path.join(version, file)).toString('base64')]));
}

function expectSame(models: string, whole: string, type: string): void {
  const expected = resultOf(whole, type);
  for (const [file, bytes] of Object.entries(resultOf(models, type))) expect(bytes === expected[file], file).toBe(true);
}

/** Trains in a process of its own, which may be killed. */
async function trainApart(models: string, flags: Flags): Promise<CommandLineResult> {
  return runCommandLine('train-model', trainArguments(models, flags));
}

/** Trains in the test's own process, in which the model has the names that it has in one of its own. */
async function train(models: string, flags: Flags): Promise<CommandLineResult> {
  forgetNames();
  return runInProcess('train-model', trainArguments(models, flags));
}

async function resumeApart(models: string, flags: Flags): Promise<CommandLineResult> {
  return runCommandLine('train-model', toArguments({ resume: true, 'model-folder-path': inFolder(models), ...flags }));
}

async function resume(models: string, flags: Flags): Promise<CommandLineResult> {
  forgetNames();
  return runInProcess('train-model', toArguments({ resume: true, 'model-folder-path': inFolder(models), ...flags }));
}

describe.each([
  { name: 'LeNet', modelType: 'LenetModel', flags: {} },
  { name: 'a model of a user with dropout', modelType: droppingModel, flags: {} },
  { name: 'a model with dropout, by XLA', modelType: droppingModel, flags: { jit: 'xla', 'batch-size': 9 } },
])('train-model --resume: $name', ({ name, modelType, flags }) => {
  const type = modelType.replace(/^.*#/, '');
  const own = (what: string) => `${name} ${what}`.replaceAll(/\W+/g, '-');
  const common = { 'model-type': modelType, ...flags };

  it('comes to the same bytes as a training that nobody interrupts', { timeout: 300_000 }, async () => {
    const whole = own('whole');
    const uninterrupted = await train(whole, common);
    expect(uninterrupted.code, uninterrupted.stderr).toBe(0);

    const interrupted = own('interrupted');
    const byCtrlC = signalAfter(25, 'SIGINT', interrupted);
    const stopped = await train(interrupted, { ...common, callbacks: byCtrlC });
    expect(stopped.code, stopped.stderr).toBe(130);
    const args = `--resume --model-folder-path ${inFolder(interrupted)} --model-type ${modelType.replace(/^(.*#.*)$/, "'$1'")} --model-version 1 `;
    expect(stopped.stdout).toContain(`\ncontinue       npm run --silent train-model -- ${args}--callbacks ${byCtrlC}\n`);

    const killed = own('killed');
    const byKill = signalAfter(27, 'SIGKILL', killed);
    const ended = await trainApart(killed, { ...common, callbacks: byKill, 'backup-steps': 4 });
    expect(ended.code, ended.stderr).toBeNull();

    for (const [models, callbacks] of [[interrupted, byCtrlC], [killed, byKill]] as const) {
      const parent = inFolder(models, type);
      expect(readdirSync(parent)).toContain('.1.training');
      expect((await listVersions(parent)).folders.map(({ version }) => version)).toEqual([1]);
      const { code, stdout, stderr } = await resume(models, { 'model-type': modelType, callbacks });
      expect(code, stderr).toBe(0);
      expect(stderr).toMatch(/BackupAndRestore: resuming .*\.1\.training at epoch 3, batch [3-9]\n/);
      expect(stdout).toMatch(/^epochs +6, the best was \d$/m);
      expect(readdirSync(parent)).toEqual(['1']);
      expectSame(models, whole, type);
    }
  });
}); // prettier-ignore

describe('train-model --resume', () => {
  it('ends as it would have ended, whenever it is killed', { timeout: 300_000 }, async () => {
    const flags = { 'model-type': 'LenetModel', 'num-epochs': 12, patience: 12, 'backup-steps': 7 };
    const whole = await train('never-killed', flags);
    expect(whole.code, whole.stderr).toBe(0);
    // Before the first backup; around backups, which are written after every seventh step; in the middle of an epoch.
    const moments = [[3, 0], [7, 2], [14, 15], [26, 5]] as const; // prettier-ignore
    const callbacks = killAt(moments, 'often-killed');
    const parent = inFolder('often-killed', 'LenetModel');
    const isKept = () => existsSync(path.join(parent, '.1.training', 'training.json'));
    for (const [batch] of moments) {
      const killed = isKept() ? await resumeApart('often-killed', { callbacks }) : await trainApart('often-killed', { ...flags, callbacks });
      expect(killed.code, `${batch}: ${killed.stderr}`).toBeNull();
    }
    expect(isKept()).toBe(true);
    const ended = await resumeApart('often-killed', { callbacks });
    expect(ended.code, ended.stderr).toBe(0);
    expect(readdirSync(parent)).toEqual(['1']);
    expectSame('often-killed', 'never-killed', 'LenetModel');
  });

  it('says when there is nothing to resume', async () => {
    const { code, stdout, stderr } = await resume('nowhere', { 'model-type': 'LenetModel', 'model-version': 3 });
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toBe(
      `train-model: There is nothing to resume: ${inFolder('nowhere')} keeps no interrupted training of version 3 of LenetModel. A training that ` +
        'is done is not kept; give the --model-folder-path, --model-type and --model-version of one that was interrupted, or begin one ' +
        'without --resume.\nError code: INVALID_TRAINING_STATE\n',
    );
  });

  it('says which options and which images are others, keeps what was trained, and refuses to write over it', async () => {
    const models = 'refused';
    const own = copyDigits(inFolder('refused-digits'), { classes: 3, images: 20, testImages: 5 });
    const callbacks = signalAfter(12, 'SIGKILL', models);
    const flags = { 'model-type': 'LenetModel', 'train-dataset-path': own.train, 'test-dataset-path': own.test, 'model-version': 4 };
    const killed = await trainApart(models, { ...flags, callbacks, 'learning-rate-schedule': 'cosine', 'batch-size': 6 });
    expect(killed.code, killed.stderr).toBeNull();
    const training = inFolder(models, 'LenetModel', '.4.training');
    const kept = readdirSync(training);

    const others = await resume(models, { 'batch-size': 8, seed: 9, 'num-epochs': 7, patience: 3 });
    expect(others.code).toBe(2);
    const advice = 'Leave it out, or begin again without --resume.';
    const was = (flag: string, before: string, now: string) =>
      `${flag} was ${before} in ${training}, which continues with the same. Received: ${now}. ${advice}`;
    const again = `--callbacks was "${callbacks}" in ${training}. Give it again: which code runs is not taken from a file.`;
    expect(others.stderr).toBe(
      `train-model: ${[was('--batch-size', '6', '8'), was('--num-epochs', '6', '7'), again, was('--seed', '3', '9')].join('\n')}\nSee train-model --help\n`,
    );

    const anew = await train(models, flags);
    expect([anew.code, anew.stderr]).toEqual([1, expect.stringContaining(`${training} keeps an interrupted training of that version`)]);

    const another = await train(models, { ...flags, 'model-version': undefined, 'num-epochs': 1 });
    expect([another.code, another.stderr]).toEqual([0, expect.stringContaining(`note: ${training} keeps an interrupted training;`)]);
    expect(another.stdout).toContain(inFolder(models, 'LenetModel', '5'));

    rmSync(path.join(own.train, '1', readdirSync(path.join(own.train, '1'))[0] ?? ''));
    const changed = await resume(models, { callbacks });
    expect(changed.code).toBe(1);
    expect(changed.stderr).toContain(
      `train-model: The images in ${own.train} are not those that the training in ${training} began with.\n` +
        'Class "1" has 19 images. It had 20.\n' +
        'Put them back as they were, give --train-dataset-path, or begin again without --resume.\n',
    );
    expect(readdirSync(training)).toEqual(kept);
  });
}); // prettier-ignore
