import type { PredictRequest } from '../../tensorflow/protos/tensorflow_serving/apis/predict_pb.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import { checkInputNames } from '../limits/check-request.js';
import { checkRows, defaultMaxTensorBytes, hasRows, type SizeLimits } from '../limits/check-size.js';
import type { ModelServer } from '../model-server.js';
import type { AnswerWriter, WrittenMessage } from '../writer/answer-writer.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import { readTensors } from './read-tensors.js';

export interface PredictOptions {
  readonly limits: SizeLimits;
  /** Whether outputs are in `tensor_content` rather than in typed fields. */
  readonly tensorContent: boolean;
  readonly writer: AnswerWriter;
}

/** Calls any signature on tensors. Source: tensorflow_serving/servables/tensorflow/predict_util.cc. */
export async function predict(
  models: ModelServer,
  { modelSpec, inputs: protos, outputFilter }: PredictRequest,
  call: GrpcCall,
  { limits, tensorContent, writer }: PredictOptions,
): Promise<WrittenMessage> {
  const { isAbout, read, signal, deadline, claim } = call;
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  const found = models.find(spec);
  const signature = checkInputNames(found, signatureName, Object.keys(read?.values ?? protos));
  const { values: inputs, pixels } = read ?? (await readSmall(signature, protos, call, limits));
  // Field by field: spreading an object here took three microseconds of a call.
  const request = { spec, version: found, signatureName, inputs, pixels, outputFilter, signal, deadline, claim };
  const { version, outputs } = await models.predict(request);
  isAbout({ version: version.version });
  const answered = writeModelSpec(version, signatureName);
  const job = { type: 'predict-response', modelSpec: answered, asContent: tensorContent } as const;
  return writer.message(job, [outputs], signal);
}

/** Maximum number of values of a small message that is still read here. */
const fewValues = 2 ** 16;

/** One value may fill a shape of any size, so rows are counted, and memory is claimed, before any value is made. */
async function readSmall(
  signature: Signature,
  protos: Readonly<Record<string, TensorProto>>,
  { claim, readInThread }: Pick<GrpcCall, 'claim' | 'readInThread'>,
  limits: SizeLimits,
): Promise<NonNullable<GrpcCall['read']>> {
  const isOfRows = hasRows(signature);
  let values = 0;
  for (const { tensorShape } of Object.values(protos)) {
    const shape = tensorShape?.dim.map(({ size }) => Number(size)) ?? [];
    if (isOfRows) checkRows(shape[0] ?? 0, limits.maxRows);
    // A shape with negative sizes, or whose product is not a number, is refused later; until then it must not offset another.
    values += Math.abs(sizeFromShape(shape)) || 0;
  }
  if (values <= fewValues) return { values: readTensors(protos, limits.maxTensorBytes) };
  // The widest values have eight bytes; the shape itself is checked where it is read.
  claim.exchange(Math.min(values * 8, limits.maxTensorBytes ?? defaultMaxTensorBytes));
  return readInThread();
}
