#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { evalServedModelCommand } from './flags.js';
import { standardOutput } from '../../text/tell.js';

await runCommand(evalServedModelCommand, async (options, { json }) => {
  const { evalServedModel } = await import('./run.js');
  const { evalServedModelText } = await import('./print.js');
  const result = await evalServedModel(options);
  printResult(result, json, () => evalServedModelText(result, standardOutput().columns));
  if (result.interrupted) process.exitCode = 130;
  else if (result.problems.some(({ kind }) => kind !== 'not-offered')) process.exitCode = 1;
});
