import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { tryToWrite } from '../files/cannot-write.js';
import { writeModelDirectory } from '../files/model-directory.js';
import { replaceFile } from '../files/replace.js';
import { writeParts } from '../saved-model/write/write-saved-model.js';
import type { TfFunction } from '../tracing/tf-function.js';
import { whereCalled } from '../tracing/where-called.js';
import { exportFiles, type ExportOptions } from './export-files.js';
import type { ExportFormat } from './export-format.js';
import { OpNotExportable } from './flat-graph.js';

/** How a tf function is exported. */
export type ExportFunctionOptions = Omit<ExportOptions, 'signature'>;

/**
 * Exports a tf function as an ONNX file (opset 18).
 *
 * @example
 * ```ts
 * await exportOnnx(model.predictNumpyImage, 'model.onnx', { metadata: { class_names: classNames.join('\n') } });
 * ```
 * @throws SignetError `NOT_TRACEABLE`, `NOT_EXPORTABLE`, `CANNOT_WRITE`.
 */
export async function exportOnnx(
  fn: TfFunction<never>,
  file: string,
  options: ExportFunctionOptions = {},
): Promise<void> {
  await exportFile(fn, 'onnx', file, options);
}

/**
 * Exports a tf function as a LiteRT (TensorFlow Lite) file.
 *
 * @throws SignetError `NOT_TRACEABLE`, `NOT_EXPORTABLE`, `CANNOT_WRITE`, `SET_UP_FAILED` without a C++ compiler.
 */
export async function exportLiteRT(
  fn: TfFunction<never>,
  file: string,
  options: ExportFunctionOptions = {},
): Promise<void> {
  await exportFile(fn, 'litert', file, options);
}

/**
 * Exports a tf function as a folder with a GraphModel of TF.js, for `tf.loadGraphModel`.
 *
 * @throws SignetError `NOT_TRACEABLE`, `NOT_EXPORTABLE`, `CANNOT_WRITE`.
 */
export async function exportGraphModel(
  fn: TfFunction<never>,
  directory: string,
  options: ExportFunctionOptions = {},
): Promise<void> {
  const files = await filesOf(fn, 'tfjs', options);
  await writeModelDirectory(directory, async (folder) => {
    for (const [name, content] of files) await writeFile(path.join(folder, name), content);
  });
}

async function exportFile(
  fn: TfFunction<never>,
  format: ExportFormat,
  file: string,
  options: ExportFunctionOptions,
): Promise<void> {
  await tryToWrite(path.dirname(path.resolve(file)));
  const [content = new Uint8Array()] = (await filesOf(fn, format, options)).values();
  await replaceFile(file, content);
}

/** Formats are made from a SavedModel, no matter what wrote it: one way for all. */
async function filesOf(
  fn: TfFunction<never>,
  format: ExportFormat,
  options: ExportFunctionOptions,
): Promise<Map<string, Uint8Array>> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'signet-export-'));
  try {
    await writeParts(folder, { functions: { fn: fn.getConcreteFunction() }, signatures: { serving_default: 'fn' } });
    return await exportFiles(folder, format, options);
  } catch (error) {
    throw error instanceof OpNotExportable ? withLine(error, fn) : error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The graph does not know which line of TypeScript an op comes from; the function does. */
function withLine(error: OpNotExportable, fn: TfFunction<never>): OpNotExportable {
  const line = whereCalled(fn, error.op);
  return line === null ? error : new OpNotExportable(`${error.message} It is called in ${line}.`, error.op);
}
