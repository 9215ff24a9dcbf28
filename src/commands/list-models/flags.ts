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
      help: 'Measure the speed of every model and the size on disk of architectures; --no-measure leaves both out',
    },
    ...jsonFlags,
    ...tensorflowFlags,
  },
  examples: [
    ['--model-folder models', 'everything'],
    ['--model-type examples/custom-model/tiny-model.ts#TinyModel', 'your own class'],
  ],
});
