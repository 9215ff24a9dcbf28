import { fromBinary } from '@bufbuild/protobuf';

import { VariableDefSchema } from '../../tensorflow/protos/tensorflow/core/framework/variable_pb.js';
import type { SavedModel } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import type { SavedObjectGraph } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_object_graph_pb.js';
import type { TrackableObjectGraph } from '../../tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';
import { sizeFromShape } from '../../tracing/tensor-spec.js';
import type { Checkpoint, VariableInfo } from '../read/read-variables.js';

/** A variable, and what the model does with it. */
export interface VariableDescription extends VariableInfo {
  /** Whether training changes it; `null` if the model does not say. */
  readonly isTrainable: boolean | null;
  /** Whether a function reads it: Keras 3 saves every weight twice and reads one of the two. `null` if that is unknown. */
  readonly isUsed: boolean | null;
}

/** The variables of a SavedModel and their sums. */
export interface VariablesDescription {
  /** Number of values in all of them. */
  readonly parameters: number;
  /** Number of values that training changes; `null` if the model does not say for each variable. */
  readonly trainableParameters: number | null;
  /** Number of values in variables that no function reads. */
  readonly unusedParameters: number;
  /** Bytes on disk. */
  readonly bytes: number;
  /** By key. */
  readonly list: readonly VariableDescription[];
}

/** Describes the variables in the checkpoint of a SavedModel. */
export function describeVariables(savedModel: SavedModel, checkpoint: Checkpoint | null): VariablesDescription {
  const facts = checkpoint?.objectGraph
    ? factsOfObjects(savedModel.metaGraphs[0]?.objectGraphDef, checkpoint.objectGraph)
    : factsOfCollections(savedModel);
  const unknown = { isTrainable: null, isUsed: null };
  const list = (checkpoint?.variables ?? []).map((variable) => ({
    ...variable,
    ...(facts.get(variable.key) ?? unknown),
  }));
  const trainable = list.filter(({ isTrainable }) => isTrainable);
  return {
    parameters: countOf(list),
    trainableParameters: list.some(({ isTrainable }) => isTrainable === null) ? null : countOf(trainable),
    unusedParameters: countOf(list.filter(({ isUsed }) => isUsed === false)),
    bytes: list.reduce((sum, { bytes }) => sum + bytes, 0),
    list,
  };
}

type Facts = Pick<VariableDescription, 'isTrainable' | 'isUsed'>;

function countOf(variables: readonly VariableInfo[]): number {
  const numbers = variables.filter(({ dtype }) => dtype !== 'string');
  return numbers.reduce((sum, { shape }) => sum + sizeFromShape(shape), 0);
}

/**
 * Facts by checkpoint key. The objects of the SavedModel and those of its checkpoint are numbered separately, but have the same names from the root
 * on; `tf.saved_model.load` restores by them too.
 */
function factsOfObjects(saved: SavedObjectGraph | undefined, checkpoint: TrackableObjectGraph): Map<string, Facts> {
  const used = new Set(Object.values(saved?.concreteFunctions ?? {}).flatMap(({ boundInputs }) => boundInputs));
  const facts = new Map<string, Facts>();
  const seen = new Set<number>([0]);
  // Many objects may map to one in the checkpoint, and that one may have many children: each is visited once.
  const named = new Set<number>();
  const childrenOf = new Map<number, ReadonlyMap<string, number>>();
  const queue: [savedId: number, checkpointId: number][] = [[0, 0]];
  for (const [savedId, checkpointId] of queue) {
    const [object, trackable] = [saved?.nodes[savedId], checkpoint.nodes[checkpointId]];
    if (object?.kind.case === 'variable') {
      const known = { isTrainable: object.kind.value.trainable, isUsed: used.has(savedId) };
      const attributes = named.has(checkpointId) ? [] : (trackable?.attributes ?? []);
      named.add(checkpointId);
      for (const { checkpointKey } of attributes) facts.set(checkpointKey, known);
    }
    const ids =
      childrenOf.get(checkpointId) ?? new Map(trackable?.children.map(({ localName, nodeId }) => [localName, nodeId]));
    childrenOf.set(checkpointId, ids);
    for (const { localName, nodeId } of object?.children ?? []) {
      const id = ids.get(localName);
      if (id === undefined || seen.has(nodeId)) continue;
      seen.add(nodeId);
      queue.push([nodeId, id]);
    }
  }
  return facts;
}

/** TensorFlow 1 keeps its variables in collections of the graph. */
function factsOfCollections({ metaGraphs }: SavedModel): Map<string, Facts> {
  const names = (collection: string) =>
    metaGraphs.flatMap(({ collectionDef }) => {
      const kind = collectionDef[collection]?.kind;
      return kind?.case === 'bytesList' ? kind.value.value.flatMap(nameOf) : [];
    });
  const trainable = new Set(names('trainable_variables'));
  const all = [...names('variables'), ...trainable];
  return new Map(all.map((name) => [name, { isTrainable: trainable.has(name), isUsed: null }]));
}

function nameOf(definition: Uint8Array): string[] {
  try {
    const { variableName, saveSliceInfoDef } = fromBinary(VariableDefSchema, definition);
    return [saveSliceInfoDef ? saveSliceInfoDef.fullName : variableName.replace(/:0$/, '')];
  } catch {
    // A collection may hold anything, and what is missing here is reported as unknown.
    return [];
  }
}
