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
    /** Folder for models; this one is written to `FOLDER/TYPE/VERSION`. Default: `models`. */
    modelFolderPath: {
      type: 'path',
      default: 'models',
      help: 'Folder for models; this one is written to FOLDER/TYPE/VERSION',
      // With the type and the version it says which training is resumed.
      onResume: 'may differ',
    },
    /** Name of an architecture, such as `EfficientNetLiteModel`, or your own class: `path/to/model.ts#ClassName`. Default: `ResnetModel`. */
    modelType: {
      type: 'string',
      default: 'ResnetModel',
      help: `${architectures}, or your own class: path/to/model.ts#ClassName; EfficientNetLiteModel is fast on a CPU`,
      onResume: (before) => (before.includes('#') ? 'given again' : 'may differ'),
    },
    /** Version of the model. Default: the next free one. */
    modelVersion: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'the next free one',
      help: 'Version of the model',
      onResume: 'may differ',
    },
    /** Name for this training, shown in its report and by `list-models`. Default: none. */
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
    /**
     * Weights to start from: `imagenet`, `none` (random weights), a Keras weight file, a PyTorch `.pth` file, or the directory of a SavedModel.
     * Default: `imagenet` for models with a backbone.
     */
    pretrainedWeights: {
      type: 'path',
      words: ['imagenet', 'none'],
      defaultText: 'imagenet for models with a backbone',
      help: 'Weights to start from: imagenet, none (random weights), a Keras weight file, a PyTorch .pth file, or the directory of a SavedModel',
      report: 'start',
    },
    /**
     * How to train: `head` trains only the head, which is quick; `full` then trains all layers; `none` trains by epochs, with the other options.
     * Default: `head` with pretrained weights, unless an option about epochs or steps is given; otherwise `none`.
     */
    recipe: {
      type: 'choice',
      choices: ['head', 'full', 'none'],
      defaultText: 'head with pretrained weights, unless a flag about epochs or steps is given; otherwise none',
      help: 'head: train only the head, which is quick; full: then train all layers; none: train by epochs, with the other flags',
    },
    /** Minutes that the training may take; implies `recipe: 'full'`. Default: 5 epochs. */
    minutes: {
      type: 'number',
      range: { above: 0 },
      defaultText: '5 epochs',
      help: 'Time that the training may take; implies --recipe full',
    },
    /** Train only the head and keep the weights of the backbone. Default: false. */
    freezeBackbone: {
      type: 'boolean',
      default: false,
      help: 'Train only the head and keep the weights of the backbone',
      conflicts: {
        fineTuneFrom:
          '--freeze-backbone trains only the head, --fine-tune-from part of the backbone too: give one of them. Received: both.',
      },
    },
    /** First layer of the backbone to train. Default: all layers are trained. */
    fineTuneFrom: {
      type: 'string',
      defaultText: 'all layers are trained',
      help: 'First layer of the backbone to train',
    },
    /** Keep the statistics of the backbone's batch normalization; helps with few images. Default: false. */
    freezeBatchNormalization: {
      type: 'boolean',
      default: false,
      help: "Keep the statistics of the backbone's batch normalization; helps with few images",
    },
    /**
     * Features that the head takes: the backbone's `last` ones, or those at the end of earlier `stages` too, for EfficientNetLiteModel. Default:
     * `stages` for an EfficientNetLiteModel with the recipe `head`, otherwise `last`.
     */
    headFeatures: {
      type: 'choice',
      choices: ['last', 'stages'],
      defaultText: 'stages for EfficientNetLiteModel with --recipe head, otherwise last',
      help: "Features that the head takes: the backbone's last ones, or for EfficientNetLiteModel those of earlier stages too, which are more accurate",
    },
    ...variantFlags,
    ...heatmapFlags,
    /** Fraction of the features dropped before the logits during training. Default: 0. */
    dropout: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0',
      help: 'Fraction of the features dropped before the logits during training',
    },
    /** Images per step. Default: 32. */
    batchSize: { type: 'integer', range: { min: 1 }, default: 32, help: 'Images per step', report: 'batch size' },
    /** Maximum number of epochs. Default: 200. */
    numEpochs: {
      type: 'integer',
      range: { min: 1 },
      default: 200,
      help: 'Maximum number of epochs',
      // These schedules do not depend on the length of the training.
      onResume: (_, { learningRateSchedule = 'constant' }) =>
        learningRateSchedule === 'constant' || learningRateSchedule === 'plateau' ? 'may differ' : 'must be the same',
    },
    /** Stop after this many epochs without a better `val_accuracy` (multi-label: `val_loss`). Default: 5. */
    patience: {
      type: 'integer',
      range: { min: 0 },
      default: 5,
      help: 'Stop after this many epochs without a better val_accuracy (multi-label: val_loss)',
      onResume: 'may differ',
    },
    /** Optimizer, as in Keras. Default: `adam`. */
    optimizer: {
      type: 'choice',
      choices: ['adam', 'adamw', 'sgd', 'rmsprop'],
      default: 'adam',
      help: 'Optimizer, as in Keras',
    },
    /** Learning rate; with a schedule, the highest one. Default: 0.001. */
    learningRate: {
      type: 'number',
      range: { above: 0 },
      default: 0.001,
      help: 'Learning rate; with a schedule, the highest one',
    },
    /** How the learning rate decreases over `numEpochs`; `plateau` lowers it whenever `val_loss` stops improving. Default: `constant`. */
    learningRateSchedule: {
      type: 'choice',
      choices: ['constant', 'cosine', 'step', 'exponential', 'plateau'],
      default: 'constant',
      help: 'How the learning rate decreases over --num-epochs; plateau lowers it whenever val_loss stops improving',
    },
    /** Epochs during which the learning rate rises from 0. Default: 0. */
    warmupEpochs: {
      type: 'number',
      range: { min: 0 },
      default: 0,
      help: 'Epochs during which the learning rate rises from 0',
    },
    /** Momentum of `sgd` and `rmsprop`. Default: 0. */
    momentum: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0',
      help: 'Momentum of sgd and rmsprop',
      onlyWith: { optimizer: ['sgd', 'rmsprop'] },
    },
    /** Decay of the weights per step. Default: 0.004 for `adamw`, otherwise 0. */
    weightDecay: {
      type: 'number',
      range: { min: 0 },
      defaultText: '0.004 for adamw, otherwise 0',
      help: 'Decay of the weights per step',
    },
    /** Learning rate of each layer as a fraction of the next layer's. Default: all layers learn at the same rate. */
    layerDecay: {
      type: 'number',
      range: { above: 0, max: 1 },
      defaultText: 'all layers learn at the same rate',
      help: 'Learning rate of each layer as a fraction of that of the layer after it',
    },
    /** Keep moving averages of the weights, and validate and save the averages, as in Keras. Default: no averages. */
    useEma: {
      type: 'boolean',
      defaultText: 'no averages',
      help: 'Keep moving averages of the weights, and validate and save the averages, as in Keras',
      conflicts: {
        workers: '--use-ema is for a training in this process, --workers trains in others: give one of them.',
        exportTraining: '--use-ema is for a training in this process, --export-training for others: give one of them.',
      },
    },
    /** Fraction of the old value that a moving average keeps in each step. Default: 0.99. */
    emaMomentum: {
      type: 'number',
      range: { min: 0, below: 1 },
      defaultText: '0.99',
      help: 'Fraction of the old value that a moving average keeps in each step',
      needs: ['useEma'],
    },
    /** Maximum norm of all gradients together. Default: gradients are not clipped. */
    clipNorm: {
      type: 'number',
      range: { above: 0 },
      defaultText: 'gradients are not clipped',
      help: 'Maximum norm of all gradients together',
    },
    /** Number of batches whose gradients are averaged for one step. Default: 1. */
    gradientAccumulationSteps: {
      type: 'integer',
      range: { min: 1 },
      default: 1,
      help: 'Batches whose gradients are averaged for one step',
    },
    /** Fraction of each label that is spread over all classes (multi-label: moved towards 1/2). Default: 0. */
    labelSmoothing: {
      type: 'number',
      range: { min: 0, below: 1 },
      default: 0,
      help: 'Fraction of each label that is spread over all classes (multi-label: moved towards 1/2)',
    },
    /**
     * `balanced` gives every class the same total weight, however many images it has; in a multi-label training, it balances images with and without a
     * class. Default: every image counts the same.
     */
    classWeights: {
      type: 'choice',
      choices: ['balanced'],
      defaultText: 'every image counts the same',
      help: 'balanced gives every class the same total weight, however many images it has; in a multi-label training, it balances images with and without a class',
    },
    /** Random changes to training images, such as `flip,rotation=0.05,zoom=0.2`. Default: none. */
    augment: {
      type: 'string',
      defaultText: 'none',
      help: 'Random changes to training images, such as flip,rotation=0.05,zoom=0.2',
    },
    /**
     * With `augment` and frozen layers: number of augmented versions of each image whose features are computed once. Default: new ones in every
     * step.
     */
    featureViews: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'new ones in every step',
      help: 'With --augment and frozen layers: number of augmented versions of each image whose features are computed once',
    },
    /** Folder for TensorBoard logs, with the embeddings of test images for its projector. Default: none. */
    tensorboard: {
      type: 'path',
      defaultText: 'none',
      help: 'Folder for TensorBoard logs, with the embeddings of test images for its projector',
      onResume: 'may differ',
    },
    /** Path of your own file that exports callbacks. Default: none. */
    callbacks: {
      type: 'path',
      defaultText: 'none',
      help: 'Your own file that exports callbacks: path/to/file.ts',
      onResume: 'given again',
    },
    /** Train with Python TensorFlow on this machine, with each batch split into this many parts. Default: train in this process. */
    workers: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'train in this process',
      help: 'Train with Python TensorFlow on this machine, with each batch split into this many parts',
      // The batch stays split into as many parts as before; a worker may take several.
      onResume: 'may be fewer',
      conflicts: { exportTraining: '--workers trains, --export-training does not: give one of them.' },
    },
    /** With `workers`: start one process per worker; their ports are open to the network, without authentication. Default: false. */
    openWorkerPorts: {
      type: 'boolean',
      default: false,
      help: 'With --workers: start one process per worker; their ports are open to the network, without authentication',
      onResume: 'may differ',
    },
    /** Folder to export the untrained model to, for training on several machines. Default: train here. */
    exportTraining: {
      type: 'path',
      defaultText: 'train here',
      help: 'Folder to export the untrained model to, for training on several machines',
    },
    /**
     * Precision of the gradients that workers exchange; `bfloat16` has 3 digits and sends half the bytes. Each worker adds up its own in float32, and
     * weights, optimizer and metrics stay float32. Default: `float32`.
     */
    gradientPrecision: {
      type: 'choice',
      choices: ['float32', 'bfloat16'],
      defaultText: 'float32',
      help: 'Precision of the gradients that workers exchange; bfloat16 has 3 digits and sends half the bytes',
      needsOneOf: ['workers', 'exportTraining'],
      report: 'gradients sent as',
    },
    /** Fraction of the training images of each class that is held out for validation. Default: 0.2. */
    validationSplit: {
      type: 'number',
      range: { above: 0, below: 1 },
      default: 0.2,
      help: 'Fraction of the training images of each class that is held out for validation',
    },
    /**
     * Accuracy that answers marked as sure should have: chooses the lowest confidence that reaches it on the validation images. Default: no answer
     * is marked as sure.
     */
    targetAccuracy: {
      type: 'number',
      range: { above: 0, max: 1 },
      defaultText: 'no answer is marked as sure',
      help: 'Accuracy that answers marked as sure should have: chooses the lowest confidence that reaches it on the validation images',
      onResume: 'may differ',
    },
    /** Recognize images that are unlike all training images, with the signature `serving_known`. Default: true. */
    unknown: {
      type: 'boolean',
      default: true,
      help: 'Recognize images that are unlike all training images, with the signature serving_known; --no-unknown leaves it out',
      onResume: 'may differ',
    },
    /** How a training step runs: as a graph, with XLA, or op by op (`off`); `auto` measures which is faster. Default: `auto`. */
    jit: {
      type: 'choice',
      choices: ['auto', 'graph', 'xla', 'off'],
      default: 'auto',
      help: 'How a training step runs: as a graph, with XLA, or op by op (off); auto measures which is faster',
      // Only rounding differs.
      onResume: 'may differ',
    },
    /**
     * Precision of large ops; `bfloat16` has 3 digits and is faster on some processors, `auto` measures that. Saved models and answers stay float32.
     * Default: `float32`.
     */
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
    /**
     * Keep only some results of the forward pass, such as those of residual blocks, and compute the others again in the backward pass: about half the
     * memory, for up to a third more time. Gradients are equal. Default: false.
     */
    recompute: {
      type: 'boolean',
      default: false,
      help: 'Keep only some results of the forward pass and compute the others again in the backward pass: about half the memory, for up to a third more time',
      onlyWith: { jit: ['auto', 'graph'] },
      // The same ops run on the same numbers.
      onResume: 'may differ',
    },
    /** Seed of all random numbers: the same seed gives the same weights, split and order. Default: 42. */
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
    /** Steps between backups within an epoch, in addition to the one after each epoch. Default: every 5 minutes. */
    backupSteps: {
      type: 'integer',
      range: { min: 1 },
      defaultText: 'every 5 minutes',
      help: 'Steps between backups within an epoch, in addition to the one after each epoch',
      onResume: 'may differ',
    },
    /** Replace the version if it exists. Default: false. */
    overwrite: {
      type: 'boolean',
      default: false,
      help: 'Replace the version if it exists',
      // The version is the training's own.
      onResume: 'may differ',
    },
    ...imageFlags,
    /**
     * What to do about images with the same bytes in both data sets, in two classes, or twice in one class: report them, stop, or leave them out.
     * Default: `warn`.
     */
    onDuplicate: {
      type: 'choice',
      choices: ['warn', 'fail', 'skip'],
      default: 'warn',
      help: 'What to do about images with the same bytes in both data sets, in two classes, or twice in one class: report them, stop, or leave them out',
    },
    /** File written by `check-dataset --write`: leave out the images it excludes. Default: none. */
    exclude: {
      type: 'path',
      help: 'File written by check-dataset --write: leave out the images it excludes',
      // The images are compared.
      onResume: 'may differ',
      report: 'left out by',
    },
    /** The same file: use the labels it suggests. Default: none. */
    relabel: {
      type: 'path',
      help: 'The same file: use the labels it suggests',
      onResume: 'may differ',
      report: 'relabelled by',
    },
    /** MiB of decoded images, or of features if layers are frozen, to keep in memory. Default: 512. */
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
      'all layers too, which can pay off with many photographs per class',
    ],
  ],
});

function notFromWorkers(): string {
  return '--resume-from continues in this process: give it without --resume, --workers and --export-training.';
}
