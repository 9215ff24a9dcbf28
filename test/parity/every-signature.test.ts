import { writeFile } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { Randomizer } from '../../examples/randomizer/randomizer.js';
import { asset, lookUpLabel, readLines, Servable, tensorSpec, type tf, tfFunction } from '../../src/index.js';
import { exportedExamples } from '../examples/examples.js';
import { encodedImages } from '../helpers/data/encoded-images.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

/**
 * Calls every signature with one input in the ways that people do, and compares the answers with those of the call by name. Lists the ops
 * of every graph and function that a scanner denies: TensorFlow's own list, modelscan's, and what its pull request 341 adds.
 */
const script = `
import base64, json, os, sys
import numpy as np, tensorflow as tf
from tensorflow.python.tools import saved_model_cli, saved_model_utils
request = json.load(sys.stdin)
jpeg = base64.b64decode(request['jpeg'])
feature = tf.train.Feature(bytes_list=tf.train.BytesList(value=[jpeg]))
example = tf.train.Example(features=tf.train.Features(feature={'image/encoded': feature})).SerializeToString()
texts = {'inputs': example, 'image': base64.urlsafe_b64encode(jpeg).rstrip(b'=')}
denied = saved_model_cli._OP_DENYLIST | {'ReadFile', 'WriteFile', 'Print', 'PyFunc', 'EagerPyFunc', 'PyFuncStateless', 'MatchingFiles',
    'InitializeTableFromTextFile', 'InitializeTableFromTextFileV2', 'TextLineDataset', 'FixedLengthRecordDataset'}
def value(name, spec):
    if spec.dtype == tf.string:
        return tf.constant([texts.get(name, jpeg)])
    return tf.ones([1 if i == 0 else size or 20 for i, size in enumerate(spec.shape.as_list())], spec.dtype)
def plain(outputs):
    # A method of the object, which Keras prefers to a signature of its name, gives one tensor.
    outputs = outputs if isinstance(outputs, dict) else {'output_0': outputs}
    return {name: output.numpy() for name, output in outputs.items()}
def in_keras(directory, key, spec, x):
    given = tf.keras.Input(shape=spec.shape[1:], dtype=spec.dtype.name)
    return tf.keras.Model(given, tf.keras.layers.TFSMLayer(directory, call_endpoint=key)(given))(x)
def saved_again(model, key, x):
    tf.saved_model.save(model, request['resaved'], signatures=dict(model.signatures))
    return tf.saved_model.load(request['resaved']).signatures[key](x)
answers = {}
for name, directory in request['models'].items():
    model = tf.saved_model.load(directory)
    found = answers[name] = {'denied': [], 'signatures': [], 'other': [], 'differ': []}
    for meta_graph in saved_model_utils.read_saved_model(directory).meta_graphs:
        nodes = [*meta_graph.graph_def.node, *(node for function in meta_graph.graph_def.library.function for node in function.node_def)]
        found['denied'] += sorted(denied & {node.op for node in nodes})
    for key, signature in model.signatures.items():
        specs = signature.structured_input_signature[1]
        values = {name: value(name, spec) for name, spec in specs.items()}
        expected = plain(signature(**values))
        if len(specs) != 1:
            found['other'].append(key)
            continue
        found['signatures'].append(key)
        (_, x), = values.items()
        (_, spec), = specs.items()
        roads = {
            'by position': lambda: signature(x),
            'in a function': lambda: tf.function(lambda x: signature(x))(x),
            'TFSMLayer': lambda: tf.keras.layers.TFSMLayer(directory, call_endpoint=key)(x),
        }
        if spec.shape.rank: roads['in a data set'] = lambda: next(iter(tf.data.Dataset.from_tensors(x).map(signature)))
        if spec.shape.rank: roads['in a Keras model'] = lambda: in_keras(directory, key, spec, x)
        if len(found['signatures']) == 1: roads['saved again'] = lambda: saved_again(model, key, x)
        for road, call in roads.items():
            try:
                answer = plain(call())
                same = answer.keys() == expected.keys() and all(
                    answer[each].shape == expected[each].shape and (name == 'randomizer' or
                    (answer[each] == expected[each]).all() or np.allclose(answer[each], expected[each], atol=1e-5)) for each in expected)
                if not same: found['differ'].append([key, road])
            except Exception as error:
                found['differ'].append([key, road, type(error).__name__, str(error)[:300]])
print(json.dumps(answers))
`;

