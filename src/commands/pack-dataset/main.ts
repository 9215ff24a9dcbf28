#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { packDatasetCommand } from './flags.js';

await runCommand(packDatasetCommand, async (options, { json }) => {
  const { packDataset } = await import('./run.js');
  const { packDatasetText } = await import('./print.js');
  const result = await packDataset(options);
  printResult(result, json, packDatasetText);
  if (result.interrupted) process.exitCode = 130;
});
