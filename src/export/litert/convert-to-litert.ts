import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { lastLines } from '../../files/run-child.js';
import { runTool } from '../../files/run-tool.js';
import { findServedGraph, readSavedModel } from '../../saved-model/read/read-saved-model.js';
import { tfjsPackage } from '../../set-up/tfjs-package.js';
import { tensorflowVersion } from '../../set-up/wheel-table.js';
import { readFlatGraph } from '../read-flat-graph.js';
import { simplify } from '../simplify.js';
import { notExportable } from '../flat-graph.js';
import { addMetadata } from './add-metadata.js';
import { packFiles } from './pack-files.js';
import { setInputSize } from './set-input-size.js';
import { type ClassifierFacts, taskFiles, taskMetadata, taskMetadataName } from './task-metadata.js';
import { needsFlatCopy, writeFlatCopy } from './flat-copy.js';
import { buildConverter } from './build-converter.js';

/** How weights are stored: as they are, as float16, or as int8 (LiteRT's dynamic-range quantization). */
export type LitertQuantization = 'none' | 'float16' | 'dynamic';

/** Options of `convertToLitert`. */
export interface LitertOptions {
  /** Key of the signature. Default: `serving_default`. */
  readonly signature?: string;
  /** Default: `none`. */
  readonly quantization?: LitertQuantization;
  /** Facts that travel in the file, each under its name. Default: none. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** What task libraries need for an image classifier whose only output is its logits. Default: nothing. */
  readonly classifier?: ClassifierFacts | undefined;
  /** Ends the converter. */
  readonly signal?: AbortSignal;
}

/**
 * Converts a signature of a SavedModel to a LiteRT file (TensorFlow Lite), with the converter that TensorFlow's library contains.
 *
 * It runs in a process of its own: where it crashes, this one gets an error.
 *
 * @param directory Directory of a version, such as `models/LenetModel/1`.
 * @returns the file's content.
 * @throws SignetError `NOT_EXPORTABLE` with the converter's reason, `SET_UP_FAILED`.
 */
export async function convertToLitert(
  directory: string,
  { signature = 'serving_default', quantization = 'none', metadata = {}, classifier, signal }: LitertOptions = {},
): Promise<Uint8Array> {
  checkPlatform();
  const converter = await buildConverter(signal);
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-litert-'));
  try {
    const output = path.join(folder, 'model.tflite');
    const libraries = path.join(tfjsPackage().folder, 'deps', 'lib');
    const source = await convertible(directory, signature, path.join(folder, 'model'));
    const args = [libraries, source, signature, quantization, output];
    const result = await runTool(converter, args, { cwd: folder, ...(signal && { signal }) });
    if (!result.ok) throw failed(signature, result.ending, result.output);
    const model = await readFile(output);
    if (!classifier) return addMetadata(model, metadata);
    if (classifier.inputSize) setInputSize(model, classifier.inputSize);
    const described = addMetadata(model, { ...metadata, [taskMetadataName]: taskMetadata(classifier) });
    return packFiles(described, taskFiles(classifier));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The directory itself, or a copy of what the converter gets further with. */
async function convertible(directory: string, signature: string, copy: string): Promise<string> {
  if (!needsFlatCopy(findServedGraph(await readSavedModel(directory), directory))) return path.resolve(directory);
  await writeFlatCopy(copy, simplify(await readFlatGraph(directory, signature)));
  return copy;
}

function checkPlatform(): void {
  if (process.platform === 'linux') return;
  throw new SignetError(
    'NOT_EXPORTABLE',
    `The converter to LiteRT is called in TensorFlow ${tensorflowVersion} for Linux. Received: ${process.platform}. ` +
      'Export on Linux, or in a container.',
  );
}

/** The converter lists the ops that LiteRT lacks, after its own log. */
function failed(signature: string, ending: string, output: string): SignetError {
  // Sentences of the converter hold the same words, before the address of a page.
  const listed = [...output.matchAll(/\b(?:Flex|Select|Custom) ops: (?!https?:)([^\n]*)/gi)].map(([, ops = '']) => ops);
  const names = [...new Set(listed.join(',').split(',').map(opName))].filter((each) => each !== '');
  const [op] = names;
  if (op === undefined) {
    const why = `it ended with ${ending}:\n${reasonIn(output)}`;
    return new SignetError('NOT_EXPORTABLE', `LiteRT cannot have the signature "${signature}": ${why}`);
  }
  const others = names.length === 1 ? '' : `, nor ${names.slice(1).join(', ')}`;
  const node = { op, ...nodeIn(output, op), inputs: [], attr: {} };
  return notExportable(node, 'A LiteRT file', `LiteRT has no equivalent${others}`);
}

/** `FlexDecodeJpeg(tensor<...>)` is `DecodeJpeg`. */
function opName(listed: string): string {
  return (listed.split('(', 1)[0] ?? '').trim().replace(/^Flex/, '');
}

/** The converter writes places as `fused["Atan2:", "atan2@__inference_fn_0123456789ab"]`. */
function nodeIn(output: string, op: string): { name: string; origin: string } {
  const places = [...output.matchAll(/fused\["(\w+):", "([^"@]*)(?:@([^"]*))?"\]/g)];
  const [, , name = op, origin = ''] = places.find(([, of]) => of === op) ?? [];
  return { name, origin };
}

/** The converter's errors, or the end of what it wrote; TensorFlow's log lines begin with their level and a time. */
function reasonIn(output: string): string {
  const lines = output
    .split('\n')
    .filter((line) => !/^[IW]\d{4} /.test(line) && !line.startsWith('WARNING'))
    .map((line) => line.slice(0, 300));
  const errors = lines.filter((line) => /\berror: /.test(line)).map((line) => line.replace(/^.*?\berror: /, ''));
  return errors.length > 0 ? [...new Set(errors)].slice(0, 3).join('\n') : lastLines(lines.join('\n'));
}
