import { fromBinary, type MessageInitShape } from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';

import { wordsOf } from '../errors.js';
import { tensorValueOf, toTensorProto } from '../saved-model/read/tensor-proto-value.js';
import { modelMethods, predictionMethods } from './grpc-services.js';
import { SignatureDefMapSchema } from '../tensorflow/protos/tensorflow_serving/apis/get_model_metadata_pb.js';
import type { ModelSpec, ModelSpecSchema } from '../tensorflow/protos/tensorflow_serving/apis/model_pb.js';
import { type ClientSettings, hostAndPort } from './client-options.js';
import { modelVersions } from './model-messages.js';
import { signaturesOf } from '../saved-model/read/read-saved-model.js';
import type { ModelAnswer, ModelCall, ModelMetadata, ModelVersion, ProtocolClient } from './protocol-client.js';
import { type ServerError, serverError, type ServerStatus } from './server-error.js';

/** Maximum memory for an answer, in bytes. */
const mostBytes = 512 * 2 ** 20;

/** `tensorflow.serving.PredictionService` and `ModelService`. */
export class GrpcClient implements ProtocolClient {
  readonly #channel: grpc.Client;

  constructor(private readonly settings: ClientSettings) {
    this.#channel = new grpc.Client(hostAndPort(settings), credentialsOf(settings), {
      'grpc.max_receive_message_length': mostBytes,
      'grpc.max_send_message_length': -1,
      // As over REST, the given address is called directly.
      'grpc.enable_http_proxy': 0,
    });
  }

  async predict({ signatureName, inputs, outputFilter = [], signal }: ModelCall): Promise<ModelAnswer> {
    const asked = `signature ${signatureName}`;
    const tensors = Object.entries(inputs).map(([name, value]) => [name, toTensorProto(value, { asContent: true })]);
    const request = {
      modelSpec: this.#modelSpec(signatureName),
      inputs: Object.fromEntries(tensors) as Record<string, ReturnType<typeof toTensorProto>>,
      outputFilter: [...outputFilter],
    };
    const method = predictionMethods.predict;
    const { response, bytesSent } = await this.#call(asked, method, request, signal);
    try {
      const outputs = Object.entries(response.outputs).map(
        ([name, proto]) => [name, tensorValueOf(proto, { maxBytes: mostBytes })] as const,
      );
      return { outputs: Object.fromEntries(outputs), version: versionOf(response.modelSpec), bytesSent };
    } catch (error) {
      throw this.#senseless(asked, error);
    }
  }

  async metadata(signal?: AbortSignal): Promise<ModelMetadata> {
    const asked = 'the metadata';
    const request = { modelSpec: this.#modelSpec(), metadataField: ['signature_def'] };
    const { response } = await this.#call(asked, predictionMethods.getModelMetadata, request, signal);
    try {
      const { value } = response.metadata.signature_def ?? {};
      if (!value) throw new TypeError('it has no "signature_def"');
      const { signatureDef } = fromBinary(SignatureDefMapSchema, value);
      const name = response.modelSpec?.name ?? this.settings.modelName;
      return { name, version: versionOf(response.modelSpec), signatures: signaturesOf({ signatureDef }) };
    } catch (error) {
      throw this.#senseless(asked, error);
    }
  }

  async status(signal?: AbortSignal): Promise<readonly ModelVersion[]> {
    const request = { modelSpec: this.#modelSpec() };
    const { response } = await this.#call('the status', modelMethods.getModelStatus, request, signal);
    return modelVersions(response);
  }

  close(): void {
    this.#channel.close();
  }

  #modelSpec(signatureName = ''): MessageInitShape<typeof ModelSpecSchema> {
    const { modelName, version, label } = this.settings;
    if (version !== undefined) {
      const value = { value: BigInt(version) };
      return { name: modelName, signatureName, versionChoice: { case: 'version', value } };
    }
    if (label === undefined) return { name: modelName, signatureName };
    return { name: modelName, signatureName, versionChoice: { case: 'versionLabel', value: label } };
  }

  async #call<Request, Response>(
    asked: string,
    method: grpc.MethodDefinition<Request, Response>,
    request: Request,
    signal?: AbortSignal,
  ): Promise<{ response: Response; bytesSent: number }> {
    signal?.throwIfAborted();
    const { timeoutMilliseconds, token } = this.settings;
    const metadata = new grpc.Metadata();
    if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
    const options = { deadline: Date.now() + timeoutMilliseconds };
    const message = method.requestSerialize(request);
    return new Promise((resolve, reject) => {
      const call = this.#channel.makeUnaryRequest<Buffer, Response>(
        method.path,
        (bytes) => bytes,
        (bytes) => method.responseDeserialize(bytes),
        ...[message, metadata, options],
        (error, response) => {
          signal?.removeEventListener('abort', cancel);
          if (response !== undefined) resolve({ response, bytesSent: message.length });
          else if (signal?.aborted) reject(signal.reason as Error);
          else reject(this.#failure(asked, error));
        },
      );
      const cancel = () => call.cancel();
      signal?.addEventListener('abort', cancel, { once: true });
    });
  }

  #failure(asked: string, error: grpc.ServiceError | null): ServerError {
    const { code = grpc.status.UNKNOWN, details = 'nothing' } = error ?? {};
    const status = grpc.status[code] as ServerStatus;
    return serverError(this.settings, {
      asked,
      status,
      answer: details
        .replace(/^No connection established\. Last error: (?:Error: )?/, '')
        .replace(/ Resolution note: \.?$/, ''),
      systemCode: brokenBy(code, details),
      cause: error,
    });
  }

  #senseless(asked: string, error: unknown): ServerError {
    const answer = `no sensible answer: ${wordsOf(error)}`;
    return serverError(this.settings, { asked, status: 'INTERNAL', answer, cause: error });
  }
}

function credentialsOf({ tls }: ClientSettings): grpc.ChannelCredentials {
  if (!tls) return grpc.credentials.createInsecure();
  const [ca, key, certificate] = [tls.ca, tls.key, tls.certificate].map((pem) =>
    pem === undefined ? null : Buffer.from(pem),
  );
  return grpc.credentials.createSsl(ca, key, certificate);
}

function versionOf(spec: ModelSpec | undefined): number | null {
  return spec?.versionChoice.case === 'version' ? Number(spec.versionChoice.value.value) : null;
}

/** The system's error code if grpc-js itself gave up, which has it only in its message, such as `connect ECONNREFUSED 127.0.0.1:8500`. */
function brokenBy(code: grpc.status, details: string): string | undefined {
  if (code === grpc.status.UNAVAILABLE && details.startsWith('No connection established')) {
    if (/certificate/i.test(details)) return 'CERT';
    return /\bE[A-Z_]{3,}\b/.exec(details)?.[0] ?? 'UNKNOWN';
  }
  if (details.startsWith('Name resolution failed')) return 'ENOTFOUND';
  return /^(?:Connection dropped|read E|write E|Stream refused|Received RST_STREAM|Call ended|GOAWAY)/.test(details)
    ? 'UNKNOWN'
    : undefined;
}
