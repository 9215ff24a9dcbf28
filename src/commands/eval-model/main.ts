#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { evalModelCommand } from './flags.js';
import { standardOutput } from '../../text/tell.js';

await runCommand(evalModelCommand, async (options, { json }) => {
  const { evalModel } = await import('./run.js');
  const { evalModelText } = await import('./print.js');
  printResult(await evalModel(options), json, (result) => evalModelText(result, standardOutput().columns));
});
