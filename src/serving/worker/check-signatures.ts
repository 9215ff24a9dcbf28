import { wordsOf } from '../../errors.js';
import type { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { OnnxModel } from '../onnx/onnx-model.js';
import { agreementOf } from './agreement.js';
import { madeUpCalls, type SampleCall, type Values } from './made-up-call.js';
import { sampleTexts } from './sample-texts.js';

/** Maximum difference between outputs, as a share of the largest: as much as another order of additions can cause. */
const mostDifference = 1e-4;

/** Result of checking the signatures of a model in ONNX Runtime. */
export interface CheckedSignatures {
  /** Requests that both runtimes answer alike, in the order of the signatures. */
  readonly calls: readonly SampleCall[];
  /** The largest difference of their outputs, as a share of the largest number. */
  readonly largestDifference: number;
  /** Reasons why signatures are left to TensorFlow, as clauses, by their keys. */
  readonly left: ReadonlyMap<string, string>;
}

/**
 * Compares the answers of every signature that ONNX Runtime computes with TensorFlow's, and leaves those that differ, or for which no request is
 * known, to TensorFlow: nothing is served unchecked.
 *
 * @param recorded The version's own requests. A signature without one gets made-up numbers, or a made-up picture.
 */
export async function checkSignatures(
  usual: LoadedSavedModel,
  onnx: OnnxModel,
  recorded: readonly SampleCall[],
): Promise<CheckedSignatures> {
  const texts = await sampleTexts();
  const calls: SampleCall[] = [];
  const without = Object.keys(usual.signatures).filter((key) => !onnx.signatures.includes(key));
  const left = new Map(without.map((key) => [key, 'ONNX Runtime has no network for it']));
  let largestDifference = 0;
  for (const key of onnx.signatures) {
    const own = recorded.filter(({ signature }) => signature === key);
    const tried = own.length > 0 ? own : madeUp(usual, key, texts);
    const result = await compare(usual, onnx, tried);
    if (typeof result === 'string') left.set(key, result);
    else {
      largestDifference = Math.max(largestDifference, result);
      calls.push(...tried);
    }
  }
  for (const key of left.keys()) onnx.leave(key);
  return { calls, largestDifference, left };
}

/** The first made-up call that a signature answers; none if it answers none. */
function madeUp(usual: LoadedSavedModel, key: string, texts: readonly Uint8Array[]): SampleCall[] {
  const isAnswered = ({ signature, inputs }: SampleCall) => {
    try {
      usual.callValues(signature, inputs);
      return true;
    } catch {
      // Made-up inputs are a guess at what the signature takes.
      return false;
    }
  };
  try {
    const found = madeUpCalls(key, usual.signature(key), texts).find(isAnswered);
    return found ? [found] : [];
  } catch {
    return [];
  }
}

/** @returns the largest difference, or the reason why the signature is left to TensorFlow, as a clause. */
async function compare(
  usual: LoadedSavedModel,
  onnx: OnnxModel,
  calls: readonly SampleCall[],
): Promise<number | string> {
  if (calls.length === 0) return 'there is no request to check its numbers with';
  try {
    const pairs: (readonly [Values, Values])[] = [];
    for (const { signature, inputs, outputs } of calls)
      pairs.push([usual.callValues(signature, inputs, outputs), await onnx.callValues(signature, inputs, outputs)]);
    const { largestDifference, sameAnswers } = agreementOf(pairs);
    if (!(largestDifference <= mostDifference))
      return `the outputs of ONNX Runtime ${onnx.runtimeVersion} are ${largestDifference.toPrecision(2)} apart at most`;
    const isSame = (sameAnswers ?? 1) === 1 && pairs.every(([ours, theirs]) => isAlike(ours, theirs));
    return isSame ? largestDifference : `ONNX Runtime ${onnx.runtimeVersion} gives another answer`;
  } catch (error) {
    return `a request to check its numbers with fails: ${wordsOf(error).replace(/\.$/, '')}`;
  }
}

/** Whether all outputs exist, with the same shapes and texts. */
function isAlike(ours: Values, theirs: Values): boolean {
  return Object.entries(ours).every(([name, output]) => {
    const other = theirs[name];
    const isOfShape = other?.dtype === output.dtype && other.shape.join() === output.shape.join();
    return isOfShape && (output.dtype !== 'string' || hasSameTexts(output, other));
  });
}

function hasSameTexts(one: TensorValue, other: TensorValue): boolean {
  const [a, b] = [one.values as readonly Uint8Array[], other.values as readonly Uint8Array[]];
  return a.every((text, i) => Buffer.compare(text, b[i] ?? new Uint8Array()) === 0);
}
