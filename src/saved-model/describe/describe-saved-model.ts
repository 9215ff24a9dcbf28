import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { FingerprintDefSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/fingerprint_pb.js';
import type { MetaGraphDef } from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import type { SavedModel } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { SignetError } from '../../errors.js';
import { countOps, describeFunctions, type FunctionDescription } from './describe-functions.js';
import { type DescribedModel, describeSignatures, type SignatureDescription } from './describe-signatures.js';
import { describeVariables, type VariablesDescription } from './describe-variables.js';
import { fileOpsOfGraph } from '../read/file-ops.js';
import { assetFilesOf } from '../read/asset-files.js';
import { readSavedModel } from '../read/read-saved-model.js';
import { readCheckpoint } from '../read/read-variables.js';

/** All that a SavedModel says about itself; plain JSON. */
export interface SavedModelDescription {
  /** Path of the SavedModel. */
  readonly directory: string;
  /** Its name in TensorFlow Serving's URLs: that of the folder of the versions, or of the model's own. */
  readonly modelName: string;
  /** `null` if the directory's name is not a number. */
  readonly version: string | null;
  /** Sentences about what is missing or damaged; none for a whole model. */
  readonly problems: readonly string[];
  /** `null` if there is no `fingerprint.pb`; TensorFlow has written it since 2.12. */
  readonly fingerprint: {
    /** UUID of this saving of the model. */
    readonly uuid: string;
    /** Checksum of `saved_model.pb`; in decimal digits. */
    readonly savedModelChecksum: string;
  } | null;
  /** One for most models; TensorFlow 1 may save several graphs over the same variables. */
  readonly metaGraphs: readonly MetaGraphDescription[];
  /** `null` when the checkpoint cannot be read; `problems` says why. */
  readonly variables: VariablesDescription | null;
  /** Files in `assets/`. */
  readonly assets: readonly FileDescription[];
  /** Files in `assets.extra/`, which are for people and for TensorFlow Serving. */
  readonly extraAssets: readonly FileDescription[];
}

/** A graph of a SavedModel. */
export interface MetaGraphDescription {
  /** A loader asks for a graph by its set of tags. */
  readonly tags: readonly string[];
  /** Version of the TensorFlow that wrote it; empty if the model does not say. */
  readonly tensorflowVersion: string;
  /** The graph's versions; see tensorflow/core/public/version.h. */
  readonly producer: number | null;
  readonly minConsumer: number | null;
  /** The op that a loader runs first, to fill lookup tables. */
  readonly initOp: string | null;
  /** By key. */
  readonly signatures: Readonly<Record<string, SignatureDescription>>;
  /** Functions that Python can call on the loaded object; none for TensorFlow 1's models. */
  readonly functions: readonly FunctionDescription[];
  /** How often each op occurs in the graph and its functions, by name. */
  readonly ops: Readonly<Record<string, number>>;
  /** Ops that touch files, load libraries or run Python, except for its own variables and assets; see `--trust-models` of serve-model. */
  readonly fileOps: readonly string[];
  /** Files that the graph reads, and the tensor that holds each one's path. */
  readonly assets: readonly { readonly file: string; readonly tensor: string }[];
}

/** A file of a model. */
export interface FileDescription {
  /** Below its folder, with `/`. */
  readonly file: string;
  readonly bytes: number;
}

/**
 * Describes any SavedModel, Signet's or Python's, without TensorFlow: what `saved_model_cli show --all` shows and more.
 *
 * A model with missing or damaged variables, assets or fingerprint is described all the same; `problems` lists what is wrong.
 *
 * @example
 * ```ts
 * const { metaGraphs, variables } = await describeSavedModel('models/LenetModel/1');
 * console.log(Object.keys(metaGraphs[0]?.signatures ?? {}), variables?.parameters);
 * ```
 * @throws SignetError `INVALID_SAVED_MODEL` when the directory is not a SavedModel, or `saved_model.pb` is damaged.
 */
export async function describeSavedModel(directory: string): Promise<SavedModelDescription> {
  const savedModel = await readSavedModel(directory);
  const assets = await listFiles(path.join(directory, 'assets'));
  const [checkpoint, fingerprint] = await Promise.all([
    attempt(describeCheckpoint(directory, savedModel)),
    attempt(readFingerprint(directory)),
  ]);
  const name = modelNameOf(directory);
  const model = { directory, modelName: name.modelName, isOneOfSeveral: savedModel.metaGraphs.length > 1 };
  const metaGraphs = savedModel.metaGraphs.map((metaGraph) => describeMetaGraph(metaGraph, model));
  return {
    directory,
    ...name,
    problems: [
      ...checkpoint.problems,
      ...(checkpoint.value?.missingData ?? []),
      ...fingerprint.problems,
      ...missingAssets(directory, metaGraphs, assets),
    ],
    fingerprint: fingerprint.value,
    metaGraphs,
    variables: checkpoint.value?.variables ?? null,
    assets,
    extraAssets: await listFiles(path.join(directory, 'assets.extra')),
  };
}

/** Returns a model's name and version by its path: TensorFlow Serving treats a folder whose name is a number as a version. */
export function modelNameOf(directory: string): { modelName: string; version: string | null } {
  const full = path.resolve(directory);
  const name = path.basename(full);
  return /^\d+$/.test(name)
    ? { modelName: path.basename(path.dirname(full)) || name, version: name }
    : { modelName: name, version: null };
}

function describeMetaGraph(metaGraph: MetaGraphDef, model: DescribedModel): MetaGraphDescription {
  const { metaInfoDef, graphDef, objectGraphDef } = metaGraph;
  return {
    tags: metaInfoDef?.tags ?? [],
    tensorflowVersion: metaInfoDef?.tensorflowVersion ?? '',
    producer: graphDef?.versions?.producer ?? null,
    minConsumer: graphDef?.versions?.minConsumer ?? null,
    initOp: initOpOf(metaGraph),
    signatures: describeSignatures(metaGraph, model),
    functions: objectGraphDef ? describeFunctions(objectGraphDef) : [],
    ops: graphDef ? countOps(graphDef) : {},
    fileOps: fileOpsOfGraph(metaGraph),
    assets: assetFilesOf(metaGraph).map(({ filename, tensorInfo }) => ({
      file: filename,
      tensor: tensorInfo?.encoding.case === 'name' ? tensorInfo.encoding.value : '',
    })),
  };
}

/** The place of the init op has changed over time; see `GetInitOp` in tensorflow/cc/saved_model/loader_util.cc. */
function initOpOf({ signatureDef, collectionDef }: MetaGraphDef): string | null {
  const name = '__saved_model_init_op';
  const encoding = signatureDef[name]?.outputs[name]?.encoding;
  if (encoding?.case === 'name') return encoding.value;
  const kind = (collectionDef.saved_model_main_op ?? collectionDef.legacy_init_op)?.kind;
  return kind?.case === 'nodeList' ? (kind.value.value[0] ?? null) : null;
}

async function describeCheckpoint(directory: string, savedModel: SavedModel) {
  const checkpoint = await readCheckpoint(directory, savedModel);
  return {
    variables: describeVariables(savedModel, checkpoint),
    missingData: (await checkpoint?.bundle.missingData()) ?? [],
  };
}

/** A value, or why there is none. */
async function attempt<T>(promise: Promise<T>): Promise<{ value: T | null; problems: string[] }> {
  try {
    return { value: await promise, problems: [] };
  } catch (error) {
    if (error instanceof SignetError) return { value: null, problems: [error.message] };
    throw error;
  }
}

async function readFingerprint(directory: string): Promise<SavedModelDescription['fingerprint']> {
  const file = path.join(directory, 'fingerprint.pb');
  const bytes = await readFile(file).catch(() => null);
  if (bytes === null) return null;
  try {
    const { uuid, savedModelChecksum } = fromBinary(FingerprintDefSchema, bytes);
    return { uuid, savedModelChecksum: String(savedModelChecksum) };
  } catch (error) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${file} is damaged. It is only a label: delete it, or copy it again.`,
      { cause: error },
    );
  }
}

function missingAssets(
  directory: string,
  metaGraphs: readonly MetaGraphDescription[],
  files: readonly FileDescription[],
): string[] {
  const there = new Set(files.map(({ file }) => file));
  const asked = new Set(metaGraphs.flatMap(({ assets }) => assets.map(({ file }) => file)));
  return [...asked]
    .filter((file) => !there.has(file))
    .map((file) => `${path.join(directory, 'assets')} has no ${file}, which the graph reads.`);
}

async function listFiles(folder: string): Promise<FileDescription[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = entries
    .filter((entry) => !entry.isDirectory())
    .map(({ parentPath, name }) => path.join(parentPath, name));
  const described = await Promise.all(
    files.map(async (file) => ({
      file: path.relative(folder, file).split(path.sep).join('/'),
      // A link that leads nowhere is listed, with nothing in it.
      bytes: await stat(file).then(
        ({ size }) => size,
        () => 0,
      ),
    })),
  );
  return described.toSorted((a, b) => (a.file < b.file ? -1 : 1));
}
