import {
  architectures,
  heatmapFlags,
  imageFlags,
  inputSizeFlags,
  precisionFlag,
  preprocessingFlags,
  tensorflowFlags,
  variantFlags,
} from '../shared/common-flags.js';
import { trainingFlags } from '../shared/dataset-flags.js';
import { defineCommand } from '../shared/flag-table.js';

/** Everything about `train-model`'s flags: a new one is one entry here. */
export const trainModelCommand = defineCommand({
  name: 'train-model',
  describe:
    'Trains an image classifier on a folder with one folder of images per class, or on a list of images with labels, and saves it as a TensorFlow SavedModel. DIR is --dataset-path.',
  operand: { name: 'DIR', option: 'datasetPath' },
  flags: {
    ...trainingFlags,
    modelFolderPath: {
      type: 'path',
      default: 'models',
      help: 'Folder for models; this one is written to FOLDER/TYPE/VERSION',
      // With the type and the version it says which training is resumed.
      onResume: 'may differ',
    },
    modelType: {
      type: 'string',
      default: 'ResnetModel',
      help: `${architectures}, or your own class: path/to/model.ts#ClassName; EfficientNetLiteModel is fast on a CPU`,
      onResume: (before) => (before.includes('#') ? 'given again' : 'may differ'),
    },
    modelVersion: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'the next free one',
      help: 'Version of the model',
      onResume: 'may differ',
    },
    name: {
      type: 'string',
      help: 'Name for this training, shown in its report and by list-models',
      check: (value) => (value.trim() === '' ? '--name is empty: give a name, or leave it out.' : undefined),
      onResume: 'may differ',
      report: 'name',
      list: 'name',
    },
    ...inputSizeFlags,
    ...preprocessingFlags,
    pretrainedWeights: {
      type: 'path',
      words: ['imagenet', 'none'],
      defaultText: 'imagenet for models with a backbone',
      help: 'Weights to start from: imagenet, none (random weights), a Keras weight file, a PyTorch .pth file, or the directory of a SavedModel',
      report: 'start',
    },
    recipe: {
      type: 'choice',
      choices: ['head', 'full', 'none'],
      defaultText: 'head with pretrained weights, unless a flag about epochs or steps is given; otherwise none',
      help: 'head: train only the head, which is quick; full: then train all layers; none: train by epochs, with the other flags',
    },
    minutes: {
      type: 'number',
      range: { above: 0 },
      defaultText: '5 epochs',
      help: 'Time that the training may take; implies --recipe full',
    },
    freezeBackbone: {
      type: 'boolean',
      default: false,
      help: 'Train only the head and keep the weights of the backbone',
      conflicts: {
        fineTuneFrom:
          '--freeze-backbone trains only the head, --fine-tune-from part of the backbone too: give one of them. Received: both.',
      },
    },
    fineTuneFrom: {
      type: 'string',
      defaultText: 'all layers are trained',
      help: 'First layer of the backbone to train',
    },
    freezeBatchNormalization: {
      type: 'boolean',
      default: false,
      help: "Keep the statistics of the backbone's batch normalization; helps with few images",
    },
    ...variantFlags,
    ...heatmapFlags,
    dropout: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0',
      help: 'Fraction of the features dropped before the logits during training',
    },
    batchSize: { type: 'integer', range: { min: 1 }, default: 32, help: 'Images per step', report: 'batch size' },
    numEpochs: {
      type: 'integer',
      range: { min: 1 },
      default: 200,
      help: 'Maximum number of epochs',
      // These schedules do not depend on the length of the training.
      onResume: (_, { learningRateSchedule = 'constant' }) =>
        learningRateSchedule === 'constant' || learningRateSchedule === 'plateau' ? 'may differ' : 'must be the same',
    },
    patience: {
      type: 'integer',
      range: { min: 0 },
      default: 5,
      help: 'Stop after this many epochs without a better val_accuracy (multi-label: val_loss)',
      onResume: 'may differ',
    },
    optimizer: {
      type: 'choice',
      choices: ['adam', 'adamw', 'sgd', 'rmsprop'],
      default: 'adam',
      help: 'Optimizer, as in Keras',
    },
    learningRate: {
      type: 'number',
      range: { above: 0 },
      default: 0.001,
      help: 'Learning rate; with a schedule, the highest one',
    },
    learningRateSchedule: {
      type: 'choice',
      choices: ['constant', 'cosine', 'step', 'exponential', 'plateau'],
      default: 'constant',
      help: 'How the learning rate decreases over --num-epochs; plateau lowers it whenever val_loss stops improving',
    },
    warmupEpochs: {
      type: 'number',
      range: { min: 0 },
      default: 0,
      help: 'Epochs during which the learning rate rises from 0',
    },
    momentum: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0',
      help: 'Momentum of sgd and rmsprop',
      onlyWith: { optimizer: ['sgd', 'rmsprop'] },
    },
    weightDecay: {
      type: 'number',
      range: { min: 0 },
      defaultText: '0.004 for adamw, otherwise 0',
      help: 'Decay of the weights per step',
    },
    layerDecay: {
      type: 'number',
      range: { above: 0, max: 1 },
      defaultText: 'all layers learn at the same rate',
      help: 'Learning rate of each layer as a fraction of that of the layer after it',
    },
    useEma: {
      type: 'boolean',
      defaultText: 'no averages',
      help: 'Keep moving averages of the weights, and validate and save the averages, as in Keras',
      conflicts: {
        workers: '--use-ema is for a training in this process, --workers trains in others: give one of them.',
        exportTraining: '--use-ema is for a training in this process, --export-training for others: give one of them.',
      },
    },
    emaMomentum: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0.99',
      help: 'Fraction of the old value that a moving average keeps in each step',
      needs: ['useEma'],
    },
    clipNorm: {
      type: 'number',
      range: { above: 0 },
      defaultText: 'gradients are not clipped',
      help: 'Maximum norm of all gradients together',
    },
    gradientAccumulationSteps: {
      type: 'integer',
      range: { min: 1 },
      default: 1,
      help: 'Batches whose gradients are averaged for one step',
    },
    labelSmoothing: {
      type: 'number',
      range: { min: 0, below: 1 },
      default: 0,
      help: 'Fraction of each label that is spread over all classes (multi-label: moved towards 1/2)',
    },
    classWeights: {
      type: 'choice',
      choices: ['balanced'],
      defaultText: 'every image counts the same',
      help: 'balanced gives every class the same total weight, however many images it has; in a multi-label training, it balances images with and without a class',
    },
    augment: {
      type: 'string',
      defaultText: 'none',
      help: 'Random changes to training images, such as flip,rotation=0.05,zoom=0.2',
    },
    featureViews: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'new ones in every step',
      help: 'With --augment and frozen layers: number of augmented versions of each image whose features are computed once',
    },
    tensorboard: {
      type: 'path',
      defaultText: 'none',
      help: 'Folder for TensorBoard logs, with the embeddings of test images for its projector',
      onResume: 'may differ',
    },
    callbacks: {
      type: 'path',
      defaultText: 'none',
      help: 'Your own file that exports callbacks: path/to/file.ts',
      onResume: 'given again',
    },
    workers: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'train in this process',
      help: 'Train with Python TensorFlow on this machine, with each batch split into this many parts',
      // The batch stays split into as many parts as before; a worker may take several.
      onResume: 'may be fewer',
      conflicts: { exportTraining: '--workers trains, --export-training does not: give one of them.' },
    },
    openWorkerPorts: {
      type: 'boolean',
      default: false,
      help: 'With --workers: start one process per worker; their ports are open to the network, without authentication',
      onResume: 'may differ',
    },
    exportTraining: {
      type: 'path',
      defaultText: 'train here',
      help: 'Folder to export the untrained model to, for training on several machines',
    },
    validationSplit: {
      type: 'number',
      range: { above: 0, below: 1 },
      default: 0.2,
      help: 'Fraction of the training images of each class that is held out for validation',
    },
    targetAccuracy: {
      type: 'number',
      range: { above: 0, max: 1 },
      defaultText: 'no answer is marked as sure',
      help: 'Accuracy that answers marked as sure should have: chooses the lowest confidence that reaches it on the validation images',
      onResume: 'may differ',
    },
    unknown: {
      type: 'boolean',
      default: true,
      help: 'Recognize images that are unlike all training images, with the signature serving_known; --no-unknown leaves it out',
      onResume: 'may differ',
    },
    jit: {
      type: 'choice',
      choices: ['auto', 'graph', 'xla', 'off'],
      default: 'auto',
      help: 'How a training step runs: as a graph, with XLA, or op by op (off); auto measures which is faster',
      // Only rounding differs.
      onResume: 'may differ',
    },
    precision: {
      ...precisionFlag,
      onlyWith: { jit: ['auto', 'graph'] },
      // Only rounding differs.
      onResume: 'may differ',
      report: 'precision',
      conflicts: {
        workers: '--precision is for a training in this process, --workers trains in others: give one of them.',
        exportTraining:
          '--precision is for a training in this process, --export-training for others: give one of them.',
      },
    },
    seed: {
      type: 'integer',
      range: { min: 0 },
      default: 42,
      help: 'The same seed gives the same weights, split and order',
      report: 'seed',
    },
    resume: {
      type: 'boolean',
      default: false,
      commandOnly: true,
      relaxes: true,
      help: 'Continue the training that was interrupted last, with its options; --model-type and --model-version select another',
      conflicts: { exportTraining: '--resume trains, --export-training does not: give one of them.' },
    },
    resumeFrom: {
      type: 'path',
      commandOnly: true,
      relaxes: true,
      help: 'Continue on this machine a training of deploy/distributed/worker.py: its OUTPUT, next to OUTPUT.training',
      conflicts: { resume: notFromWorkers(), workers: notFromWorkers(), exportTraining: notFromWorkers() },
    },
    backupSteps: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'every 5 minutes',
      help: 'Steps between backups within an epoch, in addition to the one after each epoch',
      onResume: 'may differ',
    },
    overwrite: {
      type: 'boolean',
      default: false,
      help: 'Replace the version if it exists',
      // The version is the training's own.
      onResume: 'may differ',
    },
    ...imageFlags,
    onDuplicate: {
      type: 'choice',
      choices: ['warn', 'fail', 'skip'],
      default: 'warn',
      help: 'What to do about images with the same bytes in both data sets, in two classes, or twice in one class: report them, stop, or leave them out',
    },
    exclude: {
      type: 'path',
      help: 'File written by check-dataset --write: leave out the images it excludes',
      // The images are compared.
      onResume: 'may differ',
      report: 'left out by',
    },
    relabel: {
      type: 'path',
      help: 'The same file: use the labels it suggests',
      onResume: 'may differ',
      report: 'relabelled by',
    },
    cache: {
      type: 'number',
      range: { min: 0 },
      default: 512,
      help: 'MiB of decoded images, or of features if layers are frozen, to keep in memory',
      onResume: 'may differ',
    },
    ...tensorflowFlags,
  },
  examples: [
    [
      'photos --model-type EfficientNetLiteModel --freeze-backbone',
      'one folder, split into training, validation and test',
    ],
    [
      '--model-type LenetModel --train-dataset-path data/digits/train --test-dataset-path data/digits/test',
      'the bundled digits',
    ],
    [
      '--model-type EfficientNetLiteModel --train-dataset-path … --test-dataset-path …',
      'your own photographs, in a minute or two',
    ],
    [
      '--model-type EfficientNetLiteModel --recipe full --train-dataset-path … --test-dataset-path …',
      'the same, for the best accuracy',
    ],
  ],
});

function notFromWorkers(): string {
  return '--resume-from continues in this process: give it without --resume, --workers and --export-training.';
}
