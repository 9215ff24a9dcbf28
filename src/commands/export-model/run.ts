import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';

import { matchClasses } from '../../data/source/match-classes.js';
import type { DatasetSource } from '../../data/source/dataset-source.js';
import type { ImageFile } from '../../data/image-file/inspect-image-file.js';
import { SignetError } from '../../errors.js';
import { compareExported, type ExportComparison, noisePictures, picturesOf } from '../../export/compare-exported.js';
import { exportFiles } from '../../export/export-files.js';
import type { ClassifierFacts } from '../../export/litert/task-metadata.js';
import { checkQuantization, type ExportFormat } from '../../export/export-format.js';
import { type ExportedModel, RuntimeMissing } from '../../export/runtimes/exported-model.js';
import { openExported } from '../../export/runtimes/open-exported.js';
import { tryToWrite } from '../../files/cannot-write.js';
import { folderBytes } from '../../files/folder-bytes.js';
import { writeModelDirectory } from '../../files/model-directory.js';
import { readClassNames } from '../../models/classifier/read-class-names.js';
import { decodingBy, findModelDescription } from '../../models/classifier/model-description.js';
import { readThresholds } from '../../models/classifier/read-thresholds.js';
import { modelNameOf } from '../../saved-model/describe/describe-saved-model.js';
import { readSignatures, type Signature } from '../../saved-model/read/read-saved-model.js';
import { offlinePageFiles } from '../../serving/page/offline-page-files.js';
import { progressBar } from '../../text/progress-bar.js';
import { standardError, tell } from '../../text/tell.js';
import { completeOptions, type GivenOptionsOf, type OptionsOf } from '../shared/flag-table.js';
import { separateTestSource } from '../shared/dataset-sources.js';
import { rememberedTestSet } from '../shared/remembered-test-set.js';
import { withLabelsOf } from '../../data/source/with-labels-of.js';
import { scanDataset } from '../shared/scan-dataset.js';
import { exportModelCommand } from './flags.js';
import { pageFacts, type KnownModel } from './page-facts.js';
import { problemOf } from './problem-of.js';

/** Options of `export-model`; `flags.ts` says what each means. */
export interface ExportModelOptions extends GivenOptionsOf<typeof exportModelCommand.flags> {}
type Options = OptionsOf<typeof exportModelCommand.flags>;

/** One exported format. */
export interface ExportedFormat {
  readonly format: ExportFormat;
  /** The folder that was written. */
  readonly folder: string;
  /** Size of all its files. */
  readonly bytes: number;
  /** Name and version of the runtime it was checked in; null where none was there. */
  readonly runtime: string | null;
  /** Why it was not checked; null where it was. */
  readonly unchecked: string | null;
  /** Its answers compared with the SavedModel's; null if it was not checked. */
  readonly agreement: ExportComparison['exported'][number] | null;
  /** What is wrong with it, though `--force` kept it; null for a good one. */
  readonly problem: string | null;
}

/** Result, which `export-model --json` prints. */
export interface ExportModelResult {
  readonly modelPath: string;
  readonly signature: string;
  /** Size of the SavedModel's files. */
  readonly bytes: number;
  readonly quantize: Options['quantize'];
  /** How many pictures the exports were compared on. */
  readonly images: number;
  /** Whether these were images of a test set rather than noise. */
  readonly isTestSet: boolean;
  readonly savedModel: ExportComparison['savedModel'];
  readonly formats: readonly ExportedFormat[];
  /** Folder of the web page; null if none was requested. */
  readonly page: string | null;
}

/** Pictures of noise, where no test set is given. */
const noiseCount = 8;

/**
 * Exports a SavedModel, and compares each file with it in the runtime that it was made for. Nothing is written when a file differs by
 * more than is allowed, unless `force` says so.
 *
 * @throws SignetError `NOT_EXPORTABLE`, `INVALID_SAVED_MODEL`, `INVALID_ARGUMENT`, `CLASSES_DIFFER`, `INVALID_DATASET`, `BAD_IMAGE`,
 * `CANNOT_WRITE`.
 */
