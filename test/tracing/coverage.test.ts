import { readFile } from 'node:fs/promises';
import path from 'node:path';

import { format, resolveConfig } from 'prettier';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { SignetError } from '../../src/errors.js';
import { CompiledFunctions } from '../../src/saved-model/run/compile.js';
import { LoadedSavedModel } from '../../src/saved-model/run/load-saved-model.js';
import { writeSavedModel } from '../../src/saved-model/write/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { coverageGroups, refusedCases } from './coverage-cases.js';
import { gradientOf, testShapes, testTensors } from './cases/coverage-case.js';
import { kernelsThatRun, recordKernels } from './cases/kernels-that-ran.js';
import { expectSameByEveryRoad, graphOf, subjectsOf } from './cases/same-by-every-road.js';
import { tracingTable, withTable } from './cases/tracing-table.js';

recordKernels();
const groups = coverageGroups();

/** A graph of many functions takes long to start: each call of a function prunes all. */
const casesPerGraph = 8;

const parts = Object.entries(groups).flatMap(([group, cases]) =>
  Array.from(
    { length: Math.ceil(cases.length / casesPerGraph) },
    (_, i) => [`${group} ${i + 1}`, cases.slice(i * casesPerGraph, (i + 1) * casesPerGraph)] as const,
  ),
);

describe.each(parts)('%s', (_, cases) => {
  const subjects = subjectsOf(cases);
  const graphs = Object.fromEntries(
    subjects.flatMap(({ key, graph }) => (graph instanceof Error ? [] : [[key, graph]])),
  );
  let compiled: CompiledFunctions;
  let reloaded: LoadedSavedModel;

  beforeAll(async () => {
    const directory = path.join(await temporaryFolderForAll(), '1');
    const signatures = Object.fromEntries(Object.keys(graphs).map((key) => [key, key]));
    await writeSavedModel(directory, { functions: graphs, signatures });
    // As it was traced; the other one is rewritten by TensorFlow.
    compiled = await CompiledFunctions.compile(graphs, { rewritesGraph: false });
    reloaded = await LoadedSavedModel.load(directory);
  });

  afterAll(() => {
    compiled.dispose();
    reloaded.dispose();
  });

  it.each(
    subjects.map(
      (subject) =>
        [subject.key.startsWith('g') ? `the gradient of ${subject.case.name}` : subject.case.name, subject] as const,
    ),
  )('%s is the same eager, compiled and reloaded', (__, subject) => {
    if (subject.graph instanceof Error) throw subject.graph;
    expectSameByEveryRoad(subject, compiled, reloaded);
  });

  it('runs the kernels that its cases name', () => {
    for (const each of cases) {
      const own = subjects.filter((subject) => subject.case === each);
      const [shapes = []] = testShapes(each);
      const ran = kernelsThatRun(() => {
        tf.tidy(() => {
          const args = testTensors(each.args, shapes, 1);
          own.forEach(({ fn }) => void fn(...args));
        });
      });
      expect(
        each.kernels.filter((kernel) => !ran.has(kernel)),
        each.name,
      ).toEqual([]);
    }
  });
});

describe('what cannot be traced', () => {
  it.each(refusedCases.map((each) => [each.name, each] as const))('%s', (_, each) => {
    const fn = each.gradient ? gradientOf({ ...each, gradient: [0] }) : each.fn;
    const error = graphOf('f', each.args, fn);
    expect(error).toBeInstanceOf(SignetError);
    expect((error as SignetError).code).toBe('NOT_TRACEABLE');
    expect((error as SignetError).message).toContain(each.message);
  });
});

describe('the list of kernels', () => {
  it('is complete', () => {
    const covered = new Set([...Object.values(groups).flat(), ...refusedCases].flatMap(({ kernels }) => kernels));
    const all = tf.getKernelsForBackend('tensorflow').map(({ kernelName }) => kernelName);
    expect(all.filter((kernel) => !covered.has(kernel))).toEqual([]);
    expect([...covered].filter((kernel) => !all.includes(kernel))).toEqual([]);
  });

  it('is the table of docs/tracing.md', async () => {
    const file = new URL('../../docs/tracing.md', import.meta.url);
    const document = await readFile(file, 'utf8');
    const table = tracingTable(Object.values(groups).flat(), refusedCases);
    const options = await resolveConfig(file.pathname);
    const expected = await format(withTable(document, table), { ...options, parser: 'markdown' });
    expect(document === expected, 'docs/tracing.md is out of date: run npm run docs:tracing to update it').toBe(true);
  });
});
