import * as tf from './loading/library.js';

/** An attribute of an op as tfjs-node's binding takes it; `type` is one of the binding's `TF_ATTR_*`. */
export interface BindingAttribute {
  readonly name: string;
  readonly type: number;
  readonly value: unknown;
}

/** What TF.js calls a tensor's storage: an object compared by identity. */
export type DataId = object;

/** A tensor of TensorFlow's, as the binding describes it. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: number;
}

/** The native part of tfjs-node 4.22, as far as Signet uses it. */
export interface Binding {
  readonly TF_Version: string;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_INT: number;
  readonly TF_ATTR_FLOAT: number;
  readonly TF_ATTR_BOOL: number;
  readonly TF_ATTR_TYPE: number;
  readonly TF_ATTR_SHAPE: number;
  executeOp(op: string, attributes: BindingAttribute[], inputIds: number[], outputs: number): TensorMetadata[];
  deleteTensor(id: number): void;
  tensorDataSync(id: number): tf.backend_util.BackendValues | BigInt64Array;
  createTensor(shape: number[], dtype: number, values: tf.backend_util.BackendValues | BigInt64Array): number;
  loadSavedModel(directory: string, tags: string): number;
  /** Sets the configuration of all sessions that this thread loads later; added by Signet. @param config A serialized ConfigProto; empty for the default. */
  setSessionConfig(config: Uint8Array): void;
  /** Offers a session to another thread; added by Signet. @returns The offer, for that thread's `takeSavedModel`. */
  offerSavedModel(session: number): number;
  /** Takes the session that another thread has offered. Both must delete it. */
  takeSavedModel(offer: number): number;
  deleteSavedModel(session: number): void;
  runSavedModel(session: number, inputIds: number[], inputNames: string, outputNames: string): TensorMetadata[];
}

/** The backend of tfjs-node 4.22, as far as Signet uses it: every kernel of it ends in one of the two `execute` methods. */
export interface NodeBackend {
  readonly binding: Binding;
  readonly isUsingGpuDevice: boolean;
  executeSingleOutput(op: string, attributes: BindingAttribute[], inputs: tf.Tensor[]): tf.Tensor;
  executeMultipleOutputs(op: string, attributes: BindingAttribute[], inputs: tf.Tensor[], outputs: number): tf.Tensor[];
  readSync(dataId: DataId): tf.backend_util.BackendValues;
  read(dataId: DataId): Promise<tf.backend_util.BackendValues>;
  /** How many tensors share a storage. */
  refCount(dataId: DataId): number;
  createOutputTensor(metadata: TensorMetadata): tf.Tensor;
  executeEncodeImageOp(op: string, attributes: BindingAttribute[], pixels: Uint8Array, shape: number[]): tf.Tensor;
  getInputTensorIds(tensors: tf.Tensor[]): number[];
}

/** tfjs-node's backend, with the members that its typings hide. */
export const backend = tf.backend() as unknown as NodeBackend;

/** `2.21.0`, of the library that is loaded. */
export const tensorflowVersion = backend.binding.TF_Version;
