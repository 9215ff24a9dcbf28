import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { toTensorProto } from '../../saved-model/read/tensor-proto-value.js';
import { ClassificationResponseSchema } from '../../tensorflow/protos/tensorflow_serving/apis/classification_pb.js';
import {
  type InferenceResultSchema,
  MultiInferenceResponseSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/inference_pb.js';
import type { ModelSpecSchema } from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import { PredictResponseSchema } from '../../tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import { RegressionResponseSchema } from '../../tensorflow/protos/tensorflow_serving/apis/regression_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { classification } from '../examples/classification.js';
import { regression } from '../examples/regression.js';
import { type InferAnswer, writeInferResponse } from '../inference/infer-response.js';
import { inferPieces } from '../rest/json/open-inference-json.js';
import type { PredictFormat } from '../rest/json/read-predict-body.js';
import { outputPieces } from '../rest/json/write-outputs.js';
import { classificationPieces, regressionPieces } from '../rest/json/write-results.js';
import { ServingError } from '../serving-error.js';

export type Outputs = Readonly<Record<string, TensorValue>>;
type Spec = MessageInitShape<typeof ModelSpecSchema>;

/** The method that tf.Examples were for, and their number. */
export interface ExamplesTask {
  readonly method: 'classification' | 'regression';
  readonly count: number;
  readonly modelSpec: Spec;
}

/** Content of a REST answer in addition to its outputs: plain data, which may be sent to another thread. */
export type JsonJob =
  | { readonly type: 'predictions'; readonly format: PredictFormat }
  | { readonly type: 'infer'; readonly head: string; readonly raw: readonly string[] }
  | { readonly type: 'results'; readonly method: ExamplesTask['method']; readonly count: number };

/** The same for gRPC. */
export type MessageJob =
  | { readonly type: 'predict-response'; readonly modelSpec: Spec; readonly asContent: boolean }
  | { readonly type: 'infer-response'; readonly answer: InferAnswer }
  | { readonly type: 'examples-response'; readonly task: ExamplesTask }
  | { readonly type: 'inference-response'; readonly tasks: readonly ExamplesTask[] };

/** Receiver of an answer's bytes. */
export interface AnswerPieces {
  /** Bytes that it has received. */
  readonly length: number;
  readonly add: (bytes: Uint8Array) => void;
}

/** Maximum size of an answer in bytes; larger ones are not sent. */
const mostBytes = 192 * 2 ** 20;
/** Texts are collected up to this length. */
const pieceCharacters = 2 ** 16;

/** Writes a small body. @throws ServingError for outputs that do not fit. */
export function jsonBody(job: JsonJob, outputs: Outputs): string | Buffer {
  const pieces = [...bodyPieces(job, outputs)];
  if (pieces.every((piece) => typeof piece === 'string')) return pieces.join('');
  return Buffer.concat(pieces.map((piece) => (typeof piece === 'string' ? Buffer.from(piece) : piece)));
}

/** Writes a body, piece by piece: JSON, and bytes where raw outputs follow it. */
function bodyPieces(job: JsonJob, outputs: Outputs): Iterable<string | Uint8Array> {
  switch (job.type) {
    case 'predictions':
      return outputPieces(outputs, job.format);
    case 'infer':
      return inferPieces(job.head, outputs, job.raw);
    case 'results':
      return job.method === 'classification'
        ? classificationPieces(classification.readOutputs(outputs, job.count))
        : regressionPieces(regression.readOutputs(outputs, job.count));
  }
}

/**
 * Writes a message.
 *
 * @param outputs Outputs of all calls that the answer is for: one, except for MultiInference.
 * @throws ServingError for outputs that do not fit.
 */
export function messageBytes(job: MessageJob, outputs: readonly Outputs[]): Uint8Array {
  const [first = {}] = outputs;
  switch (job.type) {
    case 'predict-response':
      return writePredictResponse(job, first);
    case 'infer-response':
      return writeInferResponse(job.answer, first);
    case 'examples-response':
      return writeExamplesResponse(job.task, first);
    case 'inference-response': {
      const results = job.tasks.map((task, i) => inferenceResult(task, outputs[i] ?? {}));
      return toBinary(MultiInferenceResponseSchema, create(MultiInferenceResponseSchema, { results }));
    }
  }
}

/** Writes an answer that may be large, in pieces. @throws ServingError `RESOURCE_EXHAUSTED` (413) for one that is too large. */
export function writeLarge(job: JsonJob | MessageJob, outputs: readonly Outputs[], to: AnswerPieces): void {
  const add = (bytes: Uint8Array) => {
    if (to.length + bytes.length > mostBytes) throw tooLarge();
    to.add(bytes);
  };
  if (job.type === 'predictions' || job.type === 'infer' || job.type === 'results') {
    addBytes(bodyPieces(job, outputs[0] ?? {}), add);
  } else add(messageBytes(job, outputs));
}

function writePredictResponse(
  { modelSpec, asContent }: Extract<MessageJob, { readonly type: 'predict-response' }>,
  outputs: Outputs,
): Uint8Array {
  const protos = Object.entries(outputs).map(([name, value]) => [name, toTensorProto(value, { asContent })] as const);
  const response = create(PredictResponseSchema, { modelSpec, outputs: Object.fromEntries(protos) });
  return toBinary(PredictResponseSchema, response);
}

function writeExamplesResponse({ method, count, modelSpec }: ExamplesTask, outputs: Outputs): Uint8Array {
  if (method === 'classification') {
    const result = classification.readOutputs(outputs, count);
    return toBinary(ClassificationResponseSchema, create(ClassificationResponseSchema, { modelSpec, result }));
  }
  const result = regression.readOutputs(outputs, count);
  return toBinary(RegressionResponseSchema, create(RegressionResponseSchema, { modelSpec, result }));
}

function inferenceResult(
  { method, count, modelSpec }: ExamplesTask,
  outputs: Outputs,
): MessageInitShape<typeof InferenceResultSchema> {
  if (method === 'classification') {
    const value = classification.readOutputs(outputs, count);
    return { modelSpec, result: { case: 'classificationResult', value } };
  }
  return { modelSpec, result: { case: 'regressionResult', value: regression.readOutputs(outputs, count) } };
}

/** Joins text as bytes: one string with everything would take several times the memory. */
function addBytes(pieces: Iterable<string | Uint8Array>, add: (bytes: Uint8Array) => void): void {
  let text = '';
  const flush = () => {
    add(Buffer.from(text));
    text = '';
  };
  for (const piece of pieces) {
    if (typeof piece === 'string') text += piece;
    else {
      flush();
      add(piece);
    }
    if (text.length >= pieceCharacters) flush();
  }
  flush();
}

function tooLarge(): ServingError {
  const message = `The answer would be larger than ${mostBytes / 2 ** 20} MiB. Send fewer rows in a request.`;
  return new ServingError('RESOURCE_EXHAUSTED', message, { httpStatus: 413 });
}
