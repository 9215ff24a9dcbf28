import { classification } from '../examples/classification.js';
import { type ExampleMethod, runExamples } from '../examples/example-method.js';
import { regression } from '../examples/regression.js';
import { defaultSignature } from '../limits/check-request.js';
import { servableNotFound } from '../model-not-found.js';
import type { ModelServer, ModelSpec, ServedVersion } from '../model-server.js';
import type { RequestReader } from '../reader/request-reader.js';
import { ServingError } from '../serving-error.js';
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
 * @param reader Reads the bodies, within its limits.
 */
export function servingRoutes(models: ModelServer, reader: RequestReader): Route[] {
  const examples =
    <Result>(method: ExampleMethod<Result>, write: (result: Result) => string) =>
    async (call: RestCall): Promise<RestAnswer> => ({ body: write(await callExamples(models, reader, method, call)) });
  return [
    {
      method: 'POST',
      path: modelPattern(':predict'),
      name: 'Predict',
      handle: (call) => predict(models, reader, call),
    },
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
      handle: (call) => json(metadataJson(findModel(models, call).version)),
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

/**
 * Reads which model a path means.
 *
 * @throws ServingError for a version that is not an int64, and one that no number here can be.
 */
export function specOf({ parts }: Pick<RestCall, 'parts'>): ModelSpec {
  const { name = '', version, label } = parts;
  if (label !== undefined) return { name, label };
  if (version === undefined) return { name };
  const number = Number(version);
  if (Number.isSafeInteger(number)) return { name, version: number };
  if (BigInt(version) < 2n ** 63n) throw servableNotFound(name, version);
  throw new ServingError('INVALID_ARGUMENT', `Failed to convert version: ${version} to numeric.`);
}

/**
 * Finds the model that a path means, once per request and before the body is read: a request to an unknown model need not send
 * it. `predict` is given what was found.
 *
 * @throws ServingError
 */
export function findModel(
  models: ModelServer,
  call: Pick<RestCall, 'parts' | 'isAbout'>,
): { readonly spec: ModelSpec; readonly version: ServedVersion } {
  const spec = specOf(call);
  const version = models.find(spec);
  call.isAbout({ version: version.version });
  return { spec, version };
}

async function predict(models: ModelServer, reader: RequestReader, call: RestCall): Promise<RestAnswer> {
  const found = findModel(models, call);
  const { head, values: inputs } = await reader.predict(await call.body(), found.version.signatures, (signature) =>
    call.isAbout({ signature }),
  );
  const { signatureName = defaultSignature, format } = head;
  const { signal, deadline, claim } = call;
  const { version, outputs } = await models.predict({ ...found, signatureName, inputs, signal, deadline, claim });
  call.isAbout({ version: version.version });
  return { body: writeOutputs(outputs, format) };
}

async function callExamples<Result>(
  models: ModelServer,
  reader: RequestReader,
  method: ExampleMethod<Result>,
  call: RestCall,
): Promise<Result> {
  const found = findModel(models, call);
  const bytes = await call.body();
  const { head, values } = await reader.examples(method.name, bytes, found.version.signatures, (signature) =>
    call.isAbout({ signature }),
  );
  const { signatureName = defaultSignature } = head;
  const examples = values.examples ?? { dtype: 'string', shape: [0], values: [] };
  const { signal, deadline, claim } = call;
  const request = { ...found, signatureName, examples, signal, deadline, claim };
  const { version, result } = await runExamples(models, method, request);
  call.isAbout({ version: version.version });
  return result;
}

function refuseNoName(): never {
  throw new ServingError('INVALID_ARGUMENT', 'Missing model name in request.');
}
