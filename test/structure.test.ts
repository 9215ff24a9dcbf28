import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

/** What the lint rule says of an import, in a file that need not exist. */
async function lintImport(file: string, specifier: string): Promise<string[]> {
  const eslint = new ESLint({
    overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
    ruleFilter: ({ ruleId }) => ruleId === 'no-restricted-imports',
  });
  const [result] = await eslint.lintText(`import * as x from '${specifier}';\nexport { x };\n`, { filePath: file });
  return result?.messages.map(({ message }) => message) ?? [];
}

describe('imports go one way', () => {
  it.each([
    ['src/tracing/x.ts', '../models/lenet-model.js'],
    ['src/tensorflow/x.ts', '../tracing/tape.js'],
    ['src/saved-model/x.ts', '../training/fit.js'],
    ['src/data/x.ts', '../index.js'],
    ['src/training/callbacks/x.ts', '../../models/lenet-model.js'],
    ['src/models/x.ts', '@tensorflow/tfjs-node-gpu'],
  ])('%s may not import %s', async (file, specifier) => {
    expect(await lintImport(file, specifier)).toHaveLength(1);
  });

  it.each([
    ['src/models/x.ts', '../tracing/tape.js'],
    ['src/training/callbacks/x.ts', '../../tensorflow/tf.js'],
    ['src/tensorflow/x.ts', '@tensorflow/tfjs-node-gpu'],
  ])('%s may import %s', async (file, specifier) => {
    expect(await lintImport(file, specifier)).toEqual([]);
  });
});
