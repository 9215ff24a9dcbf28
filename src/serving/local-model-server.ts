import { SignetError } from '../errors.js';
import { LoadedSavedModel } from '../saved-model/run/load-saved-model.js';
import { checkRequest, defaultSignature } from './limits/check-request.js';
import { servableNotFound, unknownLabel, versionsNotFound } from './model-not-found.js';
import type {
  ModelServer,
  ModelSpec,
  PredictRequest,
  PredictResponse,
  ServedVersion,
  VersionStatus,
} from './model-server.js';
import { ServingError } from './serving-error.js';

/**
 * A ModelServer of one SavedModel in this very thread, which a call blocks: for commands that answer one person, and to measure
 * servers against.
 */
export class LocalModelServer implements ModelServer {
  readonly #version: ServedVersion;

  private constructor(
    private readonly model: LoadedSavedModel,
    name: string,
    version: number,
  ) {
    this.#version = { name, version, signatures: model.signatures };
  }

  /** @throws SignetError `INVALID_SAVED_MODEL`. */
  static async load(directory: string, name = 'model', version = 1): Promise<LocalModelServer> {
    return new LocalModelServer(await LoadedSavedModel.load(directory), name, version);
  }

  get modelNames(): readonly string[] {
    return [this.#version.name];
  }

  find(spec: ModelSpec): ServedVersion {
    if (this.#isMeant(spec)) return this.#version;
    throw servableNotFound(spec.name, spec.version);
  }

  status(spec: ModelSpec): readonly VersionStatus[] {
    if (this.#isMeant(spec)) return [{ version: this.#version.version, state: 'AVAILABLE' }];
    throw versionsNotFound(spec.name, spec.version);
  }

  #isMeant({ name, version, label }: ModelSpec): boolean {
    if (label !== undefined) throw unknownLabel(label);
    return name === this.#version.name && (version === undefined || version === this.#version.version);
  }

  // eslint-disable-next-line @typescript-eslint/require-await -- other servers wait; this one fails as they do
  async predict(request: PredictRequest): Promise<PredictResponse> {
    const version = this.find(request.spec);
    const { signatureName = defaultSignature, inputs, outputFilter } = request;
    checkRequest(version, request);
    try {
      const wanted = outputFilter?.length ? outputFilter : undefined;
      return { version, signatureName, outputs: this.model.callValues(signatureName, inputs, wanted) };
    } catch (error) {
      throw asServingError(error);
    }
  }

  dispose(): void {
    this.model.dispose();
  }
}

/** What TensorFlow says of a request that it cannot compute is the client's affair: a bad image, a shape that does not fit. */
export function asServingError(error: unknown): unknown {
  if (!(error instanceof SignetError) || error.code !== 'TENSORFLOW_ERROR') return error;
  return new ServingError('INVALID_ARGUMENT', error.message, { cause: error });
}
