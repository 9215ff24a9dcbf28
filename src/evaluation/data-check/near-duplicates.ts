import { mapConcurrently } from '../../files/map-concurrently.js';
import type { ExifHandling } from '../../ops/decode-image.js';
import { readPicture, smallPicture } from '../pictures/small-picture.js';
import type { CheckedImage } from './checked-images.js';
import type { ImageFeatures } from './embed-images.js';
import { type Neighbours, nearestNeighbours } from './nearest-neighbours.js';
import { detailOf, mirrored, type PictureDetail, roughDetailOf, roughSide } from './picture-detail.js';
import type { PictureLooks } from './picture-looks.js';
import { matchPictures, type PictureMatch } from './same-picture.js';

/** Two images that show one picture. */
export interface DuplicatePair {
  /** Positions among all images, ascending. */
  readonly images: readonly [number, number];
  readonly kind: 'same bytes' | 'same pixels' | PictureMatch['kind'];
  /** Correlation of their detail, 0 to 1; 1 for the same bytes or pixels. */
  readonly similarity: number;
}

/** Images, what their pixels and a network say of them, and which of them have the same bytes. */
export interface DuplicateSearch {
  readonly images: readonly CheckedImage[];
  /** Null for an image that cannot be compared. */
  readonly looks: readonly (PictureLooks | null)[];
  /** Neighbours by the features of a network; null without one: then crops are not found. */
  readonly neighbours: Neighbours | null;
  /** Groups of positions with the same bytes. */
  readonly sameBytes: readonly (readonly number[])[];
  readonly exif: ExifHandling;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Lowest cosine of features at which two pictures may be parts of one: crops of 90 % have at least 0.83, most other pictures less. */
const mayBeCropped = 0.8;
/** Lowest correlation of rough pictures at which two may be the same. */
const mayBeSame = 0.8;
/** Neighbours that are looked at; larger groups are found by their members. */
const looked = 5;

/**
 * Finds pairs of images that show one picture: saved again, at another size, brighter, mirrored, or cut out. Candidates come from the nearest
 * neighbours by features and by rough pixels; a pair counts only where the pixels agree in detail.
 */
export async function findNearDuplicates(search: DuplicateSearch): Promise<DuplicatePair[]> {
  const { images, looks, sameBytes, onProgress, signal } = search;
  const known = new Map<string, DuplicatePair>();
  for (const [first = 0, ...others] of sameBytes) {
    for (const other of others) known.set(keyOf(first, other), { images: pairOf(first, other), kind: 'same bytes', similarity: 1 }); // prettier-ignore
  }
  const repeated = new Set(sameBytes.flatMap(([, ...others]) => others));
  const candidates = [...(await findCandidates(search))].filter(([, { pair }]) => !pair.some((image) => repeated.has(image))); // prettier-ignore
  const detail = keptDetails(looks);
  for (const [done, [key, { pair, withCrops }]] of candidates.entries()) {
    if (done % 32 === 0) await turn(signal, () => onProgress?.(done, candidates.length));
    const match = pair.some((image) => isSmall(images[image])) ? sameLooks(pair, looks) : matchDetails(pair.map(detail), withCrops); // prettier-ignore
    if (match) known.set(key, { images: pair, ...match });
  }
  const pairs = await mapConcurrently([...known.values()], 2, (pair) => withSamePixels(pair, images, search.exif));
  return pairs.sort((a, b) => b.similarity - a.similarity || a.images[0] - b.images[0]);
}

/** Pixels of a side below which pictures have too little detail to be told apart by it. */
const leastSide = 32;

function isSmall(image: CheckedImage | undefined): boolean {
  return image === undefined || Math.min(image.file.width, image.file.height) < leastSide;
}

/** Small pictures are one only if they look the same pixel by pixel. */
function sameLooks(pair: readonly number[], looks: readonly (PictureLooks | null)[]): PictureMatch | null {
  const [one, other] = pair.map((image) => looks[image]?.gray);
  const isSame = one && other && Buffer.from(one).equals(Buffer.from(other));
  return isSame ? { kind: 'nearly the same', similarity: 1 } : null;
}

function matchDetails([one, other]: readonly (PictureDetail | null)[], withCrops: boolean): PictureMatch | null {
  return one && other ? matchPictures(one, other, withCrops) : null;
}

async function turn(signal: AbortSignal | undefined, then: () => void): Promise<void> {
  // Comparing blocks: Ctrl-C and the progress bar need a turn.
  await new Promise(setImmediate);
  signal?.throwIfAborted();
  then();
}

interface Candidate {
  readonly pair: readonly [number, number];
  readonly withCrops: boolean;
}

async function findCandidates({ looks, neighbours, signal }: DuplicateSearch): Promise<Map<string, Candidate>> {
  const candidates = new Map<string, Candidate>();
  if (neighbours) addAll(candidates, neighbours, mayBeCropped, true);
  const { plain, turned } = roughPictures(looks);
  addAll(candidates, await nearestNeighbours(plain, { count: looked, signal }), mayBeSame, false);
  addAll(candidates, await nearestNeighbours(plain, { count: looked, queries: turned, signal }), mayBeSame, false);
  return candidates;
}

function addAll(candidates: Map<string, Candidate>, found: Neighbours, least: number, withCrops: boolean): void {
  const { count, positions, similarities } = found;
  for (let i = 0; i < positions.length; i += 1) {
    if (i % count >= looked || (similarities[i] ?? 0) < least) continue;
    const pair = pairOf(Math.floor(i / count), positions[i] ?? 0);
    const key = keyOf(...pair);
    candidates.set(key, { pair, withCrops: withCrops || (candidates.get(key)?.withCrops ?? false) });
  }
}

/** The rough pictures of all images, and the same mirrored; all 0 where there is none. */
function roughPictures(looks: readonly (PictureLooks | null)[]): { plain: ImageFeatures; turned: ImageFeatures } {
  const size = roughSide ** 2;
  const [plain, turned] = [new Float32Array(looks.length * size), new Float32Array(looks.length * size)];
  for (const [i, look] of looks.entries()) {
    if (!look) continue;
    const rough = roughDetailOf(look.gray);
    plain.set(rough, i * size);
    turned.set(mirrored(rough), i * size);
  }
  return { plain: { values: plain, size }, turned: { values: turned, size } };
}

/** Number of pictures whose detail is kept: the detail of all would take more memory than the rest of a check. */
const mostKept = 2000;

function keptDetails(looks: readonly (PictureLooks | null)[]): (image: number) => PictureDetail | null {
  const kept = new Map<number, PictureDetail>();
  return (image) => {
    const look = looks[image];
    if (!look) return null;
    const known = kept.get(image);
    if (known) return known;
    const [oldest] = kept.keys();
    if (kept.size >= mostKept && oldest !== undefined) kept.delete(oldest);
    const detail = detailOf(look.gray);
    kept.set(image, detail);
    return detail;
  };
}

/** Lowest correlation at which all pixels are compared. */
const perhapsEqual = 0.9999;

async function withSamePixels(
  pair: DuplicatePair,
  images: readonly CheckedImage[],
  exif: ExifHandling,
): Promise<DuplicatePair> {
  const [one, other] = pair.images.map((image) => images[image]?.file);
  if (pair.kind !== 'nearly the same' || pair.similarity < perhapsEqual || !one || !other) return pair;
  const pixels = await Promise.all([one, other].map((file) => pixelsOf(file, exif)));
  return pixels[0] && pixels[1] && pixels[0].equals(pixels[1]) ? { ...pair, kind: 'same pixels', similarity: 1 } : pair;
}

/** Pixels of two pictures that are compared at most: they are in memory together. */
const mostPixels = 50_000_000;

async function pixelsOf(file: CheckedImage['file'], exif: ExifHandling): Promise<Buffer | null> {
  // Pictures that are larger are only said to be nearly the same.
  const longest = Math.max(file.width, file.height);
  if (file.width * file.height > mostPixels) return null;
  try {
    return await (await smallPicture(await readPicture(file), file, exif, longest)).raw().toBuffer();
  } catch {
    return null;
  }
}

function pairOf(a: number, b: number): [number, number] {
  return a < b ? [a, b] : [b, a];
}

function keyOf(a: number, b: number): string {
  return pairOf(a, b).join(' ');
}

/** Images that show one picture, each group ascending: pairs with an image in common belong together. */
export function groupsOf(pairs: readonly DuplicatePair[]): number[][] {
  const groups = new Map<number, Set<number>>();
  for (const { images } of pairs) {
    const joined = new Set(images.flatMap((image) => [image, ...(groups.get(image) ?? [])]));
    for (const image of joined) groups.set(image, joined);
  }
  return [...new Set(groups.values())].map((group) => [...group].sort((a, b) => a - b));
}
