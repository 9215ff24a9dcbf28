import { rename } from 'node:fs/promises';
import path from 'node:path';

import { expect } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import type { TfFunction } from '../../src/tracing/tf-function.js';
import { temporaryFolder } from './temporary-folder.js';

/**
 * Checks that a tf function returns the same eagerly, compiled, and reloaded from a SavedModel that was moved, for each list of arguments, and that
 * it leaves no tensor behind.
 */
export async function expectSameByEveryRoad(
  fn: TfFunction<never>,
  calls: readonly (readonly tf.Tensor[])[],
  tolerance = 1e-5,
): Promise<void> {
  const graph = fn.getConcreteFunction();
  const folder = await temporaryFolder();
  await writeSavedModel(path.join(folder, 'written'), {
    functions: { f: graph },
    signatures: { serving_default: 'f' },
  });
  await rename(path.join(folder, 'written'), path.join(folder, 'moved'));
  const compiled = await CompiledFunctions.compile({ f: graph });
  const reloaded = await LoadedSavedModel.load(path.join(folder, 'moved'));
  const before = tf.memory().numTensors;
  for (const args of calls) {
    const result = (fn as unknown as TfFunction)(...args);
    const eager: Record<string, tf.Tensor> = result instanceof tf.Tensor ? { output_0: result } : { ...result };
    const named = Object.fromEntries(graph.inputs.flatMap(({ name }, i) => (args[i] ? [[name, args[i]]] : [])));
    for (const other of [compiled.call('f', args), reloaded.call('serving_default', named)]) {
      expect(Object.keys(other).sort()).toEqual(Object.keys(eager).sort());
      for (const [name, expected] of Object.entries(eager)) expectSame(other[name], expected, tolerance);
      tf.dispose(other);
    }
    for (const tensor of Object.values(eager)) if (!args.includes(tensor)) tensor.dispose();
  }
  expect(tf.memory().numTensors).toBe(before);
  compiled.dispose();
  reloaded.dispose();
}

/** Checks two tensors for the same type, shape and values. */
export function expectSame(actual: tf.Tensor | undefined, expected: tf.Tensor, tolerance = 1e-5): void {
  expect(actual?.dtype).toBe(expected.dtype);
  expect(actual?.shape).toEqual(expected.shape);
  if (expected.dtype === 'string') {
    expect(actual?.dataSync()).toEqual(expected.dataSync());
    return;
  }
  const values = actual?.dataSync() ?? [];
  expected.dataSync().forEach((value, i) => {
    const other = values[i] ?? NaN;
    if (Object.is(value, other)) return;
    expect(Math.abs(value - other)).toBeLessThan(tolerance * Math.max(1, Math.abs(value)));
  });
}
