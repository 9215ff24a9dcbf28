import type { ExportedTraining } from './export-training-model.js';

/** The closing lines of `train-model --export-training`: what there is, and what to run on every machine. */
export function exportTrainingText({ directory, images }: ExportedTraining): string {
  const rows = [
    ['images', `${images.train} to train on, ${images.validation} for the validation`],
    ['model', `${directory}, not trained`],
    ['next', `python deploy/distributed/worker.py, on every machine: docs/distributed-training.md`],
  ] as const;
  return `\n${rows.map(([name, value]) => `${name.padEnd(14)} ${value}\n`).join('')}`;
}
