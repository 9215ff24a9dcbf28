import type { ImageProblem } from '../../data/image-file/image-problem.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { median } from '../../data/statistics.js';
import { type Decoding, decodingBy } from '../../models/classifier/model-description.js';
import type { EvaluationResult } from '../metrics.js';
import { type BatchOptions, batchesOf, readBatch } from '../signature-calls.js';
import type { ComparableImages, Pair } from './comparable-images.js';
import { type Answer, ComparedModel, type DescribedModel } from './compared-model.js';

/** An image and what the two models take it for. */
export interface ComparedImage {
  readonly image: ImageFile;
  readonly answers: Pair<Answer>;
}

/** What a comparison found of one model. */
export interface ComparedEvaluation {
  /** Classes that it answers with: those that both models have, and unless it is multi-label then its own. */
  readonly classNames: readonly string[];
  /** Position of each of them among the model's own. */
  readonly positions: readonly number[];
  readonly evaluation: EvaluationResult;
  /** Median of `serving_bytes` with one image per call; the models took turns. */
  readonly millisecondsPerImage: number;
  /** Images per second of `serving_bytes` with a batch per call; likewise. */
  readonly imagesPerSecond: number;
}

/** Two models over the same images. */
export interface ModelComparison extends Omit<ComparableImages, 'files'> {
  readonly isMultiLabel: boolean;
  readonly models: Pair<ComparedEvaluation>;
  readonly images: readonly ComparedImage[];
  /** Images that passed the scan, do not decode and were left out. */
  readonly skipped: readonly ImageProblem[];
}

/** How two models are compared. */
export interface CompareOptions extends BatchOptions {
  readonly isMultiLabel: boolean;
}

/**
 * Sends the same images through `serving_bytes` of two SavedModels on disk, each of which decodes and resizes them in its own way.
 *
 * @throws SignetError `BAD_IMAGE` for images that do not decode, `INVALID_SAVED_MODEL`.
 */
export async function compareSavedModels(
  described: Pair<DescribedModel>,
  { files, ...comparable }: ComparableImages,
  { isMultiLabel, ...options }: CompareOptions,
): Promise<ModelComparison> {
  const decoding = decodingBy(described[0].description);
  const opened: ComparedModel[] = [];
  try {
    for (const each of described) opened.push(await ComparedModel.open(each, comparable.classNames, isMultiLabel));
    const models = opened as unknown as Pair<ComparedModel>;
    const times = await timeInTurns(models, files, decoding);
    const images: ComparedImage[] = [];
    const skipped: ImageProblem[] = [];
    let round = 0;
    for await (const batch of batchesOf(files, decoding, skipped, options)) {
      const [first, second] = inTurns(models, round++, (model) => model.answer(batch));
      batch.forEach(({ file }, i) => images.push({ image: file, answers: [answerAt(first, i), answerAt(second, i)] }));
    }
    return { ...comparable, isMultiLabel, images, skipped, models: [resultOf(models[0], times[0]), resultOf(models[1], times[1])] }; // prettier-ignore
  } finally {
    for (const model of opened) model.dispose();
  }
}

/** Images that each model is timed with, the first of which only warm it up, and the time after which fewer do. */
const [timedImages, warmUpImages, mostMilliseconds] = [33, 3, 6000];

/** Times both models with one image per call, in turns, so that whatever else the machine does slows down both. */
async function timeInTurns(
  models: Pair<ComparedModel>,
  files: readonly ImageFile[],
  decoding: Decoding,
): Promise<Pair<number>> {
  // From the whole test set: the images of a class may be larger than others.
  const chosen = Array.from({ length: timedImages }, (_, i) => files[Math.floor((i * files.length) / timedImages)]);
  const { images } = await readBatch(chosen.flatMap((file) => file ?? []), decoding); // prettier-ignore
  const times: [number[], number[]] = [[], []];
  const start = performance.now();
  for (const [i, image] of images.entries()) {
    const [first, second] = inTurns(models, i, (model) => model.timeOne(image));
    if (i < warmUpImages) continue;
    times[0].push(first);
    times[1].push(second);
    if (performance.now() - start > mostMilliseconds) break;
    await new Promise(setImmediate);
  }
  return [median(times[0]), median(times[1])];
}

/** Lets both models do something, the first one first in even rounds: what comes second may find the image in a cache. */
function inTurns<Result>(
  [first, second]: Pair<ComparedModel>,
  round: number,
  run: (model: ComparedModel) => Result,
): Pair<Result> {
  if (round % 2 === 0) return [run(first), run(second)];
  const result = run(second);
  return [run(first), result];
}

function answerAt(answers: readonly Answer[], i: number): Answer {
  const answer = answers[i];
  if (!answer) throw new Error('unreachable: a model answers every image');
  return answer;
}

function resultOf(model: ComparedModel, millisecondsPerImage: number): ComparedEvaluation {
  const { classNames, positions, evaluation, imagesPerSecond } = model;
  return { classNames, positions, evaluation, millisecondsPerImage, imagesPerSecond };
}
