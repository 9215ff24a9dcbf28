import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { ModelServer, PredictRequest, ServedVersion } from '../model-server.js';
import { ServingError } from '../serving-error.js';

/** The differences between Classify and Regress on tf.Examples. */
export interface ExampleMethod<Result> {
  /** Name in messages. */
  readonly name: 'classification' | 'regression';
  /** Method name of the signatures that it calls. */
  readonly methodName: string;
  /** @throws ServingError when the signature does not have these outputs. */
  readonly wantedOutputs: (signature: Signature) => readonly string[];
  /**
   * @param count Number of examples.
   * @throws ServingError when the outputs do not fit.
   */
  readonly readOutputs: (outputs: Readonly<Record<string, TensorValue>>, count: number) => Result;
}

/** A call with serialized tf.Examples, string [n]. */
export interface ExamplesRequest extends Pick<PredictRequest, 'spec' | 'signal' | 'deadline' | 'claim' | 'pixels'> {
  readonly version: ServedVersion;
  readonly signatureName: string;
  readonly examples: TensorValue;
}

/** Result of a call with tf.Examples: the input of the method's `readOutputs`. */
export interface ExamplesAnswer {
  readonly version: ServedVersion;
  readonly outputs: Readonly<Record<string, TensorValue>>;
  readonly count: number;
}

/** Calls a signature that takes serialized tf.Examples. @throws ServingError */
export async function runExamples(
  models: ModelServer,
  method: ExampleMethod<unknown>,
  { version: found, signatureName, examples, ...call }: ExamplesRequest,
): Promise<ExamplesAnswer> {
  const outputFilter = checkExamplesSignature(found, method, signatureName);
  const request = { version: found, signatureName, inputs: { inputs: examples }, outputFilter, ...call };
  const { version, outputs } = await models.predict(request);
  return { version, outputs, count: examples.shape[0] ?? 0 };
}

/** @returns The outputs to request. @throws ServingError when there is no such signature of the method's kind. */
export function checkExamplesSignature(
  version: ServedVersion,
  method: ExampleMethod<unknown>,
  signatureName: string,
): readonly string[] {
  const complaint = (key: string) => `No signature was found with the name: ${key}`;
  return checkSignature(method, findSignature(version, signatureName, complaint));
}

/** @throws ServingError `INVALID_ARGUMENT` in the words given. */
export function findSignature(
  { signatures }: ServedVersion,
  key: string,
  complaint: (key: string) => string,
): Signature {
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  if (!signature) throw new ServingError('INVALID_ARGUMENT', complaint(key));
  return signature;
}

/** @returns The outputs to request. @throws ServingError when the signature is not of the method's kind. */
export function checkSignature(
  { name, methodName, wantedOutputs }: ExampleMethod<unknown>,
  signature: Signature,
): readonly string[] {
  if (signature.method !== methodName) {
    throw new ServingError(
      'INVALID_ARGUMENT',
      `Expected ${name} signature method_name to be ${methodName}. Was: ${signature.method}`,
    );
  }
  const inputs = Object.keys(signature.inputs);
  if (inputs.length !== 1) throw new ServingError('INVALID_ARGUMENT', 'Expected one input Tensor.');
  const wanted = wantedOutputs(signature);
  if (inputs[0] === 'inputs') return wanted;
  throw new ServingError(
    'FAILED_PRECONDITION',
    `No ${name} inputs found in SignatureDef. Expected: inputs. Received: ${inputs.join()}.`,
  );
}

/** A shape as TensorFlow prints it. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}
