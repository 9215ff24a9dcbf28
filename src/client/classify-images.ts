import { create, toBinary } from '@bufbuild/protobuf';

import { SignetError } from '../errors.js';
import type { Signature } from '../saved-model/read/read-saved-model.js';
import { ExampleSchema } from '../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';

/** One of the classes that an image may belong to. */
export interface ImageLabel {
  /** Name of the class; null if the model has no names. */
  readonly name: string | null;
  /** Position in the logits. */
  readonly index: number;
  /** Probability of the class, 0 to 1. */
  readonly probability: number;
  /** Lowest probability at which a multi-label model assigns the class to an image; absent if an image has one class. */
  readonly threshold?: number;
  /** Whether the probability is at least the threshold; absent in the same case. */
  readonly present?: boolean;
}

/** A model whose signatures can be called, on a server or in this process. */
export interface CallableModel {
  /** Name of the model, for messages. */
  readonly name: string;
  /** Signatures by SignatureDef key. */
  readonly signatures: Readonly<Record<string, Signature>>;
  /** Calls one of the signatures. */
  readonly call: (
    signatureName: string,
    inputs: Readonly<Record<string, TensorValue>>,
  ) => Promise<Readonly<Record<string, TensorValue>>>;
}

/** Maximum number of labels that `serving_labels` returns; see `ImageClassifierModel.predictLabels`. */
const mostByLabels = 5;

/**
 * Finds the best classes of encoded images, best first, with whichever signature of Signet's classifiers the model has: `serving_labels` for up to
 * five classes, `serving_classify` for any number, or `serving_bytes`, which has no names. For a multi-label model, whose `serving_labels` returns
 * all classes, those that an image has are always included.
 *
 * @param topK Number of classes per image. Default: 5.
 * @throws SignetError `INVALID_SAVED_MODEL` when the model has none of these.
 */
export async function classifyImages(
  model: CallableModel,
  files: readonly Uint8Array[],
  topK = mostByLabels,
): Promise<ImageLabel[][]> {
  if (files.length === 0) return [];
  const ways = waysFor(topK);
  const way = ways.find(({ fits }) => fits(model.signatures));
  if (!way) {
    const known = Object.keys(model.signatures).join(', ') || 'none';
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `The model "${model.name}" has no signature serving_labels, serving_classify or serving_bytes that takes image files. ` +
        `It has: ${known}. Give a model that train-model wrote, or call predict with a signature of this one.`,
    );
  }
  const rows = await way.classify(model, files);
  return best(rows, topK);
}

/** An image's best classes, with the results of the model's signature `serving_known`, if it has one. */
export interface RecognizedImage {
  /** Classes of the image, the best first. */
  readonly labels: readonly ImageLabel[];
  /** The largest probability. */
  readonly confidence?: number;
  /** Distance to the nearest of the training's images: one minus a cosine, 0 to 2. */
  readonly distance?: number;
  /** Whether the image resembles the training images. */
  readonly isKnown?: boolean;
  /** Whether the confidence reaches the threshold of `--target-accuracy`. */
  readonly isSure?: boolean;
}

/**
 * Finds the best classes of encoded images as `classifyImages` does, and, if the model has `serving_known`, whether it knows images of that kind and
 * is sure.
 *
 * @param topK Number of classes per image. Default: 5.
 * @throws SignetError `INVALID_SAVED_MODEL` when the model has no signature that classifies image files.
 */
