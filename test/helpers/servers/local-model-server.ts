import { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import { checkRequest, defaultSignature } from '../../../src/serving/limits/check-request.js';
import { servableNotFound, unknownLabel, versionsNotFound } from '../../../src/serving/model-not-found.js';
import type {
  ModelServer,
  ModelSpec,
  PredictRequest,
  PredictResponse,
  ServedVersion,
  VersionStatus,
} from '../../../src/serving/model-server.js';
import { asServingError } from '../../../src/serving/serving-error.js';

/** A ModelServer for one SavedModel in this thread, which a call blocks. For commands that answer one person, and as a baseline for servers. */
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

  // oxlint-disable-next-line typescript/require-await -- other servers wait; this one fails as they do
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
