import { beforeAll, describe, expect, it } from 'vitest';

import {
  largestDifference,
  optimizerCases,
  startAndGradients,
  stepCompiled,
  stepEagerly,
} from '../helpers/training/optimizer-cases.js';
import { hasPython, runPython } from '../helpers/python/python.js';

/** The weights after each step that Keras takes with the same gradients. */
const script = `
import json, sys
import numpy as np, keras
request = json.load(sys.stdin)
shapes = [(3, 4), (4,)]
answers = {}
for case in request['cases']:
    optimizer = eval('keras.optimizers.' + case)
    variables = [keras.Variable(np.array(v, np.float32).reshape(s)) for v, s in zip(request['start'], shapes)]
    steps = []
    for step in request['gradients']:
        optimizer.apply([np.array(g, np.float32).reshape(s) for g, s in zip(step, shapes)], variables)
        steps.append(np.concatenate([v.numpy().ravel() for v in variables]).tolist())
    answers[case] = steps
print(json.dumps(answers))
`;

describe.skipIf(!hasPython())('optimizers, compared with Keras', () => {
  let keras: Readonly<Record<string, number[][]>>;

  beforeAll(async () => {
    const cases = optimizerCases.map(([python]) => python);
    keras = (await runPython(script, { ...startAndGradients(), cases })) as typeof keras;
  });

  it.each(optimizerCases)('%s takes the same 20 steps, op by op and compiled', async (python, make) => {
    const expected = keras[python] ?? [];
    expect(expected).toHaveLength(20);
    expect(largestDifference(stepEagerly(make()), expected)).toBeLessThan(2e-6);
    // TensorFlow's fused ops take 1 - beta in float32, which for Adam's 0.999 is off by one part in 80,000.
    expect(largestDifference(await stepCompiled(make()), expected)).toBeLessThan(1e-5);
  });
});
