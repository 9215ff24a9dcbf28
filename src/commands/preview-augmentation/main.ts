#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { previewAugmentationCommand } from './flags.js';

await runCommand(previewAugmentationCommand, async (options) => {
  const { previewAugmentation } = await import('./run.js');
  const { previewAugmentationText } = await import('./print.js');
  process.stdout.write(previewAugmentationText(await previewAugmentation(options)));
});
