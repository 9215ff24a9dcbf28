#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { serveModelCommand } from './flags.js';

await runCommand(serveModelCommand, async (options) => {
  const { serveUntilSignal } = await import('./serve-until-signal.js');
  await serveUntilSignal(options);
});
