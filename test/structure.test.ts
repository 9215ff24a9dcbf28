import { ESLint } from 'eslint';
import { describe, expect, it } from 'vitest';

const linters = new Map<string, ESLint>();

/** ESLint with one rule. It reads its configuration once, which takes longer than to lint. */
function linterOf(rule: string): ESLint {
  const linter =
    linters.get(rule) ??
    new ESLint({
      overrideConfig: { languageOptions: { parserOptions: { projectService: false } } },
      ruleFilter: ({ ruleId }) => ruleId === rule,
    });
  linters.set(rule, linter);
  return linter;
}

/** Returns what a lint rule says of a file that need not exist. */
async function lint(rule: string, file: string, code: string): Promise<string[]> {
  const [result] = await linterOf(rule).lintText(code, { filePath: file });
  return result?.messages.map(({ message }) => message) ?? [];
}

async function lintImport(file: string, specifier: string): Promise<string[]> {
  return lint('no-restricted-imports', file, `import * as x from '${specifier}';\nexport { x };\n`);
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

describe('TF.js is changed in one place', () => {
  const patches = [
    'model.makeTrainFunction();',
    'const { lossFunctions } = model;',
    "Reflect.get(model, 'testFunction');",
    'Object.assign(model, { makeTestFunction: () => undefined });',
    'Object.assign(optimizer, { applyGradients: () => undefined });',
    "Reflect.deleteProperty(optimizer, 'applyGradients');",
    "Object.defineProperty(tf.engine(), 'makeVariable', { value: null });",
    'tf.engine().makeVariable = () => null;',
    'backend.executeSingleOutput = () => null;',
    'Layer.prototype.call = () => null;',
    'class A { static [Symbol.hasInstance]() { return true; } }',
    "tf.unregisterKernel('Mean', 'tensorflow');",
    "import { replaced } from '../src/tensorflow/mended/replaced.js';",
  ];

  it.each(patches)('not by %s elsewhere', async (code) => {
    for (const file of ['src/training/steps/x.ts', 'src/tracing/x.ts', 'src/tensorflow/x.ts']) {
      expect(await lint('no-restricted-syntax', file, code)).toContain(
        'Only src/tensorflow/mended and src/training/tfjs-step.ts change TF.js: see src/tensorflow/mended/README.md.',
      );
    }
  });

  it.each(['src/tensorflow/mended/x.ts', 'src/training/tfjs-step.ts'])('but in %s', async (file) => {
    for (const code of patches) expect(await lint('no-restricted-syntax', file, code)).toEqual([]);
  });

  it('while anybody may call what it has', async () => {
    const code = 'optimizer.applyGradients(gradients);\nbackend.executeSingleOutput(op, attributes, inputs);\n';
    expect(await lint('no-restricted-syntax', 'src/distributed/x.ts', code)).toEqual([]);
  });
});

describe('what is written is escaped at the exits', () => {
  it.each(["process.stderr.write('x');", 'const { columns } = process.stdout;', 'console.error(1);'])(
    '%s is for src/text/tell.ts',
    async (code) => {
      for (const file of ['src/commands/x.ts', 'src/serving/rest/x.ts', 'src/tensorflow/mended/x.ts']) {
        expect(await lint('no-restricted-syntax', file, code)).toEqual([
          'Write with tell or print of src/text/tell.ts, which escape what a terminal would obey.',
        ]);
      }
      expect(await lint('no-restricted-syntax', 'src/text/tell.ts', code)).toEqual([]);
    },
  );
});
