#!/usr/bin/env node
import { defineCommand } from '../src/commands/shared/flag-table.js';
import { runCommand, UsageError } from '../src/commands/shared/run-command.js';

const command = defineCommand({
  name: 'export-examples',
  describe: 'Exports the servables of examples/ as SavedModels, one folder each.',
  flags: {
    example: { type: 'string', defaultText: 'all', help: 'The only example to export, such as adder' },
    modelFolderPath: { type: 'path', default: 'models', help: 'Folder that gets one folder per example' },
  },
  examples: [['--example adder', 'writes models/adder/1']],
});

await runCommand(command, async ({ example, modelFolderPath }) => {
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
});
