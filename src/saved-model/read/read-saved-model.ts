import { readdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { SignetError } from '../../errors.js';
import { dtypeOf } from '../../tensorflow/data-type.js';
import type {
  MetaGraphDef,
  SignatureDef,
  TensorInfo,
} from '../../tensorflow/protos/tensorflow/core/protobuf/meta_graph_pb.js';
import { type SavedModel, SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { elementTypeName } from '../checkpoint/element-type.js';
import { type TensorSpec, tensorSpec } from '../../tracing/tensor-spec.js';

/** An input or output of a signature. */
export interface SignatureTensor {
  /** The tensor's name in the graph, such as `serving_bytes_image_bytes_string:0`. */
  readonly tensor: string;
  /** Element type and shape. */
  readonly spec: TensorSpec;
}

/** Inputs and outputs of a signature. */
export interface Signature {
  /** Inputs by name. */
  readonly inputs: Readonly<Record<string, SignatureTensor>>;
  /** Outputs by name. */
  readonly outputs: Readonly<Record<string, SignatureTensor>>;
  /** TensorFlow Serving's method, such as `tensorflow/serving/predict`. */
  readonly method: string;
  /** Inputs and outputs that no request carries, such as `x (resource)`: resources, sparse and composite tensors. Default: none. */
  readonly omitted?: Readonly<Record<'inputs' | 'outputs', readonly string[]>> | undefined;
}

/**
 * The signatures of a SavedModel, Signet's or another's, read without TensorFlow.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` when the directory is not a SavedModel.
 */
export async function readSignatures(directory: string): Promise<Readonly<Record<string, Signature>>> {
  return signaturesOf(findServedGraph(await readSavedModel(directory), directory));
}

/** The signatures of a graph, except the ones that TensorFlow reserves for itself. */
export function signaturesOf({
  signatureDef,
}: Pick<MetaGraphDef, 'signatureDef'>): Readonly<Record<string, Signature>> {
  const named = Object.entries(signatureDef).filter(([key]) => !key.startsWith('__'));
  return Object.fromEntries(named.map(([key, definition]) => [key, signatureOfDef(definition)]));
}

/**
 * The graph that is served: the one with the tag `serve` alone, as TensorFlow Serving chooses. If there is none, the only one that has it among
 * others, or the only graph at all.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` where that leaves a choice.
 */
export function findServedGraph({ metaGraphs }: SavedModel, directory: string): MetaGraphDef {
  const exact = metaGraphs.find((graph) => String(tagsOf(graph)) === 'serve');
  const tagged = metaGraphs.filter((graph) => tagsOf(graph).includes('serve'));
  const only = [tagged, metaGraphs].find(({ length }) => length === 1)?.[0];
  const chosen = exact ?? only;
  if (chosen) return chosen;
  const sets = metaGraphs.map((graph) => `{${tagsOf(graph).join(', ')}}`).join(', ') || 'none';
  const message = `${directory} has no meta graph with the tag "serve" alone. Its graphs have the tags: ${sets}. Save the one to serve with the tag "serve".`;
  throw new SignetError('INVALID_SAVED_MODEL', message);
}

/** Tags of a graph. */
export function tagsOf({ metaInfoDef }: MetaGraphDef): readonly string[] {
  return metaInfoDef?.tags ?? [];
}

/**
 * Reads `saved_model.pb`.
 *
 * @throws SignetError `INVALID_SAVED_MODEL` that says what the directory is instead, and where SavedModels are below it.
 */
export async function readSavedModel(directory: string): Promise<SavedModel> {
  const bytes = await readFile(path.join(directory, 'saved_model.pb')).catch(async (error: unknown) => {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} is not a SavedModel: it has no readable saved_model.pb. ${await whatItIs(directory, error)}`,
      { cause: error },
    );
  });
  try {
    return fromBinary(SavedModelSchema, bytes);
  } catch (error) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory}/saved_model.pb is damaged. Copy or save the model again.`,
      { cause: error },
    );
  }
}

/** More are counted, not named. */
const maxNamed = 10;
const otherForms = ['saved_model.pbtxt', 'saved_model.cpb'];

/** Why a directory has no readable `saved_model.pb`, and what to give instead. */
async function whatItIs(directory: string, error: unknown): Promise<string> {
  const stats = await stat(directory).catch(() => null);
  if (stats === null)
    return 'There is no such directory. Give the directory of a version, such as models/LenetModel/1.';
  if (!stats.isDirectory()) {
    const parent = path.basename(directory) === 'saved_model.pb' ? `: ${path.dirname(directory)}` : '';
    return `It is a file. Give the directory that holds saved_model.pb${parent}.`;
  }
  const { code, message } = error as NodeJS.ErrnoException;
  if (code !== 'ENOENT') return `${message}.`;
  const names = await readdir(directory).catch((): string[] => []);
  const form = otherForms.find((name) => names.includes(name));
  if (form) return `It has ${form}, which Signet does not read. Save the model again with tf.saved_model.save.`;
  const below = await findSavedModels(directory, 2);
  if (below.length === 0) return 'Give the directory of a version, such as models/LenetModel/1.';
  const more = below.length > maxNamed ? ` and ${below.length - maxNamed} more` : '';
  return `Give one of the SavedModels in it: ${below.slice(0, maxNamed).join(', ')}${more}.`;
}

/** SavedModels up to that many folders deep, `2` before `10`. */
async function findSavedModels(folder: string, depth: number): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch(() => []);
  const folders = entries.filter((entry) => !entry.isFile() && !entry.name.startsWith('.')).map(({ name }) => name);
  const found: string[] = [];
  for (const name of folders.toSorted((a, b) => a.localeCompare(b, 'en', { numeric: true }))) {
    const directory = path.join(folder, name);
    const isSavedModel = await stat(path.join(directory, 'saved_model.pb')).then(
      (stats) => stats.isFile(),
      () => false,
    );
    if (isSavedModel) found.push(directory);
    else if (depth > 1) found.push(...(await findSavedModels(directory, depth - 1)));
  }
  return found;
}

/** A SignatureDef, with the names of what Signet does not support: tensors of other types, sparse and composite ones. */
function signatureOfDef({ inputs, outputs, methodName }: SignatureDef): Signature {
  const [takes, gives] = [sort(inputs), sort(outputs)];
  const omitted = { inputs: takes.omitted, outputs: gives.omitted };
  const isWhole = takes.omitted.length + gives.omitted.length === 0;
  return { inputs: takes.carried, outputs: gives.carried, method: methodName, omitted: isWhole ? undefined : omitted };
}

function sort(tensors: Record<string, TensorInfo>) {
  const carried: [string, SignatureTensor][] = [];
  const omitted: string[] = [];
  for (const [name, info] of Object.entries(tensors)) {
    const tensor = tensorOf(info);
    if (tensor) carried.push([name, tensor]);
    else
      omitted.push(`${name} (${info.encoding.case === 'name' ? elementTypeName(info.dtype) : 'sparse or composite'})`);
  }
  return { carried: Object.fromEntries(carried), omitted };
}

function tensorOf({ encoding, dtype, tensorShape }: TensorInfo): SignatureTensor | null {
  const known = dtypeOf(dtype);
  if (known === null || encoding.case !== 'name') return null;
  const sizes = tensorShape?.unknownRank ? null : (tensorShape?.dim ?? []).map(({ size }) => Number(size));
  return { tensor: encoding.value, spec: tensorSpec(known, sizes?.map((size) => (size < 0 ? null : size)) ?? null) };
}
