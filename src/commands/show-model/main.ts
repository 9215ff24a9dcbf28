#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { showModelCommand } from './flags.js';
import { standardOutput } from '../../text/tell.js';

await runCommand(showModelCommand, async (options, { json }) => {
  const { showModel } = await import('./run.js');
  const { showModelText } = await import('./print.js');
  const oneSignature = options.signature !== undefined;
  printResult(await showModel(options), json, (result) =>
    showModelText(result, { columns: standardOutput().columns, oneSignature }),
  );
});
