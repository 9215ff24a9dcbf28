import { expect } from 'vitest';

import type { CompiledFunctions } from '../../../src/saved-model/run/compile.js';
import type { LoadedSavedModel } from '../../../src/saved-model/run/load-saved-model.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import type { ConcreteFunction } from '../../../src/tracing/concrete-function.js';
import type { TfFunctionResult } from '../../../src/tracing/trace.js';
import { type CaseArgument, gradientOf, type CoverageCase, testShapes, testTensors } from './coverage-case.js';

/** A function that is compared, and its graph or why it has none. */
export interface Subject {
  readonly key: string;
  readonly case: CoverageCase;
  readonly fn: (...args: tf.Tensor[]) => TfFunctionResult;
  readonly graph: ConcreteFunction | Error;
}

/** The function of every case and, where there is one, its gradient; traced. */
export function subjectsOf(cases: readonly CoverageCase[]): Subject[] {
  return cases.flatMap((each, i) => {
    const value = subject(`f${i}`, each, each.fn);
    return each.gradient ? [value, subject(`g${i}`, each, gradientOf(each))] : [value];
  });
}

function subject(key: string, each: CoverageCase, fn: Subject['fn']): Subject {
  return { key, case: each, fn, graph: graphOf(key, each.args, fn) };
}

/** The graph of a function, or the error. */
export function graphOf(key: string, args: readonly CaseArgument[], fn: Subject['fn']): ConcreteFunction | Error {
  const inputSignature = Object.fromEntries(args.map(({ dtype, shape }, i) => [`x${i}`, tensorSpec(dtype, shape)]));
  // A rest parameter, so that the wrapper takes as many arguments as the case has.
  const traced = tfFunction((...all: tf.Tensor[]) => fn(...all), { inputSignature, name: key.replace(/\W/g, '_') });
  try {
    return traced.getConcreteFunction();
  } catch (error) {
    return error as Error;
  }
}

/** Compares eager with compiled with reloaded, at every round of sizes. */
export function expectSameByEveryRoad(
  { key, case: each, fn }: Subject,
  compiled: CompiledFunctions,
  reloaded: LoadedSavedModel,
): void {
  for (const [round, shapes] of testShapes(each).entries()) {
    tf.tidy(() => {
      const args = testTensors(each.args, shapes, round + 1);
      const eager = byName(fn(...args));
      const at = `at ${JSON.stringify(shapes)}`;
      const named = Object.fromEntries(args.map((arg, i) => [`x${i}`, arg]));
      expectSame(compiled.call(key, args), eager, each, `compiled ${at}`);
      expectSame(reloaded.call(key, named), eager, each, `reloaded ${at}`);
    });
  }
}

function byName(result: TfFunctionResult): Record<string, tf.Tensor> {
  return result instanceof tf.Tensor ? { output_0: result } : { ...result };
}

function expectSame(
  actual: Record<string, tf.Tensor>,
  eager: Record<string, tf.Tensor>,
  { random }: CoverageCase,
  where: string,
): void {
  expect(Object.keys(actual).sort(), where).toEqual(Object.keys(eager).sort());
  for (const [name, expected] of Object.entries(eager)) {
    const tensor = actual[name];
    if (!tensor) continue;
    expect(`${tensor.dtype}[${tensor.shape}]`, `${name} ${where}`).toBe(`${expected.dtype}[${expected.shape}]`);
    if (random === undefined) expectClose(tensor, expected, `${name} ${where}`);
  }
}

function expectClose(actual: tf.Tensor, expected: tf.Tensor, where: string): void {
  const values = actual.dataSync<'float32'>();
  if (expected.dtype !== 'float32') {
    expect(Array.from(values as ArrayLike<unknown>), where).toEqual(
      Array.from(expected.dataSync() as ArrayLike<unknown>),
    );
    return;
  }
  const wanted = expected.dataSync<'float32'>();
  const scale = wanted.reduce((max, value) => (Number.isFinite(value) ? Math.max(max, Math.abs(value)) : max), 1);
  const worst = wanted.findIndex((value, i) => !isClose(values[i] ?? NaN, value, 1e-5 * scale));
  expect(worst === -1 ? 'close' : `element ${worst} is ${values[worst]}, not ${wanted[worst]}`, where).toBe('close');
}

function isClose(actual: number, expected: number, tolerance: number): boolean {
  return Object.is(actual, expected) || Math.abs(actual - expected) <= tolerance;
}
