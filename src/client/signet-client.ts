import {
  type CallableModel,
  classifyImages,
  type ImageLabel,
  type RecognizedImage,
  recognizeImages,
} from './classify-images.js';
import { type ClientSettings, clientSettings, type SignetClientOptions } from './client-options.js';
import { explainImages, type ImageExplanation } from './explain-images.js';
import { GrpcClient } from './grpc-client.js';
import type { ModelAnswer, ModelMetadata, ModelVersion, ProtocolClient } from './protocol-client.js';
import { RestClient } from './rest-client.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';

/** Options of `predict`. */
export interface PredictOptions {
  /** Signature to call. Default: `serving_default`. */
  readonly signatureName?: string;
  /** Names of the outputs to ask for. Default: all. */
  readonly outputFilter?: readonly string[];
  /** Ends the call early; it then rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `classifyImages`. */
export interface ClassifyOptions {
  /** Number of the best classes to return. Default: 5, or all if there are fewer. */
  readonly topK?: number;
  /** Ends the call early; it then rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/** Options of `explainImages`. */
export interface ExplainOptions {
  /** Position in the logits of the class to look for. Default: -1, each image's most probable one. */
  readonly classIndex?: number;
  /** Ends the call early; it then rejects with the signal's reason. Default: none. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A client of one model on a server that speaks TensorFlow Serving's protocols: Signet's own, or TensorFlow Serving.
 *
 * Loads no TensorFlow. Calls may run side by side; the connection is made by the first and kept until `close`.
 *
 * @example
 * ```ts
 * const client = new SignetClient({ host: '127.0.0.1', modelName: 'LenetModel', protocol: 'GRPC' });
 * const [labels] = await client.classifyImages([await readFile('seven.png')]);
 * labels[0]; // { name: '7', index: 7, probability: 0.998 }
 * client.close();
 * ```
 */
export class SignetClient {
  readonly #settings: ClientSettings;
  readonly #protocol: ProtocolClient;
  #metadata: Promise<ModelMetadata> | null = null;

  /** @throws SignetError `INVALID_ARGUMENT`. */
  constructor(options: SignetClientOptions) {
    this.#settings = clientSettings(options);
    this.#protocol =
      this.#settings.protocol === 'GRPC' ? new GrpcClient(this.#settings) : new RestClient(this.#settings);
  }

  /**
   * Calls a signature.
   *
   * @param inputs Every input of the signature, of its type and shape. Bytes and text are string tensors: one is a scalar,
   *   a list is [n].
   * @throws ServerError
   */
  async predict(inputs: Readonly<Record<string, InputValue>>, options: PredictOptions = {}): Promise<ModelAnswer> {
    const { signatureName = 'serving_default', outputFilter, signal } = options;
    const values = Object.entries(inputs).map(([name, input]): [string, TensorValue] => [name, toTensorValue(input)]);
    return this.#protocol.predict({ signatureName, inputs: Object.fromEntries(values), outputFilter, signal });
  }

  /**
   * The best classes of encoded images (JPEG, PNG, GIF or BMP), best first.
   *
   * Asks `serving_labels`, or another signature that takes image files if the model lacks that one; see `classifyImages`.
   *
   * @param files Their contents, of any sizes; sent in one request.
   * @throws ServerError; SignetError `INVALID_SAVED_MODEL` when the model has no signature that classifies image files.
   */
  async classifyImages(files: readonly Uint8Array[], options: ClassifyOptions = {}): Promise<ImageLabel[][]> {
    const { topK, signal } = options;
    return classifyImages(this.asCallable(await this.#knownMetadata(signal), signal), files, topK);
  }

  /**
   * Asks the model's `serving_heatmap` which part of each encoded image speaks for a class; see `explainImages`.
   *
   * @param files Their contents, of any sizes; sent in one request.
   * @throws ServerError; SignetError `INVALID_SAVED_MODEL` when the model has no such signature.
   */
  async explainImages(files: readonly Uint8Array[], options: ExplainOptions = {}): Promise<ImageExplanation[]> {
    const { classIndex = -1, signal } = options;
    const classIndices = files.map(() => classIndex);
    return explainImages(this.asCallable(await this.#knownMetadata(signal), signal), files, classIndices);
  }

  /**
   * The same, with the results of `serving_known`: whether the model knows images of that kind, and is sure; see `recognizeImages`.
   *
   * @throws ServerError; SignetError `INVALID_SAVED_MODEL` in the same case.
   */
  async recognizeImages(files: readonly Uint8Array[], options: ClassifyOptions = {}): Promise<RecognizedImage[]> {
    const { topK, signal } = options;
    return recognizeImages(this.asCallable(await this.#knownMetadata(signal), signal), files, topK);
  }

  /** The model in a form for functions that call a model wherever it is, such as `findClassNames`. */
  asCallable({ name, signatures }: ModelMetadata, signal?: AbortSignal): CallableModel {
    const call: CallableModel['call'] = async (signatureName, inputs) =>
      (await this.#protocol.predict({ signatureName, inputs, signal })).outputs;
    return { name, signatures, call };
  }

  /** The model's signatures, with the types and shapes of their inputs and outputs. @throws ServerError */
  async metadata({ signal }: Pick<PredictOptions, 'signal'> = {}): Promise<ModelMetadata> {
    return this.#protocol.metadata(signal);
  }

  /** The model's versions, the latest first. @throws ServerError */
  async status({ signal }: Pick<PredictOptions, 'signal'> = {}): Promise<readonly ModelVersion[]> {
    return this.#protocol.status(signal);
  }

  /** Ends the connections; calls that are waiting fail. */
  close(): void {
    this.#protocol.close();
  }

  /** Requested once, and again after a failure. */
  async #knownMetadata(signal: AbortSignal | undefined): Promise<ModelMetadata> {
    const known = await this.#metadata?.catch(() => null);
    if (known) return known;
    this.#metadata = this.#protocol.metadata(signal);
    return this.#metadata;
  }
}

/** Values that a client accepts as a tensor: a tensor as plain data; text or bytes for a string scalar; a list of them for string [n]. */
export type InputValue = TensorValue | string | Uint8Array | readonly (string | Uint8Array)[];

function toTensorValue(input: InputValue): TensorValue {
  if (isText(input)) return { dtype: 'string', shape: [], values: [bytesOf(input)] };
  if ('dtype' in input) return input;
  return { dtype: 'string', shape: [input.length], values: input.map(bytesOf) };
}

function isText(input: InputValue): input is string | Uint8Array {
  return typeof input === 'string' || input instanceof Uint8Array;
}

function bytesOf(text: string | Uint8Array): Uint8Array {
  return typeof text === 'string' ? Buffer.from(text) : text;
}
