import { inspectImageFile } from '../../data/image-file/inspect-image-file.js';
import { mapConcurrently } from '../../files/map-concurrently.js';
import { tryToReadImageFile } from '../../data/image-file/try-to-read-image-file.js';
import { SignetError } from '../../errors.js';
import { type CallableModel, type RecognizedImage, recognizeImages } from '../../client/classify-images.js';
import type { Protocol } from '../../client/client-options.js';
import { connectToServer, type ServerOptions } from '../shared/connect-to-server.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { progressBar } from '../../text/progress-bar.js';
import { predictImageCommand } from './flags.js';
import { writeHeatmap, type WrittenHeatmap } from './write-heatmap.js';
import { standardError } from '../../text/tell.js';

/** Options of `predict-image`; `flags.ts` says what each means. Either `modelName` or `modelPath` is needed. */
export interface PredictImageOptions extends GivenOptionsOf<typeof predictImageCommand.flags> {
  readonly files: readonly string[];
}

/** Result for a file. */
export type PredictedImage =
  | ({ readonly file: string; readonly heatmap?: WrittenHeatmap } & RecognizedImage)
  | { readonly file: string; readonly error: string };

/** Result, which `predict-image --json` prints. */
export interface PredictImageResult {
  /** The name on the server, or the directory. */
  readonly model: string;
  /** Which version was asked; null where the server does not say, and without a server. */
  readonly modelVersion: number | null;
  /** In the order they were given. */
  readonly images: readonly PredictedImage[];
}

/**
 * Classifies image files with a model on a server, or one on disk. A file that cannot be classified has an error in place
 * of its labels, and the others are classified.
 *
 * @throws SignetError `SERVER_ERROR` when the server does not describe the model, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `CANNOT_WRITE`.
 */
export async function predictImage({ files, ...given }: PredictImageOptions): Promise<PredictImageResult> {
  const options = completeOptions(predictImageCommand.flags, given);
  const { topK, heatmap, heatmapClass } = options;
  if (heatmap !== undefined) checkOneFile(files);
  const { model, modelVersion, close } = await openModel(options);
  const bar = standardError().isTTY && files.length > 1 ? progressBar('classifying', 'images') : null;
  let done = 0;
  const classify = async (file: string) => {
    const image = await classifyFile(model, file, { topK, heatmap, heatmapClass });
    bar?.update((done += 1), files.length);
    return image;
  };
  try {
    return { model: model.name, modelVersion, images: await mapConcurrently(files, filesAtOnce, classify) };
  } finally {
    bar?.stop();
    close();
  }
}

/** Each file is a separate request, so that a file that does not decode does not affect the others; the server batches them. */
const filesAtOnce = 8;

/** What to return for each file. */
type Wanted = Pick<OptionsOf<typeof predictImageCommand.flags>, 'topK' | 'heatmap' | 'heatmapClass'>;

function checkOneFile(files: readonly string[]): void {
  if (files.length === 1) return;
  const message = `--heatmap draws over one image. Received: ${files.length} images. Give one, or leave --heatmap out.`;
  throw new SignetError('INVALID_ARGUMENT', message);
}

async function classifyFile(
  model: CallableModel,
  file: string,
  { topK, heatmap, heatmapClass }: Wanted,
): Promise<PredictedImage> {
  const found = await inspectImageFile(file, 0);
  const content = 'kind' in found ? found : await tryToReadImageFile(found);
  if (!(content instanceof Uint8Array)) return { file, error: content.message };
  try {
    const [recognized = { labels: [] }] = await recognizeImages(model, [content], topK);
    if (heatmap === undefined) return { file, ...recognized };
    const written = await writeHeatmap(model, content, { file: heatmap, className: heatmapClass });
    return { file, ...recognized, heatmap: written };
  } catch (error) {
    if (!(error instanceof SignetError) || aboutTheModel.includes(error.code)) throw error;
    return { file, error: error.message };
  }
}

/** Errors that every file would have. */
const aboutTheModel: readonly string[] = ['INVALID_SAVED_MODEL', 'INVALID_ARGUMENT', 'CANNOT_WRITE'];

interface OpenModel {
  readonly model: CallableModel;
  readonly modelVersion: number | null;
  readonly close: () => void;
}

async function openModel({
  modelName,
  modelPath,
  protocol,
  ...flags
}: OptionsOf<typeof predictImageCommand.flags>): Promise<OpenModel> {
  if (modelPath !== undefined) return onDisk(modelPath);
  if (modelName !== undefined) return onServer(modelName, protocol, flags);
  throw new SignetError(
    'INVALID_ARGUMENT',
    'Give --model-name for a model on a server, or --model-path for one on disk. Received: neither.',
  );
}

async function onServer(modelName: string, protocol: Protocol, flags: ServerOptions): Promise<OpenModel> {
  const client = await connectToServer(modelName, protocol, flags);
  try {
    const metadata = await client.metadata();
    return { model: client.asCallable(metadata), modelVersion: metadata.version, close: () => client.close() };
  } catch (error) {
    client.close();
    throw error;
  }
}

async function onDisk(modelPath: string): Promise<OpenModel> {
  // Loads TensorFlow, which a client of a server need not have.
  const { LoadedSavedModel } = await import('../../saved-model/run/load-saved-model.js');
  const loaded = await LoadedSavedModel.load(modelPath);
  const call: CallableModel['call'] = async (key, inputs) => {
    // A call blocks: the event loop gets a turn, for the progress bar and Ctrl-C.
    await new Promise(setImmediate);
    return loaded.callValues(key, inputs);
  };
  const model = { name: modelPath, signatures: loaded.signatures, call };
  return { model, modelVersion: null, close: () => loaded.dispose() };
}
