import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { cp, mkdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';

import { showModel } from '../../../src/commands/show-model/run.js';
import { showModelText } from '../../../src/commands/show-model/print.js';
import { describeSavedModel } from '../../../src/saved-model/describe/describe-saved-model.js';
import { jsonText } from '../../../src/text/printable.js';
import { LenetModel } from '../../../src/models/lenet-model.js';
import {
  MetaGraphDef_MetaInfoDefSchema,
  MetaGraphDefSchema,
} from '../../../src/tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { SavedModelSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import type { StructuredValueSchema } from '../../../src/tensorflow/protos/tensorflow/core/protobuf/struct_pb.js';
import { DataType } from '../../../src/tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { saveTwoSignatures } from '../../helpers/models/save-two-signatures.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
let lenet: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  lenet = path.join(folder, 'LenetModel', '7');
  await saveTwoSignatures(new LenetModel({ classNames: ['ape', 'bee', 'cat', 'dog'], seed: 5 }), lenet);
});

describe('describeSavedModel', () => {
  it('tells the signatures of a LeNet, and how to call them', async () => {
    const { metaGraphs, modelName, version, problems } = await describeSavedModel(lenet);
    expect({ modelName, version, problems }).toEqual({ modelName: 'LenetModel', version: '7', problems: [] });
    expect(metaGraphs).toHaveLength(1);
    expect(metaGraphs[0]).toMatchObject({ tags: ['serve'], tensorflowVersion: '2.21.0', initOp: 'NoOp' });
    const { serving_bytes: bytes, serving_default: pixels } = metaGraphs[0]?.signatures ?? {};
    expect(bytes).toMatchObject({
      method: 'tensorflow/serving/predict',
      inputs: {
        image_bytes_string: { dtype: 'string', shape: [null], tensors: ['serving_bytes_image_bytes_string:0'] },
      },
      outputs: { output_0: { dtype: 'float32', shape: [null, 4] } },
    });
    expect(bytes?.examples.curl).toBe(
      `printf '{"signature_name": "serving_bytes", "instances": [{"b64": "%s"}]}' "$(base64 < image.jpg | tr -d '\\n')"` +
        ' | curl -d @- http://localhost:8501/v1/models/LenetModel:predict',
    );
    expect(pixels?.examples.curl).toBe(
      `curl -d '{"instances": [[[[0.5, 0.5, 0.5]]]]}' http://localhost:8501/v1/models/LenetModel:predict`,
    );
  });

  it('tells its functions, ops, variables and assets', async () => {
    const { metaGraphs, variables, assets, fingerprint } = await describeSavedModel(lenet);
    expect(metaGraphs[0]?.functions.map(({ name, parameters }) => `${name}(${parameters})`)).toEqual([
      'predict_bytes_image(image_bytes_string)',
      'predict_numpy_image(input_tensor)',
    ]);
    expect(metaGraphs[0]?.functions[1]?.options[0]).toMatchObject({
      args: [{ name: 'input_tensor', value: { kind: 'tensor', dtype: 'float32', shape: [null, null, null, 3] } }],
      output: { kind: 'tensor', dtype: 'float32', shape: [null, 4] },
    });
    expect(metaGraphs[0]?.ops).toMatchObject({ VarHandleOp: 11, DecodeJpeg: 2, RestoreV2: 1 });
    expect(variables).toMatchObject({
      parameters: 109_880,
      trainableParameters: 109_880,
      unusedParameters: 0,
      bytes: 439_520,
    });
    expect(variables?.list.every(({ isTrainable, isUsed }) => isTrainable && isUsed)).toBe(true);
    expect(assets).toEqual([{ file: 'class_names.txt', bytes: 16 }]);
    expect(fingerprint?.uuid).toMatch(/^[\da-f-]{36}$/);
  });

  it('describes a damaged model, and says what is damaged', async () => {
    const copy = path.join(await temporaryFolder(), '1');
    await cp(lenet, copy, { recursive: true });
    const data = path.join(copy, 'variables/variables.data-00000-of-00001');
    await truncate(data, 10_000);
    await writeFile(path.join(copy, 'fingerprint.pb'), Buffer.of(255));
    const { size, problems } = {
      size: (await describeSavedModel(lenet)).variables?.bytes ?? 0,
      ...(await describeSavedModel(copy)),
    };
    expect(problems[0]).toMatch(
      /^.*variables\.data-00000-of-00001 is cut off: it has 10000 bytes\. Expected: \d+ or more\. Copy or save the model again\.$/,
    );
    expect(Number(/Expected: (\d+)/.exec(problems[0] ?? '')?.[1])).toBeGreaterThanOrEqual(size);
    expect(problems[1]).toBe(`${copy}/fingerprint.pb is damaged. It is only a label: delete it, or copy it again.`);
    await rm(data);
    expect((await describeSavedModel(copy)).problems[0]).toBe(`${data} is missing. Copy or save the model again.`);
    await rm(path.join(copy, 'variables'), { recursive: true });
    const without = await describeSavedModel(copy);
    expect(without.problems[0]).toBe(
      `${copy} is incomplete: it has no variables/variables.index. Copy or save the model again.`,
    );
    expect(without.variables).toBeNull();
    expect(showModelText(without)).toContain('\nProblems\n');
  });

  it.each([
    ['', 'Give one of the SavedModels in it: FOLDER/LenetModel/7.'],
    ['LenetModel', 'Give one of the SavedModels in it: FOLDER/LenetModel/7.'],
    ['nothing', 'There is no such directory. Give the directory of a version, such as models/LenetModel/1.'],
    ['LenetModel/7/saved_model.pb', 'It is a file. Give the directory that holds saved_model.pb: FOLDER/LenetModel/7.'],
    ['LenetModel/7/assets', 'Give the directory of a version, such as models/LenetModel/1.'],
  ])('says what "%s" is, and what to give instead', async (name, advice) => {
    const error: unknown = await describeSavedModel(path.join(folder, name)).catch((reason: unknown) => reason);
    expect(String(error).replaceAll(folder, 'FOLDER')).toBe(
      `SignetError: ${path.join('FOLDER', name)} is not a SavedModel: it has no readable saved_model.pb. ${advice}`,
    );
  });

  it('names no more than ten versions, in their order', async () => {
    const parent = path.join(await temporaryFolder(), 'm');
    for (let version = 1; version <= 12; version += 1) {
      await mkdir(path.join(parent, String(version)), { recursive: true });
      await writeFile(path.join(parent, String(version), 'saved_model.pb'), '');
    }
    const error: unknown = await describeSavedModel(parent).catch((reason: unknown) => reason);
    expect(String(error)).toContain(`${parent}/2, ${parent}/3`);
    expect(String(error)).toContain(`${parent}/10 and 2 more.`);
  });

  it.each(['saved_model.pbtxt', 'saved_model.cpb'])('says that it does not read %s', async (name) => {
    const other = await temporaryFolder();
    await writeFile(path.join(other, name), '');
    await expect(describeSavedModel(other)).rejects.toThrow(`It has ${name}, which Signet does not read.`);
  });
});

