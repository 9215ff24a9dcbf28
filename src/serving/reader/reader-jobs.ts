import { type DescMessage, fromBinary, type Message, toBinary } from '@bufbuild/protobuf';

import { transcodeImage } from '../../data/image-file/transcode-image.js';
import { SignetError, wordsOf } from '../../errors.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import {
  type ModelInferRequest,
  ModelInferRequestSchema,
} from '../../tensorflow/protos/inference/open_inference_pb.js';
import { ClassificationRequestSchema } from '../../tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import { MultiInferenceRequestSchema } from '../../tensorflow/protos/tensorflow_serving/apis/inference_pb.js';
import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import { PredictRequestSchema } from '../../tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { RegressionRequestSchema } from '../../tensorflow/protos/tensorflow_serving/apis/regression_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { classification } from '../examples/classification.js';
import { checkSignature } from '../examples/example-method.js';
import { regression } from '../examples/regression.js';
import { checkMessageCost } from '../grpc/message-cost.js';
import { readExamples } from '../grpc/read-examples.js';
import { readTensors } from '../grpc/read-tensors.js';
import { readInferTensors } from '../inference/infer-tensors.js';
import { checkCallable, defaultSignature } from '../limits/check-request.js';
import type { SizeLimits } from '../limits/check-size.js';
import { readForm, type Upload } from '../rest/read-form.js';
import { type InferBody, readInferBody } from '../rest/json/open-inference-json.js';
import { readExamplesBody } from '../rest/json/read-examples-body.js';
import { type PredictBody, readPredictBody } from '../rest/json/read-predict-body.js';
import { refuse, ServingError } from '../serving-error.js';

export type Signatures = Readonly<Record<string, Signature>>;
type Values = Readonly<Record<string, TensorValue>>;

/** Content of a body in addition to its tensors: plain data, which may be sent to another thread. */
export type ReaderHead =
  | { readonly type: 'predict'; readonly signatureName: string | undefined; readonly format: PredictBody['format'] }
  | {
      readonly type: 'infer';
      readonly signatureName: string | undefined;
      readonly id: InferBody['id'];
      readonly outputFilter: InferBody['outputFilter'];
      readonly rawOutputs: InferBody['rawOutputs'];
    }
  | { readonly type: 'examples'; readonly signatureName: string | undefined }
  | { readonly type: 'form'; readonly files: readonly string[] }
  | { readonly type: 'message'; readonly rest: Uint8Array };

/** The data read from a body. */
export interface ReaderResult<Head extends ReaderHead = ReaderHead> {
  readonly head: Head;
  readonly values: Values;
  /** Pixels that each string among the values claims, if another thread has determined them: see `declaredPixels`. */
  readonly pixels?: readonly number[] | undefined;
}

/** The information needed to read a body. */
export type ReaderJob =
  | {
      readonly type: 'predict' | 'infer' | 'classification' | 'regression';
      readonly signatures: Signatures;
      readonly limits: SizeLimits;
      /** Bytes of the JSON that raw tensors follow (`infer`). Default: the body is JSON. */
      readonly jsonBytes?: number | undefined;
    }
  | { readonly type: 'form'; readonly contentType: string }
  | { readonly type: 'transcode'; readonly maxPixels: number | undefined }
  | {
      readonly type: 'message';
      readonly typeName: string;
      /** Memory that the message may take when it has been read. */
      readonly maxCost: number;
      readonly limits: SizeLimits;
    };

/**
 * Reads a body.
 *
 * @param onSignature Called with the signature that the body names, before it is looked up.
 * @throws ServingError
 */
export async function runReaderJob(
  job: ReaderJob,
  bytes: Buffer,
  onSignature: (name: string) => void = () => undefined,
): Promise<ReaderResult> {
  switch (job.type) {
    case 'form':
      return filesOf(await readForm(job.contentType, bytes));
    case 'transcode':
      return filesOf([{ file: 'image', content: await transcode(bytes, job.maxPixels) }]);
    case 'message':
      return readMessageBody(job, bytes);
    default:
      return readJson(job, bytes, onSignature);
  }
}

function filesOf(uploads: readonly Upload[]): ReaderResult {
  const contents = uploads.map(({ content }) => content);
  return {
    head: { type: 'form', files: uploads.map(({ file }) => file) },
    values: { files: { dtype: 'string', shape: [contents.length], values: contents } },
  };
}

