import { hasBfloat16, type PrecisionChoice } from '../../tensorflow/precision.js';
import { hasManyWeights, loadFastest } from './load-fastest.js';
import { choosePrecision, type LoadedForServing } from './serving-precision.js';

/** Options of `loadForServing`. */
export interface LoadForServingOptions {
  /** Numbers that large ops compute with. Default: `float32`. */
  readonly precision?: PrecisionChoice;
  /** Called with the measurements, in sentences that continue the model's name. Default: not called. */
  readonly tell?: (message: string) => void;
}

/**
 * Loads a SavedModel in the way that answers fastest (`loadFastest`), in bfloat16 if that is requested, or if it is measured to be faster with `auto`
 * (docs/decisions/0027).
 *
 * @throws SignetError `INVALID_SAVED_MODEL`.
 */
export async function loadForServing(
  directory: string,
  { precision = 'float32', tell = () => undefined }: LoadForServingOptions = {},
): Promise<LoadedForServing> {
  const first = precision === 'auto' ? 'float32' : precision;
  const chosen = await loadFastest(directory, { precision: first }, tell);
  if (precision === 'auto') return choosePrecision(directory, chosen);
  const note = precision === 'bfloat16' ? 'computes in bfloat16.' : await hint(directory);
  return { model: chosen.model, precision: { precision, trial: null, note } };
}

/** Hints that a version may gain from bfloat16; null if it is too small for that, or the processor has no instructions for it. */
async function hint(directory: string): Promise<string | null> {
  if (!hasBfloat16() || !(await hasManyWeights(directory))) return null;
  return 'computes in float32; this processor has instructions for bfloat16, and --precision auto measures whether they answer faster.';
}
