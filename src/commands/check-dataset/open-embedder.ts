import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { median } from '../../data/statistics.js';
import { SignetError } from '../../errors.js';
import { type ImageEmbedder, modelEmbedder, savedModelEmbedder } from '../../evaluation/data-check/embed-images.js';
import { EfficientNetLiteModel } from '../../models/efficient-net-lite-model.js';
import { loadKerasWeights, otherHeads } from '../../models/keras/load-keras-weights.js';
import { wantedFor } from '../../models/load-pretrained.js';
import { tell } from '../../text/tell.js';
import { downloadNamedWeights } from '../shared/download-named-weights.js';
import type { OptionsOf } from '../shared/flag-table.js';
import type { checkDatasetCommand } from './flags.js';

/** A network whose features are compared, and its name. */
export interface OpenedEmbedder {
  readonly name: string;
  readonly embedder: ImageEmbedder;
}

/**
 * Opens the network that the flags ask for.
 *
 * @param files Images that it will compute features of.
 * @returns Null if none is requested, or if the weights of the default are not available, which is reported.
 * @throws SignetError `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`.
 */
export async function openEmbedder(
  { features, modelPath }: Pick<OptionsOf<typeof checkDatasetCommand.flags>, 'features' | 'modelPath'>,
  files: readonly ImageFile[],
): Promise<OpenedEmbedder | null> {
  if (modelPath !== undefined) {
    if (features) return { name: modelPath, embedder: await savedModelEmbedder(modelPath) };
    const message = '--model-path says whose features are compared, --no-features compares none: give one of them.';
    throw new SignetError('INVALID_ARGUMENT', message);
  }
  if (!features) return null;
  try {
    return { name: 'EfficientNet-Lite0', embedder: await pretrainedEmbedder(files) };
  } catch (error) {
    if (!(error instanceof SignetError) || !cannotBeHad.has(error.code)) throw error;
    tell(`${error.message}\nnote: without features neither crops nor suspicious labels are found; a model of your own has some too: --model-path`); // prettier-ignore
    return null;
  }
}

/** Codes of errors after which pixels alone are compared. */
const cannotBeHad: ReadonlySet<string> = new Set(['OFFLINE', 'DOWNLOAD_FAILED', 'CANNOT_WRITE']);

/** Most images up to this many pixels are small, and are enlarged to this side: 224 shows nothing more and takes twelve times as long. */
const [small, smallInput] = [48, 64];

async function pretrainedEmbedder(files: readonly ImageFile[]): Promise<ImageEmbedder> {
  const areSmall = median(files.map(({ width, height }) => Math.max(width, height))) <= small;
  const size = areSmall ? { inputHeight: smallInput, inputWidth: smallInput } : {};
  // Its head is not asked for anything.
  const model = new EfficientNetLiteModel({ classNames: ['a', 'b'], freezeBackbone: true, seed: 0, ...size });
  try {
    const file = await downloadNamedWeights(wantedFor(model, 'imagenet'));
    await loadKerasWeights(model, file, { ignore: otherHeads(model) });
    return await modelEmbedder(model);
  } finally {
    model.dispose();
  }
}
