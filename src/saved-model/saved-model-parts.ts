import type * as tf from '../tensorflow/tf.js';
import type { ConcreteFunction } from '../tracing/concrete-function.js';

/** What `tensorflow/serving/predict` and the other APIs of TensorFlow Serving are called in a SignatureDef. */
export type SignatureMethod = 'predict' | 'classify' | 'regress';

/** What a SavedModel holds. */
export interface SavedModelParts {
  /** Functions that Python can call on the loaded object, by the name they have there, such as `predict_bytes_image`. */
  readonly functions: Readonly<Record<string, ConcreteFunction>>;
  /** Which of the functions answer to which SignatureDef key. */
  readonly signatures: Readonly<Record<string, string>>;
  /** Variables beyond those that the functions use. */
  readonly variables?: readonly tf.Variable[];
  /** Files for `assets/`, by name. */
  readonly assets?: Readonly<Record<string, string | Uint8Array>>;
  /** Files for `assets.extra/`, by name: for people, not for TensorFlow. */
  readonly assetsExtra?: Readonly<Record<string, string | Uint8Array>>;
}

/** Every variable of the parts, each once. */
export function variablesOf({ functions, variables = [] }: SavedModelParts): tf.Variable[] {
  return [...new Set([...variables, ...Object.values(functions).flatMap((fn) => fn.captures)])];
}

/** The key of a variable in the checkpoint: its place in the object graph, see `object-graph.ts`. */
export function checkpointKey(position: number): string {
  return `variables/${position}/.ATTRIBUTES/VARIABLE_VALUE`;
}

/** A variable's name as a node of a graph may be called. Unique, because TF.js keeps variables' names unique. */
export function graphNameOf(variable: tf.Variable): string {
  return variable.name.replace(/[^A-Za-z0-9_./]/g, '_').replace(/^[^A-Za-z0-9.]/, 'v$&');
}