interface Answer {
  /** Ops that a scanner denies. */
  readonly denied: string[];
  /** Signatures with one input, and the others. */
  readonly signatures: string[];
  readonly other: string[];
  /** What did not give the answer of the call by name: signature, road, and an error if there was one. */
  readonly differ: string[][];
}

/** A user's own servable with two texts of its own. */
class OwnTexts extends Servable {
  readonly pick;
  readonly all;
  readonly words;

  constructor(folder: string) {
    super();
    this.words = asset(path.join(folder, 'words.txt'));
    const notes = asset(path.join(folder, 'notes.md'));
    this.pick = tfFunction((i: tf.Tensor) => ({ word: lookUpLabel(i, this.words) }), {
      inputSignature: { i: tensorSpec('int32', [null]) },
    });
    this.all = tfFunction(() => ({ notes: readLines(notes) }), { inputSignature: {} });
  }
}

const known = { centroids: 0, typicalDistance: 0.1, farDistance: 0.4, threshold: 0.2 };

describe.skipIf(!hasPython())('every signature in Python', () => {
  let answers: Record<string, Answer>;

  beforeAll(async () => {
    const folder = await temporaryFolderForAll();
    const examples = ['adder', 'bytes-to-class-name', 'digit-recognizer', 'end-to-end-classifier', 'image-estimator'];
    const models = Object.fromEntries(
      [...examples, 'randomizer', 'classifier', 'multi-label', 'own-texts'].map((name) => [
        name,
        path.join(folder, name, '1'),
      ]),
    ) as Record<string, string>;
    await exportedExamples(folder);
    await new Randomizer().export(models.randomizer ?? '');
    for (const multiLabel of [false, true]) {
      const model = new SmallClassifier({ classNames: ['ape', 'bee', 'cat'], seed: 1, multiLabel, withHeatmap: true });
      model.setConfidence({ temperature: 1.5, known });
      await model.save(models[multiLabel ? 'multi-label' : 'classifier'] ?? '');
      model.dispose();
    }
    await writeFile(path.join(folder, 'words.txt'), 'één\r\ntwee\n');
    await writeFile(path.join(folder, 'notes.md'), '# Notes\n\nNone.');
    const own = new OwnTexts(folder);
    await own.save(models['own-texts'] ?? '', { signatures: { serving_default: own.pick, all: own.all } });
    const jpeg = Buffer.from((await encodedImages())[1] ?? []).toString('base64');
    answers = (await runPython(script, { models, jpeg, resaved: path.join(folder, 'resaved') })) as typeof answers;
  }, 300_000);

  const classifier = ['serving_default', 'serving_bytes', 'serving_uint8', 'serving_base64', 'serving_labels', 'serving_embedding', 'serving_known', 'serving_classify']; // prettier-ignore
  it.each<[model: string, signatures: readonly string[], others?: readonly string[]]>([
    ['classifier', classifier, ['serving_heatmap']],
    ['multi-label', classifier, ['serving_heatmap']],
    ['own-texts', ['serving_default'], ['all']],
    ['adder', ['serving_default', 'sum_two']],
    ['bytes-to-class-name', ['serving_default']],
    ['digit-recognizer', ['serving_default']],
    ['end-to-end-classifier', ['serving_default']],
    ['image-estimator', ['serving_default', 'classify', 'regress']],
    ['randomizer', ['serving_default', 'fun_runif']],
  ])(
    'takes its one input by position wherever people give it, with no op that scanners deny: %s',
    (model, signatures, others = []) => {
      const { differ, denied, signatures: found, other } = answers[model] ?? {};
      expect({ differ, denied }).toEqual({ differ: [], denied: [] });
      expect(new Set(found)).toEqual(new Set(signatures));
      expect(other).toEqual(others);
    },
  );
});
