#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { print } from '../../text/tell.js';
import { initCommand } from './flags.js';

await runCommand(initCommand, async (options) => {
  const { initProject } = await import('./run.js');
  const { initText } = await import('./print.js');
  print(initText(await initProject(options)));
});
