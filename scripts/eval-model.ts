#!/usr/bin/env node
import { runCommand } from './run-command.js';

await runCommand({
  name: 'eval-model',
  describe: 'Evaluates both signatures of a SavedModel on disk over class-named directories.',
  options: {
    'test-dataset-path': { type: 'string', demandOption: true, describe: 'Folder with a folder of images a class' },
    'model-path': {
      type: 'string',
      demandOption: true,
      describe: "A version's directory, such as models/LenetModel/1",
    },
    'batch-size': { type: 'number', default: 32, describe: 'Images a call' },
    'on-bad-image': { choices: ['fail', 'skip'], default: 'fail', describe: 'What an unusable image does' },
    report: {
      type: 'string',
      describe: 'Folder for a report to read in a browser, with the hardest mistakes [default: none]',
    },
    json: { type: 'boolean', default: false, describe: 'Print everything as JSON' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [['--test-dataset-path data/digits/test --model-path models/LenetModel/1', 'the model of npm start']],
  handler: async ({ json, verbose, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { evalModel } = await import('../src/commands/eval-model/run.js');
    const { evalModelText } = await import('../src/commands/eval-model/print.js');
    const onBadImage = options.onBadImage === 'skip' ? 'skip' : 'fail';
    const result = await evalModel({ ...options, onBadImage });
    process.stdout.write(json ? `${JSON.stringify(result, null, 2)}\n` : evalModelText(result, process.stdout.columns));
  },
});