export async function recognizeImages(
  model: CallableModel,
  files: readonly Uint8Array[],
  topK = mostByLabels,
): Promise<RecognizedImage[]> {
  const key = 'serving_known';
  if (files.length === 0 || !has(model.signatures, key, [...labelOutputs, 'confidence'])) {
    return (await classifyImages(model, files, topK)).map((labels) => ({ labels }));
  }
  const outputs = await model.call(key, filesInput(model, key, files));
  const rows = labelsFrom(outputs, files.length);
  const isEnough = topK <= mostByLabels || has(model.signatures, key, ['threshold']);
  const labels = isEnough ? best(rows, topK) : await classifyImages(model, files, topK);
  const [confidences, distances] = [numbers(outputs.confidence), numbers(outputs.distance)];
  const [known, sure] = [numbers(outputs.is_known), numbers(outputs.is_sure)];
  return labels.map((row, i) => ({
    labels: row,
    ...(confidences[i] !== undefined && { confidence: confidences[i] }),
    ...(distances[i] !== undefined && { distance: distances[i] }),
    ...(known[i] !== undefined && { isKnown: known[i] === 1 }),
    ...(sure[i] !== undefined && { isSure: sure[i] === 1 }),
  }));
}

/** The best classes of each image, plus all classes that it has. */
function best(rows: readonly (readonly ImageLabel[])[], topK: number): ImageLabel[][] {
  return rows.map((row) => row.filter(({ present = false }, i) => i < topK || present));
}

/** Whether `classifyImages` finds a signature that it can call. */
export function canClassifyImages(signatures: CallableModel['signatures']): boolean {
  return waysFor(mostByLabels).some(({ fits }) => fits(signatures));
}

function waysFor(topK: number): readonly Way[] {
  const ways = topK > mostByLabels ? [byClassify, byLabels, byLogits] : [byLabels, byClassify, byLogits];
  return [byThresholds, ...ways];
}

/** A signature that classifies images. */
interface Way {
  readonly fits: (signatures: CallableModel['signatures']) => boolean;
  readonly classify: (model: CallableModel, files: readonly Uint8Array[]) => Promise<ImageLabel[][]>;
}

const labelOutputs = ['class_name', 'class_index', 'probability'] as const;

const byLabels: Way = {
  fits: (signatures) => has(signatures, 'serving_labels', labelOutputs),
  classify: async (model, files) =>
    labelsFrom(await model.call('serving_labels', filesInput(model, 'serving_labels', files)), files.length),
};

/** Labels of n images from the outputs of `serving_labels`. */
function labelsFrom(outputs: Readonly<Record<string, TensorValue>>, images: number): ImageLabel[][] {
  const names = texts(outputs.class_name);
  const indices = numbers(outputs.class_index);
  const [thresholds, present] = [numbers(outputs.threshold), numbers(outputs.present)];
  return rowsOf(numbers(outputs.probability), images, (probability, _, i) => {
    const label = { name: names[i] ?? null, index: indices[i] ?? -1, probability };
    const threshold = thresholds[i];
    return threshold === undefined ? label : { ...label, threshold, present: present[i] === 1 };
  });
}

/** A multi-label model, whose `serving_labels` returns every class and its threshold. */
const byThresholds: Way = {
  fits: (signatures) => has(signatures, 'serving_labels', [...labelOutputs, 'threshold', 'present']),
  classify: byLabels.classify,
};

/** `serving_classify` returns every class, in order; it is called like any other signature. */
const byClassify: Way = {
  fits: (signatures) => has(signatures, 'serving_classify', ['classes', 'scores']),
  classify: async (model, files) => {
    const outputs = await model.call(
      'serving_classify',
      filesInput(model, 'serving_classify', files.map(imageExample)),
    );
    const names = texts(outputs.classes);
    const rows = rowsOf(numbers(outputs.scores), files.length, (probability, index, i) => ({
      name: names[i] ?? null,
      index,
      probability,
    }));
    return rows.map(bestFirst);
  },
};

const byLogits: Way = {
  fits: (signatures) => has(signatures, 'serving_bytes', []),
  classify: async (model, files) => {
    const outputs = await model.call('serving_bytes', filesInput(model, 'serving_bytes', files));
    const logits = outputs.output_0 ?? Object.values(outputs)[0];
    const rows = rowsOf(numbers(logits), files.length, (probability, index) => ({ name: null, index, probability }));
    return rows.map((row) => bestFirst(softmax(row)));
  },
};

