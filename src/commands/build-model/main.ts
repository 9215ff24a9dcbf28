#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { buildModelCommand } from './flags.js';

await runCommand(buildModelCommand, async (options, { json }) => {
  const { buildModel } = await import('./run.js');
  const { buildModelText } = await import('./print.js');
  printResult(await buildModel(options), json, (result) => buildModelText(result, options.modelFolder));
});
