import { Builder } from 'flatbuffers';

/** What LiteRT's task libraries need to know of an image classifier that takes pixels from 0 to 255. */
export interface ClassifierFacts {
  /** Name for people, such as `LenetModel`. */
  readonly name: string;
  /** A sentence or more for people. */
  readonly description: string;
  /** The model's version, such as `1`; null where it has none. */
  readonly version: string | null;
  /** Classes in the order of the output. */
  readonly classNames: readonly string[];
  /** Height and width that pictures are brought to, in pixels; null where that is not known. */
  readonly inputSize: readonly [height: number, width: number] | null;
  /** Whether a picture may have several classes: then scores are sigmoids of the logits. */
  readonly isMultiLabel: boolean;
}

/** Name of the metadata entry; source: `kMetadataBufferName` of tflite-support. */
export const taskMetadataName = 'TFLITE_METADATA';

/** Places of fields in their tables, and numbers of enums; source: tflite-support's metadata_schema.fbs 1.1.0. */
const identifier = 'M001';
const associatedFile = { name: 0, description: 1, type: 2, fields: 4 };
const fileTypes = { labels: 2, scoreCalibration: 4 };
const imageSize = { width: 0, height: 1, fields: 2 };
const imageProperties = { colorSpace: 0, defaultSize: 1, fields: 2 };
const content = { type: 0, properties: 1, fields: 3 };
const normalization = { mean: 0, deviation: 1, fields: 2 };
const processUnit = { type: 0, options: 1, fields: 2 };
const stats = { max: 0, min: 1, fields: 2 };
const tensor = { name: 0, description: 1, content: 3, processUnits: 4, stats: 5, files: 6, fields: 7 };
const subgraph = { inputs: 2, outputs: 3, fields: 7 };
const model = { name: 0, description: 1, version: 2, subgraphs: 3, parser: 7, fields: 8 };
const rgb = 1;
const isImage = 2;
const isNormalization = 1;
const isScoreCalibration = 2;

/**
 * Makes the metadata that the image classifiers of MediaPipe and of TensorFlow Lite's task library read: how pixels go in, and which
 * class each output is.
 *
 * @returns a FlatBuffer for the entry `TFLITE_METADATA`. The files it names are those of `taskFiles`.
 */
export function taskMetadata(facts: ClassifierFacts): Uint8Array {
  const builder = new Builder(1024);
  const subgraphs = vector(builder, [
    table(builder, subgraph.fields, {
      [subgraph.inputs]: offset(vector(builder, [inputTensor(builder, facts)])),
      [subgraph.outputs]: offset(vector(builder, [outputTensor(builder, facts)])),
    }),
  ]);
  const root = table(builder, model.fields, {
    [model.name]: text(builder, facts.name),
    [model.description]: text(builder, facts.description),
    ...(facts.version !== null && { [model.version]: text(builder, facts.version) }),
    [model.subgraphs]: offset(subgraphs),
    // The first: nothing here is newer.
    [model.parser]: text(builder, '1.0.0'),
  });
  builder.finish(root, identifier);
  return builder.asUint8Array();
}

/** Returns the files that `taskMetadata` names, to be packed behind the model. */
export function taskFiles({ classNames, isMultiLabel }: ClassifierFacts): Record<string, Uint8Array> {
  return {
    'labels.txt': Buffer.from(classNames.join('\n')),
    // Scale, slope and offset of a sigmoid for each class.
    ...(isMultiLabel && { 'score_calibration.txt': Buffer.from(classNames.map(() => '1,1,0').join('\n')) }),
  };
}

function inputTensor(builder: Builder, { inputSize }: ClassifierFacts): number {
  // The model scales pixels itself.
  const unchanged = table(builder, normalization.fields, {
    [normalization.mean]: floats(builder, [0]),
    [normalization.deviation]: floats(builder, [1]),
  });
  const [height = 0, width = 0] = inputSize ?? [];
  const size = table(builder, imageSize.fields, { [imageSize.width]: uint(width), [imageSize.height]: uint(height) });
  const image = table(builder, imageProperties.fields, {
    [imageProperties.colorSpace]: byte(rgb),
    ...(inputSize && { [imageProperties.defaultSize]: offset(size) }),
  });
  const range = table(builder, stats.fields, {
    [stats.max]: floats(builder, [255]),
    [stats.min]: floats(builder, [0]),
  });
  return table(builder, tensor.fields, {
    [tensor.name]: text(builder, 'image'),
    [tensor.description]: text(builder, 'RGB pixels from 0 to 255. The model resizes and scales them itself.'),
    [tensor.content]: offset(
      table(builder, content.fields, { [content.type]: byte(isImage), [content.properties]: offset(image) }),
    ),
    [tensor.processUnits]: offset(vector(builder, [unit(builder, isNormalization, unchanged)])),
    [tensor.stats]: offset(range),
  });
}

function outputTensor(builder: Builder, { isMultiLabel }: ClassifierFacts): number {
  const file = (name: string, type: number, description: string) =>
    table(builder, associatedFile.fields, {
      [associatedFile.name]: text(builder, name),
      [associatedFile.description]: text(builder, description),
      [associatedFile.type]: byte(type),
    });
  const files = [file('labels.txt', fileTypes.labels, 'Names of the classes, in the order of the logits.')];
  if (isMultiLabel) files.push(file('score_calibration.txt', fileTypes.scoreCalibration, 'A sigmoid for each class.'));
  // Its fields stay at their defaults: scores are not transformed before the sigmoid.
  const calibration = table(builder, 2, {});
  return table(builder, tensor.fields, {
    [tensor.name]: text(builder, 'logits'),
    [tensor.description]: text(
      builder,
      isMultiLabel ? 'Their sigmoids are probabilities.' : 'Their softmax is probabilities.',
    ),
    ...(isMultiLabel && {
      [tensor.processUnits]: offset(vector(builder, [unit(builder, isScoreCalibration, calibration)])),
    }),
    [tensor.files]: offset(vector(builder, files)),
  });
}

function unit(builder: Builder, type: number, options: number): number {
  return table(builder, processUnit.fields, { [processUnit.type]: byte(type), [processUnit.options]: offset(options) });
}

/** Writes a field that is set; what it refers to is written before. */
type Field = (builder: Builder, place: number) => void;

const offset =
  (to: number): Field =>
  (builder, place) => {
    builder.addFieldOffset(place, to, 0);
  };
const byte =
  (value: number): Field =>
  (builder, place) => {
    builder.addFieldInt8(place, value, 0);
  };
const uint =
  (value: number): Field =>
  (builder, place) => {
    builder.addFieldInt32(place, value, 0);
  };
const text = (builder: Builder, value: string): Field => offset(builder.createString(value));

function floats(builder: Builder, values: readonly number[]): Field {
  builder.startVector(4, values.length, 4);
  for (const value of values.toReversed()) builder.addFloat32(value);
  return offset(builder.endVector());
}

function vector(builder: Builder, offsets: readonly number[]): number {
  builder.startVector(4, offsets.length, 4);
  for (const each of offsets.toReversed()) builder.addOffset(each);
  return builder.endVector();
}

function table(builder: Builder, fields: number, values: Readonly<Record<number, Field>>): number {
  builder.startObject(fields);
  for (const [place, write] of Object.entries(values)) write(builder, Number(place));
  return builder.endObject();
}
