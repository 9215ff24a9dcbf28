import { createHash } from 'node:crypto';
import { cpSync, existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { beforeAll, describe, expect, it } from 'vitest';

import { parseHistory } from '../../src/evaluation/report/training-history.js';
import { hasPython, python } from '../helpers/python/python.js';
import { startCommandLine, toArguments } from '../helpers/run-command-line.js';
import { copyDigits, type SmallDigits } from '../helpers/data/small-digits.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

type Flags = Parameters<typeof toArguments>[0];

let folder: string;
let digits: SmallDigits;
const inFolder = (...names: string[]) => path.join(folder, ...names);

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  digits = copyDigits(folder, { classes: 3, images: 30 });
  process.env.SIGNET_PYTHON = python;
});

/** Workers take their time on a machine that does other things. */
const startTraining = (args: readonly string[]) => startCommandLine('train-model', args, 200_000);
const train = (args: readonly string[]) => startTraining(args).done;

/** 72 images to train on: 9 steps an epoch. */
function trainArguments(models: string, flags: Flags = {}): string[] {
  return toArguments({
    'train-dataset-path': digits.train,
    'test-dataset-path': digits.test,
    'model-folder-path': inFolder(models),
    'model-type': 'LenetModel',
    workers: 2,
    'open-worker-ports': true,
    'num-epochs': 10,
    patience: 10,
    'batch-size': 8,
    seed: 3,
    'learning-rate': 0.0002,
    ...flags,
  });
}

const resumeArguments = (models: string, flags: Flags = {}) =>
  toArguments({ resume: true, 'model-folder-path': inFolder(models), ...flags });

/** What a training came to: digests of the bytes of its weights, and its history. */
function resultOf(models: string): Readonly<Record<string, string>> {
  const files = ['variables/variables.index', 'variables/variables.data-00000-of-00001', 'assets.extra/history.csv'];
  const digest = (file: string) =>
    createHash('sha256')
      .update(readFileSync(inFolder(models, 'LenetModel', '1', file)))
      .digest('hex');
  return Object.fromEntries(files.map((file) => [file, digest(file)]));
}

/** The losses of the epochs. */
function lossesOf(models: string): number[] {
  const { columns } = parseHistory(
    readFileSync(inFolder(models, 'LenetModel', '1', 'assets.extra', 'history.csv'), 'utf8'),
  );
  return ['loss', 'val_loss'].flatMap((name) => columns.get(name) ?? []).map(Number);
}

/** Processes of workers whose model lies among these. */
function workersOf(models: string): number[] {
  return readdirSync('/proc').flatMap((name) => {
    if (!/^\d+$/.test(name)) return [];
    try {
      const words = readFileSync(`/proc/${name}/cmdline`, 'utf8').split('\0');
      return words.some((word) => word.endsWith('worker.py')) && words.some((word) => word.startsWith(inFolder(models)))
        ? [Number(name)]
        : [];
    } catch {
      return [];
    }
  });
}

/** Ports on which a process listens, on any address. */
function listeningPorts(pid: number): number[] {
  const sockets = readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
    try {
      return /^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? [];
    } catch {
      return [];
    }
  });
  return ['tcp', 'tcp6'].flatMap((file) =>
    readFileSync(`/proc/${pid}/net/${file}`, 'utf8')
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((words) => words[3] === '0A' && sockets.includes(words[9] ?? ''))
      .map((words) => parseInt(words[1]?.split(':')[1] ?? '', 16)),
  );
}

