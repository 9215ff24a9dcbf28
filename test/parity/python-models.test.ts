import path from 'node:path';

import { describe, expect, it, onTestFinished } from 'vitest';

import { SignetClient } from '../../src/client/signet-client.js';
import { NotFrozen } from '../../src/saved-model/freeze/freeze-graph.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { startServer } from '../../src/serving/start-server.js';
import { dtypes } from '../../src/tensorflow/data-type.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { sendJson } from '../helpers/servers/http-client.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

/** Models in the forms that TensorFlow Serving loads, and what Python's TensorFlow answers for each: x = [1, 2, 3], or words. */
const makeModels = `
import json, os, shutil, sys
import numpy as np, tensorflow as tf
v1 = tf.compat.v1
given = json.load(sys.stdin)
folder = given['folder']
place = lambda name: os.path.join(folder, name, '1')
rows = lambda dtype: [tf.TensorSpec([None], dtype)]
words = os.path.join(folder, 'words.txt')
open(words, 'w').write('ape\\nbee\\ncat\\n')

def line_numbers():
    index = tf.lookup.TextFileIndex
    return tf.lookup.TextFileInitializer(words, tf.string, index.WHOLE_LINE, tf.int64, index.LINE_NUMBER)

def v1_model(name, build, freeze=False, **more):
    with v1.Graph().as_default(), v1.Session() as session:
        x, y, init = build()
        session.run(v1.global_variables_initializer())
        builder = v1.saved_model.Builder(place(name))
        signature = {'serving_default': v1.saved_model.predict_signature_def({'x': x}, {'y': y})}
        if freeze:
            frozen = v1.graph_util.convert_variables_to_constants(session, session.graph_def, [y.op.name])
            with v1.Graph().as_default(), v1.Session() as other:
                v1.import_graph_def(frozen, name='')
                builder.add_meta_graph_and_variables(other, ['serve'], signature_def_map=signature)
        else:
            assets = v1.get_collection(v1.GraphKeys.ASSET_FILEPATHS)
            builder.add_meta_graph_and_variables(session, ['serve'], signature_def_map=signature, main_op=init, assets_collection=assets)
        builder.save()
    if freeze: shutil.rmtree(os.path.join(place(name), 'variables'), ignore_errors=True)

def scaled(resource):
    def build():
        x = v1.placeholder(tf.float32, [None], 'x')
        w = v1.get_variable('w', initializer=2.5, use_resource=resource)
        return x, tf.multiply(x, w, 'y'), None
    return build

def table():
    x = v1.placeholder(tf.string, [None], 'x')
    made = v1.lookup.StaticHashTable(line_numbers(), -1)
    return x, tf.identity(made.lookup(x), 'y'), v1.tables_initializer()

v1_model('ref_variables', scaled(False))
v1_model('resource_variables', scaled(True))
v1_model('frozen', scaled(True), freeze=True)
v1_model('v1_table', table)

class Plain(tf.Module):
    @tf.function(input_signature=rows(tf.float32))
    def __call__(self, x): return {'y': x * 2.5}
tf.saved_model.save(Plain(), place('without_variables'))
shutil.copytree(place('without_variables'), place('without_folder'))
shutil.rmtree(os.path.join(place('without_folder'), 'variables'))

class Lookup(tf.Module):
    def __init__(self):
        super().__init__()
        self.words = tf.lookup.StaticHashTable(line_numbers(), -1)
        self.more = tf.lookup.experimental.MutableHashTable(tf.string, tf.int64, -1)
        self.more.insert(['ape', 'bee', 'emu'], tf.constant([0, 1, 7], tf.int64))
    @tf.function(input_signature=rows(tf.string))
    def __call__(self, x): return {'y': self.words.lookup(x)}
    @tf.function(input_signature=rows(tf.string))
    def other(self, x): return {'y': self.more.lookup(x)}
model = Lookup()
tf.saved_model.save(model, place('table'), signatures=model.__call__)
tf.saved_model.save(model, place('mutable_table'), signatures=model.other)

class Types(tf.Module):
    def __init__(self):
        super().__init__()
        self.one = {name: tf.Variable(tf.cast(1, name), trainable=False) for name in given['numbers']}
model = Types()
def plus(name):
    def call(x): return {'y': x + model.one[name], 'x': x}
    return tf.function(call, input_signature=rows(name)).get_concrete_function()
tf.saved_model.save(model, place('types'), signatures={name: plus(name) for name in given['numbers']})

answers = {}
for name in os.listdir(folder):
    if name in ('types', 'without_folder') or not os.path.isdir(os.path.join(folder, name)): continue
    with v1.Graph().as_default(), v1.Session() as session:
        signature = v1.saved_model.load(session, ['serve'], place(name)).signature_def['serving_default']
        x = ['ape', 'cat', 'emu'] if signature.inputs['x'].dtype == tf.string.as_datatype_enum else [1, 2, 3]
        answers[name] = session.run(signature.outputs['y'].name, {signature.inputs['x'].name: x}).tolist()
# Python's loader, unlike TensorFlow's own, wants the folder.
answers['without_folder'] = answers['without_variables']
print(json.dumps(answers))
`;

