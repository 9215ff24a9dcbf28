import type { Input } from '../../tensorflow/protos/tensorflow_serving/apis/input_pb.js';
import type { ModelSpec as SpecMessage } from '../../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import { checkExamplesSignature, type ExampleMethod, runExamples } from '../examples/example-method.js';
import type { SizeLimits } from '../limits/check-size.js';
import type { ModelServer } from '../model-server.js';
import type { GrpcCall } from './add-methods.js';
import { readModelSpec, signatureNameOf, writeModelSpec } from './model-spec.js';
import { readExamples } from './read-examples.js';

/** Answers a ClassificationRequest or RegressionRequest. */
export async function runExamplesRequest<Result>(
  models: ModelServer,
  method: ExampleMethod<Result>,
  { modelSpec, input }: { readonly modelSpec?: SpecMessage | undefined; readonly input?: Input | undefined },
  { isAbout, values, ...waiting }: GrpcCall,
  limits: SizeLimits,
): Promise<{ modelSpec: SpecMessage; result: Result }> {
  isAbout({ model: modelSpec?.name ?? '' });
  const spec = readModelSpec(modelSpec);
  const signatureName = signatureNameOf(modelSpec);
  isAbout({ signature: signatureName });
  // Before the examples are read: what is wrong with the signature is told first, as TensorFlow Serving does.
  const found = { spec, version: models.find(spec) };
  checkExamplesSignature(found.version, method, signatureName);
  const examples = values?.examples ?? readExamples(input, limits);
  const { version, result } = await runExamples(models, method, { ...found, signatureName, examples, ...waiting });
  isAbout({ version: version.version });
  return { modelSpec: writeModelSpec(version, signatureName), result };
}
