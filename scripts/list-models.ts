#!/usr/bin/env node
import { runCommand } from './run-command.js';

await runCommand({
  name: 'list-models',
  describe: 'Lists the architectures, and the models in a folder, with their sizes and their speed on this machine.',
  options: {
    'model-type': { type: 'string', describe: 'Only this one, or your own: path/to/model.ts#ClassName [default: all]' },
    'model-folder': { type: 'string', describe: 'Folder of models to list too, such as models' },
    measure: { type: 'boolean', default: true, describe: '--no-measure: neither size on disk nor speed, but at once' },
    json: { type: 'boolean', default: false, describe: 'Print everything as JSON' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    ['--model-folder models', 'all of it'],
    ['--model-type examples/custom-model/tiny-model.ts#TinyModel', 'a class of your own'],
  ],
  handler: async ({ json, verbose, measure, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const { listModels } = await import('../src/commands/list-models/run.js');
    const { listModelsText } = await import('../src/commands/list-models/print.js');
    const onProgress = (name: string) => process.stderr.write(`measuring ${name}\n`);
    const result = await listModels({ ...options, measure, onProgress: measure ? onProgress : undefined });
    process.stdout.write(
      json ? `${JSON.stringify(result, null, 2)}\n` : listModelsText(result, process.stdout.columns),
    );
  },
});
