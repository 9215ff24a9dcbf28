import type { ExportFormat } from '../export-format.js';
import type { ExportedModel } from './exported-model.js';
import { openLitertModel } from './litert-runtime.js';
import { openOnnxModel } from './onnx-runtime.js';
import { openTfjsModel } from './tfjs-runtime.js';

const openers = { litert: openLitertModel, tfjs: openTfjsModel, onnx: openOnnxModel } as const;

/**
 * Opens an exported model in the runtime that its format is made for.
 *
 * @param files Content by name, as `exportFiles` gives it.
 * @throws RuntimeMissing where the runtime is not installed.
 */
export function openExported(format: ExportFormat, files: Map<string, Uint8Array>): Promise<ExportedModel> {
  return openers[format](files);
}