export async function exportModel(given: ExportModelOptions): Promise<ExportModelResult> {
  const options = completeOptions(exportModelCommand.flags, given);
  const { modelPath, signature, quantize, output } = options;
  const formats = [...new Set(options.format)] as ExportFormat[];
  for (const format of formats) checkQuantization(format, quantize);
  checkPage(options.page, formats);
  const { outputs } = await checkSignature(modelPath, signature);
  await tryToWrite(output);
  const classNames = await readClassNames(modelPath).catch(() => null);
  const description = await findModelDescription(modelPath);
  const thresholds = classNames && description?.multiLabel ? await readThresholds(modelPath, classNames.length) : null;
  const known = { description, classNames, thresholds };
  const files = await testImages(options, known);
  const metadata = describe(signature, known);
  const isLogitsAlone = classNames !== null && Object.keys(outputs).length === 1;
  const classifier = isLogitsAlone ? classifierFacts(modelPath, { ...known, classNames }) : undefined;
  const exports: Export[] = [];
  try {
    for (const format of formats) {
      tell(`exporting ${signature} as ${format}`);
      const content = await exportFiles(modelPath, format, { signature, quantize, metadata, classifier });
      if (format === 'litert' && classNames) content.set('labels.txt', Buffer.from(`${classNames.join('\n')}\n`));
      exports.push({ format, content, ...(await open(format, content)) });
    }
    const comparison = await compare(options, exports, files, known);
    const judged = judge(options, exports, comparison);
    for (const { format, content } of exports) await write(path.join(output, format), content);
    const { images, savedModel } = comparison;
    const page = options.page ? path.join(output, 'page') : null;
    const graphModel = exports.find(({ format }) => format === 'tfjs')?.content;
    if (page !== null && graphModel) {
      const facts = pageFacts(modelPath, known, {
        isTestSet: files !== null,
        images,
        agreement: judged.find(({ format }) => format === 'tfjs')?.agreement ?? null,
      });
      await write(page, await offlinePageFiles(graphModel, facts));
    }
    return {
      modelPath,
      signature,
      bytes: await folderBytes(modelPath),
      quantize,
      images,
      isTestSet: files !== null,
      savedModel,
      formats: judged,
      page,
    };
  } finally {
    for (const { model } of exports) await model?.close();
  }
}

interface Export {
  readonly format: ExportFormat;
  readonly content: Map<string, Uint8Array>;
  readonly model: ExportedModel | null;
  readonly unchecked: string | null;
}

/** The page computes with TensorFlow.js. */
function checkPage(page: boolean, formats: readonly ExportFormat[]): void {
  if (!page || formats.includes('tfjs')) return;
  throw new SignetError(
    'INVALID_ARGUMENT',
    `--page computes with TensorFlow.js, so tfjs must be among the formats. Received: --format ${formats.join(' ')}. Use: --format ${[...formats, 'tfjs'].join(' ')}.`,
  );
}

/** A comparison needs pictures, and the exported runtimes decode none. */
async function checkSignature(modelPath: string, key: string): Promise<Signature> {
  const signatures = await readSignatures(modelPath);
  const signature = Object.hasOwn(signatures, key) ? signatures[key] : undefined;
  if (signature && takesPixels(signature)) return signature;
  const inputs = Object.entries(signature?.inputs ?? {}).map(([name, { spec }]) => `${name}: ${spec}`);
  const received = signature
    ? `"${key}" with ${inputs.join(', ') || 'no inputs'}`
    : `"${key}", which ${modelPath} does not have`;
  const fitting = Object.keys(signatures).filter((name) => signatures[name] && takesPixels(signatures[name]));
  const instead = fitting.length === 0 ? 'another model' : `${fitting.join(', ')} with --signature`;
  throw new SignetError(
    'NOT_EXPORTABLE',
    'export-model takes a signature with one input of pixels, float32[?, height, width, channels]: phones and browsers decode pictures themselves. ' +
      `Received: ${received}. Use ${instead}.`,
  );
}

function takesPixels({ inputs }: Signature): boolean {
  const [input, ...others] = Object.values(inputs);
  return input?.spec.dtype === 'float32' && input.spec.shape?.length === 4 && others.length === 0;
}

