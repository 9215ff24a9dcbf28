import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it } from 'vitest';

import { showModelText } from '../../../src/commands/show-model/print.js';
import { showModel } from '../../../src/commands/show-model/run.js';
import { readFile as readAsset } from '../../../src/ops/read-file.js';
import { fileOpsOf, refuseFileOps } from '../../../src/saved-model/read/file-ops.js';
import { AttrValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/attr_value_pb.js';
import { FunctionDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/function_pb.js';
import { NodeDefSchema } from '../../../src/tensorflow/protos/tensorflow/core/framework/node_def_pb.js';
import {
  CollectionDefSchema,
  type MetaGraphDef,
  SignatureDefSchema,
} from '../../../src/tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { asset } from '../../../src/tracing/asset.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

class Reading extends Servable {
  readonly words = asset({ name: 'words.txt', content: 'one\n' });
  readonly bias = tf.variable(tf.scalar(1));
  readonly read = tfFunction(() => readAsset(this.words), { inputSignature: {} });
  readonly add = tfFunction((x: tf.Tensor) => tf.add(x, this.bias), {
    inputSignature: { x: tensorSpec('float32', []) },
  });
}

let saved: string;
beforeAll(async () => {
  saved = path.join(await temporaryFolderForAll(), '1');
  const model = new Reading();
  await model.save(saved, { signatures: { serving_default: model.read, add: model.add } });
});

/** A copy of the model whose graph has been changed. */
async function changed(change: (graph: MetaGraphDef) => void): Promise<string> {
  const directory = path.join(await temporaryFolder(), '1');
  await cp(saved, directory, { recursive: true });
  const file = path.join(directory, 'saved_model.pb');
  const model = fromBinary(SavedModelSchema, await readFile(file));
  for (const graph of model.metaGraphs) change(graph);
  await writeFile(file, toBinary(SavedModelSchema, model));
  return directory;
}

const node = (op: string, input: string[] = [], attr = {}) =>
  create(NodeDefSchema, { name: `evil_${op}`, op, input, attr });
const functionsOf = (graph: MetaGraphDef) => graph.graphDef?.library?.function ?? [];

describe('fileOpsOf', () => {
  it('lets a model read its own variables and assets', async () => {
    expect(await fileOpsOf(saved)).toEqual([]);
    await expect(refuseFileOps(saved)).resolves.toBeUndefined();
  });

  it.each([
    ...['WriteFile', 'MatchingFiles', 'PyFunc', 'WholeFileReaderV2', 'TextLineDataset', 'CreateSummaryFileWriter'],
    ...['ImmutableConst', 'RecordInput', 'CacheDatasetV2', 'ExperimentalDatasetToTFRecord', 'DebugNanCount', 'RpcServer'],
  ])(
    'finds %s in the graph and in a function',
    async (op) => {
      const inGraph = await changed(({ graphDef }) => graphDef?.node.push(node(op)));
      const inFunction = await changed((graph) => functionsOf(graph)[0]?.nodeDef.push(node(op)));
      expect([await fileOpsOf(inGraph), await fileOpsOf(inFunction)]).toEqual([[op], [op]]);
      await expect(refuseFileOps(inGraph)).rejects.toThrow(`reads or writes files: its graph has ${op}.`);
    },
  );

  it('finds a file that is read by a name of its own', async () => {
    const constant = await changed((graph) => {
      const [first] = functionsOf(graph).flatMap(({ nodeDef }) => nodeDef).filter(({ op }) => op === 'ReadFile');
      if (!first) throw new Error('no ReadFile');
      first.input = ['evil_Const:output:0'];
      functionsOf(graph).find(({ nodeDef }) => nodeDef.includes(first))?.nodeDef.push(node('Const'));
    }); // prettier-ignore
    const outside = await changed(({ assetFileDef }) => {
      for (const asset of assetFileDef) asset.filename = '../../../../etc/passwd';
    });
    const assigned = await changed(({ graphDef }) => {
      const handle = graphDef?.node.find(({ name, op }) => op === 'VarHandleOp' && name.startsWith('asset_path'));
      graphDef?.node.push(node('Const'), node('AssignVariableOp', [handle?.name ?? '', 'evil_Const']));
    });
    for (const directory of [constant, outside, assigned]) expect(await fileOpsOf(directory)).toEqual(['ReadFile']);
  });

  it('finds checkpoints that a signature writes, and prints that go to a file', async () => {
    const writing = await changed((graph) => {
      for (const { nodeDef } of functionsOf(graph)) nodeDef.push(node('SaveV2'));
    });
    const printing = await changed(({ graphDef }) => {
      const value = create(AttrValueSchema, { value: { case: 's', value: Buffer.from('file:///tmp/x') } });
      graphDef?.node.push(node('PrintV2', [], { output_stream: value }));
    });
    expect([await fileOpsOf(writing), await fileOpsOf(printing)]).toEqual([['SaveV2'], ['PrintV2']]);
  });

  it('finds what is written when the model is loaded, whoever asks for it', async () => {
    const output = { encoding: { case: 'name', value: 'evil_SaveV2' } } as const;
    const initializing = await changed((graph) => {
      graph.graphDef?.node.push(node('SaveV2'));
      graph.signatureDef.__saved_model_init_op = create(SignatureDefSchema, { outputs: { op: output } });
    });
    const older = await changed((graph) => {
      graph.graphDef?.node.push(node('MergeV2Checkpoints'));
      const kind = { case: 'nodeList' as const, value: { value: ['evil_MergeV2Checkpoints'] } };
      graph.collectionDef.saved_model_main_op = create(CollectionDefSchema, { kind });
    });
    const restoring = await changed(({ graphDef, saverDef }) => {
      const restore = graphDef?.node.find(({ name }) => name === saverDef?.restoreOpName);
      restore?.input.push('^evil_Save');
      graphDef?.node.push(node('Save'));
    });
    const found = [await fileOpsOf(initializing), await fileOpsOf(older), await fileOpsOf(restoring)];
    expect(found).toEqual([['SaveV2'], ['MergeV2Checkpoints'], ['Save']]);
  });

  it('finds files that attributes name, and a node behind another of its name', async () => {
    const text = (value: string) => create(AttrValueSchema, { value: { case: 's', value: Buffer.from(value) } });
    const sampling = await changed(({ graphDef }) => {
      graphDef?.node.push(node('FixedUnigramCandidateSampler', [], { vocab_file: text('/etc/passwd') }));
    });
    const decoding = await changed(({ graphDef }) => {
      graphDef?.node.push(node('DecodeProtoV2', [], { descriptor_source: text('/etc/passwd') }));
    });
    const hidden = await changed(({ graphDef }) => {
      graphDef?.node.push(node('WriteFile'), create(NodeDefSchema, { name: 'evil_WriteFile', op: 'NoOp' }));
    });
    const found = [await fileOpsOf(sampling), await fileOpsOf(decoding), await fileOpsOf(hidden)];
    expect(found).toEqual([['FixedUnigramCandidateSampler'], ['DecodeProtoV2'], ['WriteFile']]);
    const plain = await changed(({ graphDef }) => {
      graphDef?.node.push(node('DecodeProtoV2', [], { descriptor_source: text('local://') }));
    });
    expect(await fileOpsOf(plain)).toEqual([]);
  });

  it('finds assets and variables that are links to somewhere else', async () => {
    const linked = await changed(() => undefined);
    await rm(path.join(linked, 'assets', 'words.txt'));
    await symlink('/etc/passwd', path.join(linked, 'assets', 'words.txt'));
    await expect(refuseFileOps(linked)).rejects.toThrow('its assets/words.txt is a link to a file outside it.');
    // As in the cache of Hugging Face, where all files are links into one folder.
    const blobs = await changed(() => undefined);
    const snapshot = path.join(blobs, 'snapshot');
    await mkdir(path.join(snapshot, 'assets'), { recursive: true });
    await symlink('../saved_model.pb', path.join(snapshot, 'saved_model.pb'));
    await symlink('../../assets/words.txt', path.join(snapshot, 'assets', 'words.txt'));
    await expect(refuseFileOps(snapshot)).resolves.toBeUndefined();
  });

  it('is what show-model says of a model', async () => {
    const text = async (modelPath: string) => showModelText(await showModel({ modelPath }), { columns: 200 });
    expect(await text(saved)).not.toContain('Files and code');
    const evil = await changed(({ graphDef }) => graphDef?.node.push(node('WriteFile'), node('PyFunc')));
    expect(await text(evil)).toContain(
      '\nFiles and code\n\n  PyFunc, WriteFile: this model reads or writes files, or runs code, beyond its own variables and assets. ' +
        'serve-model refuses it without --trust-models.\n',
    );
  });

  it('follows a name through functions that call each other in 2^60 ways, at once', async () => {
    const nested = await changed((graph) => {
      const library = graph.graphDef?.library;
      const made = Array.from({ length: 60 }, (_, i) =>
        create(FunctionDefSchema, {
          signature: { name: `evil_${i}`, inputArg: [{ name: 'file' }] },
          nodeDef: i === 0 ? [node('ReadFile', ['file'])] : ['a', 'b'].map((name) => ({ ...node(`evil_${i - 1}`, ['file']), name })),
        }),
      );
      library?.function.push(...made);
      const encoding = graph.assetFileDef[0]?.tensorInfo?.encoding;
      graph.graphDef?.node.push(node('evil_59', [encoding?.case === 'name' ? encoding.value : '']));
    });
    const started = performance.now();
    expect(await fileOpsOf(nested)).toEqual([]);
    expect(performance.now() - started).toBeLessThan(5000);
  });
}); // prettier-ignore
