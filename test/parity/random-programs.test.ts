import path from 'node:path';

import fc from 'fast-check';
import { expect, it } from 'vitest';

import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import type { ConcreteFunction } from '../../src/tracing/concrete-function.js';
import { randomPrograms } from '../helpers/programs/random-programs.js';
import { renderProgram } from '../helpers/programs/render-program.js';
import { argumentsOf, buildProgram, shapesOf } from '../helpers/programs/try-program.js';
import { hasPython, runPython } from '../helpers/python/python.js';
import { temporaryFolder } from '../helpers/temporary-folder.js';

interface PlainTensor {
  readonly dtype: string;
  readonly shape: readonly number[];
  /** Text where JSON has no number: `NaN`, `Infinity`. */
  readonly values: readonly (number | string)[];
}

/** A call of a signature, and what the function gives eagerly. */
interface Call {
  readonly signature: string;
  readonly inputs: Readonly<Record<string, PlainTensor>>;
  readonly expected: Readonly<Record<string, PlainTensor>>;
}

/** Calls every signature of one SavedModel, and says where a type, a shape or a value is another. */
const script = `
import json, sys
import numpy as np, tensorflow as tf
given = json.load(sys.stdin)
model = tf.saved_model.load(given['model'])
def value(plain): return np.array(plain['values']).reshape(plain['shape']).astype(plain['dtype'])
wrong = []
for call in given['calls']:
    signature = model.signatures[call['signature']]
    specs = signature.structured_input_signature[1]
    inputs = {name: tf.constant(value(plain), specs[name].dtype) for name, plain in call['inputs'].items()}
    results = signature(**inputs)
    for name, plain in call['expected'].items():
        expected, result = value(plain), results[name].numpy()
        if result.dtype in (np.uint8, np.int64): result = result.astype('int32')
        where = [call['signature'], [list(i['shape']) for i in call['inputs'].values()], name]
        if result.dtype != expected.dtype or result.shape != expected.shape:
            wrong.append(where + [str(result.dtype), list(result.shape)])
        elif expected.size > 0 and not np.allclose(result, expected, rtol=0, atol=1e-4 * np.abs(expected).max() + 1e-5, equal_nan=True):
            wrong.append(where + [float(np.abs(result - expected).max())])
print(json.dumps({'calls': len(given['calls']), 'wrong': wrong}))
`;

const programs = fc
  .sample(randomPrograms, { numRuns: 60, seed: 1611 })
  .map((program) => ({ program, rendered: renderProgram(program) }))
  .filter(({ rendered }) => !rendered.isRandom);

/** More elements than these take long to write down, and show nothing. */
const mostElements = 5000;

it.skipIf(!hasPython())('random programs give in Python what they give eagerly', { timeout: 600_000 }, async () => {
  const functions: Record<string, ConcreteFunction> = {};
  const calls: Call[] = [];
  for (const [i, { program, rendered }] of programs.entries()) {
    const built = buildProgram(rendered);
    const graph = tracedOrNull(() => built.fn.getConcreteFunction());
    // One that assigns variables gives other results at the second call.
    if (!graph || graph.assigns) continue;
    functions[`p${i}`] = graph;
    for (let call = 0; call < 6; call++) {
      const shapes = shapesOf(rendered, call, program.shapes);
      const args = argumentsOf(rendered, shapes);
      const results = tracedOrNull(() => built.fn(...args));
      if (!results) continue;
      const expected = plainTensors(results instanceof tf.Tensor ? { output_0: results } : results);
      const inputs = plainTensors(Object.fromEntries(args.map((arg, k) => [graph.inputs[k]?.name ?? '', arg])));
      const elements = [...Object.values(inputs), ...Object.values(expected)].flatMap(({ values }) => values).length;
      if (elements <= mostElements) calls.push({ signature: `p${i}`, inputs, expected });
    }
  }
  const directory = path.join(await temporaryFolder(), '1');
  const signatures = Object.fromEntries(Object.keys(functions).map((name) => [name, name]));
  await writeSavedModel(directory, { functions, signatures });
  expect(Object.keys(functions).length).toBeGreaterThan(30);
  expect(calls.length).toBeGreaterThan(80);
  expect(await runPython(script, { model: directory, calls })).toEqual({ calls: calls.length, wrong: [] });
});

/** Null where a program cannot be traced, or does not take its arguments. */
function tracedOrNull<T>(action: () => T): T | null {
  try {
    return action();
  } catch {
    return null;
  }
}

function plainTensors(tensors: Readonly<Record<string, tf.Tensor>>): Record<string, PlainTensor> {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const { dtype, shape } = tensor;
      return [
        name,
        {
          dtype,
          shape,
          values: Array.from<number>(tensor.dataSync()).map((value) =>
            Number.isFinite(value) ? value : String(value),
          ),
        },
      ];
    }),
  );
}
