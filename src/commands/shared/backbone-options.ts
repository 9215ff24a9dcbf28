import { SignetError } from '../../errors.js';
import { BackboneModel } from '../../models/backbone-model.js';
import { MobileNetModel, type MobileNetOptions } from '../../models/mobile-net-model.js';
import { modelTypes, type ModelType } from '../../models/model-types.js';
import type { TrainModelOptions } from '../train-model/train-model-options.js';
import { flagName } from './flag-table.js';

/** The options for models that have a backbone. */
export type BackboneFlags = Partial<
  Pick<TrainModelOptions, 'freezeBackbone' | 'fineTuneFrom' | 'freezeBatchNormalization' | 'dropout' | 'alpha'>
>;

/** Picks what the constructor of a model takes. */
export function backboneOptions(flags: BackboneFlags): Pick<MobileNetOptions, keyof BackboneFlags> {
  const { freezeBackbone = false, fineTuneFrom, freezeBatchNormalization = false, dropout, alpha } = flags;
  return {
    ...(freezeBackbone && { freezeBackbone }),
    ...(fineTuneFrom !== undefined && { fineTuneFrom }),
    ...(freezeBatchNormalization && { freezeBatchNormalization }),
    ...(dropout !== undefined && { dropout }),
    ...(alpha !== undefined && { alpha }),
  };
}

/** @throws SignetError `INVALID_ARGUMENT` when `--alpha` is given for another class. */
export function checkAlpha(Model: ModelType, alpha: number | undefined): void {
  if (alpha === undefined || Model === MobileNetModel) return;
  throw new SignetError('INVALID_ARGUMENT', `--alpha is for MobileNetModel. Received: ${alpha} with ${Model.name}.`);
}

/** @throws SignetError `INVALID_ARGUMENT` when options for a backbone are given for a model that has none. */
export function checkBackboneOptions(Model: ModelType, { alpha, ...others }: BackboneFlags): void {
  checkAlpha(Model, alpha);
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