type MetaGraphInit = MessageInitShape<typeof MetaGraphDefSchema>;

/** A SavedModel of one graph, with whatever is in it. */
async function saveGraph(graph: MetaGraphInit, name = 'model'): Promise<string> {
  const directory = path.join(await temporaryFolder(), name);
  await mkdir(directory);
  const metaGraph = create(MetaGraphDefSchema, graph);
  metaGraph.metaInfoDef ??= create(MetaGraphDef_MetaInfoDefSchema, { tags: ['serve'] });
  const model = create(SavedModelSchema, { metaGraphs: [metaGraph] });
  await writeFile(path.join(directory, 'saved_model.pb'), toBinary(SavedModelSchema, model));
  return directory;
}

const tensorInfo = (dtype: DataType, sizes: readonly number[] | null) => ({
  encoding: { case: 'name' as const, value: 'x:0' },
  dtype,
  tensorShape: sizes ? { dim: sizes.map((size) => ({ size: BigInt(size) })) } : { unknownRank: true },
});

async function examplesOf(
  inputs: Record<string, ReturnType<typeof tensorInfo>>,
  key = 'serving_default',
  name?: string,
) {
  const outputs = { y: tensorInfo(DataType.DT_FLOAT, [-1, 2]) };
  const methodName = 'tensorflow/serving/predict';
  const directory = await saveGraph({ signatureDef: { [key]: { inputs, outputs, methodName } } }, name);
  const { metaGraphs } = await describeSavedModel(directory);
  const examples = metaGraphs[0]?.signatures[key]?.examples;
  if (!examples) throw new Error('no examples');
  return examples;
}

