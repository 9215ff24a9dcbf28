import { existsSync } from 'node:fs';
import path from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { SignetError } from '../../errors.js';
import type { SavedModel } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import {
  type TrackableObjectGraph,
  TrackableObjectGraphSchema,
} from '../../tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';
import { damagedFile } from '../checkpoint/byte-reader.js';
import { elementTypeName, type TensorValues } from '../checkpoint/element-type.js';
import { readSavedModel } from './read-saved-model.js';
import { type BundleEntry, readTensorBundle, type TensorBundle } from '../checkpoint/read-tensor-bundle.js';

/** A variable of a SavedModel. */
export interface VariableInfo {
  /**
   * The name its maker gave it, such as `conv2d/kernel`. Python's models may have several variables of one name.
   */
  readonly name: string;
  /** Its key in the checkpoint, such as `variables/0/.ATTRIBUTES/VARIABLE_VALUE`; unique. */
  readonly key: string;
  /** Name that Python has after `tf.`: `float32`, `bfloat16`, `string`. */
  readonly dtype: string;
  /** Size of each dimension; empty for a scalar. */
  readonly shape: readonly number[];
  /** Bytes on disk. */
  readonly bytes: number;
}

/** A variable with its elements in row-major order. */
export interface VariableValues extends VariableInfo {
  /**
   * `Float32Array` for float32, and for float16 and bfloat16, which it holds exactly; `Float64Array` for float64; `BigInt64Array` for int64,
   * `BigUint64Array` for uint64, and the typed array of the same name for the smaller integers; `Uint8Array` of 0 and 1 for bool; bytes
   * (`Uint8Array[]`) for string; complex64 and complex128 as float32 and float64, the real and the imaginary part in turns.
   */
  readonly values: TensorValues;
}

/** The checkpoint's entry that holds the object graph; TensorFlow 1's checkpoints have none. */
const objectGraphKey = '_CHECKPOINTABLE_OBJECT_GRAPH';
/** Name that objects of the graph give the entry with a variable's value; other entries are tables and configurations. */
const valueAttribute = 'VARIABLE_VALUE';
/** `tf.train.Checkpoint` counts its saves in a separate variable. */
const saveCounterKey = 'save_counter/.ATTRIBUTES/VARIABLE_VALUE';

/**
 * The variables of a SavedModel, Signet's or Python's, by key; after `tf.train.list_variables`. Read without TensorFlow.
 *
 * Left out is everything but the model's variables: the object graph itself, the contents of lookup tables, Keras's
 * configurations, and the `save_counter` of `tf.train.Checkpoint`.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the directory is not a SavedModel, or its variables are missing or damaged.
 */
export async function listVariables(directory: string): Promise<VariableInfo[]> {
  const checkpoint = await readCheckpoint(directory, await readSavedModel(directory));
  return [...(checkpoint?.variables ?? [])];
}

/**
 * The variables of a SavedModel with their values, by key; see `listVariables`.
 *
 * Every checksum is verified. All values are in memory at once.
 *
 * @example
 * ```ts
 * for (const { name, shape, values } of await readVariables('models/LenetModel/1')) console.log(name, shape, values[0]);
 * ```
 * @throws SignetError `INVALID_SAVED_MODEL`, also for a variable that is partitioned (TensorFlow 1) or of a type without a fixed size, such as
 *   variant.
 */
export async function readVariables(directory: string): Promise<VariableValues[]> {
  const checkpoint = await readCheckpoint(directory, await readSavedModel(directory));
  const result: VariableValues[] = [];
  for (const variable of checkpoint?.variables ?? []) {
    const values = await checkpoint?.bundle.read(variable.key);
    if (values) result.push({ ...variable, values });
  }
  return result;
}

/** The checkpoint in a SavedModel. */
export interface Checkpoint {
  readonly bundle: TensorBundle;
  readonly variables: readonly VariableInfo[];
  /** `null` in TensorFlow 1's, where a variable's key is its name. */
  readonly objectGraph: TrackableObjectGraph | null;
}

/**
 * Reads the checkpoint of a SavedModel: names, types and shapes, no values.
 *
 * @returns `null` for a model that has no variables and no checkpoint, as TensorFlow 1 saves it.
 * @throws SignetError `INVALID_SAVED_MODEL` when it is damaged, or missing though the graph has variables.
 */
export async function readCheckpoint(directory: string, savedModel: SavedModel): Promise<Checkpoint | null> {
  const prefix = path.join(directory, 'variables', 'variables');
  if (!existsSync(`${prefix}.index`)) {
    if (!hasVariables(savedModel)) return null;
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} is incomplete: it has no variables/variables.index. Copy or save the model again.`,
    );
  }
  const bundle = await readTensorBundle(prefix);
  const objectGraph = await readObjectGraph(bundle);
  const names = objectGraph && variableNames(objectGraph);
  const variables = [...bundle.entries.values()].flatMap((entry) => {
    const name = names ? names.get(entry.key) : entry.key;
    return name === undefined ? [] : [variableInfo(entry, name)];
  });
  return { bundle, variables, objectGraph };
}

function variableInfo({ key, dataType, shape, size }: BundleEntry, name: string): VariableInfo {
  return { name, key, dtype: elementTypeName(dataType), shape, bytes: size };
}

const variableOps = new Set(['VarHandleOp', 'VariableV2', 'Variable']);

function hasVariables({ metaGraphs }: SavedModel): boolean {
  return metaGraphs.some(({ graphDef }) => graphDef?.node.some(({ op }) => variableOps.has(op)));
}

/** The names of what is in a checkpoint of TensorFlow 2; null where it has none. @throws SignetError `INVALID_SAVED_MODEL`. */
export async function readObjectGraph(bundle: TensorBundle): Promise<TrackableObjectGraph | null> {
  if (!bundle.entries.has(objectGraphKey)) return null;
  const [serialized] = await bundle.read(objectGraphKey);
  try {
    if (serialized instanceof Uint8Array) return fromBinary(TrackableObjectGraphSchema, serialized);
  } catch (error) {
    throw damagedFile(`${bundle.prefix}.index`, 'its object graph is not a protocol buffer', { cause: error });
  }
  throw damagedFile(`${bundle.prefix}.index`, 'its object graph is not a string');
}

/** Names by the keys of the checkpoint. A variable without a name is called by its place: `encoder/w`. */
function variableNames({ nodes }: TrackableObjectGraph): Map<string, string> {
  const attributes = nodes.flatMap((node) => node.attributes);
  const values = attributes.filter(
    ({ name, checkpointKey }) => name === valueAttribute && checkpointKey !== saveCounterKey,
  );
  return new Map(
    values.map(({ checkpointKey, fullName }) => [
      checkpointKey,
      fullName || (checkpointKey.split('/.ATTRIBUTES/', 1)[0] ?? ''),
    ]),
  );
}
