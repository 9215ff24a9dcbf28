#!/usr/bin/env node
import { runCommand } from './run-command.js';

await runCommand({
  name: 'show-model',
  describe: "Shows what is in a SavedModel, Signet's or Python's, and how to call its signatures. Loads no TensorFlow.",
  options: {
    'model-path': {
      type: 'string',
      demandOption: true,
      describe: "A version's directory, such as models/LenetModel/1",
    },
    signature: { type: 'string', describe: 'Show this signature alone, with TypeScript and Python that call it' },
    json: { type: 'boolean', default: false, describe: 'Print everything as JSON' },
  },
  examples: [
    ['--model-path models/LenetModel/1', 'the model of npm start'],
    ['--model-path models/LenetModel/1 --signature serving_bytes', 'one signature, with code to call it'],
    ['--model-path models/LenetModel/1 --json | jq .variables.parameters', 'one fact, for a program'],
  ],
  handler: async ({ json, ...options }) => {
    const { showModel } = await import('../src/commands/show-model/run.js');
    const { showModelText } = await import('../src/commands/show-model/print.js');
    const { jsonText } = await import('../src/text/printable.js');
    const result = await showModel(options);
    const oneSignature = options.signature !== undefined;
    const text = () => showModelText(result, { columns: process.stdout.columns, oneSignature });
    process.stdout.write(json ? `${jsonText(result, 2)}\n` : text());
  },
});
