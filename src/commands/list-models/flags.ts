import { jsonFlags, tensorflowFlags } from '../shared/common-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `list-models`' flags. */
export const listModelsCommand = defineCommand({
  name: 'list-models',
  describe: 'Lists the architectures, and the models in a folder, with their sizes and their speed on this machine.',
  flags: {
    modelType: {
      type: 'string',
      defaultText: 'all',
      help: 'List only this architecture, or your own class: path/to/model.ts#ClassName',
    },
    modelFolder: { type: 'path', help: 'Folder whose models are also listed, such as models' },
    measure: {
      type: 'boolean',
      default: true,
      help: 'Measure size on disk and speed; --no-measure is faster and shows neither',
    },
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    ['--model-folder models', 'everything'],
    ['--model-type examples/custom-model/tiny-model.ts#TinyModel', 'your own class'],
  ],
});
