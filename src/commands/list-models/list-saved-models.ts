import { SignetError } from '../../errors.js';
import { timePerImage } from '../../evaluation/time-per-image.js';
import { folderBytes } from '../../files/folder-bytes.js';
import { readModelDescription } from '../../models/classifier/model-description.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { describeSavedModel } from '../../saved-model/describe/describe-saved-model.js';
import { listVersions, type VersionFolder } from '../../serving/store/version-source.js';
import { type KeptEvaluation, readKeptEvaluation } from '../train-model/kept-evaluation.js';
import { readListedArguments } from '../train-model/train-model-options.js';
import { modelsOfFolder } from './models-of-folder.js';

/** Facts of any model. */
export interface ModelFacts {
  readonly name: string;
  readonly classes: number | null;
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: readonly [height: number, width: number] | null;
  readonly parameters: number | null;
  /** Size of all files of a version. */
  readonly bytesOnDisk: number | null;
  /** Median for one image at a time, compiled, on this machine; `null` when nothing was measured. */
  readonly millisecondsPerImage: number | null;
}

/** A version in a folder of models. */
export interface SavedModelListing extends ModelFacts {
  readonly directory: string;
  /** The class that it was saved from; `null` when it is not one of Signet's classifiers. */
  readonly modelType: string | null;
  /** The arguments of its training that are shown, by heading; empty when it has none. */
  readonly arguments: Readonly<Record<string, string>>;
  /** What its training found on the test set; `null` where that is not known. */
  readonly evaluation: KeptEvaluation | null;
  /** Why it cannot be used; `null` for a whole one. */
  readonly problem: string | null;
}

/** Larger images are not measured: a description is untrusted, and this many pixels take 100 MB. */
const mostPixels = 8_000_000;

/**
 * Lists every version of every model in a folder; one that is a model itself, a folder of versions, is taken as well.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` if the folder does not exist.
 */
export async function listSavedModels(
  folder: string,
  { measure, onProgress }: { readonly measure: boolean; readonly onProgress: (name: string) => void },
): Promise<SavedModelListing[]> {
  const { models } = await modelsOfFolder(folder);
  const listings: SavedModelListing[] = [];
  for (const { name, basePath } of models) {
    for (const version of (await listVersions(basePath)).folders) {
      onProgress(version.directory);
      listings.push(await listVersion(name, version, measure));
    }
  }
  return listings;
}

const nothing = {
  arguments: {},
  evaluation: null,
  classes: null,
  imageSize: null,
  parameters: null,
  bytesOnDisk: null,
  millisecondsPerImage: null,
};

async function listVersion(
  model: string,
  { version, directory }: VersionFolder,
  measure: boolean,
): Promise<SavedModelListing> {
  const listing = { ...nothing, name: `${model}/${version}`, directory, modelType: null, problem: null };
  try {
    const { variables, problems } = await describeSavedModel(directory);
    const described = {
      ...listing,
      ...(await classifierFacts(directory)),
      arguments: await readListedArguments(directory),
      evaluation: await readKeptEvaluation(directory),
      parameters: variables?.parameters ?? null,
      bytesOnDisk: await folderBytes(directory),
      problem: problems[0] ?? null,
    };
    const { imageSize, problem } = described;
    const isMeasured = measure && problem === null && imageSize !== null && imageSize[0] * imageSize[1] <= mostPixels;
    return isMeasured ? { ...described, millisecondsPerImage: await timePerImage(directory, imageSize) } : described;
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    return { ...listing, problem: error.message };
  }
}

/** Reads what only a classifier of Signet's has. */
async function classifierFacts(directory: string) {
  try {
    const { modelType, inputHeight, inputWidth } = await readModelDescription(directory);
    const classes = (await readClassNames(directory)).length;
    return { modelType, classes, imageSize: [inputHeight, inputWidth] as const };
  } catch (error) {
    if (error instanceof SignetError) return { modelType: null, classes: null, imageSize: null };
    throw error;
  }
}
