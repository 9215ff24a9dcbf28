#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { listModelsCommand } from './flags.js';

await runCommand(listModelsCommand, async (options, { json }) => {
  const { listModels } = await import('./run.js');
  const { listModelsText } = await import('./print.js');
  const onProgress = (name: string) => process.stderr.write(`measuring ${name}\n`);
  const result = await listModels({ ...options, onProgress: options.measure ? onProgress : undefined });
  printResult(result, json, () => listModelsText(result, process.stdout.columns));
});
