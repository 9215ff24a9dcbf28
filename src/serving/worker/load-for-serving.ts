import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { create } from '@bufbuild/protobuf';

import { median } from '../../data/statistics.js';
import { LoadedSavedModel, type LoadOptions } from '../../saved-model/run/load-saved-model.js';
import { timeInTurns } from '../../saved-model/run/time-in-turns.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { tensorValueOf } from '../../saved-model/read/tensor-proto-value.js';
import { dataTypeOf } from '../../tensorflow/data-type.js';
import { TensorProtoSchema } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { areThreadsGiven } from '../../tensorflow/session.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';

/** A model with more weights, in bytes, has enough work for several threads. */
const largeWeights = 2 ** 25;
const timedCalls = 15;
/** A call that takes longer, in milliseconds, has enough work for several threads. */
const longCall = 10;
/** Factor by which a call with one thread may take longer: the other processors are left to other calls. */
const tolerance = 1.1;
/** Options of a session for a model whose calls are short. */
const oneThread = { intraOpThreads: 1, inCallerThread: true } as const;

/** Fewer weights, in bytes, are read in no time: constants instead of them were never faster (LeNet). */
const fewWeights = 2 ** 20;
/** For the measurement, a model is in memory twice. */
const mostWeights = 2 ** 29;
/** Factor by which a call must be faster with constants than with variables. */
const gain = 0.97;
/** How far two numbers may be apart, to the larger of 1 and the number. */
const agreement = 1e-5;

/**
 * Loads a SavedModel as it answers a single request fastest: with as many threads for an op as that takes, all processors or one, with which
 * a small network answers several times as fast (docs/decisions/0016); and with constants instead of variables where TensorFlow makes
 * more of them (docs/decisions/0024).
 *
 * Measured on made-up numbers, the threads in sessions of their own: a signature may change variables. A model none of whose signatures can
 * be called on them has all processors and its variables; so has, for the threads, one where TF_NUM_INTRAOP_THREADS is set.
 *
 * @param tell Hears what was measured, in a sentence.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadForServing(
  directory: string,
  tell: (message: string) => void = () => undefined,
): Promise<LoadedSavedModel> {
  const bytes = await weightsBytes(directory);
  const threads = await chooseThreads(directory, bytes);
  const plain = await LoadedSavedModel.load(directory, threads);
  const constant = bytes >= fewWeights && bytes <= mostWeights ? await loadConstant(directory, threads) : null;
  if (!constant) return plain;
  const times = compare(plain, constant);
  const isTaken = times !== null && times.constant < times.plain * gain;
  (isTaken ? plain : constant).dispose();
  if (times) {
    const [taken, other] = isTaken ? [times.constant, times.plain] : [times.plain, times.constant];
    const how = isTaken ? 'with constants instead of its variables' : 'with its variables';
    tell(`computes ${how}: a call takes ${taken.toFixed(2)} ms, ${other.toFixed(2)} ms the other way.`);
  }
  return isTaken ? constant : plain;
}

/** Null for a model that needs its variables: then none is lost, as `plain` was not called. */
async function loadConstant(directory: string, threads: LoadOptions): Promise<LoadedSavedModel | null> {
  try {
    return await LoadedSavedModel.load(directory, { ...threads, areVariablesConstant: true });
  } catch {
    // A way to be faster, no more: whatever is wrong, the model itself has been loaded.
    return null;
  }
}

/** The fastest calls of two models in turns, in milliseconds; null when they cannot be called on made-up numbers, or do not agree. */
function compare(
  plain: LoadedSavedModel,
  constant: LoadedSavedModel,
): { readonly plain: number; readonly constant: number } | null {
  try {
    const calls = [plain, constant].map((model) => callOn(model, madeUp));
    const [first, second] = calls;
    if (!first || !second || !agree(first(), second())) return null;
    const best = timeInTurns([first, second], { milliseconds: longComparison, mostRounds: timedCalls });
    return { plain: best[0] ?? NaN, constant: best[1] ?? NaN };
  } catch {
    return null;
  }
}

/** How long models are compared after their third call, in milliseconds. */
const longComparison = 1000;

type Values = Readonly<Record<string, TensorValue>>;

function agree(a: Values, b: Values): boolean {
  return Object.entries(a).every(([name, { dtype, values }]) => {
    if (dtype === 'string') return true;
    const others = b[name]?.values as Float32Array;
    return Array.from(values as Float32Array, Number).every((x, i) => {
      const y = Number(others[i]);
      return Object.is(x, y) || Math.abs(x - y) <= agreement * Math.max(1, Math.abs(x));
    });
  });
}

async function chooseThreads(directory: string, bytes: number): Promise<LoadOptions> {
  const isAsked = !areThreadsGiven() && availableParallelism() > 1;
  if (!isAsked || bytes > largeWeights) return {};
  const all = await timeCall(directory);
  const isLong = all === null || all > longCall;
  const one = isLong ? null : await timeCall(directory, oneThread);
  const isOneEnough = one !== null && all !== null && one < all * tolerance;
  return isOneEnough ? oneThread : {};
}

/** Bytes of the checkpoint and of the graph, which holds the weights of a frozen model. */
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

/** The median of a few calls, in milliseconds, after one that sets things up; null when it cannot be called on zeros. */
async function timeCall(directory: string, threads: LoadOptions = {}): Promise<number | null> {
  const model = await LoadedSavedModel.load(directory, threads);
  try {
    const call = callOn(model, () => 0);
    if (!call) return null;
    call();
    const times: number[] = [];
    while (times.length < timedCalls && (times[0] ?? 0) <= longCall) {
      const start = performance.now();
      call();
      times.push(performance.now() - start);
    }
    return median(times);
  } catch {
    // Zeros are a guess at what the model takes.
    return null;
  } finally {
    model.dispose();
  }
}

function callOn(model: LoadedSavedModel, value: (position: number) => number): (() => Values) | null {
  for (const [key, signature] of Object.entries(model.signatures)) {
    const inputs = inputsOf(signature, value);
    if (inputs) return () => model.callValues(key, inputs);
  }
  return null;
}

/** Whole numbers below 256, as of pixels, that do not repeat in rows. */
function madeUp(position: number): number {
  return (position * 7919) % 251;
}

/** The most memory for an input, whatever a hostile model says. */
const maxBytes = 2 ** 24;
/** For a size that may be any, such as the height of an image. */
const anySize = 32;

/** One image, or whatever else the first dimension counts; null for strings. @throws SignetError for what would be too large. */
function inputsOf({ inputs }: Signature, value: (position: number) => number): Record<string, TensorValue> | null {
  const made = Object.entries(inputs).map(([name, { spec }]) => {
    const sizes = (spec.shape ?? []).map((size, i) => (typeof size === 'number' ? size : i === 0 ? 1 : anySize));
    const dim = sizes.map((size) => ({ size: BigInt(size) }));
    // A message without elements stands for zeros.
    const proto = create(TensorProtoSchema, { dtype: dataTypeOf(spec.dtype), tensorShape: { dim } });
    return [name, fill(tensorValueOf(proto, { maxBytes }), value)] as const;
  });
  return made.some(([, { dtype }]) => dtype === 'string') ? null : Object.fromEntries(made);
}

/** Integers may be indices, which small tables do not have: they stay 0, but for those of pixels. */
function fill(zeros: TensorValue, value: (position: number) => number): TensorValue {
  if (!/^b?float|^uint8$/.test(zeros.dtype)) return zeros;
  const values = zeros.values as Float32Array;
  for (let i = 0; i < values.length; i += 1) values[i] = value(i);
  return zeros;
}