describe.skipIf(!hasPython() || process.platform !== 'linux')(
  'train-model --resume of --workers',
  { timeout: 600_000 },
  () => {
    beforeAll(async () => {
      const { code, stderr } = await train(trainArguments('whole'));
      expect(code, stderr).toBe(0);
    });

    it('goes on after Ctrl-C and after kill -9, to the same bytes; with fewer workers but for rounding', async () => {
      const models = 'interrupted';
      const first = startTraining(trainArguments(models));
      await first.printed('epoch 2/10');
      first.child.kill('SIGINT');
      const { code, stdout, stderr } = await first.done;
      expect(code, stderr).toBe(130);
      expect(stderr).toContain('ending the workers, the last epoch that was done is kept');
      expect(stdout).toMatch(/^epochs +\d+ \(interrupted\)$/m);
      expect(stdout).toContain('model          none was saved yet');
      const again = `--resume --model-folder-path ${inFolder(models)} --model-type LenetModel --model-version 1`;
      expect(stdout).toContain(`\ncontinue       npm run --silent train-model -- ${again}\n`);
      expect(readdirSync(inFolder(models, 'LenetModel'))).toEqual(['.1.training']);

      cpSync(inFolder(models), inFolder('fewer'), { recursive: true });
      const more = await train(resumeArguments(models, { workers: 3 }));
      expect(more.code).toBe(2);
      expect(more.stderr).toBe(
        `train-model: --workers was 2 in ${inFolder(models, 'LenetModel', '.1.training')}: a batch is split into that many parts, and each worker takes ` +
          'one or more. Received: 3.\nSee train-model --help\n',
      );

      const second = startTraining(resumeArguments(models));
      await second.printed('epoch 5/10');
      expect(workersOf(models)).toHaveLength(2);
      second.child.kill('SIGKILL');
      expect((await second.done).stderr).not.toContain('epoch 1/10');
      // Who goes on is not to find others at work: the workers end with the command that started them.
      while (workersOf(models).length > 0) await setTimeout(20);

      const last = await train(resumeArguments(models));
      expect(last.code, last.stderr).toBe(0);
      expect(last.stderr).not.toContain('epoch 1/10');
      expect(last.stdout).toMatch(/^epochs +10, the best was \d+$/m);
      expect(readdirSync(inFolder(models, 'LenetModel'))).toEqual(['1']);
      expect(resultOf(models)).toEqual(resultOf('whole'));

      const fewer = await train(resumeArguments('fewer', { workers: 1 }));
      expect(fewer.code, fewer.stderr).toBe(0);
      const whole = lossesOf('whole');
      expect(whole).toHaveLength(20);
      expect(Math.max(...lossesOf('fewer').map((loss, i) => Math.abs(loss - (whole[i] ?? NaN))))).toBeLessThan(1e-5);
    });

    it('opens no port unless it is asked to, and comes to the same', async () => {
      const open = startTraining(trainArguments('open', { 'num-epochs': 2 }));
      await open.printed('epoch 1/2');
      expect(workersOf('open').map((pid) => listeningPorts(pid).length > 0)).toEqual([true, true]);
      const { stderr } = await open.done;
      expect(stderr).toContain('warning: the ports of the workers are open to the network while they train');

      const models = 'closed';
      const closed = startTraining(trainArguments(models, { 'open-worker-ports': undefined }));
      await closed.printed('epoch 1/10');
      const workers = workersOf(models);
      expect(workers).toHaveLength(1);
      expect(workers.flatMap(listeningPorts)).toEqual([]);
      const { code, stderr: words } = await closed.done;
      expect(code, words).toBe(0);
      expect(words).not.toContain('warning: the ports');
      const whole = lossesOf('whole');
      expect(Math.max(...lossesOf(models).map((loss, i) => Math.abs(loss - (whole[i] ?? NaN))))).toBeLessThan(1e-5);
    });

    it('goes on after a worker was killed', async () => {
      const models = 'worker-killed';
      const { done, printed } = startTraining(trainArguments(models));
      await printed('epoch 3/10');
      const [, victim = NaN] = workersOf(models).sort((a, b) => a - b);
      process.kill(victim, 'SIGKILL');
      const { code, stderr } = await done;
      expect(code).toBe(1);
      expect(stderr).toContain(
        'train-model: Worker 1 of 2 failed; no model was saved. It said nothing: was it killed?',
      );
      const training = inFolder(models, 'LenetModel', '.1.training');
      expect(stderr).toContain(`${training} keeps what was trained: train-model --resume continues it\n`);
      const last = await train(resumeArguments(models));
      expect(last.code, last.stderr).toBe(0);
      expect(existsSync(training)).toBe(false);
      expect(resultOf(models)).toEqual(resultOf('whole'));
    });
  },
);
