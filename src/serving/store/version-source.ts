import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

import { SignetError } from '../../errors.js';
import { readSavedModel } from '../../saved-model/read/read-saved-model.js';
import { restoresVariables } from '../../saved-model/read/restores-variables.js';
import { readTensorBundle } from '../../saved-model/checkpoint/read-tensor-bundle.js';
import { defaultPolicy, type VersionPolicy } from './model-config.js';

/** A directory in a base path whose name is a number. */
export interface VersionFolder {
  readonly version: number;
  readonly directory: string;
}

/** The versions of a base path. */
export interface VersionListing {
  /** The latest first. */
  readonly folders: readonly VersionFolder[];
  /** Sentences for the log. */
  readonly warnings: readonly string[];
}

/**
 * Lists the versions in a base path: directories whose name is a number that fits in int64, with or without leading zeros. Anything else is ignored,
 * such as `.7.new-123`, which Signet is still writing.
 *
 * Source: tensorflow_serving/sources/storage_path/file_system_storage_path_source.cc.
 *
 * @throws The file system's error when there is no such folder.
 */
export async function listVersions(basePath: string): Promise<VersionListing> {
  const names = (await readdir(basePath)).filter((name) => /^\d+$/.test(name));
  const byVersion = new Map<number, string[]>();
  const warnings: string[] = [];
  for (const name of names.toSorted()) {
    const version = Number(name);
    if (!(await isDirectory(path.join(basePath, name)))) continue;
    if (Number.isSafeInteger(version)) byVersion.set(version, [...(byVersion.get(version) ?? []), name]);
    else warnings.push(`${path.join(basePath, name)} is ignored: Signet counts versions up to 2^53 - 1.`);
  }
  const folders = [...byVersion].map(([version, [name = '', ...others]]) => {
    if (others.length > 0) {
      const all = [name, ...others].join(', ');
      warnings.push(`${basePath} has version ${version} several times: ${all}. ${name} is taken.`);
    }
    return { version, directory: path.join(basePath, name) };
  });
  return { folders: folders.toSorted((a, b) => b.version - a.version), warnings };
}

async function isDirectory(directory: string): Promise<boolean> {
  const stats = await stat(directory).catch(() => null);
  return stats?.isDirectory() ?? false;
}

/** Whether a version can be loaded now. */
export interface VersionInspection {
  /** Why it is not complete; null if it is. */
  readonly problem: string | null;
  /** Value that changes when the files do. */
  readonly stamp: string;
}

/**
 * Checks whether a directory has everything that a SavedModel needs, without reading large files: a directory that is still being copied must not be
 * loaded. TensorFlow checks the content of the files. A graph that restores nothing needs no variables.
 */
export async function inspectVersion(directory: string): Promise<VersionInspection> {
  const graph = path.join(directory, 'saved_model.pb');
  const prefix = path.join(directory, 'variables', 'variables');
  const files = [graph, `${prefix}.index`];
  try {
    const isAlone = (await missingFile([`${prefix}.index`])) !== null && (await missingFile([graph])) === null;
    if (isAlone && !(await restoresAnything(directory, await stampOf([graph])))) {
      return { problem: null, stamp: await stampOf(files) };
    }
    const bundle = await readTensorBundle(prefix);
    files.push(...Array.from({ length: Math.min(bundle.shards, 1000) }, (_, shard) => bundle.dataFile(shard)));
    const [missing] = await bundle.missingData();
    return { problem: missing ?? (await missingFile([graph])), stamp: await stampOf(files) };
  } catch (error) {
    if (!(error instanceof SignetError)) throw error;
    return { problem: (await missingFile(files)) ?? error.message, stamp: await stampOf(files) };
  }
}

/** Findings about graphs: each is read once, however often its folder is checked. */
const found = new Map<string, { readonly stamp: string; readonly restores: boolean }>();
const mostFound = 1000;

/** @throws SignetError `INVALID_SAVED_MODEL` for a graph that cannot be read, as it may be while it is copied. */
async function restoresAnything(directory: string, stamp: string): Promise<boolean> {
  const known = found.get(directory);
  if (known?.stamp === stamp) return known.restores;
  const restores = restoresVariables(await readSavedModel(directory));
  if (found.size >= mostFound) found.clear();
  found.set(directory, { stamp, restores });
  return restores;
}

async function missingFile(files: readonly string[]): Promise<string | null> {
  for (const file of files) {
    const stats = await stat(file).catch(() => null);
    if (!stats?.isFile()) return `${file} is missing.`;
    if (stats.size === 0) return `${file} is empty.`;
  }
  return null;
}

async function stampOf(files: readonly string[]): Promise<string> {
  const stamps = files.map(async (file) => {
    const stats = await stat(file).catch(() => null);
    return stats ? `${stats.ino}:${stats.size}:${stats.mtimeMs}` : '-';
  });
  return (await Promise.all(stamps)).join(' ');
}

/**
 * Chooses versions by a policy.
 *
 * @param folders The latest first.
 * @param isUsable Called for no more of them than necessary, the latest first.
 */
export async function chooseVersions(
  folders: readonly VersionFolder[],
  policy: VersionPolicy = defaultPolicy,
  isUsable: (folder: VersionFolder) => Promise<boolean>,
): Promise<VersionFolder[]> {
  const limit = policy.kind === 'latest' ? policy.count : Infinity;
  const chosen: VersionFolder[] = [];
  for (const folder of folders) {
    if (chosen.length >= limit) break;
    if (policy.kind === 'specific' && !policy.versions.includes(folder.version)) continue;
    if (await isUsable(folder)) chosen.push(folder);
  }
  return chosen;
}
