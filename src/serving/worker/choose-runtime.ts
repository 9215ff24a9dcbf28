import { SignetError, wordsOf } from '../../errors.js';
import { RuntimeMissing } from '../../export/runtimes/exported-model.js';
import { OnnxModel } from '../onnx/onnx-model.js';
import { millisecondsText } from '../../saved-model/run/faster-precision.js';
import type { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { agreementOf } from './agreement.js';
import { type Chosen, loadFastest } from './load-fastest.js';
import { madeUpCall, type SampleCall, type Values } from './made-up-call.js';
import type { ServedModel } from './served-model.js';
import type { ServedPrecision } from './served-precision.js';
import { readWarmupCalls } from './warm-up.js';

/** The most that outputs may differ, as a share of the largest: what other orders of additions make of it. */
const mostDifference = 1e-4;
/** Requests that are compared at most. */
const mostRequests = 16;
/** Milliseconds after which no round is timed but the second. */
const longTrial = 1000;

/** A version and what is said of it. */
export interface ChosenRuntime {
  readonly model: ServedModel;
  readonly precision: ServedPrecision;
}

/**
 * Loads a version's network in ONNX Runtime, if its answers to the version's warm-up requests, or without any to a made-up one, are those of
 * TensorFlow (docs/decisions/0025). Otherwise TensorFlow computes it, and the note says why.
 *
 * @param tell Hears what was measured of TensorFlow, in a sentence that continues the model's name.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadInOnnxRuntime(directory: string, tell: (message: string) => void): Promise<ChosenRuntime> {
  const usual = await loadFastest(directory, { precision: 'float32' }, tell);
  const stay = (why: string) => ({ model: usual.model, precision: noted(`computes in TensorFlow: ${why}.`) });
  if (usual.model.isStateful) return stay('a call changes its state');
  if (usual.model.isGuarded) return stay('its graph needs checks that only TensorFlow makes');
  const onnx = await load(directory, usual);
  if (typeof onnx === 'string') return stay(onnx);
  const calls = await callsFor(directory, usual.model, onnx);
  const trial =
    calls.length > 0 ? await measure(usual.model, onnx, calls) : 'there is no request to check its numbers with';
  if (typeof trial === 'string') {
    await onnx.dispose();
    return stay(trial);
  }
  return { model: new SplitModel(usual.model, onnx), precision: noted(trial.note) };
}

function noted(note: string): ServedPrecision {
  return { precision: 'float32', trial: null, note };
}

/** @returns why it cannot be loaded, in a clause. */
async function load(directory: string, { model, options }: Chosen): Promise<OnnxModel | string> {
  try {
    const { intraOpThreads = 0, inCallerThread } = options;
    return await OnnxModel.load(directory, Object.keys(model.signatures), { intraOpThreads, inCallerThread });
  } catch (error) {
    if (error instanceof RuntimeMissing || error instanceof SignetError) return wordsOf(error).replace(/\.$/, '');
    throw error;
  }
}

/** Requests that the network is needed for. Damage of recorded ones is for the warm-up to report, which follows. */
async function callsFor(directory: string, model: LoadedSavedModel, onnx: OnnxModel): Promise<SampleCall[]> {
  const isSplit = ({ signature }: SampleCall) => onnx.signatures.includes(signature);
  const recorded = (await readWarmupCalls(directory).catch(() => null)) ?? [];
  const made = madeUpCall(model);
  const calls = recorded.filter(isSplit).slice(0, mostRequests);
  return calls.length > 0 || !made || !isSplit(made) ? calls : [made];
}

/** @returns why ONNX Runtime is not taken, in a clause, or what is said of it. */
async function measure(
  usual: LoadedSavedModel,
  onnx: OnnxModel,
  calls: readonly SampleCall[],
): Promise<{ readonly note: string } | string> {
  const run = async (model: LoadedSavedModel | OnnxModel) => {
    const start = performance.now();
    const results: Values[] = [];
    for (const { signature, inputs, outputs } of calls)
      results.push(await model.callValues(signature, inputs, outputs));
    return { results, milliseconds: performance.now() - start };
  };
  try {
    const [ours, theirs] = [await run(usual), await run(onnx)];
    const pairs = calls.map((_, i) => [ours.results[i] ?? {}, theirs.results[i] ?? {}] as const);
    const { largestDifference, sameAnswers } = agreementOf(pairs);
    const apart = `the outputs of ONNX Runtime ${onnx.runtimeVersion} are ${largestDifference.toPrecision(2)} apart at most`;
    if (!(largestDifference <= mostDifference) || (sameAnswers ?? 1) < 1) return apart;
    let [tensorflow, other] = [Infinity, Infinity];
    for (const end = performance.now() + longTrial; performance.now() < end || other === Infinity;) {
      tensorflow = Math.min(tensorflow, (await run(usual)).milliseconds);
      other = Math.min(other, (await run(onnx)).milliseconds);
    }
    const requests = calls.length === 1 ? 'a request takes' : `${calls.length} requests take`;
    const times = `${requests} ${millisecondsText(other)}, and ${millisecondsText(tensorflow)} in TensorFlow`;
    const hint = tensorflow < other ? ' --runtime tensorflow is faster here.' : '';
    return {
      note: `computes in ONNX Runtime ${onnx.runtimeVersion}: ${times}; the outputs are ${largestDifference.toPrecision(2)} apart at most.${hint}`,
    };
  } catch (error) {
    return `a request to check its numbers with fails: ${wordsOf(error).replace(/\.$/, '')}`;
  }
}

/** A version whose network ONNX Runtime computes, for all signatures or for some of them. */
class SplitModel implements ServedModel {
  readonly directory: string;
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Null where no signature needs it. */
  readonly #tensorflow: LoadedSavedModel | null;

  constructor(
    private readonly original: LoadedSavedModel,
    private readonly onnx: OnnxModel,
  ) {
    this.directory = original.directory;
    this.signatures = original.signatures;
    const isWhole = Object.keys(original.signatures).every((key) => onnx.signatures.includes(key));
    this.#tensorflow = isWhole ? null : original;
    if (isWhole) original.dispose();
  }

  signature(key: string): Signature {
    return this.original.signature(key);
  }

  callValues(key: string, inputs: Values, outputs?: readonly string[]): Values | Promise<Values> {
    this.signature(key);
    if (!this.onnx.signatures.includes(key) && this.#tensorflow)
      return this.#tensorflow.callValues(key, inputs, outputs);
    return this.onnx.callValues(key, inputs, outputs);
  }

  dispose(): void {
    this.#tensorflow?.dispose();
    void this.onnx.dispose();
  }
}
