#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { listModelsCommand } from './flags.js';
import { standardOutput, tell } from '../../text/tell.js';

await runCommand(listModelsCommand, async (options, { json }) => {
  const { listModels } = await import('./run.js');
  const { listModelsText } = await import('./print.js');
  const onProgress = (name: string) => tell(`measuring ${name}`);
  const result = await listModels({ ...options, onProgress: options.measure ? onProgress : undefined });
  printResult(result, json, () => listModelsText(result, standardOutput().columns));
});
