#!/usr/bin/env node
import type { TrainModelOptions } from '../src/commands/train-model/train-model-options.js';
import type { TrainModelResult } from '../src/commands/train-model/run.js';
import { runCommand, UsageError } from './run-command.js';

await runCommand({
  name: 'train-model',
  describe: 'Trains an image classifier on class-named directories and saves it as a TensorFlow SavedModel.',
  options: {
    'train-dataset-path': { type: 'string', demandOption: true, describe: 'Folder with a folder of images a class' },
    'test-dataset-path': { type: 'string', demandOption: true, describe: 'The same classes, for the final accuracy' },
    'model-folder-path': { type: 'string', default: 'models', describe: 'Where FOLDER/TYPE/VERSION is written' },
    'model-type': {
      type: 'string',
      default: 'ResnetModel',
      describe: 'ResnetModel, MobileNetModel, InceptionModel, LenetModel, or your own: path/to/model.ts#ClassName',
    },
    'model-version': { type: 'number', describe: 'Version, a whole number [default: the next free one]' },
    'input-width': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    'input-height': { type: 'number', describe: "Pixels images are resized to [default: the architecture's]" },
    'pretrained-weights': {
      type: 'string',
      describe: 'imagenet, a weight file of Keras or a SavedModel to start from [default: a random start]',
    },
    'freeze-backbone': {
      type: 'boolean',
      default: false,
      describe: 'Train only the head, leave the backbone as it is',
    },
    'fine-tune-from': { type: 'string', describe: 'First layer of the backbone to train [default: all of it]' },
    'freeze-batch-normalization': {
      type: 'boolean',
      default: false,
      describe: "Leave the backbone's batch normalization as it is where the rest is trained: for few images",
    },
    alpha: { type: 'number', describe: 'How wide a MobileNetModel is: 0.35 to 1.4 [default: 1]' },
    dropout: { type: 'number', describe: 'Part of the features dropped before the logits while training [default: 0]' },
    'batch-size': { type: 'number', default: 32, describe: 'Images a step' },
    'num-epochs': { type: 'number', default: 200, describe: 'Epochs at most' },
    patience: { type: 'number', default: 5, describe: 'Epochs without a better val_accuracy before it stops' },
    optimizer: {
      choices: ['adam', 'adamw', 'sgd', 'rmsprop'],
      default: 'adam',
      describe: 'How a step is taken, as in Keras',
    },
    'learning-rate': { type: 'number', default: 0.001, describe: 'How far a step goes' },
    'learning-rate-schedule': {
      choices: ['constant', 'cosine', 'step', 'exponential', 'plateau'],
      default: 'constant',
      describe: 'How the learning rate falls over num-epochs; plateau: whenever val_loss stops falling',
    },
    'warmup-epochs': { type: 'number', default: 0, describe: 'Epochs in which the learning rate rises from 0' },
    momentum: { type: 'number', describe: 'Of sgd and rmsprop [default: 0]' },
    'weight-decay': { type: 'number', describe: 'Decay of the weights [default: 0.004 for adamw, else none]' },
    'clip-norm': { type: 'number', describe: 'Largest norm of all gradients together [default: any]' },
    'gradient-accumulation-steps': { type: 'number', default: 1, describe: 'Batches averaged for a step' },
    'label-smoothing': { type: 'number', default: 0, describe: 'Part of each label that all classes share' },
    'class-weights': { choices: ['balanced'], describe: 'Every class counts the same, however many images it has' },
    augment: {
      type: 'string',
      describe: 'Random changes of training images, such as flip,rotation=0.05,zoom=0.2 [default: none]',
    },
    tensorboard: { type: 'string', describe: 'Folder for what TensorBoard shows [default: none]' },
    callbacks: { type: 'string', describe: 'A file of yours that exports callbacks: path/to/file.ts [default: none]' },
    workers: {
      type: 'number',
      describe: 'Train by so many processes of Python TensorFlow here [default: in this one]',
    },
    'export-training': {
      type: 'string',
      describe: 'Folder to export to for several machines, untrained [default: train]',
    },
    'validation-split': { type: 'number', default: 0.2, describe: 'Part of the training images for validation' },
    jit: {
      choices: ['auto', 'graph', 'xla', 'off'],
      default: 'auto',
      describe: 'How a step runs: as a graph, by XLA, op by op; auto measures when it pays',
    },
    seed: { type: 'number', default: 42, describe: 'The same seed gives the same weights, split and order' },
    resume: {
      type: 'boolean',
      default: false,
      describe: 'Go on with the training that was interrupted last, with its options; give --model-type for which one',
    },
    'resume-from': {
      type: 'string',
      describe: 'Go on here with what deploy/distributed/worker.py began: its OUTPUT, beside OUTPUT.training',
    },
    'backup-steps': {
      type: 'number',
      describe: 'Steps between backups within an epoch, beside that after each [default: after 5 minutes]',
    },
    overwrite: { type: 'boolean', default: false, describe: 'Replace a version that exists' },
    'on-bad-image': { choices: ['fail', 'skip'], default: 'fail', describe: 'What an unusable image does' },
    cache: { type: 'number', default: 512, describe: 'MiB of decoded images to keep in memory' },
    verbose: { type: 'boolean', default: false, describe: "Show TensorFlow's own log" },
  },
  examples: [
    [
      '--model-type LenetModel --train-dataset-path data/digits/train --test-dataset-path data/digits/test',
      'the bundled digits',
    ],
    [
      '--pretrained-weights imagenet --freeze-backbone --train-dataset-path … --test-dataset-path …',
      'a few photographs of your own',
    ],
  ],
  relaxedBy: ['resume', 'resume-from'],
  handler: async ({ verbose, resume, resumeFrom, given, ...options }) => {
    if (verbose) process.env.TF_CPP_MIN_LOG_LEVEL = '0';
    const onBadImage = options.onBadImage === 'skip' ? 'skip' : 'fail';
    const { workers, exportTraining } = options;
    if (workers !== undefined && exportTraining !== undefined)
      throw new UsageError('--workers trains, --export-training does not: give one of them.');
    if (resume && exportTraining !== undefined)
      throw new UsageError('--resume trains, --export-training does not: give one of them.');
    if (resumeFrom !== undefined && (resume || (workers ?? exportTraining) !== undefined))
      throw new UsageError(
        '--resume-from goes on in this process: give it without --resume, --workers and --export-training.',
      );
    if (exportTraining !== undefined) {
      const { exportTrainingModel } = await import('../src/commands/train-model/export-training-model.js');
      const { exportTrainingText } = await import('../src/commands/train-model/print.js');
      const exported = await exportTrainingModel({ ...options, onBadImage }, exportTraining);
      process.stdout.write(exportTrainingText(exported));
      return;
    }
    const { trainModelText } = await import('../src/commands/train-model/print.js');
    const typed = resume || resumeFrom !== undefined ? given : null;
    const result = await train({ ...options, onBadImage }, typed, resumeFrom);
    process.stdout.write(trainModelText(result));
    if (result.interrupted) process.exitCode = 130;
  },
});

/**
 * @param resumed Which options were given to a training that goes on; null for one that begins.
 * @param from What workers have written that it goes on with. Default: a training of this machine.
 */
async function train(
  options: TrainModelOptions,
  resumed: ReadonlySet<string> | null,
  from: string | undefined,
): Promise<TrainModelResult> {
  if (resumed === null) return (await import('../src/commands/train-model/run.js')).trainModel(options);
  const given = Object.fromEntries(Object.entries(options).filter(([name]) => resumed.has(name)));
  if (from !== undefined)
    return (await import('../src/commands/train-model/resume-from-workers.js')).resumeFromWorkers(from, given);
  return (await import('../src/commands/train-model/resume-training.js')).resumeTraining(given);
}
