import type { Signature } from '../saved-model/read/read-saved-model.js';
import type { ModelVersionStatus_State } from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';

/** A call of one signature. */
export interface ModelCall {
  readonly signatureName: string;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Default: all outputs. */
  readonly outputFilter?: readonly string[] | undefined;
  /** Aborts the call. */
  readonly signal?: AbortSignal | undefined;
}

/** Answer to a call of a signature. */
export interface ModelAnswer {
  /** Outputs of the signature, by name. */
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** Version that answered; null over REST, which does not say. */
  readonly version: number | null;
  /** Size of the request's body, in bytes. */
  readonly bytesSent: number;
}

/** Description of a model on a server. */
export interface ModelMetadata {
  /** Name of the model on the server. */
  readonly name: string;
  /** Version that answers now; null if the server does not say. */
  readonly version: number | null;
  /** Signatures by SignatureDef key, such as `serving_default`. */
  readonly signatures: Readonly<Record<string, Signature>>;
}

/** State of a model's version on a server. */
export interface ModelVersion {
  /** Number of the version. */
  readonly version: number;
  /** State, such as `AVAILABLE`. */
  readonly state: keyof typeof ModelVersionStatus_State;
  /** Reason why it is not available; null if nothing is wrong. */
  readonly error: string | null;
}

/** Client of one protocol; failures are `ServerError`s. */
export interface ProtocolClient {
  predict(call: ModelCall): Promise<ModelAnswer>;
  metadata(signal?: AbortSignal): Promise<ModelMetadata>;
  /** Versions of the model, the latest first. */
  status(signal?: AbortSignal): Promise<readonly ModelVersion[]>;
  close(): void;
}
