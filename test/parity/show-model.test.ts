import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';

import { beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../src/models/lenet-model.js';
import { describeSavedModel } from '../../src/saved-model/describe/describe-saved-model.js';
import type { TensorValues } from '../../src/saved-model/checkpoint/element-type.js';
import { readTensorBundle } from '../../src/saved-model/checkpoint/read-tensor-bundle.js';
import { listVariables, readVariables, type VariableValues } from '../../src/saved-model/read/read-variables.js';
import { hasPython, pythonFolder, runPython } from '../helpers/python/python.js';
import { expectSameAsSavedModelCli } from '../helpers/python/saved-model-cli.js';
import { saveTwoSignatures } from '../helpers/models/save-two-signatures.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/** Makes the models that only Python makes: many dtypes, nested objects, tables; Keras's; TensorFlow 1's. */
const makeModels = `
import json, os, sys
import numpy as np, tensorflow as tf, keras
folder = json.load(sys.stdin)['folder']

class Encoder(tf.Module):
    def __init__(self):
        super().__init__()
        self.weight = tf.Variable(tf.random.normal([3, 2], dtype=tf.float64), name='weight')
        self.step = tf.Variable(2 ** 53 + 1, dtype=tf.int64, trainable=False, name='weight')
    @tf.function
    def encode(self, x, training=False, scale=2.0):
        return tf.matmul(x, self.weight) * scale if training else tf.matmul(x, self.weight)

class Model(tf.Module):
    def __init__(self, words):
        super().__init__()
        self.encoder = Encoder()
        self.layers = [Encoder(), Encoder()]
        self.by_name = {'first': Encoder()}
        initializer = tf.lookup.TextFileInitializer(
            tf.saved_model.Asset(words), tf.string, tf.lookup.TextFileIndex.WHOLE_LINE, tf.int64, tf.lookup.TextFileIndex.LINE_NUMBER)
        self.table = tf.lookup.StaticHashTable(initializer, -1)
        dtypes = ['float16', 'bfloat16', 'int8', 'int16', 'int32', 'int64', 'uint8', 'uint16', 'uint32', 'uint64', 'complex64', 'complex128']
        self.all = [tf.Variable(tf.cast(tf.constant([[1, 0, 3], [4, 100, 6]]), dtype), trainable=False, name=dtype) for dtype in dtypes]
        self.halves = tf.Variable(tf.constant([1.5, -2.25, 6e-8, -6e-5, 65504, np.inf, np.nan, -0.0], tf.float16))
        self.brains = tf.Variable(tf.constant([1.5, -2.25, 1e-40, 3e38, np.inf, np.nan, -0.0], tf.bfloat16))
        self.flags = tf.Variable([True, False], trainable=False, name='flags')
        self.words = tf.Variable([['a', 'b\\0c'], ['', '\\u00e9' * 300]], name='words')
        self.empty = tf.Variable(tf.zeros([0, 5]), name='empty')
        self.scalar = tf.Variable(3.25, name='scalar')
    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name='text_bytes')])
    def look_up(self, text): return {'ids': self.table.lookup(text)}
    @tf.function(input_signature=[tf.TensorSpec(None, tf.float32, name='x')])
    def any_rank(self, x): return {'y': x * 2.0, 'n': tf.rank(x)}
    @tf.function(input_signature=[tf.TensorSpec([None, 3], tf.float64, name='x'), tf.TensorSpec([], tf.bool, name='flag')])
    def __call__(self, x, flag): return self.encoder.encode(x)
    @tf.function(input_signature=[tf.TensorSpec([None, 2], tf.bfloat16, name='x'), tf.TensorSpec([None, 40], tf.int32, name='other')])
    def brain(self, x, other): return tf.cast(x, tf.float32) + tf.cast(tf.reduce_sum(other), tf.float32)
    @tf.function
    def mixed(self, x, pair, named, mode='fast', nothing=None, *, size=3): return x + pair[0] + pair[1] + named['k']

words = os.path.join(folder, 'words.txt')
with open(words, 'w') as file: file.write('one\\ntwo\\n')
model = Model(words)
for x, training, scale in [(4, False, 2.0), (4, True, 2.0), (5, False, 3.0)]:
    model.encoder.encode(tf.ones([x, 3], tf.float64), training=training, scale=scale)
model.layers[1].encode(tf.ones([4, 3], tf.float64))
one, two = tf.ones([]), tf.ones([2])
model.mixed(two, (two, one), {'k': two})
model.mixed(two, [two, one], {'k': two}, mode='slow', size=4)
tf.saved_model.save(model, os.path.join(folder, 'Module', '3'), signatures={
    'serving_default': model.__call__, 'look_up': model.look_up, 'any_rank': model.any_rank, 'brain': model.brain})

layers = keras.layers
network = keras.Sequential([keras.Input((8, 8, 3)), layers.Conv2D(4, 3), layers.BatchNormalization(), layers.Flatten(), layers.Dense(3)])
network.export(os.path.join(folder, 'keras'), verbose=False)

def save_v1(name, partitioned):
    v1 = tf.compat.v1
    with tf.Graph().as_default(), v1.Session() as session:
        x = v1.placeholder(tf.float32, [None, 3], name='x')
        examples = v1.placeholder(tf.string, [None], name='examples')
        weights = v1.get_variable('dense/kernel', [3, 2], use_resource=False)
        bias = v1.get_variable('dense/bias', [2], use_resource=True)
        v1.get_variable('count', [], tf.int64, initializer=v1.zeros_initializer(), trainable=False)
        if partitioned: v1.get_variable('embedding', [10, 2], partitioner=v1.fixed_size_partitioner(2))
        y = tf.matmul(x, weights) + bias
        parsed = v1.io.parse_example(examples, {'x': v1.io.FixedLenFeature([3], tf.float32), 'id': v1.io.VarLenFeature(tf.string)})
        scores = tf.matmul(parsed['x'], weights) + bias
        classes = tf.tile(tf.constant([['a', 'b']]), [tf.shape(scores)[0], 1])
        session.run(v1.global_variables_initializer())
        signatures = v1.saved_model
        predict = signatures.predict_signature_def({'x': x}, {'y': y})
        builder = signatures.Builder(os.path.join(folder, name))
        builder.add_meta_graph_and_variables(session, ['serve'], signature_def_map={
            'serving_default': predict,
            'classify': signatures.classification_signature_def(examples, classes, scores),
            'regress': signatures.regression_signature_def(examples, scores[:, :1])})
        builder.add_meta_graph(['serve', 'gpu'], signature_def_map={'other': predict})
        builder.save()

save_v1('tf1', False)
save_v1('partitioned', True)

# An index of several blocks: a block has 256 KiB.
names = ['layer_%04d/%s' % (i, 'x' * 150) for i in range(3000)]
tf.raw_ops.SaveV2(prefix=os.path.join(folder, 'large'), tensor_names=names, shape_and_slices=[''] * 3000,
                  tensors=[tf.constant(float(i)) for i in range(3000)])
print('{}')
`;

/** What Python finds in a checkpoint, with numbers that JSON holds exactly. */
const loadVariables = `
import json, sys
import numpy as np, tensorflow as tf
prefix = json.load(sys.stdin)['prefix']
def plain(value):
    if isinstance(value, bytes): return value.hex()
    value = np.asarray(value)
    if value.dtype == object: return [each.hex() for each in value.flatten()]
    if value.dtype.kind == 'c': return [str(part) for each in value.flatten() for part in (float(each.real), float(each.imag))]
    if value.dtype.kind in 'iub': return [str(int(each)) for each in value.flatten()]
    return [str(float(each)) for each in value.flatten()]
reader = tf.train.load_checkpoint(prefix)
dtypes = reader.get_variable_to_dtype_map()
print(json.dumps({key: {'shape': shape, 'dtype': dtypes[key].name, 'values': plain(tf.train.load_variable(prefix, key))}
                  for key, shape in tf.train.list_variables(prefix) if key != '_CHECKPOINTABLE_OBJECT_GRAPH'}))
`;

/** Numbers as the script above writes them, strings in hexadecimal. */
function plain(values: TensorValues): (string | number)[] {
  return Array.from<number | bigint | Uint8Array, string | number>(values, (value) => {
    if (value instanceof Uint8Array) return Buffer.from(value).toString('hex');
    return typeof value === 'bigint' ? value.toString() : value;
  });
}

interface PythonVariable {
  readonly shape: number[];
  readonly dtype: string;
  readonly values: string | string[];
}

describe.skipIf(!hasPython())('compared with Python', () => {
  let folder: string;
  const at = (...names: string[]) => path.join(folder, ...names);

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    await new LenetModel({ classNames: ['ape', 'bee', 'cat'], seed: 5 }).save(at('LenetModel', '1'));
    await saveTwoSignatures(new LenetModel({ classNames: ['ape', 'bee', 'cat'] }), at('TwoSignatures', '1'));
    await runPython(makeModels, { folder });
  });

  const models = ['LenetModel/1', 'Module/3', 'keras', 'tf1', 'partitioned'];

  it.each(models)('%s is shown as saved_model_cli shows it', async (name) => {
    await expectSameAsSavedModelCli(at(name));
    expect((await describeSavedModel(at(name))).problems).toEqual([]);
  });

  it.each(['LenetModel/1', 'Module/3', 'keras', 'tf1'])('%s has the variables that tf.train finds', async (name) => {
    const expected = (await runPython(loadVariables, { prefix: at(name, 'variables', 'variables') })) as object;
    const variables = await readVariables(at(name));
    expect(variables.map(({ key }) => key)).toEqual(Object.keys(expected));
    for (const variable of variables) expectSame(variable, (expected as Record<string, PythonVariable>)[variable.key]);
  });

  it('gives partitioned variables their whole shape, and says where to read them', async () => {
    expect((await listVariables(at('partitioned'))).find(({ name }) => name === 'embedding')?.shape).toEqual([10, 2]);
    await expect(readVariables(at('partitioned'))).rejects.toThrow(
      'The tensor "embedding" of ' +
        `${at('partitioned/variables/variables')} is cut into parts (a partitioned variable), which Signet does not read. ` +
        'Read it in Python with tf.train.load_variable.',
    );
  });

  it('an index of several blocks is read whole', async () => {
    const bundle = await readTensorBundle(at('large'));
    expect(bundle.entries.size).toBe(3000);
    for (const i of [0, 1, 1499, 2999]) {
      const key = `layer_${String(i).padStart(4, '0')}/${'x'.repeat(150)}`;
      expect(await bundle.read(key)).toEqual(Float32Array.of(i));
    }
  });

  it('names variables as their makers did, and tells which are trained and used', async () => {
    const names = async (model: string) => (await listVariables(at(model))).map(({ name }) => name);
    expect(await names('keras')).toContain('sequential/batch_normalization/moving_mean');
    expect(await names('tf1')).toEqual(['count', 'dense/bias', 'dense/kernel']);
    expect((await names('Module/3')).filter((name) => name === 'weight')).toHaveLength(8);
    // Keras 3 saves every weight a second time, for a list that no function reads.
    const { variables } = await describeSavedModel(at('keras'));
    expect(variables).toMatchObject({ parameters: 1126, trainableParameters: 1110, unusedParameters: 563 });
    expect((await describeSavedModel(at('tf1'))).variables).toMatchObject({ parameters: 9, trainableParameters: 8 });
  });

  it('shows the functions of nested objects by their paths', async () => {
    const { metaGraphs } = await describeSavedModel(at('Module/3'));
    const functions = metaGraphs[0]?.functions ?? [];
    expect(functions.map(({ name, parameters, options }) => `${name}(${parameters}): ${options.length}`)).toEqual([
      '__call__(x, flag): 1',
      'any_rank(x): 1',
      'brain(x, other): 1',
      'look_up(text): 1',
      'mixed(x, pair, named, mode="fast", nothing=None, *, size=3): 2',
      'encoder.encode(x, training=False, scale=2.0): 4',
      'by_name.first.encode(x, training=False, scale=2.0): 0',
      'layers.0.encode(x, training=False, scale=2.0): 0',
      'layers.1.encode(x, training=False, scale=2.0): 1',
    ]);
  });

  it('finds the features of a classifier in its graph', async () => {
    const { metaGraphs } = await describeSavedModel(at('tf1'));
    const { classify, regress } = metaGraphs[0]?.signatures ?? {};
    expect(classify?.examples.curl).toBe(
      `curl -d '{"signature_name": "classify", "examples": [{"id": ["text"], "x": [0.5, 0.5, 0.5]}]}' http://localhost:8501/v1/models/tf1:classify`,
    );
    expect(regress?.examples.url).toBe('http://localhost:8501/v1/models/tf1:regress');
    expect(metaGraphs[1]?.signatures.other?.examples.notes).toEqual([
      'TensorFlow Serving loads this graph with --saved_model_tags=serve,gpu',
    ]);
  });

  it.each([
    ['TwoSignatures/1', 'output_0'],
    ['Module/3', 'ids'],
    ['keras', 'output_0'],
    ['tf1', 'scores'],
  ])('the Python snippets of %s run', { timeout: 200_000 }, async (name, output) => {
    const { metaGraphs } = await describeSavedModel(at(name));
    const snippets = metaGraphs.flatMap(({ signatures }) =>
      Object.values(signatures).flatMap(({ examples }) => examples.python ?? []),
    );
    expect(snippets.length).toBeGreaterThan(1);
    // The snippets read an image where the inputs' names call for bytes.
    const image = path.resolve('data/digits/test/0');
    const script = `
import glob, os, shutil
os.chdir(${JSON.stringify(folder)})
shutil.copy(sorted(glob.glob(${JSON.stringify(image)} + '/*'))[0], 'image.jpg')
shutil.copy('image.jpg', 'data.bin')
${snippets.join('\n')}
`;
    const env = { ...process.env, TF_CPP_MIN_LOG_LEVEL: '3' };
    const { stdout } = await promisify(execFile)(path.join(pythonFolder, 'bin', 'python'), ['-c', script], { env });
    expect(stdout).toContain(`'${output}': <tf.Tensor`);
  });
});

function expectSame(variable: VariableValues, expected: PythonVariable | undefined): void {
  const { key, shape, dtype, values } = variable;
  expect({ key, shape, dtype }).toEqual({ key, shape: expected?.shape, dtype: expected?.dtype });
  const python = [expected?.values ?? []].flat();
  const isNumber = !(dtype === 'string' || dtype.endsWith('int64'));
  expect(plain(values), key).toEqual(isNumber ? python.map(toNumber) : python);
}

/** Python writes `inf` and `nan`. */
function toNumber(text: string): number {
  return { inf: Infinity, '-inf': -Infinity, nan: NaN }[text] ?? Number(text);
}