/** Names of classes by their positions in the logits. */
export interface KnownClassNames {
  readonly names: ReadonlyMap<number, string>;
  /** Whether the model has no other classes. */
  readonly areAll: boolean;
  /** Thresholds of a multi-label model by the same positions; null if an image has one class. */
  readonly thresholds: ReadonlyMap<number, number> | null;
}

/**
 * Finds the names of a model's classes, as far as it returns them.
 *
 * @param samples Images to send: if only `serving_labels` returns names, those of their best classes are found.
 */
export async function findClassNames(model: CallableModel, samples: readonly Uint8Array[]): Promise<KnownClassNames> {
  const way = [byThresholds, byClassify, byLabels].find(({ fits }) => fits(model.signatures));
  const names = new Map<number, string>();
  const thresholds = new Map<number, number>();
  let areAll = false;
  for (const sample of way ? samples : []) {
    const [labels = []] = (await way?.classify(model, [sample])) ?? [];
    for (const { index, name, threshold } of labels) {
      if (name !== null) names.set(index, name);
      if (threshold !== undefined) thresholds.set(index, threshold);
    }
    areAll = way !== byLabels || labels.length < mostByLabels;
    if (areAll) break;
  }
  return { names, areAll, thresholds: way === byThresholds ? thresholds : null };
}

/** Whether a signature takes one tensor of strings and has the outputs. */
function has(signatures: CallableModel['signatures'], key: string, outputs: readonly string[]): boolean {
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  const inputs = Object.values(signature?.inputs ?? {});
  const takesStrings = inputs.length === 1 && inputs[0]?.spec.dtype === 'string';
  return takesStrings && outputs.every((name) => Object.hasOwn(signature?.outputs ?? {}, name));
}

function filesInput({ signatures }: CallableModel, key: string, values: readonly Uint8Array[]) {
  const [name = ''] = Object.keys(signatures[key]?.inputs ?? {});
  return { [name]: { dtype: 'string', shape: [values.length], values } } as const;
}

/** A serialized tf.Example; `image/encoded` is TensorFlow's name for a file's content. */
function imageExample(file: Uint8Array): Uint8Array {
  const feature = { 'image/encoded': { kind: { case: 'bytesList' as const, value: { value: [file] } } } };
  return toBinary(ExampleSchema, create(ExampleSchema, { features: { feature } }));
}

/** `values` [n, k] as n lists of labels. */
function rowsOf(
  values: readonly number[],
  rows: number,
  label: (value: number, column: number, position: number) => ImageLabel,
): ImageLabel[][] {
  const columns = values.length / rows;
  return Array.from({ length: rows }, (_, row) =>
    values
      .slice(row * columns, (row + 1) * columns)
      .map((value, column) => label(value, column, row * columns + column)),
  );
}

/** Sorts classes by score; the first of equal ones stays first, as with TensorFlow's `top_k`. */
function bestFirst(labels: readonly ImageLabel[]): ImageLabel[] {
  return labels.toSorted((a, b) => b.probability - a.probability);
}

function softmax(logits: readonly ImageLabel[]): ImageLabel[] {
  const largest = logits.reduce((most, { probability }) => Math.max(most, probability), -Infinity);
  const powers = logits.map(({ probability }) => Math.exp(probability - largest));
  const total = powers.reduce((a, b) => a + b, 0);
  return logits.map((label, i) => ({ ...label, probability: (powers[i] ?? NaN) / total }));
}

/** The numbers of a tensor; none if there is no tensor. */
export function numbers(value: TensorValue | undefined): number[] {
  return Array.from((value?.values ?? []) as ArrayLike<number>, Number);
}

/** Strings of a tensor; empty if the tensor is missing or holds no strings. */
export function texts(value: TensorValue | undefined): string[] {
  const values = value?.dtype === 'string' ? (value.values as readonly Uint8Array[]) : [];
  return values.map((bytes) => Buffer.from(bytes).toString());
}
