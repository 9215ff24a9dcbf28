import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import type { AttrValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import type { FunctionDefLibrarySchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { attr } from '../../../src/tracing/attr-value.js';

/** A node as a test spells it out. */
export interface RawNode {
  readonly name: string;
  readonly op: string;
  readonly input?: string[];
  readonly attr?: Record<string, MessageInitShape<typeof AttrValueSchema>>;
}

/** A graph as somebody else's program might write it. */
export interface RawGraph {
  readonly node: RawNode[];
  readonly library?: MessageInitShape<typeof FunctionDefLibrarySchema>;
}

const float = attr.type(DataType.DT_FLOAT);

/** A placeholder of unknown shape. */
export function placeholder(name: string, type: DataType = DataType.DT_FLOAT) {
  return { name, op: 'Placeholder', attr: { dtype: attr.type(type), shape: attr.shape(null) } };
}

/** Attributes of float32 ops that slide windows. */
export function windowAttributes(ksize: readonly number[] | null, padding: string) {
  const ints = (values: readonly number[]) => ({ value: { case: 'list' as const, value: { i: values.map(BigInt) } } });
  const strides = ints(new Array<number>(ksize?.length ?? 4).fill(1));
  return { T: float, strides, padding: attr.string(padding), ...(ksize && { ksize: ints(ksize) }) };
}

/** Writes a SavedModel without variables whose signature takes placeholders and gives one tensor, `y`. */
export async function saveRawModel(
  directory: string,
  graph: RawGraph,
  inputs: Readonly<Record<string, DataType>>,
  output: string,
): Promise<string> {
  const tensorInfo = (name: string, dtype: DataType) => ({
    encoding: { case: 'name' as const, value: name },
    dtype,
    tensorShape: { unknownRank: true },
  });
  const model = create(SavedModelSchema, {
    savedModelSchemaVersion: 1n,
    metaGraphs: [
      {
        metaInfoDef: { tags: ['serve'] },
        graphDef: { versions: { producer: 2000, minConsumer: 12 }, ...graph },
        signatureDef: {
          serving_default: {
            inputs: Object.fromEntries(
              Object.entries(inputs).map(([name, dtype]) => [name, tensorInfo(`${name}:0`, dtype)]),
            ),
            outputs: { y: tensorInfo(output, DataType.DT_FLOAT) },
            methodName: 'tensorflow/serving/predict',
          },
        },
      },
    ],
  });
  await mkdir(directory, { recursive: true });
  await writeFile(path.join(directory, 'saved_model.pb'), toBinary(SavedModelSchema, model));
  return directory;
}
