import { createHash, randomUUID } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { create, toBinary } from '@bufbuild/protobuf';

import { dataTypeOf } from '../../tensorflow/data-type.js';
import { DataType } from '../../tensorflow/protos/tensorflow/core/framework/types_pb.js';
import { FingerprintDefSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/fingerprint_pb.js';
import { SavedModelSchema } from '../../tensorflow/protos/tensorflow/core/protobuf/saved_model_pb.js';
import type * as tf from '../../tensorflow/tf.js';
import { elementBytes } from '../../tracing/tensor-proto.js';
import { buildMetaGraph, objectGraphKey, type SignatureTensors } from './meta-graph.js';
import { writeModelDirectory } from '../../files/model-directory.js';
import { buildObjectGraph } from './object-graph.js';
import { assetsOf, checkpointKey, type SavedModelParts, variablesOfParts } from './saved-model-parts.js';
import { type CreateFile, createFile, writeFileSynced } from '../../files/replace.js';
import { writeTensorBundle } from '../checkpoint/tensor-bundle.js';

/**
 * Writes a TensorFlow 2 SavedModel that TensorFlow's C++ loader, TensorFlow Serving and `tf.saved_model.load` load.
 *
 * The directory appears whole or not at all, see `writeModelDirectory`.
 *
 * @throws SignetError `CANNOT_WRITE`.
 */
export async function writeSavedModel(directory: string, parts: SavedModelParts): Promise<void> {
  await writeModelDirectory(directory, async (folder) => {
    await writeParts(folder, parts, writeFileSynced);
  });
}

/**
 * Fills an existing, empty folder.
 *
 * @param createEach Creates each file. Default: it need not survive a crash, as in a folder that is loaded once and removed.
 * @returns the tensors of each signature, by its key.
 */
export async function writeParts(
  folder: string,
  parts: SavedModelParts,
  createEach: CreateFile = createFile,
): Promise<ReadonlyMap<string, SignatureTensors>> {
  const objectGraph = buildObjectGraph(parts);
  const { metaGraph, tensors } = buildMetaGraph(parts, objectGraph);
  const savedModel = create(SavedModelSchema, { savedModelSchemaVersion: 1n, metaGraphs: [metaGraph] });
  const bytes = toBinary(SavedModelSchema, savedModel);
  await mkdir(path.join(folder, 'variables'));
  const objects = {
    key: objectGraphKey,
    dataType: DataType.DT_STRING,
    shape: [],
    read: () => objectGraph.trackableObjects,
  };
  const tensorsToWrite = [objects, ...variablesOfParts(parts).map(bundleTensor)];
  await writeTensorBundle(path.join(folder, 'variables', 'variables'), tensorsToWrite, createEach);
  const assets = [...assetsOf(parts)].map(([asset, name]) => [name, asset.read()] as const);
  await writeFiles(path.join(folder, 'assets'), Object.fromEntries(assets), createEach);
  if (parts.assetsExtra) await writeFiles(path.join(folder, 'assets.extra'), parts.assetsExtra, createEach);
  await createEach(path.join(folder, 'fingerprint.pb'), (file) => file.writeFile(fingerprint(bytes)));
  await createEach(path.join(folder, 'saved_model.pb'), (file) => file.writeFile(bytes));
  return tensors;
}

async function writeFiles(
  folder: string,
  files: Readonly<Record<string, string | Uint8Array>>,
  createEach: CreateFile,
): Promise<void> {
  await mkdir(folder);
  for (const [name, content] of Object.entries(files)) {
    await createEach(path.join(folder, name), (file) => file.writeFile(content));
  }
}

function bundleTensor(variable: tf.Variable, position: number) {
  const dataType = dataTypeOf(variable.dtype);
  return {
    key: checkpointKey(position),
    dataType,
    shape: variable.shape,
    read: () => elementBytes(dataType, variable.dataSync()),
  };
}

/**
 * Makes `fingerprint.pb`, by which tools distinguish SavedModels.
 *
 * TensorFlow fills the fields with FarmHash values and never compares them with the files when it loads; these are the
 * first 8 bytes of a SHA-256, unique and stable all the same (docs/decisions/0004).
 */
function fingerprint(savedModel: Uint8Array): Uint8Array {
  const hash = (salt: string) => createHash('sha256').update(salt).update(savedModel).digest().readBigUInt64LE();
  const fields = create(FingerprintDefSchema, {
    savedModelChecksum: hash(''),
    graphDefProgramHash: hash('graph'),
    signatureDefHash: hash('signatures'),
    savedObjectGraphHash: hash('objects'),
    uuid: randomUUID(),
    version: { producer: 3 },
  });
  return toBinary(FingerprintDefSchema, fields);
}
