import eslint from '@eslint/js';
import { defineConfig } from 'eslint/config';
import regexp from 'eslint-plugin-regexp';
import tseslint from 'typescript-eslint';

/** The pipeline, in order: a folder of `src/` may import from those before it, never from those after it. */
const pipeline = [
  'text',
  'files',
  'set-up',
  'tensorflow',
  'tracing',
  'ops',
  'saved-model',
  'signatures',
  'data',
  'training',
  'models',
  'client',
  'evaluation',
  'distributed',
  'export',
  'serving',
  'commands',
];

/** @type {import('eslint').Linter.Config[]} */
const importsGoOneWay = pipeline.map((folder, position) => ({
  files: [`src/${folder}/**/*.ts`],
  rules: {
    'no-restricted-imports': [
      'error',
      {
        patterns: [
          {
            group: [
              ...pipeline.slice(position + 1).map((later) => `**/${later}/**`),
              ...['**/index.js', '**/main.js', '**/scripts/**'],
            ],
            message: `src/${folder} may import only from the folders before it: ${pipeline.slice(0, position).join(', ') || 'none'}. See eslint.config.js.`,
          },
          ...(folder === 'tensorflow'
            ? []
            : [
                {
                  group: ['@tensorflow/*'],
                  message: 'Import tf from src/tensorflow/tf.js: it quiets the log and repairs Node >= 23 first.',
                },
              ]),
        ],
      },
    ],
  },
}));

/** A command's `main.ts` is its process; `flags.ts` is read before anything heavy is loaded. @type {import('eslint').Linter.Config[]} */
const commands = [
  {
    files: ['src/commands/**/*.ts'],
    ignores: ['src/commands/*/main.ts', 'src/commands/shared/run-command.ts'],
    rules: {
      'no-restricted-properties': [
        'error',
        ...['exit', 'exitCode', 'argv'].map((property) => ({
          object: 'process',
          property,
          message: "Only a command's main.ts ends the process or reads its arguments.",
        })),
      ],
    },
  },
  {
    files: ['src/commands/*/flags.ts', 'src/commands/shared/*-flags.ts'],
    rules: {
      'no-restricted-imports': [
        'error',
        {
          patterns: [
            {
              regex: '^(?!\\./|\\.\\./shared/(flag-table|.*-flags)\\.js$|\\.\\./[^/]+/flags\\.js$)',
              message: 'A table of flags imports nothing heavy: only the mechanism and other tables.',
            },
          ],
        },
      ],
    },
  },
];

/** Members of TF.js that `training/tfjs-step.ts` alone uses: what makes the step of a LayersModel, which TF.js's typings hide. */
const stepMembers = 'makeTrainFunction|makeTestFunction|trainFunction|testFunction|lossFunctions|stopTraining_';
/** Members of TF.js that others may call, and only `tensorflow/mended` replaces: src/tensorflow/mended/README.md lists them. */
const mendedMembers =
  'executeSingleOutput|executeMultipleOutputs|readSync|createOutputTensor|executeEncodeImageOp|makeVariable|applyGradients';
const mendedMessage =
  'Only src/tensorflow/mended and src/training/tfjs-step.ts change TF.js: see src/tensorflow/mended/README.md.';

const mended = [
  `Identifier[name=/^(${stepMembers})$/]`,
  `Literal[value=/^(${stepMembers})$/]`,
  `AssignmentExpression > MemberExpression.left[property.name=/^(${mendedMembers})$/]`,
  `CallExpression[callee.object.name=/^(Object|Reflect)$/][callee.property.name=/^(assign|defineProperty|defineProperties)$/] > ObjectExpression > Property[key.name=/^(${mendedMembers})$/]`,
  `CallExpression[callee.object.name=/^(Object|Reflect)$/][callee.property.name=/^(defineProperty|deleteProperty|set)$/] > Literal[value=/^(${mendedMembers})$/]`,
  'AssignmentExpression > MemberExpression.left[object.property.name="prototype"]',
  'MemberExpression[object.name="Symbol"][property.name="hasInstance"]',
  'Identifier[name=/^(un)?register(Kernel|Gradient)$/]',
  'Identifier[name=/^replaced(Accessor|Kernel|Gradient)?$/]',
].map((selector) => ({ selector, message: mendedMessage }));

/** What is written may quote names that somebody else chose, and a terminal obeys what they hold: src/text/tell.ts escapes it. */
const written = {
  selector: 'MemberExpression[object.name="process"][property.name=/^std(out|err)$/], Identifier[name="console"]',
  message: 'Write with tell or print of src/text/tell.ts, which escape what a terminal would obey.',
};
/** `tell.ts` and `terminal-link.ts` are the exits; `load-quietly.ts` puts back what TensorFlow wrote, byte for byte. */
const exits = ['src/text/tell.ts', 'src/text/terminal-link.ts', 'src/tensorflow/loading/load-quietly.ts'];
const tfjsIsMended = ['src/tensorflow/mended/**/*.ts', 'src/training/tfjs-step.ts'];

/** @type {import('eslint').Linter.Config[]} */
const tfjsIsPatchedAndTextWrittenInOnePlace = [
  {
    files: ['src/**/*.ts'],
    ignores: [...tfjsIsMended, ...exits],
    rules: { 'no-restricted-syntax': ['error', ...mended, written] },
  },
  { files: ['scripts/**/*.ts', ...exits], rules: { 'no-restricted-syntax': ['error', ...mended] } },
  { files: tfjsIsMended, rules: { 'no-restricted-syntax': ['error', written] } },
];

export default defineConfig(
  {
    ignores: [
      'dist/',
      'models/',
      'node_modules/',
      'coverage/',
      'docs/.vitepress/cache/',
      'docs/.vitepress/dist/',
      'src/tensorflow/protos/',
      'src/export/onnx/protos/',
      'src/tensorflow/loading/tfjs.js',
      'src/tracing/op-registry.ts',
    ],
  },
  eslint.configs.recommended,
  tseslint.configs.strict,
  tseslint.configs.stylistic,
  {
    // The rules that need types are in .oxlintrc.json.
    rules: {
      // `interface Options extends OptionsOf<typeof flags> {}` gives an inferred type a name that messages show.
      '@typescript-eslint/no-empty-object-type': ['error', { allowInterfaces: 'with-single-extends' }],
      '@typescript-eslint/no-non-null-assertion': 'error',
      '@typescript-eslint/unified-signatures': 'off',
      eqeqeq: ['error', 'always'],
    },
  },
  importsGoOneWay,
  {
    // Texts come from outside: no pattern may take longer than the text is long, times a constant.
    files: ['src/**/*.ts', 'scripts/**/*.ts', 'scripts/**/*.js'],
    plugins: { regexp },
    rules: { 'regexp/no-super-linear-backtracking': 'error', 'regexp/no-super-linear-move': 'error' },
  },
  tfjsIsPatchedAndTextWrittenInOnePlace,
  commands,
  {
    // The browser's side of the page: plain JavaScript, served as it is.
    files: ['src/serving/page/{public,offline}/*.js'],
    languageOptions: {
      globals: Object.fromEntries(
        [
          'AbortController',
          'atob',
          'Blob',
          'createImageBitmap',
          'document',
          'fetch',
          'File',
          'FormData',
          'getSelection',
          'history',
          'Image',
          'location',
          'navigator',
          'OffscreenCanvas',
          'Option',
          'performance',
          'sessionStorage',
          'setInterval',
          'setTimeout',
          'URL',
          'URLSearchParams',
        ].map((name) => [name, 'readonly']),
      ),
    },
  },
);