/** Runs the shell's line and the TypeScript against a server that keeps what it gets. */
async function sentBy({ url, curl, typescript }: Awaited<ReturnType<typeof examplesOf>>): Promise<unknown[]> {
  const received: { url: string | undefined; body: unknown }[] = [];
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (more: string) => (text += more));
    request.on('end', () => {
      received.push({ url: request.url, body: JSON.parse(text) as unknown });
      response.end('{"predictions": [], "outputs": []}');
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const own = (code: string | null) =>
    (code ?? '').replaceAll('localhost:8501', `127.0.0.1:${(server.address() as AddressInfo).port}`);
  const cwd = await temporaryFolder();
  await writeFile(path.join(cwd, 'image.jpg'), Buffer.alloc(300_000, 7));
  await promisify(execFile)('bash', ['-c', own(curl)], { cwd });
  await writeFile(path.join(cwd, 'snippet.mts'), own(typescript));
  const tsx = path.resolve('node_modules/tsx/dist/esm/index.mjs');
  await promisify(execFile)(process.execPath, ['--import', tsx, 'snippet.mts'], { cwd });
  for (const request of received) expect(request.url).toBe(new URL(url).pathname);
  return received.map(({ body }) => body);
}

describe('the examples', () => {
  const { DT_BFLOAT16, DT_BOOL, DT_FLOAT, DT_INT32, DT_INT64, DT_RESOURCE, DT_STRING } = DataType;

  it.each([
    ['a row of numbers', { x: tensorInfo(DT_FLOAT, [-1, 2]) }, { instances: [[0.5, 0.5]] }],
    ['integers', { x: tensorInfo(DT_INT64, [-1]) }, { instances: [1] }],
    ['text', { text: tensorInfo(DT_STRING, [-1]) }, { instances: ['text'] }],
    [
      'several inputs',
      { a: tensorInfo(DT_INT32, [-1]), b: tensorInfo(DT_BOOL, [-1, 1]) },
      { instances: [{ a: 1, b: [true] }] },
    ],
    ['no batch dimension', { x: tensorInfo(DT_FLOAT, []) }, { inputs: 0.5 }],
    ['any rank', { x: tensorInfo(DT_FLOAT, null) }, { instances: [0.5] }],
    [
      'an image, whose file is longer than an argument may be',
      { image_bytes: tensorInfo(DT_STRING, [-1]) },
      { instances: [{ b64: Buffer.alloc(300_000, 7).toString('base64') }] },
    ],
    [
      'a large array and an image',
      { image_bytes: tensorInfo(DT_STRING, [-1]), x: tensorInfo(DT_FLOAT, [-1, 8, 8]) },
      {
        instances: [
          {
            image_bytes: { b64: Buffer.alloc(300_000, 7).toString('base64') },
            x: Array.from({ length: 8 }, () => Array.from({ length: 8 }, () => 0.5)),
          },
        ],
      },
    ],
  ])('send %s', async (_, inputs, body) => {
    expect(await sentBy(await examplesOf(inputs))).toEqual([body, body]);
  });

  it('send nothing where there is nothing to send: no server takes a call without inputs', async () => {
    expect(await sentBy(await examplesOf({}))).toEqual([]);
  });

  it('quote names for the language they stand in', async () => {
    const name = `it's "100%" $(touch bad) \`x\` \\n\u202e\u0007\n`;
    const inputs = { [`${name} image bytes`]: tensorInfo(DT_STRING, [-1]), b: tensorInfo(DT_INT32, [-1]) };
    const examples = await examplesOf(inputs, name, "my model's (1)");
    const instance = { [`${name} image bytes`]: { b64: Buffer.alloc(300_000, 7).toString('base64') }, b: 1 };
    const body = { signature_name: name, instances: [instance] };
    expect(await sentBy(examples)).toEqual([body, body]);
    expect(examples.url).toBe("http://localhost:8501/v1/models/my%20model's%20(1):predict");
    // eslint-disable-next-line no-control-regex
    expect(Object.values(examples).join('')).not.toMatch(/[\u202e\u0007]/);
    expect(examples.python).toContain('(**{');
    expect(existsSync('bad')).toBe(false);
  });

  it('say what REST does not take', async () => {
    const brain = await examplesOf({ x: tensorInfo(DT_BFLOAT16, [-1, 2]) });
    expect(brain).toMatchObject({
      curl: null,
      typescript: null,
      notes: ['REST takes no bfloat16: call it in Python, or over gRPC.'],
    });
    expect(brain.python).toContain('x=tf.constant(0.5, tf.bfloat16, shape=[1, 2])');
    expect((await examplesOf({ x: tensorInfo(DT_RESOURCE, []) })).python).toBeNull();
  });

  it('stay short for shapes that would fill the memory', async () => {
    for (const sizes of [[2 ** 40, 0], [2 ** 40, 2 ** 40], Array.from({ length: 10_000 }, () => 1)]) {
      expect((await examplesOf({ x: tensorInfo(DT_FLOAT, sizes) })).curl?.length).toBeLessThan(200_000);
    }
  });
});

describe('a hostile model', () => {
  it('cannot move the cursor', async () => {
    const name = 'a\u001b[2J\u009b31m\u202e\nb';
    const { DT_FLOAT } = DataType;
    const signatureDef = {
      [name]: {
        inputs: { [name]: tensorInfo(DT_FLOAT, [-1]) },
        outputs: { [name]: tensorInfo(DT_FLOAT, [-1]) },
        methodName: name,
      },
    };
    const directory = await saveGraph({
      metaInfoDef: { tags: [name], tensorflowVersion: name },
      graphDef: { node: [{ name, op: name }], library: {} },
      assetFileDef: [{ filename: name }],
      objectGraphDef: {
        nodes: [
          { children: [{ nodeId: 1, localName: name }], kind: { case: 'userObject', value: {} } },
          { kind: { case: 'bareConcreteFunction', value: { concreteFunctionName: name, argumentKeywords: [name] } } },
        ],
      },
      signatureDef,
    });
    const description = await describeSavedModel(directory);
    const one = await showModel({ modelPath: directory, signature: name });
    const shown = [showModelText(description), showModelText(one, { oneSignature: true }), jsonText(description, 2)];
    for (const text of shown) {
      // eslint-disable-next-line no-control-regex
      expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u202e]/);
      expect(text.split('\n')).not.toContain('b');
    }
    expect(JSON.parse(shown[2] ?? '')).toEqual(description);
  });

  it('with objects in a circle, references to nothing and unknown types is described', async () => {
    const directory = await saveGraph({
      signatureDef: {
        __proto__x: {},
        ['constructor' as string]: {
          inputs: {
            toString: tensorInfo(99 as DataType, [-1]),
            sparse: { encoding: { case: 'cooSparse', value: {} } },
          },
        },
      },
      objectGraphDef: {
        nodes: [
          {
            children: [
              { nodeId: 0, localName: 'self' },
              { nodeId: 1, localName: 'a' },
              { nodeId: -5, localName: 'b' },
            ],
            kind: { case: 'userObject', value: {} },
          },
          {
            children: [
              { nodeId: 0, localName: 'up' },
              { nodeId: 2, localName: 'f' },
              { nodeId: 2, localName: 'g' },
            ],
            kind: { case: 'userObject', value: {} },
          },
          { kind: { case: 'function', value: { concreteFunctions: ['gone', 'toString'] } } },
        ],
      },
    });
    const description = await describeSavedModel(directory);
    const [graph] = description.metaGraphs;
    expect(graph?.functions.map(({ name }) => name)).toEqual(['a.f', 'a.g']);
    expect(graph?.signatures.constructor).toMatchObject({
      inputs: { toString: { dtype: 'type 99' }, sparse: { encoding: 'sparse' } },
      examples: { curl: null, python: null },
    });
    expect(showModelText(description)).toContain('type 99[?]');
  });

  it.each([
    [20, '(((((None,),),),),)'],
    [60, 'saved_model.pb is damaged'],
  ])('with arguments nested %i deep is described or refused', async (levels, expected) => {
    let value: MessageInitShape<typeof StructuredValueSchema> = {};
    for (let level = 0; level < levels; level += 1)
      value = { kind: { case: 'tupleValue', value: { values: [value] } } };
    const directory = await saveGraph({
      objectGraphDef: {
        nodes: [
          { children: [{ nodeId: 1, localName: 'f' }], kind: { case: 'userObject', value: {} } },
          { kind: { case: 'function', value: { concreteFunctions: ['f'] } } },
        ],
        concreteFunctions: { f: { canonicalizedInputSignature: value, outputSignature: value } },
      },
    });
    const shown = await describeSavedModel(directory).then((description) => showModelText(description), String);
    expect(shown).toContain(expected);
  });

  it('is refused or described wherever saved_model.pb is cut off or changed', async () => {
    const directory = await saveGraph({});
    const whole = await readFile(path.join(lenet, 'saved_model.pb'));
    for (let i = 0; i < 100; i += 1) {
      const bytes = Buffer.from(whole);
      const place = Math.floor((i * whole.length) / 100);
      bytes[place] = (bytes[place] ?? 0) ^ 0x55;
      await writeFile(path.join(directory, 'saved_model.pb'), i % 2 === 0 ? bytes : whole.subarray(0, place));
      const result = await describeSavedModel(directory).catch((error: unknown) => error);
      if (result instanceof Error) expect(result.message).toContain('saved_model.pb is damaged');
      else showModelText(result as Awaited<ReturnType<typeof describeSavedModel>>);
    }
  });
});

