#!/usr/bin/env node
import { runCommand } from './run-command.js';
import { serverOptions } from './server-options.js';

await runCommand({
  name: 'eval-served-model',
  describe:
    "Evaluates what answers at an address, Signet's server or TensorFlow Serving, over class-named directories: by gRPC and REST, with files as they are and with decoded pixels.",
  options: {
    'test-dataset-path': { type: 'string', demandOption: true, describe: 'Folder with a folder of images a class' },
    'model-name': { type: 'string', demandOption: true, describe: 'Name of the model on the server' },
    protocol: { alias: 'f', choices: ['GRPC', 'REST'], describe: 'How the server is asked [default: both]' },
    ...serverOptions,
    'input-width': { type: 'number', describe: 'Pixels that decoded images are resized to [default: as they are]' },
    'input-height': { type: 'number', describe: 'Pixels that decoded images are resized to [default: as they are]' },
    'batch-size': { type: 'number', default: 1, describe: 'Images a request' },
    concurrency: { type: 'number', default: 1, describe: 'Requests that are under way at once' },
    'on-bad-image': { choices: ['fail', 'skip'], default: 'fail', describe: 'What an unusable image does' },
    json: { type: 'boolean', default: false, describe: 'Print everything as JSON' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    ['--test-dataset-path data/digits/test --model-name LenetModel', 'the model of npm start, as it is served'],
    [
      '--host 10.0.0.5 --model-name LenetModel --test-dataset-path data/digits/test --concurrency 8',
      'eight requests at a time',
    ],
  ],
  handler: async ({ json, verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { evalServedModel } = await import('../src/commands/eval-served-model/run.js');
    const { evalServedModelText } = await import('../src/commands/eval-served-model/print.js');
    const { jsonText } = await import('../src/text/printable.js');
    const onBadImage = options.onBadImage === 'skip' ? 'skip' : 'fail';
    const result = await evalServedModel({ ...options, onBadImage });
    const text = () => evalServedModelText(result, process.stdout.columns);
    process.stdout.write(json ? `${jsonText(result, 2)}\n` : text());
    if (result.interrupted) process.exitCode = 130;
    else if (result.problems.some(({ kind }) => kind !== 'not-offered')) process.exitCode = 1;
  },
});
