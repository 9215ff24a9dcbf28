import { SignetError } from '../../errors.js';
import { quoted } from '../../text/printable.js';
import { findModelDescription, type ModelDescription } from '../../models/classifier/model-description.js';
import { describeSavedModel, type SavedModelDescription } from '../../saved-model/describe/describe-saved-model.js';
import { completeOptions, type GivenOptionsOf } from '../shared/flag-table.js';
import { showModelCommand } from './flags.js';
import { type ModelConfidence, modelConfidence } from './model-confidence.js';

/** Options of `show-model`; `flags.ts` says what each means. */
export interface ShowModelOptions extends GivenOptionsOf<typeof showModelCommand.flags> {}

/** Result, which `show-model --json` prints. */
export interface ShowModelResult extends SavedModelDescription {
  /** How far the answers can be trusted; null for a model that is not one of Signet's classifiers. */
  readonly confidence: ModelConfidence | null;
  /** What a classifier of Signet was made from; null for other models. */
  readonly classifier: ModelDescription | null;
}

/**
 * Describes a SavedModel; with `signature`, only the graphs that have it, and no other signature.
 *
 * @throws SignetError `INVALID_SAVED_MODEL`; `INVALID_ARGUMENT` that lists the signatures there are.
 */
export async function showModel(given: ShowModelOptions): Promise<ShowModelResult> {
  const { modelPath, signature } = completeOptions(showModelCommand.flags, given);
  const classifier = await findModelDescription(modelPath);
  const confidence = classifier && (await modelConfidence(modelPath, classifier));
  const description = { ...(await describeSavedModel(modelPath)), classifier, confidence };
  if (signature === undefined) return description;
  const metaGraphs = description.metaGraphs.flatMap((metaGraph) => {
    const found = Object.entries(metaGraph.signatures).filter(([key]) => key === signature);
    return found.length === 0 ? [] : [{ ...metaGraph, signatures: Object.fromEntries(found) }];
  });
  if (metaGraphs.length > 0) return { ...description, metaGraphs };
  const known = new Set(description.metaGraphs.flatMap(({ signatures }) => Object.keys(signatures)));
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${modelPath} has no signature ${quoted([signature])}. It has: ${quoted(known) || 'none'}.`,
  );
}
