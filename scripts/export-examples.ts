#!/usr/bin/env node
import { runCommand, UsageError } from './run-command.js';

await runCommand({
  name: 'export-examples',
  describe: 'Exports the servables of examples/ as SavedModels, one folder each.',
  options: {
    example: { type: 'string', describe: 'The only one to export, such as adder' },
    'model-folder-path': { type: 'string', default: 'models', describe: 'Folder that gets a folder an example' },
  },
  examples: [['--example adder', 'writes models/adder/1']],
  handler: async ({ example, modelFolderPath }) => {
    const { examples } = await import('../examples/export.js');
    if (example !== undefined && !Object.hasOwn(examples, example)) {
      throw new UsageError(`--example is one of ${Object.keys(examples).join(', ')}. Received: ${example}`);
    }
    for (const [name, exportTo] of Object.entries(examples)) {
      if (example !== undefined && name !== example) continue;
      const folder = `${modelFolderPath}/${name}`;
      await exportTo(folder);
      process.stdout.write(`${folder}: written. Look at it: npm run show-model -- --model-path ${folder}/1\n`);
    }
  },
});
