import path from 'node:path';

import { create } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';

import { exampleFeatures } from '../../../src/saved-model/describe/example-features.js';
import { restoreVariables } from '../../../src/saved-model/read/restore-variables.js';
import { Servable } from '../../../src/signatures/servable.js';
import { GraphDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/graph_pb.js';
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
