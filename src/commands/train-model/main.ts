#!/usr/bin/env node
import { runCommand } from '../shared/run-command.js';
import { trainModelCommand } from './flags.js';

await runCommand(trainModelCommand, async (options, { resume, resumeFrom, given }) => {
  const { exportTraining, workers } = options;
  if (exportTraining !== undefined) {
    const { exportTrainingModel } = await import('./export-training-model.js');
    const { exportTrainingText } = await import('./export-training-text.js');
    process.stdout.write(exportTrainingText(await exportTrainingModel(options, exportTraining)));
    return;
  }
  const train = async () => {
    if (resumeFrom !== undefined)
      return (await import('./resume-from-workers.js')).resumeFromWorkers(resumeFrom, given);
    if (resume) return (await import('./resume-training.js')).resumeTraining(given);
    if (workers !== undefined) return (await import('./train-with-workers.js')).trainWithWorkers(options, workers);
    return (await import('./run.js')).trainModel(options);
  };
  const result = await train();
  const { trainModelText } = await import('./print.js');
  process.stdout.write(trainModelText(result));
  if (result.interrupted) process.exitCode = 130;
});
