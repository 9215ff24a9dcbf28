import path from 'node:path';

import type { Pair } from '../../evaluation/comparison/comparable-images.js';
import type { DescribedModel } from '../../evaluation/comparison/compared-model.js';
import { folderBytes } from '../../files/folder-bytes.js';
import { type ComparisonRow, factorText } from '../../evaluation/comparison/describe-comparison.js';
import { describeSavedModel } from '../../saved-model/describe/describe-saved-model.js';
import { sizeText } from '../../text/amounts.js';
import { printable } from '../../text/printable.js';
import { imagesText } from '../shared/report-facts.js';
import { readKeptEvaluation } from '../train-model/kept-evaluation.js';

/** Facts of a model that is compared. */
export interface ComparedModelFacts {
  readonly path: string;
  /** Words for it: `LenetModel/1`. */
  readonly name: string;
  /** The class that it was saved from; null where it does not say so. */
  readonly modelType: string | null;
  /** How images are brought to its size: `resized to 28 x 28`; null in the same case. */
  readonly images: string | null;
  /** Number of its weights; null where they cannot be counted. */
  readonly parameters: number | null;
  /** Size of all its files. */
  readonly bytesOnDisk: number;
  /** Day of its training, in ISO 8601; null where that is not known. */
  readonly trained: string | null;
}

/** Reads the facts of two models. @throws SignetError `INVALID_SAVED_MODEL`. */
export async function comparedModelFacts([first, second]: Pair<DescribedModel>): Promise<Pair<ComparedModelFacts>> {
  const facts = [await factsOf(first), await factsOf(second)] as const;
  if (facts[0].name !== facts[1].name) return facts;
  // Models of the same name from two folders, or one model twice.
  const named = (each: ComparedModelFacts) => ({ ...each, name: printable(each.path) });
  return [named(facts[0]), named(facts[1])];
}

async function factsOf({ directory, description }: DescribedModel): Promise<ComparedModelFacts> {
  const { modelName, version, variables } = await describeSavedModel(directory);
  const kept = await readKeptEvaluation(directory);
  return {
    path: directory,
    name: printable(version === null ? modelName : path.posix.join(modelName, version)),
    modelType: description?.modelType ?? null,
    images: description && imagesText(description),
    parameters: variables?.parameters ?? null,
    bytesOnDisk: await folderBytes(directory),
    trained: kept?.date.slice(0, 10) ?? null,
  };
}

/** Lists how large both models are. */
export function sizeRows([first, second]: Pair<ComparedModelFacts>): ComparisonRow[] {
  const weights = ({ parameters }: ComparedModelFacts) => parameters?.toLocaleString('en') ?? '–';
  const factor = (second.parameters ?? NaN) / (first.parameters ?? NaN);
  const onDisk = [sizeText(first.bytesOnDisk), sizeText(second.bytesOnDisk)] as const;
  return [
    ['weights', weights(first), weights(second), factorText(factor)],
    ['on disk', ...onDisk, factorText(second.bytesOnDisk / first.bytesOnDisk)],
  ];
}
