import type { MessageInitShape } from '@bufbuild/protobuf';

import {
  type InferParameter,
  type ModelInferRequest,
  type ModelMetadataRequest,
  type ModelMetadataResponseSchema,
  GRPCInferenceService,
} from '../../tensorflow/protos/inference/open_inference_pb.js';
import type { SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { datatypeOf } from '../inference/datatype.js';
import { readInferTensors } from '../inference/infer-tensors.js';
import { checkInputNames, defaultSignature } from '../limits/check-request.js';
import type { ModelServer, ModelSpec, ServedVersion } from '../model-server.js';
import { findSignature } from '../reader/reader-jobs.js';
import { refuse, ServingError } from '../serving-error.js';
import type { GrpcCall, Methods } from './add-methods.js';
import type { PredictOptions } from './predict.js';
import type { WrittenMessage } from '../writer/answer-writer.js';

/** Options of the Open Inference Protocol's service. */
export interface InferenceServiceOptions extends PredictOptions {
  readonly isReady: () => boolean;
  readonly serverVersion: string;
}

/**
 * The Open Inference Protocol over gRPC, for the same models as over HTTP; a request calls `serving_default` unless its `parameters` have a
 * `signature_name`.
 *
 * Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_grpc.md.
 */
export function inferenceMethods(
  models: ModelServer,
  options: InferenceServiceOptions,
): Methods<typeof GRPCInferenceService> {
  const { isReady, serverVersion } = options;
  return {
    serverLive: () => ({ live: true }),
    serverReady: () => ({ ready: isReady() }),
    modelReady: ({ name, version }) => ({ ready: isModelReady(models, specOf(name, version)) }),
    serverMetadata: () => ({ name: 'signet', version: serverVersion, extensions: [] }),
    modelMetadata: (request, call) => modelMetadata(models, request, call),
    modelInfer: (request, call) => modelInfer(models, request, call, options),
  };
}

function specOf(name: string, version: string): ModelSpec {
  if (version === '') return { name };
  const number = /^\d+$/.test(version) ? Number(version) : NaN;
  if (!Number.isSafeInteger(number)) refuse(`A version is a whole number. Received: "${version.slice(0, 40)}".`);
  return { name, version: number };
}

/** A model that does not exist is not ready either. */
function isModelReady(models: ModelServer, spec: ModelSpec): boolean {
  try {
    models.find(spec);
    return true;
  } catch (error) {
    if (error instanceof ServingError && error.status === 'NOT_FOUND') return false;
    throw error;
  }
}

function modelMetadata(
  models: ModelServer,
  { name, version }: ModelMetadataRequest,
  { isAbout }: GrpcCall,
): MessageInitShape<typeof ModelMetadataResponseSchema> {
  isAbout({ model: name });
  const found = models.find(specOf(name, version));
  isAbout({ version: found.version });
  const { inputs, outputs } = findSignature(found.signatures, defaultSignature);
  const available = models.status({ name }).filter(({ state }) => state === 'AVAILABLE');
  return {
    name,
    versions: available.map((each) => String(each.version)),
    platform: 'tensorflow_savedmodel',
    inputs: tensorMetadata(inputs),
    outputs: tensorMetadata(outputs),
  };
}

function tensorMetadata(tensors: Readonly<Record<string, SignatureTensor>>) {
  return Object.entries(tensors).map(([name, { spec }]) => ({
    name,
    datatype: datatypeOf(spec.dtype),
    shape: (spec.sizes ?? [-1]).map(BigInt),
  }));
}

async function modelInfer(
  models: ModelServer,
  request: ModelInferRequest,
  { isAbout, read, signal, deadline, claim }: GrpcCall,
  { limits, writer }: InferenceServiceOptions,
): Promise<WrittenMessage> {
  const { modelName, modelVersion, id, parameters, outputs: wanted } = request;
  isAbout({ model: modelName });
  const spec = specOf(modelName, modelVersion);
  const signatureName = textOf(parameters.signature_name) ?? defaultSignature;
  isAbout({ signature: signatureName });
  const found = { spec, version: models.find(spec) };
  checkNames(found.version, signatureName, request);
  const { values: inputs, pixels } = read ?? {
    values: readInferTensors(request, limits.maxTensorBytes),
    pixels: undefined,
  };
  const outputFilter = wanted.map(({ name }) => name);
  const call = { ...found, signatureName, inputs, pixels, outputFilter, signal, deadline, claim };
  const { version, outputs } = await models.predict(call);
  isAbout({ version: version.version });
  const isRaw = request.rawInputContents.length > 0 || request.inputs.length === 0;
  const answer = { modelName, modelVersion: String(version.version), id, isRaw };
  return writer.message({ type: 'infer-response', answer }, [outputs], signal);
}

/** If the inputs fit another signature, explains how to choose that one. */
function checkNames(version: ServedVersion, key: string, { inputs, parameters }: ModelInferRequest): void {
  try {
    checkInputNames(
      version,
      key,
      inputs.map(({ name }) => name),
    );
  } catch (error) {
    if (!(error instanceof ServingError) || parameters.signature_name) throw error;
    const others = Object.keys(version.signatures).filter((name) => name !== key);
    const hint =
      others.length > 0 ? ` The parameter "signature_name" chooses another signature: ${others.join(', ')}.` : '';
    throw new ServingError(error.status, error.message + hint);
  }
}

function textOf(parameter: InferParameter | undefined): string | undefined {
  const choice = parameter?.parameterChoice;
  return choice?.case === 'stringParam' && choice.value !== '' ? choice.value : undefined;
}
