import type { ModelServerConfig } from '../../tensorflow/protos/tensorflow_serving/config/model_server_config_pb.js';
import { SignetError, wordsOf } from '../../errors.js';
import { checkPixels, type PixelLimits } from '../limits/check-pixels.js';
import { checkRequest, defaultSignature } from '../limits/check-request.js';
import { checkSize, contentBytes, type SizeLimits } from '../limits/check-size.js';
import { encodingHint } from '../limits/encoding-hint.js';
import { servableNotFound, unknownLabel, versionsNotFound } from '../model-not-found.js';
import type {
  ModelServer,
  ModelSpec,
  PredictRequest,
  PredictResponse,
  ServedVersion,
  VersionStatus,
} from '../model-server.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import { ServingError, type StatusCode } from '../serving-error.js';
import type { Runtime } from '../worker/served-model.js';
import { InferenceWorker } from '../worker/inference-worker.js';
import { type BatchingOptions, batchingOptions } from './batching-options.js';
import { checkReloadRoots } from './check-reload-roots.js';
import { limitConcurrency } from './limit-concurrency.js';
import type { ModelConfig } from './model-config.js';
import { modelConfigsOf } from './model-config-file.js';
import { modelsInFolder } from './models-in-folder.js';
import { defaultShare, type ShadowOptions } from './shadow.js';
import { AnsweringThread } from './short-calls.js';
import { StoredModel, type StoredModelOptions } from './stored-model.js';
import type { OnStoreEvent } from './store-event.js';
import { tellFailure } from '../../text/tell.js';

/** Options of a `ModelStore`. */
export interface ModelStoreOptions {
  /** Default: none. */
  readonly models?: readonly ModelConfig[];
  /** A folder in which every subfolder with versions is a model; checked again at every poll. Default: none. */
  readonly modelFolder?: string;
  /** Time between two checks of the disk, in seconds; 0 to check only at the start. Default: 1. */
  readonly pollSeconds?: number;
  /** Threads per version, each with its own session and memory. Default: 1. */
  readonly workersPerVersion?: number;
  /** Whether models may hold operations that read or write files: they are programs. Default: false. */
  readonly trustModels?: boolean | undefined;
  /**
   * Numbers that large ops compute with; inputs and outputs do not change. `auto` measures each version when it is loaded, and takes bfloat16 if that
   * answers the version's warm-up requests faster and alike. Default: `float32`.
   */
  readonly precision?: PrecisionChoice | undefined;
  /**
   * Runtime that computes the network of a version. With `onnx` it is ONNX Runtime (`onnxruntime-node`, which must be installed) if its answers are
   * the same as TensorFlow's, which is checked when the version is loaded; otherwise the version stays in TensorFlow, and its note says why. Computes
   * in float32. Default: `tensorflow`.
   */
  readonly runtime?: Runtime | undefined;
  /** Number of times that the warmup records of a version are replayed; 0 for not at all. Default: 1. */
  readonly warmupIterations?: number;
  /** Default: see PixelLimits. */
  readonly pixelLimits?: PixelLimits | undefined;
  /** Default: see SizeLimits. */
  readonly sizeLimits?: SizeLimits | undefined;
  /** Default: see BatchingOptions. */
  readonly batching?: BatchingOptions;
  /**
   * Versions that are loaded in addition to those that answer. They get copies of a share of the requests, after these have been computed, and are
   * compared with the version that answered. Default: none.
   */
  readonly shadows?: readonly ShadowOptions[] | undefined;
  /** Number of times that a failed load is tried again while its files stay the same. Default: 5. */
  readonly loadRetries?: number;
  /** Time to wait before that, in seconds. Default: 60. */
  readonly loadRetrySeconds?: number;
  /** Number of versions that are loaded at once. Default: 2. */
  readonly parallelLoads?: number;
  /** Whether a new label may point at a version that is not available. Default: false. */
  readonly allowLabelsForUnavailableVersions?: boolean;
  /** Starts a thread with a version. Default: `InferenceWorker.start`. */
  readonly startWorker?: typeof InferenceWorker.start;
  /** Called with each event, for logs and metrics; must not throw. Default: not called. */
  readonly onEvent?: OnStoreEvent;
}