/** What TensorFlow Serving's client gets of every type: x + 1 and x, or the words of the refusal. */
const askTypes = `
import json, sys
import grpc, numpy as np, tensorflow as tf
from tensorflow_serving.apis import predict_pb2, prediction_service_pb2_grpc
given = json.load(sys.stdin)
stub = prediction_service_pb2_grpc.PredictionServiceStub(grpc.insecure_channel('127.0.0.1:%d' % given['port']))
answers = {}
for name in given['numbers']:
    x = tf.constant([1, 2, 100]).numpy().astype(tf.dtypes.as_dtype(name).as_numpy_dtype)
    request = predict_pb2.PredictRequest()
    request.model_spec.name, request.model_spec.signature_name = 'types', name
    request.inputs['x'].CopyFrom(tf.make_tensor_proto(x))
    outputs = stub.Predict(request, timeout=60).outputs
    y, back = tf.make_ndarray(outputs['y']), tf.make_ndarray(outputs['x'])
    answers[name] = [y.dtype.name, bool((y == x + x.dtype.type(1)).all()), bool((back == x).all())]
print(json.dumps(answers))
`;

/** Types that Python can add 1 to. */
const numbers = dtypes.filter((dtype) => !['bool', 'string'].includes(dtype));

describe.skipIf(!hasPython())('a model of Python\'s', () => {
  it('is served in every form that TensorFlow Serving loads, of every type', async () => {
    const folder = await temporaryFolder();
    const expected = (await runPython(makeModels, { folder, numbers })) as Record<string, number[]>;
    const names = ['frozen', 'mutable_table', 'ref_variables', 'resource_variables', 'table', 'v1_table', 'without_folder', 'without_variables'];
    expect(Object.keys(expected).toSorted()).toEqual(names);
    const server = await startServer({ modelFolder: folder, restPort: 0, grpcPort: 0, pollSeconds: 0 }, '1.2.3');
    onTestFinished(() => server.drain());

    const served: Record<string, unknown> = {};
    for (const name of names) {
      const instances = name.endsWith('table') ? ['ape', 'cat', 'emu'] : [1, 2, 3];
      const { json } = await sendJson(server.restPort, `/v1/models/${name}:predict`, { instances });
      served[name] = (json as { predictions: unknown }).predictions ?? json;
    }
    expect(served).toEqual(expected);

    // And with constants instead of variables, where a form can be.
    const constant: Record<string, unknown> = {};
    for (const name of names) {
      const isTable = name.endsWith('table');
      const values = isTable ? ['ape', 'cat', 'emu'].map((word) => Buffer.from(word)) : Float32Array.of(1, 2, 3);
      const x = { dtype: isTable ? 'string' : 'float32', shape: [3], values } as const;
      constant[name] = await LoadedSavedModel.load(path.join(folder, name, '1'), { areVariablesConstant: true }).then(
        (model) => {
          const { y } = model.callValues('serving_default', { x });
          model.dispose();
          return Array.from((y?.values ?? []) as Float32Array, Number);
        },
        (error: unknown) => (error instanceof NotFrozen ? error.message : error),
      );
    }
    const { ref_variables, resource_variables } = expected;
    const [none, tables] = ['it has no variables', expect.stringMatching(/^it (?:has no variables|restores more than variables)/) as unknown];
    const without = { frozen: none, without_folder: none, without_variables: none, v1_table: none, table: tables, mutable_table: tables };
    expect(constant).toEqual({ ref_variables, resource_variables, ...without });

    const types = await runPython(askTypes, { port: server.grpcPort, numbers });
    expect(types).toEqual(Object.fromEntries(numbers.map((dtype) => [dtype, [dtype, true, true]])));
    const client = new SignetClient({ host: '127.0.0.1', grpcPort: server.grpcPort, modelName: 'types' });
    const { outputs } = await client.predict(
      { x: { dtype: 'float64', shape: [1], values: Float64Array.of(0.1) } },
      { signatureName: 'float64' },
    );
    expect(outputs.y?.values).toEqual(Float64Array.of(1.1));
    client.close();
  }, 240_000);
}); // prettier-ignore
