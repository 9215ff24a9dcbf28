import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { median } from '../../data/statistics.js';
import { LoadedSavedModel, type LoadOptions } from '../../saved-model/run/load-saved-model.js';
import { timeInTurns } from '../../saved-model/run/time-in-turns.js';
import { areThreadsGiven } from '../../tensorflow/session.js';
import { agreementOf } from './agreement.js';
import { madeUpCall, runCall } from './made-up-call.js';

/** A model with more weights, in bytes, has enough work for several threads. */
const largeWeights = 2 ** 25;
const timedCalls = 15;
/** A call that takes longer, in milliseconds, has enough work for several threads. */
const longCall = 10;
/** Factor by which a call with one thread may be slower, since it leaves the other processors to other calls. */
const tolerance = 1.1;
/** Options of a session for a model whose calls are short. */
const oneThread = { intraOpThreads: 1, inCallerThread: true } as const;

/** Fewer weights than this, in bytes, are read so fast that constants were never faster (LeNet). */
const fewWeights = 2 ** 20;
/** Maximum size of weights in bytes, since a model is in memory twice for the measurement. */
const mostWeights = 2 ** 29;
/** A call with constants must take at most this share of the time that it takes with variables. */
const gain = 0.97;
/** Maximum difference between outputs with constants: folding adds in another order, which matters more in bfloat16. */
const agreement = { float32: 1e-5, bfloat16: 0.05 } as const;

/** A session that was chosen, and how it was loaded. */
export interface Chosen {
  readonly model: LoadedSavedModel;
  readonly options: LoadOptions;
}

/**
 * Loads a SavedModel in the way that answers a single request fastest: with threads for all processors, or with one, with which a small network
 * answers several times as fast (docs/decisions/0016); and with constants instead of variables if that makes TensorFlow faster (docs/decisions/0024).
 *
 * Measured on made-up numbers. A model that changes its variables is measured in separate sessions. A model without a signature that takes such
 * numbers gets all processors and keeps its variables. TF_NUM_INTRAOP_THREADS, if set, decides about the threads.
 *
 * @param tell Called with the measurements, in a sentence that continues the model's name.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadFastest(
  directory: string,
  options: LoadOptions,
  tell: (message: string) => void,
): Promise<Chosen> {
  const bytes = await weightsBytes(directory);
  const plain = await loadWithThreads(directory, bytes, options);
  const constant = bytes >= fewWeights && bytes <= mostWeights ? await loadConstant(directory, plain.options) : null;
  if (!constant) return plain;
  const times = await compare(plain, constant);
  const isTaken = times !== null && times.constant < times.plain * gain;
  (isTaken ? plain : constant).model.dispose();
  if (times) {
    const [taken, other] = isTaken ? [times.constant, times.plain] : [times.plain, times.constant];
    const how = isTaken ? 'with constants instead of its variables' : 'with its variables';
    tell(`computes ${how}: a call takes ${taken.toFixed(2)} ms, ${other.toFixed(2)} ms the other way.`);
  }
  return isTaken ? constant : plain;
}

/** Loads a model with constants; null for one that needs its variables. */
export async function loadConstant(directory: string, options: LoadOptions): Promise<Chosen | null> {
  const withConstants = { ...options, areVariablesConstant: true };
  try {
    return { model: await LoadedSavedModel.load(directory, withConstants), options: withConstants };
  } catch {
    // This is only an optimization: whatever is wrong, the model itself has been loaded.
    return null;
  }
}

/** The fastest calls of two models in turns, in milliseconds; null if they cannot be called on made-up numbers, or do not agree. */
async function compare(
  plain: Chosen,
  constant: Chosen,
): Promise<{ readonly plain: number; readonly constant: number } | null> {
  try {
    const sample = madeUpCall(plain.model);
    if (!sample) return null;
    const calls = [plain, constant].map(
      ({ model }) =>
        () =>
          runCall(model, sample),
    );
    const [first = {}, second = {}] = calls.map((call) => call());
    const { largestDifference, sameAnswers } = agreementOf([[first, second]]);
    const isAlike = largestDifference <= agreement[plain.options.precision ?? 'float32'] && (sameAnswers ?? 1) === 1;
    if (!isAlike) return null;
    const best = await timeInTurns(calls, { milliseconds: longComparison, mostRounds: timedCalls });
    return { plain: best[0] ?? NaN, constant: best[1] ?? NaN };
  } catch {
    return null;
  }
}

/** Time that models are compared after their third call, in milliseconds. */
const longComparison = 500;

/** Loads a model with the threads that it needs. The measured model is kept, unless calls have changed it. */
async function loadWithThreads(directory: string, bytes: number, options: LoadOptions): Promise<Chosen> {
  const all = { model: await LoadedSavedModel.load(directory, options), options };
  const isAsked = !areThreadsGiven() && availableParallelism() > 1;
  if (!isAsked || bytes > largeWeights) return all;
  const time = timeCall(all.model);
  const isLong = time === null || time > longCall;
  const one = isLong ? null : await loadWithOneThread(directory, options, time);
  if (one) all.model.dispose();
  const chosen = one ?? all;
  if (time === null || !chosen.model.isStateful) return chosen;
  chosen.model.dispose();
  return { model: await LoadedSavedModel.load(directory, chosen.options), options: chosen.options };
}

/** Null if one thread takes longer than all. */
async function loadWithOneThread(directory: string, options: LoadOptions, allTime: number): Promise<Chosen | null> {
  const withOne = { ...options, ...oneThread };
  const model = await LoadedSavedModel.load(directory, withOne);
  const time = timeCall(model);
  if (time !== null && time < allTime * tolerance) return { model, options: withOne };
  model.dispose();
  return null;
}

/** Whether a model is so large that its calls are long. */
export async function hasManyWeights(directory: string): Promise<boolean> {
  return (await weightsBytes(directory)) > largeWeights;
}

/** Size of the checkpoint and the graph in bytes; the graph holds the weights of a frozen model. */
async function weightsBytes(directory: string): Promise<number> {
  const folder = path.join(directory, 'variables');
  const names = await readdir(folder).catch(() => []);
  const files = [path.join(directory, 'saved_model.pb'), ...names.map((name) => path.join(folder, name))];
  const sizes = await Promise.all(
    files.map((file) =>
      stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The median of a few calls, in milliseconds, after one that sets things up; null if it cannot be called on made-up numbers. */
function timeCall(model: LoadedSavedModel): number | null {
  try {
    const sample = madeUpCall(model);
    if (!sample) return null;
    runCall(model, sample);
    const times: number[] = [];
    while (times.length < timedCalls && (times[0] ?? 0) <= longCall) {
      const start = performance.now();
      runCall(model, sample);
      times.push(performance.now() - start);
    }
    return median(times);
  } catch {
    // Made-up numbers are a guess at what the model takes.
    return null;
  }
}
