import { SignetError } from '../errors.js';
import { convertToLitert } from './litert/convert-to-litert.js';
import { writeOnnx } from './onnx/write-onnx.js';
import { readFlatGraph } from './read-flat-graph.js';
import { simplify } from './simplify.js';
import { graphModel, graphModelFiles } from './tfjs/graph-model.js';

/** The formats that a SavedModel is exported to: LiteRT (TensorFlow Lite), TF.js's GraphModel, ONNX. */
export const exportFormats = ['litert', 'tfjs', 'onnx'] as const;
/** A format that a SavedModel is exported to. */
export type ExportFormat = (typeof exportFormats)[number];

/**
 * How weights are stored. `float16`: half the size, in every format. `dynamic`: int8 that LiteRT computes with. `weights`: 8 bits in the
 * file, floats in memory, in TF.js and ONNX.
 */
export const quantizations = ['none', 'float16', 'dynamic', 'weights'] as const;
/** A way to store weights. */
export type ExportQuantization = (typeof quantizations)[number];

/** Which quantizations a format has. */
const quantizationsOf = {
  litert: ['none', 'float16', 'dynamic'],
  tfjs: ['none', 'float16', 'weights'],
  onnx: ['none', 'float16', 'weights'],
} as const satisfies Readonly<Record<ExportFormat, readonly ExportQuantization[]>>;

/** How a SavedModel is exported. */
export interface ExportOptions {
  /** Key of the signature. Default: `serving_default`. */
  readonly signature?: string | undefined;
  /** Default: `none`. */
  readonly quantize?: ExportQuantization | undefined;
  /** Facts that travel in the file, such as class names. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
}

/**
 * Exports a signature of a SavedModel.
 *
 * @param directory Directory of a version, such as `models/LenetModel/1`.
 * @returns the files by name: `model.tflite`, `model.onnx`, or `model.json` with its shards.
 * @throws SignetError `NOT_EXPORTABLE` for an op that the format lacks, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`.
 */
export async function exportFiles(
  directory: string,
  format: ExportFormat,
  { signature = 'serving_default', quantize = 'none', metadata = {} }: ExportOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkQuantization(format, quantize);
  if (format === 'litert') {
    const quantization = quantize === 'weights' ? 'none' : quantize;
    return new Map([['model.tflite', await convertToLitert(directory, { signature, quantization, metadata })]]);
  }
  const { graph, shapes } = simplify(await readFlatGraph(directory, signature));
  const quantization = quantize === 'dynamic' ? 'none' : quantize;
  if (format === 'onnx') return new Map([['model.onnx', writeOnnx(graph, shapes, { metadata, quantization })]]);
  return graphModelFiles(graphModel(graph, metadata, quantization));
}

/** @throws SignetError `INVALID_ARGUMENT` when a format does not have a quantization. */
export function checkQuantization(format: ExportFormat, quantize: ExportQuantization): void {
  const known: readonly ExportQuantization[] = quantizationsOf[format];
  if (known.includes(quantize)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `The format ${format} has the quantizations ${known.join(', ')}. Received: ${quantize}.`,
  );
}
