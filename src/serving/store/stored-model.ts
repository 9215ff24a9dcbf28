import { wordsOf } from '../../errors.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { findModelDescription } from '../../models/classifier/model-description.js';
import type { Signature } from '../../saved-model/read/read-saved-model.js';
import type { PrecisionChoice } from '../../tensorflow/precision.js';
import { servableNotFound, unknownLabel } from '../model-not-found.js';
import type { ServedVersion, VersionState, VersionStatus } from '../model-server.js';
import type { BatchRun } from './batching.js';
import type { BatchingSettings } from './batching-options.js';
import type { Runtime } from '../worker/served-model.js';
import type { ModelConfig } from './model-config.js';
import type { Outputs, SignatureCall } from './queued-request.js';
import { defaultShare, Shadow, type ShadowOptions } from './shadow.js';
import { type AnsweringThread, busyThread } from './short-calls.js';
import type { OnStoreEvent, StoreEvent } from './store-event.js';
import { VersionRunner, type VersionRunnerOptions } from './version-runner.js';
import { chooseVersions, inspectVersion, listVersions, type VersionFolder } from './version-source.js';

/** Options for loading and running models; the same for all models of a store. */
export interface StoredModelOptions {
  readonly workersPerVersion: number;
  readonly warmupIterations: number;
  readonly trustModels: boolean;
  readonly precision: PrecisionChoice;
  readonly runtime: Runtime;
  readonly batching: BatchingSettings;
  readonly thread: AnsweringThread;
  /** Versions that get copies of requests. */
  readonly shadows: readonly ShadowOptions[];
  readonly startWorker: VersionRunnerOptions['startWorker'];
  readonly loadRetries: number;
  readonly loadRetrySeconds: number;
  /** Runs a load, with a limit on loads at the same time. */
  readonly load: <T>(task: () => Promise<T>) => Promise<T>;
  readonly onEvent: OnStoreEvent;
}

/** A version in the store, from when it is found until it is forgotten after its end. */
export interface VersionEntry {
  readonly version: number;
  readonly directory: string;
  state: VersionState;
  error?: string;
  /** Present while the version is available or unloading. */
  runner?: VersionRunner;
  served?: ServedVersion;
  /** Stamp of the files that the last load was tried with. */
  stamp: string;
  /** Number of loads that have failed with these files. */
  failures: number;
  /** Time at which the last one failed, by `performance.now`. */
  failedAt: number;
}

/** A version that answers. */
type AvailableVersion = VersionEntry & Required<Pick<VersionEntry, 'runner' | 'served'>>;

function isAvailable(entry: VersionEntry | undefined): entry is AvailableVersion {
  return entry?.state === 'AVAILABLE' && entry.runner !== undefined && entry.served !== undefined;
}

/** Number of ended versions that are kept in the status. */
const keptEnded = 8;

/** A model: finds its versions, loads the new ones, then drops those that are no longer wanted. */
export class StoredModel {
  readonly #entries = new Map<number, VersionEntry>();
  readonly #unloading = new Set<Promise<void>>();
  /** Problems that were logged and still exist; each is logged once. */
  readonly #told = new Set<string>();
  #labels: ReadonlyMap<string, number> = new Map();
  readonly #shadow: Shadow | undefined;
  readonly #shadowVersion: number | undefined;
  #polling: Promise<void> = Promise.resolve();
  #polls = 0;
  #hasEnded = false;

  constructor(
    public config: ModelConfig,
    private readonly options: StoredModelOptions,
  ) {
    const { shadows } = options;
    const wanted =
      shadows.find(({ model }) => model === config.name) ?? shadows.find(({ model }) => model === undefined);
    this.#shadowVersion = wanted?.version;
    this.#shadow = wanted && this.#newShadow(wanted);
  }

  get name(): string {
    return this.config.name;
  }

  /** Whether a poll is in progress. */
  get isPolling(): boolean {
    return this.#polls > 0;
  }

  /** Versions that answer, the latest first. */
  get available(): readonly VersionEntry[] {
    return this.#sorted().filter(({ state }) => state === 'AVAILABLE');
  }

