import { fromJson, type JsonValue } from '@bufbuild/protobuf';

import { wordsOf } from '../errors.js';
import type { Signature } from '../saved-model/read/read-saved-model.js';
import { GetModelStatusResponseSchema } from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import { SignatureDefMapSchema } from '../tensorflow/protos/tensorflow_serving/apis/get_model_metadata_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';
import type { ClientSettings } from './client-options.js';
import { HttpExchange } from './http-exchange.js';
import { modelVersions } from './model-messages.js';
import { signaturesOf } from '../saved-model/read/read-saved-model.js';
import { isMarked, parseServingJson } from './parse-serving-json.js';
import type { ModelAnswer, ModelCall, ModelMetadata, ModelVersion, ProtocolClient } from './protocol-client.js';
import { type ServerError, serverError, type ServerStatus } from './server-error.js';
import { isBase64, tensorJson, tensorOfJson } from './tensor-json.js';

/** TensorFlow Serving's REST API; its columnar form carries tensors of any shape. */
export class RestClient implements ProtocolClient {
  readonly #http: HttpExchange;
  /** Answers carry no types; the signatures have them. */
  #signatures: Promise<ModelMetadata> | null = null;

  constructor(private readonly settings: ClientSettings) {
    this.#http = new HttpExchange(settings);
  }

  async predict({ signatureName, inputs, outputFilter, signal }: ModelCall): Promise<ModelAnswer> {
    const asked = `signature ${signatureName}`;
    const signature = await this.#signature(signatureName, signal);
    const columns = Object.entries(inputs).map(([name, value]) => `${JSON.stringify(name)}:${tensorJson(value)}`);
    const body = Buffer.from(`{"signature_name":${JSON.stringify(signatureName)},"inputs":{${columns.join(',')}}}`);
    const answer = await this.#ask(asked, `${this.#path}:predict`, body, signal);
    try {
      const outputs = readOutputs(signature, field(answer, 'outputs'), outputFilter);
      return { outputs, version: null, bytesSent: body.length };
    } catch (error) {
      throw this.#senseless(asked, error);
    }
  }

  async metadata(signal?: AbortSignal): Promise<ModelMetadata> {
    const asked = 'the metadata';
    const answer = await this.#ask(asked, `${this.#path}/metadata`, undefined, signal);
    try {
      const spec = field(answer, 'model_spec') as Record<string, unknown>;
      const definitions = field(field(answer, 'metadata'), 'signature_def') as JsonValue;
      const { signatureDef } = fromJson(SignatureDefMapSchema, definitions, { ignoreUnknownFields: true });
      const version = Number(spec.version ?? NaN);
      return {
        name: String(spec.name),
        version: Number.isSafeInteger(version) ? version : null,
        signatures: signaturesOf({ signatureDef }),
      };
    } catch (error) {
      throw this.#senseless(asked, error);
    }
  }

  async status(signal?: AbortSignal): Promise<readonly ModelVersion[]> {
    const asked = 'the status';
    const answer = await this.#ask(asked, this.#path, undefined, signal);
    try {
      return modelVersions(fromJson(GetModelStatusResponseSchema, answer as JsonValue, { ignoreUnknownFields: true }));
    } catch (error) {
      throw this.#senseless(asked, error);
    }
  }

  close(): void {
    this.#http.close();
  }

  get #path(): string {
    const { modelName, version, label } = this.settings;
    const which = label === undefined ? '' : `/labels/${encodeURIComponent(label)}`;
    return `/v1/models/${encodeURIComponent(modelName)}${version === undefined ? which : `/versions/${version}`}`;
  }

  /** A version that was loaded since may have a signature that the previous one lacked. */
  async #signature(name: string, signal?: AbortSignal): Promise<Signature | undefined> {
    const known = await this.#signatures?.catch(() => undefined);
    if (known && Object.hasOwn(known.signatures, name)) return known.signatures[name];
    this.#signatures = this.metadata(signal);
    const { signatures } = await this.#signatures;
    return Object.hasOwn(signatures, name) ? signatures[name] : undefined;
  }

  async #ask(asked: string, path: string, json?: Uint8Array, signal?: AbortSignal): Promise<unknown> {
    const { status, body } = await this.#http.ask(path, json, signal).catch((error: unknown) => {
      signal?.throwIfAborted();
      throw this.#unanswered(asked, error);
    });
    let answer: unknown;
    try {
      answer = parseServingJson(body);
    } catch (error) {
      if (status === 200) throw this.#senseless(asked, error);
    }
    if (status === 200) return answer;
    const words = isObject(answer) && typeof answer.error === 'string' ? answer.error : body;
    throw this.#failure(asked, statuses.get(status) ?? 'UNKNOWN', words === '' ? `HTTP status ${status}` : words);
  }

  #unanswered(asked: string, error: unknown): ServerError {
    const { code, name, message } = error as NodeJS.ErrnoException;
    if (name === 'TimeoutError') return this.#failure(asked, 'DEADLINE_EXCEEDED', 'none in time', error);
    const details = { asked, status: 'UNAVAILABLE', cause: error } as const;
    return serverError(this.settings, { ...details, answer: message || String(code), systemCode: code ?? 'UNKNOWN' });
  }

  #senseless(asked: string, error: unknown): ServerError {
    const words = `no sensible answer: ${wordsOf(error)}`;
    return this.#failure(asked, 'INTERNAL', words, error);
  }

  #failure(asked: string, status: ServerStatus, answer: string, cause?: unknown): ServerError {
    return serverError(this.settings, { asked, status, answer, cause });
  }
}

/** The inverse of TensorFlow Serving's `ToHTTPStatusCode`, as far as it has one. */
const statuses: ReadonlyMap<number, ServerStatus> = new Map<number, ServerStatus>([
  [400, 'INVALID_ARGUMENT'],
  [401, 'UNAUTHENTICATED'],
  [403, 'PERMISSION_DENIED'],
  [404, 'NOT_FOUND'],
  [409, 'ABORTED'],
  [413, 'RESOURCE_EXHAUSTED'],
  [429, 'RESOURCE_EXHAUSTED'],
  [499, 'CANCELLED'],
  [500, 'INTERNAL'],
  [501, 'UNIMPLEMENTED'],
  [502, 'UNAVAILABLE'],
  [503, 'UNAVAILABLE'],
  [504, 'DEADLINE_EXCEEDED'],
]);

function field(value: unknown, name: string): unknown {
  if (isObject(value) && Object.hasOwn(value, name)) return value[name];
  throw new TypeError(`it has no "${name}"`);
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** A single output is the value itself, several are keyed by name. */
function readOutputs(
  signature: Signature | undefined,
  json: unknown,
  outputFilter?: readonly string[],
): Record<string, TensorValue> {
  const specs = Object.entries(signature?.outputs ?? {});
  const isNamed = isObject(json) && !isBase64(json) && !isMarked(json);
  const wanted = specs.filter(([name]) => outputFilter?.includes(name) ?? true);
  return Object.fromEntries(
    wanted.map(([name, { spec }]) => [name, tensorOfJson(spec.dtype, isNamed ? field(json, name) : json)]),
  );
}
