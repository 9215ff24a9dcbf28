import { classification } from '../examples/classification.js';
import { type ExampleMethod, runExamples } from '../examples/example-method.js';
import { regression } from '../examples/regression.js';
import { defaultSignature } from '../limits/check-request.js';
import { servableNotFound } from '../model-not-found.js';
import type { ModelServer, ModelSpec, ServedVersion } from '../model-server.js';
import { type RequestReader, releasing } from '../reader/request-reader.js';
import { ServingError } from '../serving-error.js';
import { AnswerWriter } from '../writer/answer-writer.js';
import { metadataJson, statusJson } from './model-json.js';
import { json, type RestAnswer, type RestCall, type Route } from './rest-call.js';

const versions = `(?:${anyCase('/versions/')}(?<version>\\d+)|${anyCase('/labels/')}(?<label>[^/:]+))?`;

/**
 * A pattern for a path below a model. Case does not matter except after the colon, as in TensorFlow Serving, which compares the method's name
 * separately.
 */
export function modelPattern(rest: string): RegExp {
  return new RegExp(`^${anyCase('/v1/models/')}(?<name>[^/:]+)${versions}${rest}$`);
}

function anyCase(text: string): string {
  return text.replaceAll(/[a-z]/g, (letter) => `[${letter}${letter.toUpperCase()}]`);
}

/**
 * TensorFlow Serving's REST API.
 *
 * Source: tensorflow_serving/model_servers/http_rest_api_util.cc and http_rest_api_handler.cc.
 *
 * @param reader Reads the bodies, within its limits.
 * @param writer Writes the answers. Default: a new writer.
 */
export function servingRoutes(models: ModelServer, reader: RequestReader, writer = new AnswerWriter()): Route[] {
  const examples = (method: ExampleMethod<unknown>) => (call: RestCall) =>
    callExamples(models, { reader, writer }, method, call);
  return [
    {
      method: 'POST',
      path: modelPattern(':predict'),
      name: 'Predict',
      handle: (call) => predict(models, { reader, writer }, call),
    },
    { method: 'POST', path: modelPattern(':classify'), name: 'Classify', handle: examples(classification) },
    { method: 'POST', path: modelPattern(':regress'), name: 'Regress', handle: examples(regression) },
    {
      method: 'GET',
      path: modelPattern('/metadata'),
      name: 'GetModelMetadata',
      handle: (call) => json(metadataJson(findModel(models, call).version)),
    },
    {
      method: 'GET',
      // `/METADATA` returns the status, as in TensorFlow Serving.
      path: modelPattern(`(?:${anyCase('/metadata')})?`),
      name: 'GetModelStatus',
      handle: (call) => json(statusJson(models, specOf(call))),
    },
    { method: 'GET', path: /^\/v1\/models\/?$/i, name: 'GetModelStatus', handle: refuseNoName },
  ];
}

/**
 * Reads which model a path refers to.
 *
 * @throws ServingError for a version that is not an int64, and one that is too large for a number in JavaScript.
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
 * Finds the model of a path, once per request and before the body is read: a request to an unknown model need not send it. The result is passed to
 * `predict`.
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

/** The reader of bodies and the writer of answers. */
interface Threads {
  readonly reader: RequestReader;
  readonly writer: AnswerWriter;
}

async function predict(models: ModelServer, { reader, writer }: Threads, call: RestCall): Promise<RestAnswer> {
  const found = findModel(models, call);
  const body = await call.body();
  const { signal, deadline, claim } = call;
  const onSignature = (signature: string) => call.isAbout({ signature });
  const read = await reader.predict(body, found.version.signatures, { onSignature, signal });
  const { values: inputs, pixels } = read;
  const { signatureName = defaultSignature, format } = read.head;
  const request = { ...found, signatureName, inputs, pixels, signal, deadline, claim };
  const { version, outputs } = await releasing(read, () => models.predict(request));
  call.isAbout({ version: version.version });
  return { body: await writer.json({ type: 'predictions', format }, outputs, signal) };
}

async function callExamples(
  models: ModelServer,
  { reader, writer }: Threads,
  method: ExampleMethod<unknown>,
  call: RestCall,
): Promise<RestAnswer> {
  const found = findModel(models, call);
  const body = await call.body();
  const { signal, deadline, claim } = call;
  const onSignature = (signature: string) => call.isAbout({ signature });
  const read = await reader.examples(method.name, body, found.version.signatures, { onSignature, signal });
  const { values, pixels } = read;
  const { signatureName = defaultSignature } = read.head;
  const examples = values.examples ?? { dtype: 'string', shape: [0], values: [] };
  const request = { ...found, signatureName, examples, pixels, signal, deadline, claim };
  const { version, outputs, count } = await runExamples(models, method, request);
  call.isAbout({ version: version.version });
  return { body: await writer.json({ type: 'results', method: method.name, count }, outputs, signal) };
}

function refuseNoName(): never {
  throw new ServingError('INVALID_ARGUMENT', 'Missing model name in request.');
}
