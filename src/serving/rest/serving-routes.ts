import type { Signature } from '../../saved-model/read/read-saved-model.js';
import { classification } from '../examples/classification.js';
import { type ExampleMethod, runExamples } from '../examples/example-method.js';
import { regression } from '../examples/regression.js';
import { defaultSignature } from '../limits/check-request.js';
import { servableNotFound } from '../model-not-found.js';
import type { ModelServer, ModelSpec, ServedVersion } from '../model-server.js';
import { ServingError } from '../serving-error.js';
import { readExamplesBody } from './json/read-examples-body.js';
import { readPredictBody } from './json/read-predict-body.js';
import { writeOutputs } from './json/write-outputs.js';
import { writeClassifications, writeRegressions } from './json/write-results.js';
import { metadataJson, statusJson } from './model-json.js';
import { json, type RestAnswer, type RestCall, type Route } from './rest-call.js';

const modelPart = '(?<name>[^/:]+)(?:/versions/(?<version>\\d+)|/labels/(?<label>[^/:]+))?';

/** A pattern of a path below a model, as TensorFlow Serving's: upper and lower case are one. */
export function modelPattern(rest: string): RegExp {
  return new RegExp(`^/v1/models/${modelPart}${rest}$`, 'i');
}

/**
 * TensorFlow Serving's REST API.
 *
 * Source: tensorflow_serving/model_servers/http_rest_api_util.cc and http_rest_api_handler.cc.
 *
 * @param maxExampleBytes How much memory the tf.Examples of a request may take.
 */
export function servingRoutes(models: ModelServer, maxExampleBytes: number): Route[] {
  const examples =
    <Result>(method: ExampleMethod<Result>, write: (result: Result) => string) =>
    async (call: RestCall): Promise<RestAnswer> => ({
      body: write(await callExamples(models, method, call, maxExampleBytes)),
    });
  return [
    { method: 'POST', path: modelPattern(':predict'), name: 'Predict', handle: (call) => predict(models, call) },
    {
      method: 'POST',
      path: modelPattern(':classify'),
      name: 'Classify',
      handle: examples(classification, writeClassifications),
    },
    { method: 'POST', path: modelPattern(':regress'), name: 'Regress', handle: examples(regression, writeRegressions) },
    {
      method: 'GET',
      path: modelPattern('/metadata'),
      name: 'GetModelMetadata',
      handle: (call) => json(metadataJson(findModel(models, call))),
    },
    {
      method: 'GET',
      path: modelPattern(''),
      name: 'GetModelStatus',
      handle: (call) => json(statusJson(models, specOf(call))),
    },
    { method: 'GET', path: /^\/v1\/models\/?$/i, name: 'GetModelStatus', handle: refuseNoName },
  ];
}

/** Which model a path means. @throws ServingError for a version that is no int64, and one that no number here can be. */
export function specOf({ parts, isAbout }: Pick<RestCall, 'parts' | 'isAbout'>): ModelSpec {
  const { name = '', version, label } = parts;
  isAbout({ model: name });
  if (label !== undefined) return { name, label };
  if (version === undefined) return { name };
  const number = Number(version);
  if (Number.isSafeInteger(number)) return { name, version: number };
  if (BigInt(version) < 2n ** 63n) throw servableNotFound(name, version);
  throw new ServingError('INVALID_ARGUMENT', `Failed to convert version: ${version} to numeric.`);
}

/** The model that a path means. @throws ServingError */
export function findModel(models: ModelServer, call: Pick<RestCall, 'parts' | 'isAbout'>): ServedVersion {
  const version = models.find(specOf(call));
  call.isAbout({ version: version.version });
  return version;
}

async function predict(models: ModelServer, call: RestCall): Promise<RestAnswer> {
  const spec = specOf(call);
  models.find(spec);
  const body = readPredictBody(await call.body(), (key = defaultSignature) => {
    call.isAbout({ signature: key });
    return findSignature(findModel(models, call), key);
  });
  const { signatureName = defaultSignature, format, inputs } = body;
  const { signal, deadline } = call;
  const { version, outputs } = await models.predict({ spec, signatureName, inputs, signal, deadline });
  call.isAbout({ version: version.version });
  return { body: writeOutputs(outputs, format) };
}

/** @throws ServingError in TensorFlow Serving's words. */
export function findSignature({ signatures }: ServedVersion, key: string): Signature {
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  if (signature) return signature;
  throw new ServingError('INVALID_ARGUMENT', `Serving signature name: "${key}" not found in signature def`);
}

async function callExamples<Result>(
  models: ModelServer,
  method: ExampleMethod<Result>,
  call: RestCall,
  maxBytes: number,
): Promise<Result> {
  const spec = specOf(call);
  models.find(spec);
  const { signatureName = defaultSignature, examples } = readExamplesBody(await call.body(), maxBytes);
  call.isAbout({ signature: signatureName });
  const { signal, deadline } = call;
  const { version, result } = await runExamples(models, method, { spec, signatureName, examples, signal, deadline });
  call.isAbout({ version: version.version });
  return result;
}

function refuseNoName(): never {
  throw new ServingError('INVALID_ARGUMENT', 'Missing model name in request.');
}