/** @throws ServingError `INVALID_ARGUMENT`. */
async function transcode(content: Buffer, maxPixels: number | undefined): Promise<Buffer> {
  try {
    return await transcodeImage(content, { maxFileBytes: Infinity, ...(maxPixels !== undefined && { maxPixels }) });
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    throw new ServingError('INVALID_ARGUMENT', error.message, { cause: error });
  }
}

function readJson(
  { type, signatures, limits, jsonBytes }: Extract<ReaderJob, { readonly signatures: Signatures }>,
  buffer: Buffer,
  onSignature: (name: string) => void,
): ReaderResult {
  const find = (name = defaultSignature) => {
    onSignature(name);
    const signature = findSignature(signatures, name);
    checkCallable(signature, name);
    return signature;
  };
  if (type === 'predict') {
    const { signatureName, format, inputs } = readPredictBody(buffer, find, limits);
    return { head: { type, signatureName, format }, values: inputs };
  }
  if (type === 'infer') {
    const { inputs, ...head } = readInferBody(buffer, find, limits, jsonBytes);
    return { head: { type, ...head }, values: inputs };
  }
  const method = type === 'classification' ? classification : regression;
  const { signatureName, examples } = readExamplesBody(buffer, limits, (name = defaultSignature) => {
    onSignature(name);
    const signature = Object.hasOwn(signatures, name) ? signatures[name] : undefined;
    checkSignature(method, signature ?? refuse(`No signature was found with the name: ${name}`));
  });
  return { head: { type: 'examples', signatureName }, values: { examples } };
}

/** @throws ServingError in TensorFlow Serving's words. */
export function findSignature(signatures: Signatures, key: string): Signature {
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  return signature ?? refuse(`Serving signature name: "${key}" not found in signature def`);
}

/** The messages with tensors or examples; no others may be large. */
const largeMessages: readonly DescMessage[] = [
  PredictRequestSchema,
  ClassificationRequestSchema,
  RegressionRequestSchema,
  MultiInferenceRequestSchema,
  ModelInferRequestSchema,
];

/** Whether messages of a type may be read by a job `message`. */
export function hasTensors(typeName: string): boolean {
  return largeMessages.some((schema) => schema.typeName === typeName);
}

function readMessageBody(
  { typeName, maxCost, limits }: Extract<ReaderJob, { readonly type: 'message' }>,
  bytes: Uint8Array,
) {
  const schema = largeMessages.find((each) => each.typeName === typeName);
  if (!schema) throw new ServingError('INTERNAL', `${typeName} has no tensors.`);
  if (schema === ModelInferRequestSchema) return readInferMessage(bytes, maxCost, limits);
  const message = parseMessage(schema, bytes, maxCost) as Message & {
    inputs?: Parameters<typeof readTensors>[0];
    input?: Input;
  };
  if (message.inputs) {
    const values = readTensors(message.inputs, limits.maxTensorBytes);
    message.inputs = {};
    return { head: { type: 'message', rest: toBinary(schema, message) } as const, values };
  }
  const examples = readExamples(message.input, limits);
  delete message.input;
  return { head: { type: 'message', rest: toBinary(schema, message) } as const, values: { examples } };
}

/** The remaining message keeps the names of the inputs, and whether they came as raw bytes. */
function readInferMessage(bytes: Uint8Array, maxCost: number, limits: SizeLimits) {
  const message = parseMessage(ModelInferRequestSchema, bytes, maxCost) as ModelInferRequest;
  const values = readInferTensors(message, limits.maxTensorBytes);
  for (const input of message.inputs) delete input.contents;
  message.rawInputContents = message.rawInputContents.map(() => new Uint8Array());
  return { head: { type: 'message', rest: toBinary(ModelInferRequestSchema, message) } as const, values };
}

/** @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`. */
export function parseMessage(schema: DescMessage, bytes: Uint8Array, maxCost: number): Message {
  try {
    checkMessageCost(schema, bytes, maxCost);
    return fromBinary(schema, bytes);
  } catch (error) {
    if (error instanceof ServingError) throw error;
    throw new ServingError('INVALID_ARGUMENT', `The request is not a ${schema.typeName}: ${wordsOf(error)}`, {
      cause: error,
    });
  }
}
