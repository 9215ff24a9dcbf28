import { mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { toBinary } from '@bufbuild/protobuf';

import { SignetError, wordsOf } from '../../errors.js';
import { type SavedModel, SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import { guardedGraph } from '../write/meta-graph.js';
import { guardGraph } from './guard-graph.js';

/**
 * A SavedModel whose graphs have guards (`guardGraph`), in a temporary directory with links to the variables and assets of the original.
 *
 * @param savedModel Content of `directory`. Is changed.
 * @returns The directory, which the caller removes; null if nothing needs a guard, or if Signet added the guards when it exported the model.
 * @throws SignetError `INVALID_SAVED_MODEL` where there is no room for temporary files.
 */
export async function guardedCopy(directory: string, savedModel: SavedModel): Promise<string | null> {
  const guarded = savedModel.metaGraphs.flatMap(({ metaInfoDef, graphDef }) =>
    graphDef && metaInfoDef?.metaGraphVersion !== guardedGraph ? guardGraph(graphDef) : [],
  );
  if (guarded.length === 0) return null;
  try {
    return await writeCopy(directory, toBinary(SavedModelSchema, savedModel));
  } catch (error) {
    throw new SignetError(
      'INVALID_SAVED_MODEL',
      `${directory} has ${guarded.join(', ')} of unknown sizes, which some requests could end the process with. It is served from a copy of its graph that checks them, which could not be written: ${wordsOf(error)}. Give the process a directory for temporary files (TMPDIR).`,
      { cause: error },
    );
  }
}

async function writeCopy(directory: string, graph: Uint8Array): Promise<string> {
  const copy = await mkdtemp(path.join(os.tmpdir(), 'signet-guarded-'));
  try {
    await writeFile(path.join(copy, 'saved_model.pb'), graph);
    for (const name of await readdir(directory)) {
      if (name !== 'saved_model.pb') await symlink(path.resolve(directory, name), path.join(copy, name));
    }
    return copy;
  } catch (error) {
    await rm(copy, { recursive: true, force: true });
    throw error;
  }
}
