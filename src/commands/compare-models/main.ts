#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { compareModelsCommand } from './flags.js';
import { standardOutput } from '../../text/tell.js';

await runCommand(compareModelsCommand, async (options, { operands: modelPaths, json }) => {
  const { compareModels } = await import('./run.js');
  const { compareModelsText } = await import('./print.js');
  const result = await compareModels({ ...options, modelPaths });
  printResult(result, json, () => compareModelsText(result, standardOutput().columns));
});
