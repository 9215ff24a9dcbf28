import { jsonFlags } from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `show-model`'s flags. */
export const showModelCommand = defineCommand({
  name: 'show-model',
  describe:
    'Shows what is in a SavedModel, whether Signet or Python wrote it, and how to call its signatures. Does not load TensorFlow.',
  flags: {
    modelPath: { type: 'path', required: true, help: 'Directory of a model version, such as models/LenetModel/1' },
    signature: {
      type: 'string',
      defaultText: 'all',
      help: 'Show only this signature, with TypeScript and Python code that calls it',
    },
    ...jsonFlags,
  },
  examples: [
    ['--model-path models/LenetModel/1', 'the model of npm start'],
    ['--model-path models/LenetModel/1 --signature serving_bytes', 'one signature, with code to call it'],
    ['--model-path models/LenetModel/1 --json | jq .variables.parameters', 'a single value, for a program'],
  ],
});
