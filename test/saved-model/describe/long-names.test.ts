import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { exampleFeatures } from '../../../src/saved-model/describe/example-features.js';
import { writeTensorBundle } from '../../../src/saved-model/checkpoint/tensor-bundle.js';
import { listVariables } from '../../../src/saved-model/read/read-variables.js';
import { restoreVariables } from '../../../src/saved-model/read/restore-variables.js';
import { Servable } from '../../../src/signatures/servable.js';
import { GraphDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/graph_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { TrackableObjectGraphSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/trackable_object_graph_pb.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { temporaryFolder } from '../../helpers/temporary-folder.js';

/** Milliseconds; quadratic, these texts would take half a minute and more. */
const most = 5000;

describe('a graph with hostile names', () => {
  it.each<[what: string, input: string[]]>([
    ['colons before a line break', [`${':'.repeat(200_000)}\n`]],
    ['colons between letters', [`${'a:'.repeat(200_000)}\n`]],
    ['as many keys as nodes', Array.from({ length: 60_000 }, (_, i) => `k${i}:0`)],
  ])('is described in no time: %s', (_, keys) => {
    const count = { value: { case: 'i', value: BigInt(keys.length) } } as const;
    const parser = { name: 'parse', op: 'ParseExample', input: ['s', 'n', ...keys], attr: { Nsparse: count } };
    const nodes = Array.from({ length: 60_000 }, (_, i) => ({ name: `x${i}`, op: 'Const' }));
    const graph = create(GraphDefSchema, { node: [...nodes, parser] });
    const started = performance.now();
    expect(exampleFeatures(graph)).toBeNull();
    expect(performance.now() - started).toBeLessThan(most);
  });
});

describe('a checkpoint with hostile names', () => {
  it.each([
    ['ends of attributes before a line break', `${'/.ATTRIBUTES/'.repeat(40_000)}\n`],
    ['variables in variables', `${'/.ATTRIBUTES/VARIABLE_VALUE'.repeat(40_000)}\n`],
    ['names between them', `a${'/.ATTRIBUTES/b'.repeat(40_000)}\n/`],
  ])('lists its variables in no time: %s', async (_, checkpointKey) => {
    const directory = path.join(await temporaryFolder(), '1');
    await mkdir(path.join(directory, 'variables'), { recursive: true });
    const nodes = Array.from({ length: 8 }, () => ({
      attributes: [{ name: 'VARIABLE_VALUE', fullName: '', checkpointKey }],
    }));
    const graph = toBinary(TrackableObjectGraphSchema, create(TrackableObjectGraphSchema, { nodes }));
    const key = { dataType: DataType.DT_STRING, shape: [], key: '_CHECKPOINTABLE_OBJECT_GRAPH', read: () => graph };
    const weight = { dataType: DataType.DT_FLOAT, shape: [], key: checkpointKey, read: () => new Uint8Array(4) };
    await writeTensorBundle(path.join(directory, 'variables', 'variables'), [key, weight]);
    await writeFile(path.join(directory, 'saved_model.pb'), toBinary(SavedModelSchema, create(SavedModelSchema, {})));
    const started = performance.now();
    const variables = await listVariables(directory);
    expect(variables).toHaveLength(1);
    expect(performance.now() - started).toBeLessThan(most);
  });

  it.each([
    ['numbers that end nothing', `${'_A1'.repeat(60_000)}!`],
    ['underscores and digits', `${'_A_1'.repeat(60_000)}!`],
    ['one letter and many', `_A${'b'.repeat(200_000)}!`],
  ])('is restored or refused in no time: %s', async (_, name) => {
    const directory = path.join(await temporaryFolder(), '1');
    class Named extends Servable {
      readonly weight = tf.variable(tf.scalar(1), true, `w${name}`);
    }
    const saved = new Named();
    await saved.save(directory, { signatures: {} });
    const other = tf.variable(tf.scalar(2), true, `v${name}`);
    const started = performance.now();
    await restoreVariables([other], directory).catch(() => undefined);
    expect(performance.now() - started).toBeLessThan(most);
    saved.weight.dispose();
    other.dispose();
  });
});
