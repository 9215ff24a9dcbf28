import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { describeFunctions } from '../../../src/saved-model/describe/describe-functions.js';
import { describeVariables } from '../../../src/saved-model/describe/describe-variables.js';
import type { Checkpoint } from '../../../src/saved-model/read/read-variables.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { SavedObjectGraphSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_object_graph_pb.js';
import { TrackableObjectGraphSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';

const container = { case: 'userObject', value: { identifier: 'x' } } as const;
const list = <T>(length: number, make: (i: number) => T): T[] => Array.from({ length }, (_, i) => make(i));

describe('a small model that would take hours and gigabytes to describe', () => {
  it('has objects in objects without an end', () => {
    const length = 30_000;
    const nodes = list(length, (i) => ({ kind: container, children: [{ localName: 'next', nodeId: i + 1 }, { localName: 'f', nodeId: length }] }));
    const fn = { kind: { case: 'function', value: {} } } as const;
    const found = describeFunctions(create(SavedObjectGraphSchema, { nodes: [...nodes, fn] }));
    expect(found).toHaveLength(32);
    expect(found.at(-1)?.name).toBe(`${'next.'.repeat(31)}f`);
  });

  it('names one function with many arguments again and again', () => {
    const one = { kind: { case: 'int64Value', value: 1n } } as const;
    const tuple = (values: object[]) => ({ kind: { case: 'tupleValue', value: { values } } }) as const;
    const inputs = tuple([tuple(list(5000, () => one)), { kind: { case: 'dictValue', value: { fields: {} } } }]);
    const children = list(20_000, (i) => ({ localName: `f${i}`, nodeId: 1 }));
    const fn = { kind: { case: 'function', value: { concreteFunctions: ['g'] } } } as const;
    const graph = create(SavedObjectGraphSchema, {
      nodes: [{ kind: container, children }, fn],
      concreteFunctions: { g: { canonicalizedInputSignature: inputs } },
    } as never);
    expect(() => describeFunctions(graph)).toThrow('The model names its functions too often to be described.');
  });

  it('has many objects that stand for one with many names', () => {
    const count = 20_000;
    const names = list(count, (i) => ({ localName: `v${i}`, nodeId: i + 1 }));
    const variable = { kind: { case: 'variable', value: { trainable: true } } } as const;
    const nodes = [{ kind: container, children: names }, ...list(count, () => variable)];
    const savedModel = create(SavedModelSchema, { metaGraphs: [{ objectGraphDef: { nodes } }] });
    const same = names.map(({ localName }) => ({ localName, nodeId: 0 }));
    const attributes = list(count, (i) => ({ name: 'VARIABLE_VALUE', checkpointKey: `k${i}` }));
    const objectGraph = create(TrackableObjectGraphSchema, { nodes: [{ children: same, attributes }] });
    const variables = [{ key: 'k7', name: 'k7', dtype: 'float32', shape: [2], bytes: 8 }];
    const started = performance.now();
    const described = describeVariables(savedModel, { objectGraph, variables } as unknown as Checkpoint);
    expect(described).toMatchObject({ parameters: 2, trainableParameters: 2 });
    expect(performance.now() - started).toBeLessThan(5000);
  });
}); // prettier-ignore
