import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { ModelSpec as SpecMessage } from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import { checkExamplesSignature, type ExampleMethod, runExamples } from '../examples/example-method.js';
import { checkRows, type SizeLimits } from '../limits/check-size.js';
import type { ModelServer } from '../model-server.js';
import type { ExamplesTask, Outputs } from '../writer/writer-jobs.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import type { PredictOptions } from './predict.js';
import { readExamples } from './read-examples.js';
import type { WrittenMessage } from '../writer/answer-writer.js';

/** Maximum number of examples, each of which repeats the context, for which a small message is still read here. */
const fewExamples = 32;

/** The tf.Examples of a request. For a large request, another thread has already read them; examples whose values are large are read there now. */
export async function examplesOf(
  input: Input | undefined,
  { read, readInThread }: Pick<GrpcCall, 'read' | 'readInThread'>,
  limits: SizeLimits,
): Promise<{ examples: TensorValue; pixels?: readonly number[] | undefined }> {
  const { examples = [] } = input?.kind.value ?? {};
  checkRows(examples.length, limits.maxRows);
  const isLarge = input?.kind.case === 'exampleListWithContext' && examples.length > fewExamples;
  const { values, pixels } = read ?? (isLarge ? await readInThread() : { values: undefined, pixels: undefined });
  return { examples: values?.examples ?? readExamples(input, limits), pixels };
}

/** A ClassificationRequest or RegressionRequest. */
export interface ExamplesMessage {
  readonly modelSpec?: SpecMessage | undefined;
  readonly input?: Input | undefined;
}

/** Answers a ClassificationRequest or RegressionRequest. */
export async function answerExamples(
  models: ModelServer,
  method: ExampleMethod<unknown>,
  request: ExamplesMessage,
  call: GrpcCall,
  options: PredictOptions,
): Promise<WrittenMessage> {
  const { task, outputs } = await runExamplesRequest(models, method, request, call, options);
  return options.writer.message({ type: 'examples-response', task }, [outputs], call.signal);
}

/** Calls the signature of a request. @returns The data from which its answer is written. */
export async function runExamplesRequest(
  models: ModelServer,
  method: ExampleMethod<unknown>,
  { modelSpec, input }: ExamplesMessage,
  call: GrpcCall,
  { limits }: Pick<PredictOptions, 'limits'>,
): Promise<{ task: ExamplesTask; outputs: Outputs }> {
  const { isAbout, signal, deadline, claim } = call;
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  // Before the examples are read: problems with the signature are reported first, as TensorFlow Serving does.
  const found = { spec, version: models.find(spec) };
  checkExamplesSignature(found.version, method, signatureName);
  const { examples, pixels } = await examplesOf(input, call, limits);
  const request = { ...found, signatureName, examples, pixels, signal, deadline, claim };
  const { version, outputs, count } = await runExamples(models, method, request);
  isAbout({ version: version.version });
  return { task: { method: method.name, count, modelSpec: writeModelSpec(version, signatureName) }, outputs };
}
