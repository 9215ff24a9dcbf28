import type {
  InferTensorContents,
  ModelInferRequest,
  ModelInferRequest_InferInputTensor,
} from '../../tensorflow/protos/inference/open_inference_pb.js';
import { type DType, layoutOf } from '../../tensorflow/data-type.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { ElementValues, TensorValue } from '../../tensorflow/tensor-value.js';
import { defaultMaxTensorBytes, maxStrings, valueBytes } from '../limits/check-size.js';
import { shown } from '../limits/shown.js';
import { refuse, ServingError } from '../serving-error.js';
import { contentsField, dtypeOfDatatype } from './datatype.js';
import { readRaw } from './raw-tensor.js';

/** TensorFlow's limit. */
const maxRank = 254;

/**
 * Reads the tensors of a ModelInferRequest, raw or one by one.
 *
 * @param maxBytes Memory that all of them may take.
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`.
 */
export function readInferTensors(
  { inputs, rawInputContents }: Pick<ModelInferRequest, 'inputs' | 'rawInputContents'>,
  maxBytes = defaultMaxTensorBytes,
): Record<string, TensorValue> {
  if (rawInputContents.length > 0 && rawInputContents.length !== inputs.length) {
    refuse(
      `The request has ${inputs.length} inputs and ${rawInputContents.length} raw_input_contents. Expected: one for each.`,
    );
  }
  let left = maxBytes;
  const read = new Map<string, TensorValue>();
  for (const [i, input] of inputs.entries()) {
    if (read.has(input.name)) refuse(`The input "${shown(input.name)}" occurs twice.`);
    const value = readInput(input, rawInputContents[i], left);
    left -= valueBytes(value.dtype, sizeFromShape(value.shape));
    read.set(input.name, value);
  }
  return Object.fromEntries(read);
}

function readInput(
  input: ModelInferRequest_InferInputTensor,
  raw: Uint8Array | undefined,
  maxBytes: number,
): TensorValue {
  const { datatype, contents } = input;
  const name = shown(input.name);
  const dtype = dtypeOfDatatype(datatype);
  if (dtype === null)
    refuse(`The input "${name}" has the datatype "${shown(datatype)}", which the protocol does not have.`);
  const shape = readShape(name, input.shape);
  // Limited even if a size of 0 leaves no elements, so that no product in TensorFlow overflows.
  const bound = sizeFromShape(shape.map((size) => Math.max(size, 1)));
  if (valueBytes(dtype, bound) > maxBytes || (dtype === 'string' && bound > maxStrings)) {
    const message = `The input "${name}" of shape [${shape.join(', ')}] takes more memory than the server has for a request. Send fewer rows.`;
    throw new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 });
  }
  const count = sizeFromShape(shape);
  return { dtype, shape, values: raw ? readRaw(name, dtype, raw, count) : readContents(name, dtype, contents, count) };
}

function readShape(name: string, sizes: readonly bigint[]): number[] {
  if (sizes.length > maxRank)
    refuse(`The input "${name}" has ${sizes.length} dimensions. Expected: ${maxRank} at most.`);
  return sizes.map((size) => {
    if (size < 0n || size > BigInt(Number.MAX_SAFE_INTEGER))
      refuse(`The input "${name}" has a dimension of size ${size}.`);
    return Number(size);
  });
}

function readContents(
  name: string,
  dtype: DType,
  contents: InferTensorContents | undefined,
  count: number,
): ElementValues {
  const field = contentsField(dtype);
  if (field === null) refuse(`The input "${name}" is of a type that comes in raw_input_contents alone.`);
  const list = contents?.[field] ?? [];
  if (list.length !== count)
    refuse(
      `The input "${name}" has ${list.length} contents. Expected: ${count} for its shape, in ${protoName(field)}.`,
    );
  if (dtype === 'string') return list as Uint8Array[];
  // Bools become 0 and 1.
  return new (layoutOf(dtype).array)(list as number[]);
}

function protoName(field: string): string {
  return field.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
