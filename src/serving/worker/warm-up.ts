import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { fromBinary, toBinary } from '@bufbuild/protobuf';

import { SignetError, wordsOf } from '../../errors.js';
import { damagedFile } from '../../saved-model/checkpoint/byte-reader.js';
import { tensorValueOf } from '../../saved-model/read/tensor-proto-value.js';
import { readTfRecords } from '../../saved-model/checkpoint/tf-record.js';
import { type Example, ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';
import type { TensorProto } from '../../tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { ModelSpec } from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import {
  type PredictionLog,
  PredictionLogSchema,
} from '../../tensorflow/protos/tensorflow_serving/apis/prediction_log_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { signatureNameOf } from '../grpc/model-spec.js';
import type { WarmupResult } from './inference-messages.js';
import type { SampleCall } from './made-up-call.js';
import type { ServedModel } from './served-model.js';

const warmupFile = path.join('assets.extra', 'tf_serving_warmup_requests');
const maxRecords = 1000;
/** Maximum size of one tensor of a warmup record in bytes: the file itself cannot be larger, but a single value can represent many. */
const maxBytes = 2 ** 30;

/**
 * Replays the requests that come with a SavedModel, so that its first client does not wait for TensorFlow's lazy set-up.
 *
 * Source: tensorflow_serving/servables/tensorflow/saved_model_warmup_util.cc.
 *
 * @returns Null if it has none.
 * @throws SignetError `INVALID_SAVED_MODEL` when the file is bad or a request of it fails.
 */
export async function warmUp(model: ServedModel, iterations: number): Promise<WarmupResult | null> {
  const started = performance.now();
  const records = await readRecords(model.directory);
  if (records === null) return null;
  for (const { calls, where } of records) {
    for (let iteration = 0; iteration < iterations; iteration += 1) {
      for (const call of calls) await replay(model, call, where);
    }
  }
  return { records: records.length, seconds: (performance.now() - started) / 1000 };
}

/** Maximum number of calls that a version is measured with. */
const mostMeasured = 16;

/**
 * Reads the first 16 warm-up calls that come with a SavedModel, so that it can be measured with them.
 *
 * @param isWanted Whether a call counts. Default: all do.
 * @returns None if the file is bad: the warm-up that follows reports that.
 */
export async function recordedCalls(
  directory: string,
  isWanted: (call: SampleCall) => boolean = () => true,
): Promise<SampleCall[]> {
  const records = await readRecords(directory).catch(() => null);
  return (records ?? []).flatMap(({ calls }) => calls.filter(isWanted)).slice(0, mostMeasured);
}

interface WarmupRecord {
  readonly calls: readonly SampleCall[];
  /** For messages. */
  readonly where: string;
}

async function readRecords(directory: string): Promise<WarmupRecord[] | null> {
  const file = path.join(directory, warmupFile);
  const bytes = await readFile(file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  });
  if (bytes === null) return null;
  return readTfRecords(bytes, maxRecords, file).map((record, i) => ({
    calls: callsOf(parse(record, i, file)),
    where: `record ${i + 1} of ${file}`,
  }));
}

function parse(record: Uint8Array, index: number, file: string): PredictionLog {
  try {
    return fromBinary(PredictionLogSchema, record);
  } catch (error) {
    throw damagedFile(file, `record ${index + 1} is not a PredictionLog`, { cause: error });
  }
}

async function replay(model: ServedModel, call: SampleCall, where: string): Promise<void> {
  try {
    const { signature, inputs } = call;
    const missing = Object.keys(model.signature(signature).inputs).filter((name) => !Object.hasOwn(inputs, name));
    if (missing.length > 0) throw new Error(`it has no input ${missing.join(', ')}`);
    await model.callValues(signature, inputs, call.outputs);
  } catch (error) {
    const words = wordsOf(error);
    throw new SignetError('INVALID_SAVED_MODEL', `Warmup failed at ${where}: ${words}`, { cause: error });
  }
}

/** The calls of a record; none for a SessionRunLog, which no server of the open-source release answers either. */
function callsOf({ logType }: PredictionLog): SampleCall[] {
  switch (logType.case) {
    case 'predictLog': {
      const { modelSpec, inputs = {}, outputFilter = [] } = logType.value.request ?? {};
      const values = Object.entries(inputs).map(([name, proto]) => [name, warmupTensor(name, proto)] as const);
      const outputs = outputFilter.length > 0 ? { outputs: outputFilter } : {};
      return [{ signature: signatureNameOf(modelSpec), inputs: Object.fromEntries(values), ...outputs }];
    }
    case 'classifyLog':
    case 'regressLog': {
      const { modelSpec, input } = logType.value.request ?? {};
      return [examplesCall(modelSpec, input)];
    }
    case 'multiInferenceLog': {
      const { tasks = [], input } = logType.value.request ?? {};
      return tasks.map(({ modelSpec }) => examplesCall(modelSpec, input));
    }
    default:
      return [];
  }
}

/** @throws SignetError `INVALID_SAVED_MODEL`. */
function warmupTensor(name: string, proto: TensorProto): TensorValue {
  try {
    return tensorValueOf(proto, { maxBytes });
  } catch (error) {
    const message = `A warmup record's input "${name}" cannot be read. ${wordsOf(error)}`;
    throw new SignetError('INVALID_SAVED_MODEL', message, { cause: error });
  }
}

/** Classify and Regress feed serialized examples to the signature's only input, which is called `inputs`. */
function examplesCall(spec: ModelSpec | undefined, input: Input | undefined): SampleCall {
  const values = examplesOf(input).map((example) => toBinary(ExampleSchema, example));
  return { signature: signatureNameOf(spec), inputs: { inputs: { dtype: 'string', shape: [values.length], values } } };
}

/** The context's features are added to every example that lacks a feature of that name. */
function examplesOf(input: Input | undefined): Example[] {
  if (input?.kind.case === 'exampleList') return input.kind.value.examples;
  if (input?.kind.case !== 'exampleListWithContext') return [];
  const { examples, context } = input.kind.value;
  return examples.map((example) => {
    const feature = { ...context?.features?.feature, ...example.features?.feature };
    return { ...example, features: { $typeName: 'tensorflow.Features', feature } };
  });
}
