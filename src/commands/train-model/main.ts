#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { trainModelCommand } from './flags.js';
import { print } from '../../text/tell.js';

await runCommand(trainModelCommand, async (options, { resume, resumeFrom, given }) => {
  const { exportTrainingText, trainModelText } = await import('./print.js');
  const { exportTraining, trainDatasetPath, testDatasetPath } = options;
  // A recipe has its own defaults: only what was typed overrides them.
  const typed = { ...given, trainDatasetPath, testDatasetPath };
  if (exportTraining !== undefined) {
    const { exportTrainingModel } = await import('./run.js');
    print(exportTrainingText(await exportTrainingModel(typed, exportTraining)));
    return;
  }
  const train = async () => {
    if (resumeFrom !== undefined) return (await import('./resume-training.js')).resumeFromWorkers(resumeFrom, given);
    if (resume) return (await import('./resume-training.js')).resumeTraining(given);
    return (await import('./run.js')).trainModel(typed);
  };
  const result = await train();
  print(trainModelText(result));
  if (result.interrupted) process.exitCode = 130;
});
