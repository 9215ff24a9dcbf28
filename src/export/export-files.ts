import { SignetError } from '../errors.js';
import { readSignatures } from '../saved-model/read/read-saved-model.js';
import { checkQuantization, type ExportFormat, type ExportQuantization } from './export-format.js';
import { convertToLitert } from './litert/convert-to-litert.js';
import type { ClassifierFacts } from './litert/task-metadata.js';
import { writeOnnx } from './onnx/write-onnx.js';
import { type FlatGraph, notExportable } from './flat-graph.js';
import { readFlatGraph } from './read-flat-graph.js';
import { simplify } from './simplify.js';
import { graphModel, graphModelFiles } from './tfjs/graph-model.js';

/** How a SavedModel is exported. */
export interface ExportOptions {
  /** Key of the signature. Default: `serving_default`. */
  readonly signature?: string | undefined;
  /** Default: `none`. */
  readonly quantize?: ExportQuantization | undefined;
  /** Facts that travel in the file, such as class names. Default: none. */
  readonly metadata?: Readonly<Record<string, string>> | undefined;
  /** What MediaPipe reads in a LiteRT file of an image classifier whose only output is its logits. Default: nothing. */
  readonly classifier?: ClassifierFacts | undefined;
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
  { signature = 'serving_default', quantize = 'none', metadata = {}, classifier }: ExportOptions = {},
): Promise<Map<string, Uint8Array>> {
  checkQuantization(format, quantize);
  await refuseTexts(directory, signature);
  if (format === 'litert') {
    const quantization = quantize === 'weights' ? 'none' : quantize;
    return new Map([
      ['model.tflite', await convertToLitert(directory, { signature, quantization, metadata, classifier })],
    ]);
  }
  const flat = await readFlatGraph(directory, signature);
  refuseFunctions(flat, format);
  const { graph, shapes } = simplify(flat);
  const quantization = quantize === 'dynamic' ? 'none' : quantize;
  if (format === 'onnx') return new Map([['model.onnx', writeOnnx(graph, shapes, { metadata, quantization })]]);
  return graphModelFiles(graphModel(graph, metadata, quantization));
}

/** Encoded pictures, examples and texts: no format's runtime decodes them. */
async function refuseTexts(directory: string, key: string): Promise<void> {
  const signatures = await readSignatures(directory);
  const textsOf = (name: string) => {
    const inputs = Object.hasOwn(signatures, name) ? signatures[name]?.inputs : undefined;
    return Object.entries(inputs ?? {}).filter(([, { spec }]) => spec.dtype === 'string');
  };
  const texts = textsOf(key);
  if (texts.length === 0) return;
  const others = Object.keys(signatures).filter((name) => textsOf(name).length === 0);
  throw new SignetError(
    'NOT_EXPORTABLE',
    `The signature "${key}" takes ${texts.map(([name, { spec }]) => `${name}: ${spec}`).join(', ')}: encoded pictures or texts, which LiteRT, TensorFlow.js and ONNX Runtime do not decode. ` +
      (others.length > 0
        ? `Export ${others.join(' or ')} instead, and decode in the app.`
        : 'Export a function that takes pixels, and decode in the app.'),
  );
}

/** What calls functions when it runs is not flat: branches and loops. */
function refuseFunctions({ nodes }: FlatGraph, format: 'tfjs' | 'onnx'): void {
  const node = nodes.find(({ attr }) => Object.values(attr).some(({ value }) => value.case === 'func'));
  if (!node) return;
  const name = { tfjs: 'A TF.js GraphModel', onnx: 'An ONNX file' }[format];
  throw notExportable(node, name, 'it runs functions of its own, which export-model does not write');
}
