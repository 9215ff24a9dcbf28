import type { SignatureTensor } from '../../saved-model/read/read-saved-model.js';
import { defaultSignature } from '../limits/check-request.js';
import type { ModelServer } from '../model-server.js';
import { findSignature } from '../reader/reader-jobs.js';
import { type RequestReader, releasing } from '../reader/request-reader.js';
import { mapValues } from '../model-messages.js';
import { ServingError } from '../serving-error.js';
import { AnswerWriter } from '../writer/answer-writer.js';
import { datatypeOf } from '../inference/datatype.js';
import { rawBytes } from '../inference/raw-tensor.js';
import { json, type RestAnswer, type RestCall, type Route } from './rest-call.js';
import { findModel, specOf } from './serving-routes.js';

export interface OpenInferenceOptions {
  readonly isReady: () => boolean;
  /** Version of the server, as the protocol reports it. */
  readonly serverVersion: string;
  /** Writes the answers. Default: a new writer. */
  readonly writer?: AnswerWriter;
}

const model = '/v2/models/(?<name>[^/]+)(?:/versions/(?<version>\\d+))?';

/**
 * The Open Inference Protocol, version 2, over the same models; its requests call `serving_default` unless their `parameters` have a
 * `signature_name`. With Triton's extension `binary_tensor_data`.
 *
 * Source: https://github.com/kserve/open-inference-protocol, specification/protocol/inference_rest.md.
 */
export function openInferenceRoutes(
  models: ModelServer,
  reader: RequestReader,
  { isReady, serverVersion, writer = new AnswerWriter() }: OpenInferenceOptions,
): Route[] {
  const get = (path: string | RegExp, name: string, handle: Route['handle'], more: Partial<Route> = {}): Route => ({
    method: 'GET',
    path,
    name,
    handle,
    ...more,
  });
  const health = { isOpen: true, isQuiet: true };
  const server = () => json({ name: 'signet', version: serverVersion, extensions: ['binary_tensor_data'] });
  const ready = () => (isReady() ? json({ ready: true }) : unavailable('The server is not ready.'));
  return [
    get('/v2', 'ServerMetadata', server),
    get('/v2/health/live', 'ServerLive', () => json({ live: true }), health),
    get('/v2/health/ready', 'ServerReady', ready, health),
    get(new RegExp(`^${model}$`), 'ModelMetadata', (call) => json(metadata(models, call))),
    get(new RegExp(`^${model}/ready$`), 'ModelReady', (call) => modelReady(models, call), { isQuiet: true }),
    {
      method: 'POST',
      path: new RegExp(`^${model}/infer$`),
      name: 'Infer',
      handle: (call) => infer(models, reader, writer, call),
    },
  ];
}

function metadata(models: ModelServer, call: RestCall) {
  const { name, signatures } = findModel(models, call).version;
  const { inputs, outputs } = findSignature(signatures, defaultSignature);
  const versions = models.status({ name }).filter(({ state }) => state === 'AVAILABLE');
  return {
    name,
    versions: versions.map(({ version }) => String(version)),
    platform: 'tensorflow_savedmodel',
    inputs: tensors(inputs),
    outputs: tensors(outputs),
    // Not part of the protocol: the values that `parameters.signature_name` may have.
    signatures: mapValues(signatures, (each) => ({ inputs: tensors(each.inputs), outputs: tensors(each.outputs) })),
  };
}

function tensors(all: Readonly<Record<string, SignatureTensor>>) {
  return Object.entries(all).map(([name, { spec }]) => ({
    name,
    datatype: datatypeOf(spec.dtype),
    shape: spec.shape?.map((size) => size ?? -1) ?? [-1],
  }));
}

function modelReady(models: ModelServer, call: RestCall): RestAnswer {
  const spec = specOf(call);
  const isAvailable = models
    .status(spec)
    .some(({ version, state }) => state === 'AVAILABLE' && version === (spec.version ?? version));
  return isAvailable ? json({ name: spec.name, ready: true }) : unavailable(`The model ${spec.name} is not ready.`);
}

function unavailable(message: string): never {
  throw new ServingError('UNAVAILABLE', message);
}

async function infer(
  models: ModelServer,
  reader: RequestReader,
  writer: AnswerWriter,
  call: RestCall,
): Promise<RestAnswer> {
  const found = findModel(models, call);
  const body = await call.body();
  const { signal, deadline, claim } = call;
  const onSignature = (signature: string) => call.isAbout({ signature });
  const jsonBytes = readJsonBytes(call, body.length);
  const read = await reader.infer(body, found.version.signatures, { onSignature, signal }, jsonBytes);
  const { values: inputs, pixels } = read;
  const { signatureName = defaultSignature, outputFilter, rawOutputs, id } = read.head;
  const request = { ...found, signatureName, inputs, pixels, signal, deadline, claim };
  const answer = () => models.predict({ ...request, ...(outputFilter && { outputFilter }) });
  const { version, outputs } = await releasing(read, answer);
  call.isAbout({ version: version.version });
  const model = { model_name: found.spec.name, model_version: String(version.version) };
  const head = JSON.stringify({ ...model, ...(id !== undefined && { id }) });
  const isRaw = ([name]: [string, unknown]) => rawOutputs === 'all' || rawOutputs.includes(name);
  const raw = Object.entries(outputs).filter(isRaw);
  // Computed now, since their memory moves away while the answer is written.
  const rawLength = raw.reduce((sum, [, value]) => sum + rawBytes(value), 0);
  const names = raw.map(([name]) => name);
  const written = await writer.json({ type: 'infer', head, raw: names }, outputs, signal);
  if (raw.length === 0) return { body: written };
  const headers = { [jsonLengthHeader]: String(written.length - rawLength) };
  return { type: 'application/octet-stream', headers, body: written };
}

/** Header with the number of bytes of a body that are JSON; raw tensors follow. */
const jsonLengthHeader = 'Inference-Header-Content-Length';

/** @throws ServingError `INVALID_ARGUMENT` for a length that the body does not have. */
function readJsonBytes({ headers }: RestCall, length: number): number | undefined {
  const given = headers[jsonLengthHeader.toLowerCase()];
  if (given === undefined) return undefined;
  const bytes = typeof given === 'string' && /^\d+$/.test(given) ? Number(given) : NaN;
  if (bytes <= length) return bytes;
  throw new ServingError(
    'INVALID_ARGUMENT',
    `${jsonLengthHeader} is the length of the JSON, at most ${length}, the body's. Received: ${String(given).slice(0, 40)}.`,
  );
}
