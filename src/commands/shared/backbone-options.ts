import { SignetError } from '../../errors.js';
import { BackboneModel } from '../../models/backbone-model.js';
import { MobileNetModel, type MobileNetOptions } from '../../models/mobile-net-model.js';
import { modelTypes, type ModelType } from '../../models/model-types.js';

/** The flags for models that have a backbone. */
export interface BackboneFlags {
  readonly freezeBackbone?: boolean | undefined;
  readonly fineTuneFrom?: string | undefined;
  readonly freezeBatchNormalization?: boolean | undefined;
  readonly dropout?: number | undefined;
  /** How wide a MobileNetModel is. Default: 1. */
  readonly alpha?: number | undefined;
}

/** What the flags say to the constructor of a model. */
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

/** @throws SignetError `INVALID_ARGUMENT` when flags do not go together, or are given for a model without a backbone. */
export function checkBackboneOptions(Model: ModelType, flags: BackboneFlags): void {
  const { alpha, ...others } = flags;
  checkAlpha(Model, alpha);
  const names = {
    freezeBackbone: '--freeze-backbone',
    fineTuneFrom: '--fine-tune-from',
    freezeBatchNormalization: '--freeze-batch-normalization',
    dropout: '--dropout',
  } as const;
  const given = (Object.keys(backboneOptions(others)) as (keyof typeof names)[]).map((name) => names[name]);
  if (flags.freezeBackbone && flags.fineTuneFrom !== undefined) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `${names.freezeBackbone} trains the head alone, ${names.fineTuneFrom} a part of the backbone too: give one of them. Received: both.`,
    );
  }
  if (given.length === 0 || hasBackbone(Model)) return;
  const known = Object.entries(modelTypes).flatMap(([name, type]) => (hasBackbone(type) ? [name] : []));
  throw new SignetError(
    'INVALID_ARGUMENT',
    `${given.join(', ')} ${given.length > 1 ? 'are' : 'is'} for models with a backbone: ${known.join(', ')}, or a class of yours that extends ` +
      `BackboneModel. Received: ${Model.name}.`,
  );
}

function hasBackbone({ prototype }: ModelType): boolean {
  return prototype instanceof BackboneModel;
}
