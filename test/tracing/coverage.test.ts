import path from 'node:path';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { CompiledFunctions } from '../../src/saved-model/compile.js';
import { LoadedSavedModel } from '../../src/saved-model/load-saved-model.js';
import { writeSavedModel } from '../../src/saved-model/write-saved-model.js';
import * as tf from '../../src/tensorflow/tf.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';
import { coverageGroups } from './coverage-cases.js';
import { testShapes, testTensors } from './coverage/coverage-case.js';
import { kernelsThatRun, recordKernels } from './coverage/kernels-that-ran.js';
import { expectSameByEveryRoad, subjectsOf } from './coverage/same-by-every-road.js';

recordKernels();
const groups = coverageGroups();

describe.each(Object.entries(groups))('%s', (_, cases) => {
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
    compiled = await CompiledFunctions.compile(graphs);
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
