import { UMAP } from 'umap-js';

import { createRandom } from '../../data/dataset/random.js';
import { type Neighbours, nearestNeighbours } from '../data-check/nearest-neighbours.js';
import type { EvaluatedEmbeddings } from './embedding-sample.js';
import { type Place, principalPlaces } from './principal-axes.js';

/** Places of images on a map. */
export interface EmbeddingLayout {
  readonly method: 'UMAP' | 'PCA';
  /** A place for each image, both numbers 0 to 1, in the order of the images. */
  readonly places: readonly Place[];
}

/** Neighbours of an image that UMAP keeps near it, itself included: its default. */
const neighbourCount = 15;
/** With fewer images, UMAP puts all of them in one clump. */
const fewestForUmap = 2 * neighbourCount;
/** How close images of a group may lie: more than its default of 0.1, so that each can be seen and pointed at. */
const minDist = 0.5;
const epochs = 300;

/**
 * Lays embeddings out in a plane, so that images that the model sees as alike are near each other: by UMAP (https://arxiv.org/abs/1802.03426) with
 * cosines, which begins at the two principal axes; of fewer than 30 images by these alone. The same embeddings give the same places.
 */
export async function layOutEmbeddings({
  images,
  vectors,
}: Pick<EvaluatedEmbeddings, 'images' | 'vectors'>): Promise<EmbeddingLayout> {
  const n = images.length;
  if (n === 0) return { method: 'PCA', places: [] };
  const size = vectors.length / n;
  const principal = principalPlaces(vectors, size);
  if (n < fewestForUmap) return { method: 'PCA', places: inSquare(principal) };
  const neighbours = await nearestNeighbours({ values: vectors, size }, { count: neighbourCount - 1 });
  const places = await umapPlaces(neighbours, inSquare(principal));
  return places.flat().every(Number.isFinite)
    ? { method: 'UMAP', places: inSquare(places) }
    : { method: 'PCA', places: inSquare(principal) };
}

async function umapPlaces(neighbours: Neighbours, begin: readonly Place[]): Promise<Place[]> {
  const random = createRandom(0);
  const umap = new UMAP({ nNeighbors: neighbourCount, nEpochs: epochs, minDist, random });
  umap.setPrecomputedKNN(...knn(neighbours));
  // With neighbours that are known it asks of the vectors only how many there are.
  umap.initializeFit(begin.map(() => []));
  // It begins at random places, which tears groups apart; these are moved to the principal axes (https://doi.org/10.1038/s41587-020-00809-z).
  umap.getEmbedding().forEach((place, i) => {
    const [x, y] = begin[i] ?? [0, 0];
    [place[0], place[1]] = [20 * x - 10 + jitter(random), 20 * y - 10 + jitter(random)];
  });
  for (let epoch = 0; epoch < epochs; epoch += 1) {
    umap.step();
    // For Ctrl-C, and for the pictures that are made meanwhile.
    await new Promise(setImmediate);
  }
  return umap.getEmbedding().map(([x = NaN, y = NaN]): Place => [x, y]);
}

/** Images with equal embeddings must not begin at one place: nothing would move them apart. */
function jitter(random: () => number): number {
  return (random() - 0.5) * 0.01;
}

/** Neighbours as umap-js has them: the image itself first, and distances, one minus the cosine. */
function knn({ count, positions, similarities }: Neighbours): [indices: number[][], distances: number[][]] {
  const images = positions.length / count;
  const rows = Array.from({ length: images }, (_, i) => [i * count, (i + 1) * count] as const);
  return [
    rows.map(([begin, end], i) => [i, ...positions.subarray(begin, end)]),
    rows.map(([begin, end]) => [0, ...similarities.subarray(begin, end)].map((cosine, k) => (k === 0 ? 0 : Math.max(0, 1 - cosine)))), // prettier-ignore
  ];
}

/** Scales both axes alike, so that all is within a square of side 1, in its middle. */
function inSquare(places: readonly Place[]): Place[] {
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  const [left, right, top, bottom] = [extreme(xs, Math.min), extreme(xs, Math.max), extreme(ys, Math.min), extreme(ys, Math.max)]; // prettier-ignore
  const side = Math.max(right - left, bottom - top) || 1;
  return places.map(([x, y]) => [0.5 + (x - (left + right) / 2) / side, 0.5 + (y - (top + bottom) / 2) / side]);
}

function extreme(values: readonly number[], of: (a: number, b: number) => number): number {
  return values.reduce((found, value) => of(found, value));
}
