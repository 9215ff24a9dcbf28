import { readdir, stat } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import path from 'node:path';

import { create } from '@bufbuild/protobuf';

import { median } from '../../data/statistics.js';
import { LoadedSavedModel, type LoadOptions } from '../../saved-model/run/load-saved-model.js';
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

/**
 * Loads a SavedModel with as many threads for an op as make it answer a single request fastest: all processors, or one, with which
 * a small network answers several times as fast (docs/decisions/0016).
 *
 * Measured on zeros, in sessions of their own: a signature may change variables. A model none of whose signatures can be called
 * on zeros has all processors, and so it is where TF_NUM_INTRAOP_THREADS is set.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadForServing(directory: string): Promise<LoadedSavedModel> {
  const isAsked = !areThreadsGiven() && availableParallelism() > 1;
  if (!isAsked || (await weightsBytes(directory)) > largeWeights) return LoadedSavedModel.load(directory);
  const all = await timeCall(directory);
  const isLong = all === null || all > longCall;
  const one = isLong ? null : await timeCall(directory, oneThread);
  const isOneEnough = one !== null && all !== null && one < all * tolerance;
  return LoadedSavedModel.load(directory, isOneEnough ? oneThread : {});
}

async function weightsBytes(directory: string): Promise<number> {
  const folder = path.join(directory, 'variables');
  const names = await readdir(folder).catch(() => []);
  const sizes = await Promise.all(names.map(async (name) => (await stat(path.join(folder, name))).size));
  return sizes.reduce((sum, size) => sum + size, 0);
}

/** The median of a few calls, in milliseconds, after one that sets things up; null when it cannot be called on zeros. */
async function timeCall(directory: string, threads: LoadOptions = {}): Promise<number | null> {
  const model = await LoadedSavedModel.load(directory, threads);
  try {
    const call = callOnZeros(model);
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

function callOnZeros(model: LoadedSavedModel): (() => void) | null {
  for (const [key, signature] of Object.entries(model.signatures)) {
    const inputs = zeros(signature);
    if (inputs) return () => void model.callValues(key, inputs);
  }
  return null;
}

/** The most memory for an input, whatever a hostile model says. */
const maxBytes = 2 ** 24;
/** For a size that may be any, such as the height of an image. */
const anySize = 32;

/** One image, or whatever else the first dimension counts; null for strings. @throws SignetError for what would be too large. */
function zeros({ inputs }: Signature): Record<string, TensorValue> | null {
  const made = Object.entries(inputs).map(([name, { spec }]) => {
    const sizes = (spec.shape ?? []).map((size, i) => (typeof size === 'number' ? size : i === 0 ? 1 : anySize));
    const dim = sizes.map((size) => ({ size: BigInt(size) }));
    // A message without elements stands for zeros.
    const proto = create(TensorProtoSchema, { dtype: dataTypeOf(spec.dtype), tensorShape: { dim } });
    return [name, tensorValueOf(proto, { maxBytes })] as const;
  });
  return made.some(([, { dtype }]) => dtype === 'string') ? null : Object.fromEntries(made);
}
