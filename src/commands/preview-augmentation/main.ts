#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { previewAugmentationCommand } from './flags.js';
import { print } from '../../text/tell.js';

await runCommand(previewAugmentationCommand, async (options) => {
  const { previewAugmentation } = await import('./run.js');
  const { previewAugmentationText } = await import('./print.js');
  print(previewAugmentationText(await previewAugmentation(options)));
});
