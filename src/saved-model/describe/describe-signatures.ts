import type { MetaGraphDef, TensorInfo } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { elementTypeName } from '../checkpoint/element-type.js';
import { exampleFeatures } from './example-features.js';
import { type ExampleSignature, type SignatureExamples, signatureExamples } from './signature-examples.js';
import { shapeOfProto, type ShapeDescription } from '../write/structure.js';

/** An input or output of a signature. */
export interface TensorDescription {
  /** Name that Python has after `tf.`: `float32`, `bfloat16`, `resource`. */
  readonly dtype: string;
  readonly shape: ShapeDescription;
  /** `dense` for one tensor. A sparse tensor is three, a composite one (ragged, for example) any number. */
  readonly encoding: 'dense' | 'sparse' | 'composite' | 'none';
  /** Names in the graph, such as `serving_bytes_image_bytes_string:0`. */
  readonly tensors: readonly string[];
}

/** Inputs and outputs of a signature, and how to call it. */
export interface SignatureDescription {
  /** Which API of TensorFlow Serving it answers to, such as `tensorflow/serving/predict`; empty for none. */
  readonly method: string;
  readonly inputs: Readonly<Record<string, TensorDescription>>;
  readonly outputs: Readonly<Record<string, TensorDescription>>;
  /** Inputs that a call may leave out: the model has values for them. */
  readonly optionalInputs: readonly string[];
  readonly examples: SignatureExamples;
}

/** The model that the signatures belong to. */
export type DescribedModel = Pick<ExampleSignature, 'directory' | 'modelName' | 'isOneOfSeveral'>;

/** The signatures of a graph by key, except TensorFlow's own, whose keys begin with two underscores. */
export function describeSignatures(
  metaGraph: MetaGraphDef,
  model: DescribedModel,
): Record<string, SignatureDescription> {
  const tags = metaGraph.metaInfoDef?.tags ?? [];
  const features = metaGraph.graphDef ? exampleFeatures(metaGraph.graphDef) : null;
  const signatures = sorted(metaGraph.signatureDef).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(
    signatures.map(([key, definition]) => {
      const inputs = describeTensors(definition.inputs);
      const outputs = describeTensors(definition.outputs);
      const optionalInputs = Object.keys(definition.defaults).toSorted();
      const { methodName: method } = definition;
      const given = named(inputs).filter(({ name }) => !optionalInputs.includes(name));
      const call = { ...model, tags, key, method, inputs: given, outputs: named(outputs), features };
      return [key, { method, inputs, outputs, optionalInputs, examples: signatureExamples(call) }];
    }),
  );
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function describeTensors(tensors: Readonly<Record<string, TensorInfo>>): Record<string, TensorDescription> {
  return Object.fromEntries(sorted(tensors).map(([name, info]) => [name, describeTensor(info)]));
}

function describeTensor({ encoding, dtype, tensorShape }: TensorInfo): TensorDescription {
  const described = { dtype: elementTypeName(dtype), shape: shapeOfProto(tensorShape) };
  switch (encoding.case) {
    case 'name':
      return { ...described, encoding: 'dense', tensors: [encoding.value] };
    case 'cooSparse': {
      const { indicesTensorName, valuesTensorName, denseShapeTensorName } = encoding.value;
      return { ...described, encoding: 'sparse', tensors: [indicesTensorName, valuesTensorName, denseShapeTensorName] };
    }
    case 'compositeTensor': {
      const names = encoding.value.components.flatMap((each) =>
        each.encoding.case === 'name' ? [each.encoding.value] : [],
      );
      return { ...described, encoding: 'composite', tensors: names };
    }
    default:
      return { ...described, encoding: 'none', tensors: [] };
  }
}

function named(tensors: Readonly<Record<string, TensorDescription>>) {
  return Object.entries(tensors).map(([name, { dtype, shape, encoding }]) => ({
    name,
    dtype,
    shape,
    isDense: encoding === 'dense',
  }));
}
