import type {
  InferenceTask,
  MultiInferenceRequest,
} from '../../tensorflow/protos/tensorflow_serving/apis/inference_pb.js';
import type { ModelServer, ServedVersion } from '../model-server.js';
import { refuse, ServingError } from '../serving-error.js';
import { classification } from '../examples/classification.js';
import { checkSignature, findSignature } from '../examples/example-method.js';
import { regression } from '../examples/regression.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf } from './model-spec.js';
import type { PredictOptions } from './predict.js';
import { examplesOf, runExamplesRequest } from './run-examples-request.js';
import type { WrittenMessage } from '../writer/answer-writer.js';

/**
 * Runs several classify and regress signatures of one model on the same tf.Examples.
 *
 * Source of rules and texts: tensorflow_serving/servables/tensorflow/multi_inference.cc. There all signatures run at once; here they run one after
 * another, which makes a difference only for a model that draws random numbers.
 */
export async function multiInference(
  models: ModelServer,
  { tasks, input }: MultiInferenceRequest,
  call: GrpcCall,
  options: PredictOptions,
): Promise<WrittenMessage> {
  const [first] = tasks;
  call.isAbout({ model: first?.modelSpec?.name ?? '' });
  const spec = first?.modelSpec ? readModelSpec(first.modelSpec) : refuse('ModelSpec has no name specified.');
  const version = models.find(spec);
  checkTasks(version, tasks, spec.name);
  // Read once for all tasks.
  const { examples, pixels } = await examplesOf(input, call, options.limits);
  const callWithExamples = { ...call, read: { values: { examples }, pixels } };
  // The version of the first task answers all of them.
  const pinned = { case: 'version', value: { value: BigInt(version.version) } };
  const results: Awaited<ReturnType<typeof runExamplesRequest>>[] = [];
  for (const { modelSpec, methodName } of tasks) {
    const request = { modelSpec: modelSpec && ({ ...modelSpec, versionChoice: pinned } as typeof modelSpec), input };
    const method = methodName === classification.methodName ? classification : regression;
    results.push(await runExamplesRequest(models, method, request, callWithExamples, options));
  }
  const job = { type: 'inference-response', tasks: results.map(({ task }) => task) } as const;
  const outputs = results.map((each) => each.outputs);
  return options.writer.message(job, outputs, call.signal);
}

function checkTasks(version: ServedVersion, tasks: readonly InferenceTask[], modelName: string): void {
  const seen = new Set<string>();
  const tensors = new Set<string | undefined>();
  for (const { modelSpec, methodName } of tasks) {
    if (!modelSpec?.name) return refuse('Found ModelSpec with an empty model name.');
    if (modelSpec.name !== modelName) {
      refuse('All ModelSpecs in a MultiInferenceRequest must access the same model name.');
    }
    const key = signatureNameOf(modelSpec);
    if (seen.has(key)) refuse(`Duplicate evaluation of signature: ${key}`);
    seen.add(key);
    const signature = findSignature(version, key, (name) => `Requested signature not found in model graph: ${name}`);
    const method = [classification, regression].find((each) => each.methodName === methodName);
    if (!method) throw new ServingError('UNIMPLEMENTED', `Unsupported signature method_name: ${methodName}`);
    checkSignature(method, signature);
    tensors.add(signature.inputs.inputs?.tensor);
    if (tensors.size > 1) refuse('Input tensor must be the same for all Signatures.');
  }
}