/**
 * Models on disk, in threads: versions are found, loaded, swapped and dropped while requests are answered.
 *
 * @example
 * ```ts
 * const store = await ModelStore.start({ modelFolder: 'models' });
 * const { outputs } = await store.predict({ spec: { name: 'LenetModel' }, inputs });
 * await store.drain();
 * ```
 */
export class ModelStore implements ModelServer {
  #models = new Map<string, StoredModel>();
  #modelFolder: string | undefined;
  #timer: NodeJS.Timeout | undefined;
  #changing: Promise<unknown> = Promise.resolve();
  #isDraining = false;
  readonly #ending = new Set<Promise<void>>();
  readonly #modelOptions: StoredModelOptions;
  readonly #onEvent: OnStoreEvent;
  readonly #allowUnavailable: boolean;
  readonly #pixelLimits: PixelLimits | undefined;
  readonly #sizeLimits: SizeLimits | undefined;

  private constructor(options: ModelStoreOptions) {
    // A failing log must not end the server.
    this.#onEvent = (event) => {
      try {
        options.onEvent?.(event);
      } catch (error) {
        tellFailure(error);
      }
    };
    this.#modelFolder = options.modelFolder;
    this.#pixelLimits = options.pixelLimits;
    this.#sizeLimits = options.sizeLimits;
    this.#allowUnavailable = options.allowLabelsForUnavailableVersions ?? false;
    this.#modelOptions = {
      workersPerVersion: options.workersPerVersion ?? 1,
      trustModels: options.trustModels ?? false,
      precision: options.precision ?? 'float32',
      runtime: options.runtime ?? 'tensorflow',
      warmupIterations: options.warmupIterations ?? 1,
      batching: batchingOptions(options.batching),
      thread: new AnsweringThread(),
      shadows: checkedShadows(options.shadows),
      startWorker: options.startWorker ?? ((...args) => InferenceWorker.start(...args)),
      loadRetries: options.loadRetries ?? 5,
      loadRetrySeconds: options.loadRetrySeconds ?? 60,
      load: limitConcurrency(options.parallelLoads ?? 2),
      onEvent: this.#onEvent,
    };
  }

  /**
   * Loads the models, and keeps watching the disk. A version that cannot be loaded is reported in its status and to `onEvent`.
   *
   * @throws SignetError `INVALID_ARGUMENT` for options or configurations that make no sense.
   */
  static async start(options: ModelStoreOptions): Promise<ModelStore> {
    const { models = [], pollSeconds = 1 } = options;
    checkConfigs(models);
    const store = new ModelStore(options);
    for (const config of models) store.#models.set(config.name, store.#newModel(config));
    await store.poll();
    if (pollSeconds > 0) store.#keepPolling(pollSeconds * 1000);
    return store;
  }

  get modelNames(): readonly string[] {
    return [...this.#models.keys()];
  }

  /** Whether every model answers with some version, and nothing is being drained. */
  get isReady(): boolean {
    return !this.#isDraining && [...this.#models.values()].every(({ available }) => available.length > 0);
  }

  /** The labels of a model with their versions; empty for an unknown model. */
  labels(name: string): ReadonlyMap<string, number> {
    return this.#models.get(name)?.labels ?? new Map();
  }

  find(spec: ModelSpec): ServedVersion {
    return this.#find(spec).served;
  }

  status({ name, version, label }: ModelSpec): readonly VersionStatus[] {
    const model = this.#models.get(name);
    const wanted = label === undefined ? version : model?.labelled(label);
    const all = model?.statuses ?? [];
    const statuses = wanted === undefined ? all : all.filter((status) => status.version === wanted);
    if (statuses.length > 0) return statuses;
    throw versionsNotFound(name, version);
  }

  async predict(request: PredictRequest): Promise<PredictResponse> {
    const started = performance.now();
    const { spec, signatureName = defaultSignature, inputs, outputFilter, signal, deadline, onRun } = request;
    let version: ServedVersion | null = null;
    const finish = (status: StatusCode | 'OK') => {
      const seconds = (performance.now() - started) / 1000;
      const model = this.#models.has(spec.name) ? spec.name : null;
      this.#onEvent({ type: 'request', model, version: version?.version ?? null, signatureName, status, seconds });
    };
    try {
      // Nothing is awaited between finding a version and queueing with it: a version that is dropped later still answers its queue.
      const { served, runner } = this.#find(spec, request.version);
      version = served;
      const signature = checkRequest(served, request);
      request.claim?.exchange(checkSize(signature, Object.values(inputs), this.#sizeLimits) + contentBytes(inputs));
      checkPixels(request, this.#pixelLimits);
      const filter = outputFilter?.length ? outputFilter : undefined;
      const outputs = await runner.submit({ signatureName, inputs, outputs: filter, signal, deadline, onRun });
      finish('OK');
      this.#models.get(spec.name)?.mirror(served.version, { signatureName, inputs, outputs: filter }, outputs);
      return { version: served, signatureName, outputs };
    } catch (error) {
      finish(error instanceof ServingError ? error.status : 'INTERNAL');
      throw withHint(error, inputs);
    }
  }

  /** Checks the disk now. Settles when everything new has been loaded, or has failed. */
  poll(): Promise<void> {
    return this.#change(async () => {
      await this.#lookForModels();
      await Promise.all([...this.#models.values()].map((model) => this.#pollModel(model)));
    });
  }

  /**
   * Serves these models and no others, as HandleReloadConfigRequest asks. Settles when they are loaded.
   *
   * @throws ServingError `INVALID_ARGUMENT` ; then nothing has changed; `FAILED_PRECONDITION` for a label of a version that is not available;
   *   `UNKNOWN` when a model has no version that could be loaded.
   */
  replaceModels(configs: readonly ModelConfig[]): Promise<void> {
    return this.#change(async () => {
      asServing(() => checkConfigs(configs));
      this.#modelFolder = undefined;
      const old = this.#models;
      const next = new Map(configs.map((config) => [config.name, this.#reloaded(old.get(config.name), config)]));
      await Promise.all([...next.values()].map((model) => model.poll()));
      this.#models = next;
      for (const model of old.values()) if (next.get(model.name) !== model) this.#end(model);
      this.#checkReloaded(configs);
    });
  }

  /**
   * Replaces the served models, as TensorFlow Serving's `ReloadConfig` does. Models and versions that are in both configurations stay loaded.
   *
   * @param roots Folders that the models must lie below. Default: they may lie anywhere.
   * @throws ServingError `INVALID_ARGUMENT` for a configuration that cannot be served.
   */
  async reload(config: ModelServerConfig, roots?: readonly string[]): Promise<void> {
    const configs = asServing(() => modelConfigsOf(config));
    if (roots) await checkReloadRoots(configs, roots);
    await this.replaceModels(configs);
  }

  /** Refuses new requests, answers those it has accepted, then ends all threads. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    clearTimeout(this.#timer);
    for (const model of this.#models.values()) this.#end(model);
    await this.#changing;
    for (const model of this.#models.values()) this.#end(model);
    await Promise.all(this.#ending);
  }

  #end(model: StoredModel): void {
    const ending = model.end().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }

  /** @param found Version found earlier for the same request, which answers it as long as it is available. */
  #find({ name, version, label }: ModelSpec, found?: ServedVersion) {
    if (this.#isDraining) throw new ServingError('UNAVAILABLE', 'The server is shutting down.');
    const model = this.#models.get(name);
    if (model) return (found && model.entryOf(found)) ?? model.find(version, label);
    throw label === undefined ? servableNotFound(name, version) : unknownLabel(label);
  }

  #newModel(config: ModelConfig): StoredModel {
    return new StoredModel(config, this.#modelOptions);
  }

  /** A model whose path changes keeps answering from the old path until the new one is loaded. */
  #reloaded(old: StoredModel | undefined, config: ModelConfig): StoredModel {
    if (old?.config.basePath !== config.basePath) return this.#newModel(config);
    old.config = config;
    return old;
  }

  #checkReloaded(configs: readonly ModelConfig[]): void {
    const failed = configs.filter(({ name }) => this.#models.get(name)?.available.length === 0);
    if (failed.length > 0) {
      const reasons = failed.map(({ name }) => {
        const error = this.#models.get(name)?.statuses.find((status) => status.error !== undefined)?.error;
        return `{name: ${name}} due to error: ${error ?? 'it has no versions'}`;
      });
      throw new ServingError('UNKNOWN', `${failed.length} servable(s) did not become available: ${reasons.join(', ')}`);
    }
    const problems = [...this.#models.values()].flatMap((model) => model.assignLabels(this.#allowUnavailable, false));
    if (problems.length > 0) throw new ServingError('FAILED_PRECONDITION', problems.join('; '));
  }

  /** One change at a time, whether or not the previous one succeeded. */
  #change<T>(task: () => Promise<T>): Promise<T> {
    const change = this.#changing.then(task);
    this.#changing = change.catch(() => undefined);
    return change;
  }

  async #lookForModels(): Promise<void> {
    const folder = this.#modelFolder;
    if (folder === undefined) return;
    const configs = await modelsInFolder(folder).catch(() => []);
    // A reload may have come in between.
    if (this.#modelFolder !== folder) return;
    for (const config of configs) {
      if (!this.#models.has(config.name)) this.#models.set(config.name, this.#newModel(config));
    }
  }

  /** Labels that are waiting for their version are tried again. */
  async #pollModel(model: StoredModel): Promise<void> {
    await model.poll();
    for (const problem of model.assignLabels(this.#allowUnavailable, true)) model.tellOnce('error', problem);
  }

  /** A model that takes long to load does not keep the others waiting; none is polled twice at once. */
  #keepPolling(milliseconds: number): void {
    this.#timer = setTimeout(() => {
      void this.#lookForModels().then(() => {
        if (this.#isDraining) return;
        for (const model of this.#models.values()) if (!model.isPolling) void this.#pollModel(model);
        this.#keepPolling(milliseconds);
      });
    }, milliseconds);
    this.#timer.unref();
  }
}

function checkConfigs(configs: readonly ModelConfig[]): void {
  const names = new Set<string>();
  for (const { name, basePath, policy } of configs) {
    const problem =
      (name === '' && 'A model has no name.') ||
      (basePath === '' && `Model ${name} has no base path.`) ||
      (names.has(name) && `Two models are called ${name}.`) ||
      (policy?.kind === 'latest' &&
        !(policy.count >= 1) &&
        `Model ${name} serves the latest ${policy.count} versions.`) ||
      (policy?.kind === 'specific' && policy.versions.length === 0 && `Model ${name} names no version to be served.`);
    if (problem) throw new SignetError('INVALID_ARGUMENT', problem);
    names.add(name);
  }
}

/** @throws SignetError `INVALID_ARGUMENT` for an invalid share or version, and for two shadows of one model. */
function checkedShadows(shadows: readonly ShadowOptions[] = []): readonly ShadowOptions[] {
  const models = new Set<string | undefined>();
  for (const { model, version, share = defaultShare } of shadows) {
    const name = model === undefined ? '' : ` of ${model}`;
    const problem =
      (!(Number.isSafeInteger(version) && version >= 0) &&
        `A shadow version${name} is a whole number from 0. Received: ${version}.`) ||
      (!(share > 0 && share <= 1) &&
        `The share of requests${name} that are copied is above 0, up to 1. Received: ${share}.`) ||
      (models.has(model) && `There is one shadow version per model. Received: two${name}.`);
    if (problem) throw new SignetError('INVALID_ARGUMENT', problem);
    models.add(model);
  }
  return shadows;
}

/** Runs a check whose errors were written for the person who starts the server, and turns them into errors for the client. */
function asServing<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    throw new ServingError('INVALID_ARGUMENT', wordsOf(error), { cause: error });
  }
}

/** TensorFlow's error about a base64 string does not tell a client that it is base64. */
function withHint(error: unknown, inputs: PredictRequest['inputs']): unknown {
  const isOfTensorFlow = error instanceof ServingError && error.cause instanceof SignetError;
  const hint = isOfTensorFlow ? encodingHint(inputs) : '';
  return hint === '' || !isOfTensorFlow
    ? error
    : new ServingError(error.status, error.message + hint, { cause: error.cause });
}