/** The images that the flags name, or those that the model was tested on; null where there are none. */
async function testImages(options: Options, model: KnownModel): Promise<readonly ImageFile[] | null> {
  const given = separateTestSource(options);
  if (given) return scanTestSet(options, given, model);
  const remembered = await rememberedTestSet(options.modelPath);
  if (!remembered) return null;
  try {
    tell(`comparing on ${remembered.name}, which the model was tested on`);
    return await scanTestSet(options, remembered, model);
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    tell(`note: it cannot be used, so pictures of noise are compared: ${error.message}`);
    return null;
  }
}

async function scanTestSet(
  options: Options,
  source: DatasetSource,
  { description, classNames, thresholds }: KnownModel,
): Promise<readonly ImageFile[]> {
  const { exif } = decodingBy(description);
  const { scan } = await scanDataset(source, options.onBadImage, { subsets: ['test'], exif });
  const names = { found: `the test set ${source.name}`, expected: `the model ${options.modelPath}` };
  const labelled = withLabelsOf(scan, thresholds !== null, 'export-model compares the model with itself, exported');
  return (classNames ? matchClasses(labelled, classNames, names) : labelled).files;
}

function describe(signature: string, { description, classNames }: KnownModel): Record<string, string> {
  return {
    signature,
    ...(classNames && { class_names: classNames.join('\n') }),
    ...(description && { signet: JSON.stringify(description) }),
  };
}

/** What task libraries need to know about a classifier. */
function classifierFacts(
  modelPath: string,
  { description, classNames, thresholds }: KnownModel & { readonly classNames: readonly string[] },
): ClassifierFacts {
  const { modelName, version } = modelNameOf(modelPath);
  const kind = description ? ` It is a ${description.modelType} trained with Signet.` : '';
  return {
    name: modelName,
    description: `Classifies pictures into ${classNames.length} classes.${kind}`,
    version,
    classNames,
    inputSize: description ? [description.inputHeight, description.inputWidth] : null,
    isMultiLabel: thresholds !== null,
  };
}

async function open(
  format: ExportFormat,
  content: Map<string, Uint8Array>,
): Promise<Pick<Export, 'model' | 'unchecked'>> {
  try {
    return { model: await openExported(format, content), unchecked: null };
  } catch (error) {
    if (error instanceof RuntimeMissing) return { model: null, unchecked: error.message };
    throw error;
  }
}

async function compare(
  { modelPath, signature }: Options,
  exports: readonly Export[],
  files: readonly ImageFile[] | null,
  { description, thresholds }: KnownModel,
): Promise<ExportComparison> {
  const models = exports.flatMap(({ model }) => model ?? []);
  const total = files?.length ?? noiseCount;
  const bar = standardError().isTTY ? progressBar('comparing', 'images') : null;
  try {
    const pictures = files === null ? noisePictures(noiseCount) : picturesOf(files, decodingBy(description).exif);
    const onProgress = (done: number) => bar?.update(done, total);
    return await compareExported(modelPath, models, pictures, { signature, thresholds, onProgress });
  } finally {
    bar?.stop();
  }
}

function judge(
  { output, quantize, force }: Options,
  exports: readonly Export[],
  { images, savedModel, exported }: ExportComparison,
): ExportedFormat[] {
  const results = exported[Symbol.iterator]();
  const judged = exports.map(({ format, content, model, unchecked }): ExportedFormat => {
    const agreement = model ? (results.next().value ?? null) : null;
    const bytes = [...content.values()].reduce((sum, { length }) => sum + length, 0);
    const problem = agreement && problemOf(agreement, { quantize, images, accuracy: savedModel.accuracy });
    return {
      format,
      folder: path.join(output, format),
      bytes,
      runtime: model?.runtime ?? null,
      unchecked,
      agreement,
      problem,
    };
  });
  const bad = judged.filter(({ problem }) => problem !== null);
  if (bad.length === 0 || force) return judged;
  throw new SignetError(
    'NOT_EXPORTABLE',
    `${bad.map(({ format, problem }) => `${format}: ${problem}`).join('\n')}\nNothing was written. Use another --quantize, or --force to keep the files.`,
  );
}

async function write(folder: string, content: ReadonlyMap<string, Uint8Array>): Promise<void> {
  await writeModelDirectory(folder, async (draft) => {
    for (const [name, bytes] of content) {
      await mkdir(path.dirname(path.join(draft, name)), { recursive: true });
      await writeFile(path.join(draft, name), bytes);
    }
  });
}
