import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { TensorSpec } from '../../tracing/tensor-spec.js';
import { bitmapProblem } from './bitmap-problem.js';
import type { PredictRequest, ServedVersion } from '../model-server.js';
import { ServingError } from '../serving-error.js';

/** The key for requests that name none. */
export const defaultSignature = 'serving_default';

/**
 * Finds the signature of a request and checks its inputs and outputs.
 *
 * Source of codes and texts: tensorflow_serving/servables/tensorflow/predict_util.cc.
 *
 * @throws ServingError `FAILED_PRECONDITION` for an unknown signature, `INVALID_ARGUMENT` for everything else.
 */
export function checkRequest(version: ServedVersion, request: PredictRequest): Signature {
  const { signatureName = defaultSignature, inputs, outputFilter = [] } = request;
  const signature = checkInputNames(version, signatureName, Object.keys(inputs));
  for (const [name, { spec }] of Object.entries(signature.inputs)) checkInput(name, spec, inputs[name]);
  for (const [name, value] of Object.entries(inputs)) checkBitmaps(name, value);
  outputFilter.forEach((name, i) => {
    if (!Object.hasOwn(signature.outputs, name)) {
      const set = setOf(Object.keys(signature.outputs).toSorted());
      const message = `output tensor alias not found in signature: ${name} Outputs expected to be in the set ${set}.`;
      throw new ServingError('INVALID_ARGUMENT', message);
    }
    if (outputFilter.indexOf(name) !== i) {
      throw new ServingError('INVALID_ARGUMENT', `duplicate output tensor alias: ${name}`);
    }
  });
  return signature;
}

/**
 * Finds the signature of a request and checks the names of its inputs, before they are read.
 *
 * @throws ServingError as `checkRequest`.
 */
export function checkInputNames({ signatures }: ServedVersion, key: string, names: readonly string[]): Signature {
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  if (!signature) throw new ServingError('FAILED_PRECONDITION', `Serving signature key "${key}" not found.`);
  checkCallable(signature, key);
  checkNames(Object.keys(signature.inputs), names);
  return signature;
}

/** @throws ServingError `UNIMPLEMENTED` for a signature with an input that requests cannot carry. */
export function checkCallable({ omitted }: Pick<Signature, 'omitted'>, key: string): void {
  if (!omitted || omitted.inputs.length === 0) return;
  const message = `The signature "${key}" takes ${omitted.inputs.join(', ')}, which no request carries.`;
  throw new ServingError('UNIMPLEMENTED', message);
}

function checkNames(expected: readonly string[], received: readonly string[]): void {
  const extra = received.filter((name) => !expected.includes(name));
  const missing = expected.filter((name) => !received.includes(name));
  if (extra.length === 0 && missing.length === 0) return;
  throw new ServingError(
    'INVALID_ARGUMENT',
    `input size does not match signature: ${received.length}!=${expected.length} len(${setOf(received)}) != ` +
      `len(${setOf(expected)}). Sent extra: ${setOf(extra)}. Missing but required: ${setOf(missing)}.`,
  );
}

function setOf(names: readonly string[]): string {
  return `{${names.join(',')}}`;
}

/** TensorFlow would notice a wrong type or shape only deep in the graph. A string may always come as a scalar, as REST sends it. */
function checkInput(name: string, spec: TensorSpec, value: PredictRequest['inputs'][string] | undefined): void {
  if (!value) return;
  const isScalarString = value.dtype === 'string' && spec.dtype === 'string' && value.shape.length === 0;
  const fits = value.dtype === spec.dtype && (isScalarString || spec.acceptsShape(value.shape));
  if (fits) return;
  throw new ServingError(
    'INVALID_ARGUMENT',
    `The input "${name}" accepts ${spec}. Received: ${value.dtype}[${value.shape.join(', ')}].${castHint(spec, value)}`,
  );
}

/**
 * Refuses the kinds of BMP that TensorFlow's decoder silently turns into another picture, or into noise. Only an input whose name says that it is for
 * images is checked: any other may take any bytes.
 *
 * @throws ServingError `INVALID_ARGUMENT`.
 */
function checkBitmaps(name: string, { dtype, values }: PredictRequest['inputs'][string]): void {
  if (dtype !== 'string' || !/image/i.test(name)) return;
  for (const bytes of values as readonly Uint8Array[]) {
    const problem = bitmapProblem(bytes);
    if (problem !== null) throw new ServingError('INVALID_ARGUMENT', `An image of "${name}" ${problem}.`);
  }
}

/** numpy's numbers are float64 and int64 by default. */
function castHint({ dtype: wanted }: TensorSpec, { dtype: given }: PredictRequest['inputs'][string]): string {
  if (wanted === given || wanted === 'string' || given === 'string') return '';
  const cast =
    wanted === 'bfloat16' ? 'tf.cast(x, tf.bfloat16)' : `x.astype(np.${wanted === 'bool' ? 'bool_' : wanted})`;
  return ` Send ${wanted}: in Python, ${cast}.`;
}
