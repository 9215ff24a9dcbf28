import { SignetError } from '../errors.js';

/** A format that a SavedModel is exported to: LiteRT (TensorFlow Lite), TF.js's GraphModel, ONNX. */
export type ExportFormat = 'litert' | 'tfjs' | 'onnx';

/**
 * How weights are stored. `float16`: half the size, in every format. `dynamic`: int8 that LiteRT computes with. `weights`: 8 bits in the
 * file, floats in memory, in TF.js and ONNX.
 */
export type ExportQuantization = 'none' | 'float16' | 'dynamic' | 'weights';

/** Which quantizations a format has. */
const quantizationsOf = {
  litert: ['none', 'float16', 'dynamic'],
  tfjs: ['none', 'float16', 'weights'],
  onnx: ['none', 'float16', 'weights'],
} as const satisfies Readonly<Record<ExportFormat, readonly ExportQuantization[]>>;

/** @throws SignetError `INVALID_ARGUMENT` when a format does not have a quantization. */
export function checkQuantization(format: ExportFormat, quantize: ExportQuantization): void {
  const known: readonly ExportQuantization[] = quantizationsOf[format];
  if (known.includes(quantize)) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `The format ${format} has the quantizations ${known.join(', ')}. Received: ${quantize}.`,
  );
}
