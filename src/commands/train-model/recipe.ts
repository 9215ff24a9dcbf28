import { SignetError } from '../../errors.js';
import { hasPublishedWeights } from '../../models/keras/published-weights.js';
import { flagName, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import type { trainModelCommand } from './flags.js';

/** How a model with trained weights learns: its head, its head and then all layers, or by epochs as the other flags say. */
export type Recipe = 'head' | 'full' | 'none';

type Flags = typeof trainModelCommand.flags;
type Given = GivenOptionsOf<Flags>;
type Options = OptionsOf<Flags>;

/**
 * What a recipe has in the place of the flags' own defaults.
 *
 * `full` follows "Fine-Tuning can Distort Pretrained Features" (https://arxiv.org/abs/2202.10054), the head first, with torchvision's augmentation
 * (https://github.com/pytorch/vision/issues/3995).
 */
const recipeDefaults = {
  none: {},
  head: {},
  full: {
    numEpochs: 5,
    optimizer: 'adamw',
    learningRate: 0.0003,
    learningRateSchedule: 'cosine',
    warmupEpochs: 0.5,
    weightDecay: 0.02,
    labelSmoothing: 0.1,
    augment: 'flip,resized-crop=0.5,trivial-augment-wide',
    freezeBatchNormalization: true,
    useEma: true,
    // More images to train on, where each costs an epoch's time.
    validationSplit: 0.1,
  },
} satisfies Readonly<Record<Recipe, Partial<Options>>>;

/** Number of epochs of `--recipe full`, and the share of the images that it trains on. */
export const fullRecipe = {
  numEpochs: recipeDefaults.full.numEpochs,
  trained: 1 - recipeDefaults.full.validationSplit,
} as const;

/** Flags about steps and epochs, which solving for a head does not have: who gives one asks for a training by epochs. */
const epochFlags = [
  ...['freezeBackbone', 'fineTuneFrom', 'freezeBatchNormalization', 'dropout', 'numEpochs', 'patience', 'optimizer'],
  ...['learningRate', 'learningRateSchedule', 'warmupEpochs', 'momentum', 'weightDecay', 'clipNorm', 'useEma'],
  ...['emaMomentum', 'layerDecay', 'gradientAccumulationSteps', 'labelSmoothing', 'augment', 'featureViews'],
  ...['tensorboard', 'callbacks', 'workers', 'exportTraining', 'gradientPrecision', 'recompute', 'backupSteps'],
] as const satisfies readonly (keyof Options)[];

/** Flags that only a training by epochs without a recipe follows. */
const withoutRecipe = ['freezeBackbone', 'fineTuneFrom', 'featureViews', 'workers', 'exportTraining'] as const;

/** Whether a flag is about steps and epochs. */
export function isEpochFlag(name: string): boolean {
  return epochFlags.some((flag) => flag === name);
}

/** Lists the given flags that ask for a training by epochs, as typed. */
export function epochFlagsGiven(given: Partial<Given>): string[] {
  return epochFlags.filter((name) => given[name] !== undefined).map(flagName);
}

/**
 * Classes whose heads take the features of several stages by `head`, without loading the classes. By `full`, such a head was worse than one on the last
 * features (docs/decisions/0023).
 */
const withStages: ReadonlySet<string> = new Set(['EfficientNetLiteModel']);

/** Fills in the recipe and its defaults; what is given stays. */
export function withRecipe(given: Given): Given {
  const recipe = recipeOf(given);
  const entries = Object.entries(given).filter(([, value]) => value !== undefined);
  const takesStages = recipe === 'head' && withStages.has(given.modelType ?? 'ResnetModel');
  return {
    ...recipeDefaults[recipe],
    ...(takesStages && { headFeatures: 'stages' as const }),
    ...(Object.fromEntries(entries) as unknown as Given),
    recipe,
  };
}

/** Whether a recipe is used by default: for models with a backbone whose weights are published. */
export function hasRecipe({ modelType = 'ResnetModel', pretrainedWeights }: Partial<Given>): boolean {
  return hasPublishedWeights(modelType) && pretrainedWeights !== 'none';
}

function startsTrained(given: Given): boolean {
  return hasRecipe(given) || (given.pretrainedWeights ?? 'none') !== 'none';
}

function recipeOf(given: Given): Recipe {
  if (given.recipe !== undefined) return given.recipe;
  if (given.minutes !== undefined) return 'full';
  return hasRecipe(given) && epochFlagsGiven(given).length === 0 ? 'head' : 'none';
}

/**
 * Checks a recipe that a caller gives against what the caller gives with it; the options of a training that is resumed are complete.
 *
 * @throws SignetError `INVALID_ARGUMENT`.
 */
export function checkRecipe(given: Given): void {
  const recipe = recipeOf(given);
  const asked = given.minutes === undefined || given.recipe !== undefined ? `--recipe ${recipe}` : '--minutes';
  if (given.minutes !== undefined && recipe !== 'full') {
    throw invalid(`--minutes limits --recipe full, and ${asked} has no use for it. Leave one of them out.`);
  }
  if (recipe === 'none') return;
  if (!startsTrained(given)) {
    throw invalid(
      `${asked} starts from weights that were trained, and ${given.modelType ?? 'ResnetModel'} starts from ` +
        'random ones. Give --pretrained-weights, choose a model with a backbone, such as --model-type EfficientNetLiteModel, or leave the recipe out.',
    );
  }
  if (given.jit === 'off') throw invalid(`${asked} runs graphs, --jit off does not: give one of them.`);
  const refused = recipe === 'head' ? epochFlags : withoutRecipe;
  const unfit = refused.filter((name) => given[name] !== undefined && given[name] !== false).map(flagName);
  if (unfit.length === 0) return;
  throw invalid(
    recipe === 'head'
      ? `--recipe head solves for the head without epochs, and does not follow ${unfit.join(', ')}. Leave them out, or give --recipe full or none.`
      : `${asked} trains all layers in this process, and does not follow ${unfit.join(', ')}. Leave them out, or give --recipe none.`,
  );
}

function invalid(message: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', message);
}