describe('show-model', () => {
  it('imports nothing that loads TensorFlow', async () => {
    const seen = new Set<string>();
    const visit = async (file: string) => {
      if (seen.has(file)) return;
      seen.add(file);
      const source = await readFile(file, 'utf8');
      for (const [, isType, specifier = ''] of source.matchAll(/^(?:import|export)( type)?[^;]*? from '([^']+)'/gm)) {
        expect(specifier, file).not.toMatch(/^@tensorflow/);
        if (!isType && specifier.startsWith('.'))
          await visit(path.resolve(path.dirname(file), specifier.replace(/js$/, 'ts')));
      }
    };
    for (const file of [
      'src/commands/show-model/run.ts',
      'src/commands/show-model/print.ts',
      'src/saved-model/read/read-variables.ts',
    ]) {
      await visit(path.resolve(file));
    }
    expect(seen.size).toBeGreaterThan(20);
    expect([...seen].filter((file) => /tensorflow\/(tf|backend|session|load-quietly)\.ts$/.test(file))).toEqual([]);
  });

  it.each([80, 120])('keeps prose within %i columns', async (columns) => {
    const whole = path.join(await temporaryFolder(), 'LenetModel', '1');
    await new LenetModel({ classNames: ['ape', 'bee'], seed: 5 }).save(whole);
    const text = showModelText(await describeSavedModel(whole), { columns });
    const isCode = (line: string) => /curl|printf|http/.test(line);
    for (const line of text.split('\n'))
      if (!isCode(line) && !line.startsWith(whole)) expect(line.length).toBeLessThanOrEqual(columns);
  });
});
