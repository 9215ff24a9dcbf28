import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { whileLoop, type WhileLoopOptions } from '../../../src/ops/while-loop.js';
import { callableGraph } from '../../../src/saved-model/freeze/callable-graph.js';
import { endlessOp } from '../../../src/saved-model/freeze/endless-op.js';
import { findServedGraph, readSavedModel } from '../../../src/saved-model/read/read-saved-model.js';
import { Servable } from '../../../src/signatures/servable.js';
import type { NodeDef } from '../../../src/tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import type { MetaGraphDef } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

/** Runs until a value says so, with a limit or without. */
class Halving extends Servable {
  constructor(private readonly options: WhileLoopOptions) {
    super();
  }

  readonly halve = tfFunction(
    (x: tf.Tensor) =>
      whileLoop(
        (y) => tf.greater(tf.sum(y), 1),
        (y) => [tf.div(y, 2)],
        [x],
        this.options,
      )[0],
    { inputSignature: { x: tensorSpec('float32', [null]) } },
  );
}

async function save(folder: string, options: WhileLoopOptions): Promise<string> {
  const directory = path.join(folder, '1');
  const model = new Halving(options);
  await model.save(directory, { signatures: { serving_default: model.halve } });
  return directory;
}

async function graphOf(directory: string): Promise<MetaGraphDef> {
  return findServedGraph(await readSavedModel(directory), directory);
}

const endlessOpOf = (graph: MetaGraphDef) => endlessOp(callableGraph(graph));

describe('endlessOp', () => {
  let limited: string;
  beforeAll(async () => {
    limited = await save(await temporaryFolderForAll(), { maximumIterations: 3 });
  });

  it('passes over a loop that counts its turns', async () => {
    expect(endlessOpOf(await graphOf(limited))).toBeUndefined();
  });

  it.each([{}, { maximumIterations: 1_000_000_000 }])('finds one that may go on: %j', async (options) => {
    expect(endlessOpOf(await graphOf(await save(await temporaryFolder(), options)))).toBe('StatelessWhile');
  });

  const all = ({ graphDef }: MetaGraphDef): NodeDef[] =>
    (graphDef?.library?.function ?? []).flatMap(({ nodeDef }) => nodeDef);
  const change = (graph: MetaGraphDef, op: string, edit: (node: NodeDef) => void) => {
    const nodes = all(graph).filter((node) => node.op === op);
    expect(nodes.length).toBeGreaterThan(0);
    nodes.forEach(edit);
  };

  it.each<[string, (graph: MetaGraphDef) => void]>([
    ['compares the other way', (graph) => change(graph, 'Less', (node) => (node.op = 'Greater'))],
    ['counts down', (graph) => change(graph, 'Add', (node) => (node.op = 'Sub'))],
    ['ends when either holds', (graph) => change(graph, 'LogicalAnd', (node) => (node.op = 'LogicalOr'))],
    ['counts something else', (graph) => change(graph, 'Less', (node) => node.input.reverse())],
    ['waits for a queue', (graph) => change(graph, 'RealDiv', (node) => (node.op = 'QueueDequeueV2'))],
  ])('finds one that %s', async (_, edit) => {
    const graph = await graphOf(limited);
    edit(graph);
    expect(endlessOpOf(graph)).toBeDefined();
  });
});
