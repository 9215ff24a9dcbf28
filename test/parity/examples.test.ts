import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { Randomizer } from '../../examples/randomizer/randomizer.js';
import * as tf from '../../src/tensorflow/tf.js';
import { stringBytes } from '../../src/ops/strings.js';
import { type ExampleCall, exportedExamples } from '../examples/examples.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { expectSameAsSavedModelCli } from '../helpers/python/saved-model-cli.js';
import { expectSame } from '../helpers/same-by-every-road.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const script = `
import base64, json, os, sys
import numpy as np, tensorflow as tf
request = json.load(sys.stdin)
def tensor(spec, info):
    values = [base64.b64decode(value) for value in spec['values']] if spec['dtype'] == 'string' else spec['values']
    return tf.reshape(tf.constant(values, info.dtype), spec['shape'])
def plain(tensor):
    values = tensor.numpy().reshape(-1).tolist()
    return [base64.b64encode(value).decode() for value in values] if tensor.dtype == tf.string else values
models = {name: tf.saved_model.load(os.path.join(request['folder'], name, '1')) for name in {call['example'] for call in request['calls']}}
answers = []
for call in request['calls']:
    signature = models[call['example']].signatures[call['signature']]
    specs = signature.structured_input_signature[1]
    outputs = signature(**{name: tensor(spec, specs[name]) for name, spec in call['inputs'].items()})
    answers.append({name: {'shape': output.shape.as_list(), 'values': plain(output)} for name, output in outputs.items()})
randomizer = tf.saved_model.load(os.path.join(request['folder'], 'randomizer', '1'))
draws = [randomizer.fun_runif(tf.constant(4000)).numpy() for _ in range(2)]
print(json.dumps({
    'answers': answers,
    'sum_two': models['adder'].sum_two(tf.zeros([2, 3])).numpy().tolist(),
    'labels': os.path.relpath(models['bytes-to-class-name'].labels.asset_path.numpy().decode(), request['folder']),
    'draws': {'count': len(draws[0]), 'differ': bool((draws[0] != draws[1]).any()), 'mean': float(draws[0].mean()),
              'min': float(draws[0].min()), 'max': float(draws[0].max())},
}))
`;

interface Answer {
  readonly answers: readonly Record<string, { shape: number[]; values: (number | string)[] }>[];
  readonly sum_two: number[][];
  readonly labels: string;
  readonly draws: { count: number; differ: boolean; mean: number; min: number; max: number };
}

describe.skipIf(!hasPython())('the examples in Python TensorFlow', () => {
  let folder: string;
  let calls: ExampleCall[];
  let answer: Answer;

  beforeAll(async () => {
    folder = await temporaryFolderForAll();
    calls = await exportedExamples(folder);
    await new Randomizer().export(path.join(folder, 'randomizer', '1'));
    const sent = calls.map(({ example, signature, inputs }) => ({
      example,
      signature,
      inputs: Object.fromEntries(Object.entries(inputs).map(([name, tensor]) => [name, plain(tensor)])),
    }));
    answer = (await runPython(script, { folder, calls: sent })) as Answer;
  });

  it('give what they give eagerly', () => {
    expect(answer.answers).toHaveLength(calls.length);
    for (const [i, { expected }] of calls.entries()) {
      for (const [name, tensor] of Object.entries(expected)) {
        const { shape = [], values = [] } = answer.answers[i]?.[name] ?? {};
        const decoded = tensor.dtype === 'string' ? values.map((text) => Buffer.from(String(text), 'base64')) : values;
        expectSame(tf.tensor(decoded, shape, tensor.dtype), tensor);
      }
    }
  });

  it('are objects with methods and assets', () => {
    expect(answer.sum_two).toEqual([[2, 2, 2], [2, 2, 2]]); // prettier-ignore
    expect(answer.labels).toBe('bytes-to-class-name/1/assets/labels.txt');
  });

  it('draw anew at every call', () => {
    const { count, differ, mean, min, max } = answer.draws;
    expect([count, differ]).toEqual([4000, true]);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
    expect(min).toBeGreaterThanOrEqual(0);
    expect(max).toBeLessThan(1);
  });

  it.each([
    'adder',
    'randomizer',
    'end-to-end-classifier',
    'bytes-to-class-name',
    'image-estimator',
    'digit-recognizer',
  ])('show-model and saved_model_cli agree on %s', async (name) =>
    expectSameAsSavedModelCli(path.join(folder, name, '1')),
  );
});

function plain(tensor: tf.Tensor) {
  const isString = tensor.dtype === 'string';
  const values = isString
    ? stringBytes(tensor).map((bytes) => Buffer.from(bytes).toString('base64'))
    : [...tensor.dataSync()];
  return { dtype: tensor.dtype, shape: tensor.shape, values };
}
