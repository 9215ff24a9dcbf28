import { bfloat16Gain, millisecondsText } from '../../saved-model/run/faster-precision.js';
import { timeInTurns } from '../../saved-model/run/time-in-turns.js';
import { LoadedSavedModel } from '../../saved-model/run/load-saved-model.js';
import { hasBfloat16, noBfloat16, type Precision } from '../../tensorflow/precision.js';
import { agreementOf } from './agreement.js';
import { type Chosen, loadConstant } from './load-fastest.js';
import { madeUpCall, runCall, type SampleCall } from './made-up-call.js';
import type { PrecisionMeasurement, ServedPrecision } from './served-precision.js';
import { recordedCalls } from './warm-up.js';

/** A model that is ready to answer. */
export interface LoadedForServing {
  readonly model: LoadedSavedModel;
  readonly precision: ServedPrecision;
}

/** Maximum difference between outputs: more than this is not just the third digit. */
const mostDifference = 0.05;
/** Share of the answers to recorded requests that must be the same. */
const leastSameAnswers = 0.95;
/** Milliseconds after which no further round begins, except the second. */
const longTrial = 1000;

/**
 * Decides whether a version computes in bfloat16: if its own warm-up requests, or a made-up one if it has none, are answered faster and alike.
 *
 * @param usual The version in float32; disposed of if bfloat16 is chosen.
 */
export async function choosePrecision(directory: string, usual: Chosen): Promise<LoadedForServing> {
  const stay = (why: string): LoadedForServing => {
    return {
      model: usual.model,
      precision: { precision: 'float32', trial: null, note: `computes in float32: ${why}.` },
    };
  };
  if (!hasBfloat16()) return stay(noBfloat16);
  if (usual.model.isStateful) return stay('a call changes its state, so that none can be made to measure it');
  const recorded = await recordedCalls(directory);
  const calls = recorded.length > 0 ? recorded : madeUpCalls(usual.model);
  if (calls.length === 0)
    return stay('it has no warm-up requests to measure, and takes strings, which cannot be made up');
  const other = await loadInBfloat16(directory, usual);
  const trial = await measure(usual.model, other, calls, recorded.length > 0);
  if (!trial) {
    other.dispose();
    return stay('the requests to measure it with fail');
  }
  const isTaken = isBetter(trial);
  (isTaken ? usual.model : other).dispose();
  const precision = isTaken ? 'bfloat16' : 'float32';
  const note = sentence(precision, trial);
  return { model: isTaken ? other : usual.model, precision: { precision, trial, note } };
}

function madeUpCalls(model: LoadedSavedModel): SampleCall[] {
  const call = madeUpCall(model);
  return call ? [call] : [];
}

/** With constants if possible: constant weights are converted to bfloat16 once, not in every call. */
async function loadInBfloat16(directory: string, { options }: Chosen): Promise<LoadedSavedModel> {
  const inBfloat16 = { ...options, precision: 'bfloat16' } as const;
  const constant = await loadConstant(directory, inBfloat16);
  return constant?.model ?? LoadedSavedModel.load(directory, inBfloat16);
}

/** Null if a request fails: the warm-up will report it, or the model does not take made-up numbers. */
async function measure(
  usual: LoadedSavedModel,
  other: LoadedSavedModel,
  calls: readonly SampleCall[],
  areRecorded: boolean,
): Promise<PrecisionMeasurement | null> {
  try {
    const pairs = calls.map((call) => [runCall(usual, call), runCall(other, call)] as const);
    const rounds = [usual, other].map((model) => () => calls.map((call) => runCall(model, call)));
    const [float32 = NaN, bfloat16 = NaN] = await timeInTurns(rounds, { milliseconds: longTrial, leastRounds: 2 });
    return { ...agreementOf(pairs), milliseconds: { float32, bfloat16 }, requests: calls.length, areRecorded };
  } catch {
    return null;
  }
}

function isBetter({ milliseconds, largestDifference, sameAnswers, areRecorded }: PrecisionMeasurement): boolean {
  const isFaster = milliseconds.bfloat16 < milliseconds.float32 * bfloat16Gain;
  // Made-up numbers are in no class.
  const isAlike = !areRecorded || sameAnswers === null || sameAnswers >= leastSameAnswers;
  return isFaster && isAlike && largestDifference <= mostDifference;
}

/** Makes a sentence that continues a model's name. */
function sentence(precision: Precision, trial: PrecisionMeasurement): string {
  const { milliseconds, largestDifference, sameAnswers, requests, areRecorded } = trial;
  const what = areRecorded ? `its ${requests} warm-up requests take` : 'a request of made-up numbers takes';
  const [float32, bfloat16] = [milliseconds.float32, milliseconds.bfloat16].map(millisecondsText);
  const best = sameAnswers === null || !areRecorded ? '' : `, and ${percent(sameAnswers)} of the answers are the same`;
  return (
    `computes in ${precision}: ${what} ${float32} in float32 and ${bfloat16} in bfloat16; ` +
    `the outputs are ${percent(largestDifference)} apart at most${best}.`
  );
}

function percent(share: number): string {
  return `${(share * 100).toPrecision(3)} %`;
}
