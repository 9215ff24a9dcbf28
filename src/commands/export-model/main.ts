#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { exportModelCommand } from './flags.js';
import { standardOutput } from '../../text/tell.js';

await runCommand(exportModelCommand, async (options, { json }) => {
  const { exportModel } = await import('./run.js');
  const { exportModelText } = await import('./print.js');
  printResult(await exportModel(options), json, (result) => exportModelText(result, standardOutput().columns));
});
