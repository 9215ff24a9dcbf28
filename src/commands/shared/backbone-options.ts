import { SignetError } from '../../errors.js';
import { BackboneModel } from '../../models/backbone-model.js';
import { EfficientNetLiteModel } from '../../models/efficient-net-lite-model.js';
import { EfficientNetV2Model } from '../../models/efficient-net-v2-model.js';
import { checkVariant, type HasVariants } from '../../models/classifier/check-variant.js';
import { MobileNetModel, type MobileNetOptions } from '../../models/mobile-net-model.js';
import { MobileNetV3Model } from '../../models/mobile-net-v3-model.js';
import { modelTypes, type ModelType } from '../../models/model-types.js';
import type { TrainModelOptions } from '../train-model/train-model-options.js';
import { flagName } from './flag-table.js';

/** The options for models that have a backbone. */
export type BackboneFlags = Partial<
  Pick<
    TrainModelOptions,
    'freezeBackbone' | 'fineTuneFrom' | 'freezeBatchNormalization' | 'dropout' | 'headFeatures' | keyof SizeFlags
  >
>;

/** The options for models that come in several sizes. */
export type SizeFlags = Partial<Pick<TrainModelOptions, 'alpha' | 'variant'>>;

/** Picks what the constructor of a model takes. */
export function backboneOptions(
  flags: BackboneFlags,
): Pick<MobileNetOptions, Exclude<keyof BackboneFlags, 'variant'>> & SizeFlags {
  const { freezeBackbone = false, fineTuneFrom, freezeBatchNormalization = false, dropout, headFeatures } = flags;
  return {
    ...(freezeBackbone && { freezeBackbone }),
    ...(fineTuneFrom !== undefined && { fineTuneFrom }),
    ...(freezeBatchNormalization && { freezeBatchNormalization }),
    ...(dropout !== undefined && { dropout }),
    ...(headFeatures !== undefined && { headFeatures }),
    ...sizeOptions(flags),
  };
}

/** Picks what the constructor of a model that comes in several sizes takes. */
export function sizeOptions({ alpha, variant }: SizeFlags): SizeFlags {
  return { ...(alpha !== undefined && { alpha }), ...(variant !== undefined && { variant }) };
}

const withAlpha: readonly ModelType[] = [MobileNetModel, MobileNetV3Model];
const withVariants: readonly (ModelType & HasVariants)[] = [
  EfficientNetLiteModel,
  EfficientNetV2Model,
  MobileNetV3Model,
];

/** @throws SignetError `INVALID_ARGUMENT` when `--alpha` or `--variant` is given for a class without, or for one that has other variants. */
export function checkSizes(Model: ModelType, { alpha, variant }: SizeFlags): void {
  if (alpha !== undefined && !withAlpha.includes(Model)) throw isFor('--alpha', withAlpha, alpha, Model);
  if (variant === undefined) return;
  const HasThem = withVariants.find((type) => type === Model);
  if (!HasThem) throw isFor('--variant', withVariants, variant, Model);
  checkVariant(HasThem, variant);
}

function isFor(flag: string, types: readonly ModelType[], received: number | string, Model: ModelType): SignetError {
  const names = types.map(({ name }) => name).join(', ');
  return new SignetError('INVALID_ARGUMENT', `${flag} is for ${names}. Received: ${received} with ${Model.name}.`);
}

/** @throws SignetError `INVALID_ARGUMENT` when options for a backbone are given for a model that has none. */
export function checkBackboneOptions(Model: ModelType, { alpha, variant, ...others }: BackboneFlags): void {
  checkSizes(Model, { alpha, variant });
  const given = Object.keys(backboneOptions(others)).map(flagName);
  if (given.length === 0 || hasBackbone(Model)) return;
  const known = Object.entries(modelTypes).flatMap(([name, type]) => (hasBackbone(type) ? [name] : []));
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${given.join(', ')} ${given.length > 1 ? 'are' : 'is'} for models with a backbone: ${known.join(', ')}, or your own class that extends ` +
      `BackboneModel. Received: ${Model.name}.`,
  );
}

function hasBackbone({ prototype }: ModelType): boolean {
  return prototype instanceof BackboneModel;
}
