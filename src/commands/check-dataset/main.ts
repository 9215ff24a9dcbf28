#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { checkDatasetCommand } from './flags.js';

await runCommand(checkDatasetCommand, async (options, { json }) => {
  const { checkDataset } = await import('./run.js');
  const { checkDatasetText } = await import('./print.js');
  printResult(await checkDataset(options), json, checkDatasetText);
});
