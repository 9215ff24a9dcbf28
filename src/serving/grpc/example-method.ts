import type { Signature } from '../../saved-model/read-saved-model.js';
import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { ModelSpec as SpecMessage } from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { ModelServer, ServedVersion } from '../model-server.js';
import { ServingError } from '../serving-error.js';
import type { GrpcCall } from './grpc-call.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import { readExamples } from './read-examples.js';

/** What Classify and Regress do differently with tf.Examples. */
export interface ExampleMethod<Result> {
  /** In messages to people. */
  readonly name: string;
  /** Of the signatures that it calls. */
  readonly methodName: string;
  /** @throws ServingError when the signature has others. */
  readonly wantedOutputs: (signature: Signature) => readonly string[];
  /**
   * @param count How many examples there were.
   * @throws ServingError when the outputs do not fit.
   */
  readonly readOutputs: (outputs: Readonly<Record<string, TensorValue>>, count: number) => Result;
}

/** Calls a signature that takes serialized tf.Examples. */
export async function runExamples<Result>(
  models: ModelServer,
  method: ExampleMethod<Result>,
  { modelSpec, input }: { readonly modelSpec?: SpecMessage | undefined; readonly input?: Input | undefined },
  { isAbout, ...waiting }: GrpcCall,
  maxBytes: number,
): Promise<{ modelSpec: SpecMessage; result: Result }> {
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  const signature = findSignature(
    models.find(spec),
    signatureName,
    (key) => `No signature was found with the name: ${key}`,
  );
  const outputFilter = checkSignature(method, signature);
  const inputs = { inputs: readExamples(input, maxBytes) };
  const { version, outputs } = await models.predict({ spec, signatureName, inputs, outputFilter, ...waiting });
  isAbout({ version: version.version });
  return {
    modelSpec: writeModelSpec(version, signatureName),
    result: method.readOutputs(outputs, inputs.inputs.shape[0] ?? 0),
  };
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

/** @returns Which outputs to ask for. @throws ServingError when the signature is not of the method's kind. */
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

/** As TensorFlow prints a shape. */
export function shapeText(shape: readonly number[]): string {
  return `[${shape.join(',')}]`;
}
