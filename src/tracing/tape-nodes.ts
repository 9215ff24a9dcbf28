import { dataTypeName } from '../tensorflow/data-type.js';
import type { DataType } from '../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import type * as tf from '../tensorflow/tf.js';
import type { Asset } from './asset.js';
import type { ConcreteFunction } from './concrete-function.js';
import type { Attributes } from './op-signature.js';

/** What is known of a tensor on the tape. */
export interface TensorInfo {
  readonly dataType: DataType;
  readonly shape: readonly number[];
}

/** A tensor on the tape: one output of a node. */
export interface TapeValue {
  readonly node: TapeNode;
  readonly output: number;
}

/** A constant's elements in C order, as TF.js reads them; strings as bytes. */
export type ConstantValues = ArrayLike<number> | ArrayLike<bigint> | readonly Uint8Array[];

interface NodeBase {
  readonly outputs: readonly TensorInfo[];
  /** Whether the values may differ from call to call, so that JavaScript must not read them. */
  readonly dynamic: boolean;
}
export type ArgumentNode = NodeBase & {
  readonly kind: 'argument';
  readonly name: string;
  /** For what a body takes from outside: the value there. */
  readonly outer?: TapeValue;
};
export type VariableNode = NodeBase & { readonly kind: 'variable'; readonly variable: tf.Variable };
/** A variable itself rather than its value: what a called function takes. */
export type HandleNode = NodeBase & { readonly kind: 'handle'; readonly variable: tf.Variable };
/** The path of an asset's file, a string scalar. */
export type AssetNode = NodeBase & { readonly kind: 'asset'; readonly asset: Asset };
export type ConstantNode = NodeBase & { readonly kind: 'constant'; readonly values: ConstantValues };
export type OpNode = NodeBase & {
  readonly kind: 'op';
  readonly op: string;
  readonly attributes: Attributes;
  readonly inputs: readonly TapeValue[];
  /** The functions that the attributes name. */
  readonly functions: readonly ConcreteFunction[];
  readonly bodies: readonly RecordedBody[];
  readonly bodyAttributes: BodyAttributes | undefined;
};
export type TapeNode = ArgumentNode | VariableNode | HandleNode | AssetNode | ConstantNode | OpNode;

/** Attributes that are known only once the bodies are functions, which come in the order of the op's `bodies`. */
export type BodyAttributes = (functions: readonly ConcreteFunction[]) => Attributes;

/** One run of a function, recorded. */
export interface Trace {
  readonly nodes: readonly TapeNode[];
  /** In the order of their names, as Python flattens a dictionary. */
  readonly outputs: readonly (readonly [name: string, value: TapeValue])[];
  readonly assignments: readonly { readonly variable: tf.Variable; readonly value: TapeValue }[];
  /** Whether an op gave variables new values in place. */
  readonly updatesVariables: boolean;
  readonly returnsOneTensor: boolean;
  /** Whether ops made up sizes that only a call knows, such as those of a decoded image. */
  readonly madeUpSizes: boolean;
}

/**
 * A body or branch of an op, traced once in each trace of the function around it; all traces are emitted together, so that
 * a size from outside is explained inside too.
 */
export interface RecordedBody {
  /** The attribute of the op that names the function, such as `then_branch`. */
  readonly attribute: string;
  readonly inputs: readonly { readonly name: string; readonly dataType: DataType }[];
  /** What the body takes from the function around it, in the order of the arguments that follow its own. */
  readonly captured: { readonly values: readonly TapeValue[] };
  /** Whether what it captured follows its results, as the body of a loop must pass it on. */
  readonly returnsCaptured: boolean;
  readonly trace: Trace;
}

/** Names a tensor on the tape for a message. */
export function describe({ node, output }: TapeValue): string {
  const info = node.outputs[output];
  const type = info ? `${dataTypeName(info.dataType)}[${info.shape.join(', ')}]` : '?';
  switch (node.kind) {
    case 'argument':
      return `The argument "${node.name}" (${type})`;
    case 'variable':
    case 'handle':
      return `The variable "${node.variable.name}" (${type})`;
    case 'asset':
      return `The path of the asset ${node.asset.name} (${type})`;
    case 'constant':
      return `A constant (${type})`;
    case 'op':
      return `The result of ${node.op} (${type})`;
  }
}
