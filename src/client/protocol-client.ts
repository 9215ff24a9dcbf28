import type { Signature } from '../saved-model/read/read-saved-model.js';
import type { ModelVersionStatus_State } from '../tensorflow/protos/tensorflow_serving/apis/get_model_status_pb.js';
import type { TensorValue } from '../tensorflow/tensor-value.js';

/** A call of one signature. */
export interface ModelCall {
  readonly signatureName: string;
  readonly inputs: Readonly<Record<string, TensorValue>>;
  /** Default: all outputs. */
  readonly outputFilter?: readonly string[] | undefined;
  /** Gives the call up. */
  readonly signal?: AbortSignal | undefined;
}

export interface ModelAnswer {
  readonly outputs: Readonly<Record<string, TensorValue>>;
  /** Which version answered; null over REST, which does not say. */
  readonly version: number | null;
  /** Size of the request's body. */
  readonly bytesSent: number;
}

export interface ModelMetadata {
  readonly name: string;
  /** The version that answers at present; null where the server does not say. */
  readonly version: number | null;
  /** By SignatureDef key. */
  readonly signatures: Readonly<Record<string, Signature>>;
}

export interface ModelVersion {
  readonly version: number;
  readonly state: keyof typeof ModelVersionStatus_State;
  /** Why it is not available; null where nothing is wrong. */
  readonly error: string | null;
}

/** What a protocol's client does; failures are `ServerError`s. */
export interface ProtocolClient {
  predict(call: ModelCall): Promise<ModelAnswer>;
  metadata(signal?: AbortSignal): Promise<ModelMetadata>;
  /** Versions of the model, the latest first. */
  status(signal?: AbortSignal): Promise<readonly ModelVersion[]>;
  close(): void;
}
