#!/usr/bin/env node
import { runCommand } from './run-command.js';
import { serverOptions } from './server-options.js';

await runCommand({
  name: 'predict-image',
  describe: 'Classifies image files with a model on a server, or one on disk.',
  operands: 'FILES',
  options: {
    'model-name': { type: 'string', describe: 'Name of the model on the server' },
    protocol: { alias: 'f', choices: ['GRPC', 'REST'], default: 'GRPC', describe: 'How the server is asked' },
    'model-path': {
      type: 'string',
      describe: "Instead of a server: a version's directory, such as models/LenetModel/1",
    },
    'top-k': { type: 'number', default: 5, describe: 'How many of the best classes are printed' },
    ...serverOptions,
    json: { type: 'boolean', default: false, describe: 'Print everything as JSON' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    ['data/digits/test/7/0043.png --model-name LenetModel', 'the server of npm start'],
    ['*.jpg --model-name LenetModel -f REST --host 10.0.0.5', 'another one'],
    ['seven.png --model-path models/LenetModel/1 --top-k 1', 'without a server'],
  ],
  handler: async ({ operands: files, json, verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { predictImage } = await import('../src/commands/predict-image/run.js');
    const { predictImageProblems, predictImageText } = await import('../src/commands/predict-image/print.js');
    const { jsonText } = await import('../src/text/printable.js');
    const result = await predictImage({ ...options, files });
    process.stdout.write(json ? `${jsonText(result, 2)}\n` : predictImageText(result, process.stdout.columns));
    process.stderr.write(predictImageProblems(result));
    if (result.images.some((image) => 'error' in image)) process.exitCode = 1;
  },
});