  /** All known versions, the latest first. */
  get statuses(): readonly VersionStatus[] {
    return this.#sorted().map(({ version, state, error }) => ({
      version,
      state,
      ...(error === undefined ? {} : { error }),
    }));
  }

  get labels(): ReadonlyMap<string, number> {
    return this.#labels;
  }

  /** @throws ServingError `NOT_FOUND`, `INVALID_ARGUMENT` for an unknown label. */
  find(version?: number, label?: string): AvailableVersion {
    const wanted = label === undefined ? version : this.labelled(label);
    // A request without a version must not get the version whose answers are still being compared.
    const isMeant = (each: VersionEntry) => each.version !== this.#shadowVersion;
    const entry = wanted === undefined ? this.available.find(isMeant) : this.#entries.get(wanted);
    if (isAvailable(entry)) return entry;
    throw servableNotFound(this.name, wanted);
  }

  /** The entry of a version that was found earlier; undefined once it has been unloaded or loaded again. */
  entryOf(found: ServedVersion): AvailableVersion | undefined {
    const entry = this.#entries.get(found.version);
    return isAvailable(entry) && entry.served === found ? entry : undefined;
  }

  /** Sends the shadow version a copy of a request that another version has computed. */
  mirror(version: number, call: SignatureCall, outputs: Outputs): void {
    if (version !== this.#shadowVersion) this.#shadow?.offer(call, outputs);
  }

  /** @throws ServingError `INVALID_ARGUMENT` for an unknown label. */
  labelled(label: string): number {
    const version = this.#labels.get(label);
    if (version !== undefined) return version;
    throw unknownLabel(label);
  }

  /**
   * Applies the labels of the configuration that are allowed.
   *
   * Source: `ServerCore::UpdateModelVersionLabelMap` in tensorflow_serving/model_servers/server_core.cc.
   *
   * @param allowUnavailable Whether a new label may point at a version that is not available.
   * @param isPartial Whether the other labels are applied if one has a problem; otherwise all stay as they were, in the configuration too.
   * @returns Sentences about labels that were not applied.
   */
  assignLabels(allowUnavailable: boolean, isPartial: boolean): string[] {
    const wanted = [...(this.config.labels ?? [])];
    const mayTake = ([label, version]: [string, number]) => {
      if (this.#entries.get(version)?.state === 'AVAILABLE' || this.#labels.get(label) === version) return true;
      return allowUnavailable && !this.#labels.has(label);
    };
    const taken = wanted.filter(mayTake);
    if (taken.length === wanted.length || isPartial) this.#labels = new Map(taken);
    else this.config = { ...this.config, labels: this.#labels };
    return wanted
      .filter((each) => !taken.includes(each))
      .map(
        ([label, version]) =>
          `Request to assign label "${label}" to version ${version} of model ${this.name}, which is not currently available for inference`,
      );
  }

  /** Checks the disk and acts on what it finds. Polls run one after another; this one sees the disk as it is now. */
  poll(): Promise<void> {
    this.#polls += 1;
    this.#polling = this.#polling
      .then(() => this.#poll())
      .catch((error: unknown) => this.#tell('error', `${this.name} could not be polled: ${wordsOf(error)}`))
      .finally(() => (this.#polls -= 1));
    return this.#polling;
  }

  /** Answers what was accepted, then unloads everything. */
  async end(): Promise<void> {
    this.#hasEnded = true;
    await this.#polling;
    for (const entry of this.available) this.#unload(entry);
    await Promise.all(this.#unloading);
  }

  async #poll(): Promise<void> {
    if (this.#hasEnded) return;
    const folders = await this.#list();
    if (folders === null) return;
    for (;;) {
      const wanted = await this.#chooseVersions(folders);
      const missing = wanted.filter(({ version }) => this.#entries.get(version)?.state !== 'AVAILABLE');
      const failures = await this.#loadAll(missing);
      // A version that fails is replaced by an older one.
      if (failures > 0 && this.config.policy?.kind !== 'specific') continue;
      this.#unloadOthers(folders, wanted);
      break;
    }
    this.#forget(folders);
  }

  /** The policy's versions and the shadow version. */
  async #chooseVersions(folders: readonly VersionFolder[]): Promise<VersionFolder[]> {
    const isUsable = (folder: VersionFolder) => this.#isUsable(folder);
    const isShadow = ({ version }: VersionFolder) => version === this.#shadowVersion;
    const others = folders.filter((folder) => !isShadow(folder));
    const chosen = await chooseVersions(others, this.config.policy, isUsable);
    return [...chosen, ...(await chooseVersions(folders.filter(isShadow), { kind: 'all' }, isUsable))];
  }

  #newShadow({ version, share = defaultShare }: ShadowOptions): Shadow {
    const shadow = (): AvailableVersion | undefined => {
      const entry = this.#entries.get(version);
      return isAvailable(entry) ? entry : undefined;
    };
    return new Shadow(share, {
      submit: async (call) => {
        const runner = shadow()?.runner;
        if (!runner) throw servableNotFound(this.name, version);
        return runner.submit(call);
      },
      isBusy: () => this.available.some((entry) => entry.version !== version && entry.runner?.isBusy === true),
      onRun: (run) => this.#emit({ type: 'shadow', model: this.name, version, ...run }),
    });
  }

  /** Null if the base path cannot be read: then nothing changes. */
  async #list(): Promise<readonly VersionFolder[] | null> {
    const { basePath, name } = this.config;
    try {
      const { folders, warnings } = await listVersions(basePath);
      if (folders.length === 0) this.tellOnce('warning', `No versions of model ${name} found under ${basePath}`);
      for (const warning of warnings) this.tellOnce('warning', warning);
      return folders;
    } catch (error) {
      this.tellOnce('error', `Could not find base path ${basePath} for model ${name}: ${wordsOf(error)}`);
      return null;
    }
  }

  /** Whether a version is loaded, or complete and has not just failed. */
  async #isUsable({ version, directory }: VersionFolder): Promise<boolean> {
    const known = this.#entries.get(version);
    if (known?.state === 'AVAILABLE') return true;
    // It is still answering requests that it has accepted.
    if (known?.state === 'UNLOADING') return false;
    const { problem, stamp } = await inspectVersion(directory);
    const entry = this.#entryToLoad(version, directory, stamp);
    if (problem !== null) {
      entry.error = `${directory} is not complete: ${problem}`;
      this.tellOnce('warning', entry.error);
      return false;
    }
    const { loadRetries, loadRetrySeconds } = this.options;
    const isDue = performance.now() - entry.failedAt >= loadRetrySeconds * 1000;
    return entry.failures === 0 || (entry.failures <= loadRetries && isDue);
  }

  /** The entry of a version that is not loaded; a version whose files have changed starts from scratch. */
  #entryToLoad(version: number, directory: string, stamp: string): VersionEntry {
    const known = this.#entries.get(version);
    if (known?.stamp === stamp && known.directory === directory && known.error !== undefined) return known;
    const entry: VersionEntry = { version, directory, state: 'START', stamp, failures: 0, failedAt: -Infinity };
    this.#entries.set(version, entry);
    return entry;
  }

  /** @returns the number of failures. */
  async #loadAll(folders: readonly VersionFolder[]): Promise<number> {
    const loads = folders.map(async ({ version }) => {
      const entry = this.#entries.get(version);
      return entry ? this.options.load(() => this.#load(entry)) : true;
    });
    return (await Promise.all(loads)).filter((isLoaded) => !isLoaded).length;
  }

  async #load(entry: VersionEntry): Promise<boolean> {
    if (this.#hasEnded) return true;
    const { version, directory } = entry;
    this.#setState(entry, 'LOADING');
    try {
      const runner = await VersionRunner.start(directory, this.#runnerOptions(entry));
      entry.runner = runner;
      const { signatures, precision } = runner;
      const served = { name: this.name, version, signatures, precision, ...(await describedBy(directory)) };
      const shadow = version === this.#shadowVersion ? this.#shadow : undefined;
      entry.served = shadow
        ? Object.defineProperty(served, 'shadow', { get: () => shadow.report, enumerable: true })
        : served;
      for (const note of runner.notes) this.#tell('info', `${this.name}/${version} ${note}`);
      for (const warning of omissionsOf(runner.signatures))
        this.#tell('warning', `${this.name}/${version}: ${warning}`);
      this.#emit({ type: 'precision', model: this.name, version, ...precision });
      if (runner.warmup) this.#emit({ type: 'warmup', model: this.name, version, ...runner.warmup });
      this.#setState(entry, 'AVAILABLE');
      return true;
    } catch (error) {
      this.#failed(entry, error);
      return false;
    }
  }

  #runnerOptions(entry: VersionEntry) {
    const { workersPerVersion, warmupIterations, trustModels, precision, runtime, batching, thread, startWorker } =
      this.options;
    const { version } = entry;
    const name = `${this.name}/${version}`;
    return {
      workers: workersPerVersion,
      warmupIterations,
      trustModels,
      precision,
      runtime,
      batching,
      // Copies of requests must not take time of the answering thread.
      thread: version === this.#shadowVersion ? busyThread() : thread,
      startWorker,
      name,
      onBatch: (run: BatchRun) => this.#emit({ type: 'batch', model: this.name, version, ...run }),
      onCrash: () => this.#tell('error', `A thread of model ${name} has ended; it is loaded again.`),
      onLost: (error: Error) => this.#failed(entry, error),
    };
  }

  #failed(entry: VersionEntry, error: unknown): void {
    entry.failures += 1;
    entry.failedAt = performance.now();
    delete entry.runner;
    this.#setState(entry, 'END', wordsOf(error));
    const { loadRetries, loadRetrySeconds } = this.options;
    const again =
      entry.failures <= loadRetries
        ? `It is tried again in ${loadRetrySeconds} s (${entry.failures} of ${loadRetries}), or when its files change.`
        : 'It is tried again when its files change.';
    this.#tell('error', `Version ${entry.version} of model ${this.name} could not be loaded: ${entry.error} ${again}`);
  }

  /** Versions that are no longer wanted are unloaded once a wanted one answers, or when none is left on disk. */
  #unloadOthers(folders: readonly VersionFolder[], wanted: readonly VersionFolder[]): void {
    const keep = new Set(wanted.map(({ version }) => version));
    const others = wanted.filter(({ version }) => version !== this.#shadowVersion);
    const isAnswered = others.some(({ version }) => this.#entries.get(version)?.state === 'AVAILABLE');
    if (!isAnswered && folders.length > 0) return;
    for (const entry of this.available) if (!keep.has(entry.version)) this.#unload(entry);
  }

  #unload(entry: VersionEntry): void {
    this.#setState(entry, 'UNLOADING');
    const unloading = (entry.runner?.end() ?? Promise.resolve())
      .catch((error: unknown) => this.#tell('error', `${this.name}/${entry.version}: ${wordsOf(error)}`))
      .then(() => {
        delete entry.runner;
        this.#setState(entry, 'END');
        this.#unloading.delete(unloading);
      });
    this.#unloading.add(unloading);
  }

  /** Forgets versions that were never loaded and are gone from the disk, and all but the last ones that have ended. */
  #forget(folders: readonly VersionFolder[]): void {
    const found = new Set(folders.map(({ version }) => version));
    for (const { version, state } of this.#entries.values()) {
      if (state === 'START' && !found.has(version)) this.#entries.delete(version);
    }
    const ended = this.#sorted().filter(({ state, version }) => state === 'END' && !found.has(version));
    for (const { version } of ended.slice(keptEnded)) this.#entries.delete(version);
  }

  #sorted(): VersionEntry[] {
    return [...this.#entries.values()].toSorted((a, b) => b.version - a.version);
  }

  #setState(entry: VersionEntry, state: VersionState, error?: string): void {
    entry.state = state;
    delete entry.error;
    if (error !== undefined) entry.error = error;
    const { version } = entry;
    this.#emit({ type: 'version', model: this.name, version, state, ...(error === undefined ? {} : { error }) });
  }

  #tell(level: 'info' | 'warning' | 'error', message: string): void {
    this.#emit({ type: 'log', level, model: this.name, message });
  }

  /** Logs a problem once, even if it lasts for many polls. */
  tellOnce(level: 'warning' | 'error', message: string): void {
    if (this.#told.has(message)) return;
    if (this.#told.size >= 1000) this.#told.clear();
    this.#told.add(message);
    this.#tell(level, message);
  }

  #emit(event: StoreEvent): void {
    this.options.onEvent(event);
  }
}

/** Reads what Signet has written next to its own models; for the web page, so a model without it is served all the same. */
async function describedBy(directory: string): Promise<Pick<ServedVersion, 'inputSize' | 'classNames'>> {
  const description = await findModelDescription(directory);
  if (!description) return {};
  const classNames = await readClassNames(directory).catch(() => undefined);
  return {
    inputSize: [description.inputHeight, description.inputWidth],
    ...(classNames !== undefined && { classNames }),
  };
}

/** Sentences about inputs and outputs of a version's signatures that requests and answers cannot carry. */
function omissionsOf(signatures: Readonly<Record<string, Signature>>): string[] {
  return Object.entries(signatures).flatMap(([key, { omitted }]) => {
    const { inputs = [], outputs = [] } = omitted ?? {};
    return [
      ...(inputs.length > 0
        ? [`the signature "${key}" cannot be called: no request carries its ${inputs.join(', ')}.`]
        : []),
      ...(outputs.length > 0
        ? [`the signature "${key}" answers without ${outputs.join(', ')}, which no answer carries.`]
        : []),
    ];
  });
}
