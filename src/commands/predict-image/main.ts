#!/usr/bin/env node
import { printResult, runCommand } from '../shared/run-command.js';
import { predictImageCommand } from './flags.js';
import { harmless, standardError, standardOutput } from '../../text/tell.js';

await runCommand(predictImageCommand, async (options, { operands: files, json }) => {
  const { predictImage } = await import('./run.js');
  const { predictImageProblems, predictImageText } = await import('./print.js');
  const result = await predictImage({ ...options, files });
  printResult(result, json, () => predictImageText(result, standardOutput().columns));
  standardError().write(harmless(predictImageProblems(result)));
  if (result.images.some((image) => 'error' in image)) process.exitCode = 1;
});
