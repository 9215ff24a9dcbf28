import { wordsOf } from '../../errors.js';
import { OnnxModel } from '../onnx/onnx-model.js';
import { millisecondsText } from '../../saved-model/run/faster-precision.js';
import type { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import { timeInTurns } from '../../saved-model/run/time-in-turns.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { quoted } from '../../text/printable.js';
import { checkSignatures } from './check-signatures.js';
import { type Chosen, loadFastest } from './load-fastest.js';
import type { SampleCall, Values } from './made-up-call.js';
import type { ServedModel } from './served-model.js';
import type { ServedPrecision } from './served-precision.js';
import { recordedCalls } from './warm-up.js';

/** Milliseconds after which no further round begins, except the first. */
const longTrial = 1000;

/** A version and its note. */
export interface ChosenRuntime {
  readonly model: ServedModel;
  readonly precision: ServedPrecision;
}

/**
 * Loads a version's network in ONNX Runtime, for the signatures whose answers to the version's warm-up requests, or without any to a made-up one, are
 * those of TensorFlow (docs/decisions/0025). TensorFlow computes the others, and all if ONNX Runtime fails; the note says why.
 *
 * @param tell Called with the measurements of TensorFlow, in a sentence that continues the model's name.
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadInOnnxRuntime(directory: string, tell: (message: string) => void): Promise<ChosenRuntime> {
  const usual = await loadFastest(directory, { precision: 'float32' }, tell);
  const stay = (why: string) => ({ model: usual.model, precision: noted(`computes in TensorFlow: ${why}.`) });
  if (usual.model.isStateful) return stay('a call changes its state');
  if (usual.model.isGuarded) return stay('its graph needs checks that only TensorFlow makes');
  const onnx = await load(directory, usual);
  if (typeof onnx === 'string') return stay(onnx);
  try {
    const note = await measure(directory, usual.model, onnx);
    return { model: new SplitModel(usual.model, onnx), precision: noted(note) };
  } catch (error) {
    await onnx.dispose();
    return stay(clauseOf(error));
  }
}

function noted(note: string): ServedPrecision {
  return { precision: 'float32', trial: null, note };
}

/** @returns the reason if it cannot be loaded, as a clause: whatever is wrong, TensorFlow has loaded the model. */
async function load(directory: string, { model, options }: Chosen): Promise<OnnxModel | string> {
  try {
    const { intraOpThreads = 0, inCallerThread } = options;
    return await OnnxModel.load(directory, Object.keys(model.signatures), { intraOpThreads, inCallerThread });
  } catch (error) {
    return clauseOf(error);
  }
}

function clauseOf(error: unknown): string {
  return wordsOf(error).replace(/\.$/, '');
}

/** @returns the version's note. @throws Error with the reason if ONNX Runtime computes none of its signatures as TensorFlow does. */
async function measure(directory: string, usual: LoadedSavedModel, onnx: OnnxModel): Promise<string> {
  const recorded = await recordedCalls(directory, ({ signature }) => onnx.signatures.includes(signature));
  const { calls, largestDifference, left } = await checkSignatures(usual, onnx, recorded);
  if (calls.length === 0) throw new Error([...left.values()].at(-1));
  const own = recorded.filter((call) => calls.includes(call));
  const timed = own.length > 0 ? own : calls.slice(0, 1);
  const [tensorflow = NaN, other = NaN] = await timeBoth(usual, onnx, timed);
  const requests = timed.length === 1 ? 'a request takes' : `${timed.length} requests take`;
  const times = `${requests} ${millisecondsText(other)}, and ${millisecondsText(tensorflow)} in TensorFlow`;
  const sentences = [
    `computes in ONNX Runtime ${onnx.runtimeVersion}: ${times}; the outputs are ${largestDifference.toPrecision(2)} apart at most.`,
    ...Array.from(left, ([key, why]) => `TensorFlow computes ${quoted([key])}: ${why}.`),
    ...(tensorflow < other ? ['--runtime tensorflow is faster here.'] : []),
  ];
  return sentences.join(' ');
}

/** @returns the fastest rounds of TensorFlow and of ONNX Runtime, in turns, in milliseconds. */
async function timeBoth(usual: LoadedSavedModel, onnx: OnnxModel, calls: readonly SampleCall[]) {
  const rounds = [usual, onnx].map((model) => async () => {
    for (const { signature, inputs, outputs } of calls) await model.callValues(signature, inputs, outputs);
  });
  return timeInTurns(rounds, { milliseconds: longTrial, leastRounds: 1, mostRounds: Infinity });
}

/** A version whose network runs in ONNX Runtime, for all signatures or some of them. */
class SplitModel implements ServedModel {
  readonly directory: string;
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Null if no signature needs it. */
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
