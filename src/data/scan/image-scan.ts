import path from 'node:path';

import type { ImageFile } from '../image-file/inspect-image-file.js';
import type { DeepImages } from './deep-images.js';
import type { ImageProblem } from '../image-file/image-problem.js';

/** Images of a data set with their labels: a folder with a folder per class, or what a list names. */
export interface ImageScan {
  /** The directory that was scanned, or the folder of the list: the paths of images within the data set begin there. */
  readonly directory: string;
  /** The list that names the images, or the shards that hold them; absent where folders do. */
  readonly list?: string;
  /** Whether an image may have several classes, or none; see `ImageFile.labels`. Default: false. */
  readonly isMultiLabel?: boolean;
  /** Names of the classes; an image's label is a position in this list. */
  readonly classNames: readonly string[];
  /** Images that can be used, sorted by code point of the path. */
  readonly files: readonly ImageFile[];
  /** Files that cannot, sorted the same way. */
  readonly problems: readonly ImageProblem[];
  /** Peculiarities that are not faults. */
  readonly notes: ScanNotes;
}

/** Findings that are not faults, but may not be what was meant. */
export interface ScanNotes {
  /** Paths of files directly in the directory, which belong to no class. */
  readonly strayFiles: readonly string[];
  /** Names of directories left out because `classNames` does not list them. */
  readonly unusedDirectories: readonly string[];
  /** Paths of links to directories that were read under another name already. */
  readonly repeatedDirectories: readonly string[];
  /** Sentences about what of a list was left out; absent without a list. */
  readonly ofList?: readonly string[];
  /** How bright the images of 16 bits a sample are; absent if there are none. */
  readonly deepImages?: DeepImages;
}

/** A label, or several. */
export type Labeled = Pick<ImageFile, 'label' | 'labels'>;

/** The positions of an image's classes: one, or any number where an image may have several. */
export function labelsOf({ label, labels }: Labeled): readonly number[] {
  return labels ?? [label];
}

/** The names of an image's classes. */
export function classNamesOf(image: Labeled, classNames: readonly string[]): string[] {
  return labelsOf(image).map((label) => classNames[label] ?? '');
}

/** The way to an image from its data set's folder, with `/` between names. */
export function pathWithin({ directory }: Pick<ImageScan, 'directory'>, image: string): string {
  return path.relative(directory, image).replaceAll(path.sep, '/');
}

/** Writes the labels of n images as [n, classes] in C order: 1 for each class that an image has, otherwise 0. */
export function multiHot(images: readonly Labeled[], classes: number): Int32Array {
  const truth = new Int32Array(images.length * classes);
  for (const [i, image] of images.entries()) for (const label of labelsOf(image)) truth[i * classes + label] = 1;
  return truth;
}

/** The path that people know a data set by: of the folder, of the list, or of the shards. */
export function nameOfScan({ directory, list }: Pick<ImageScan, 'directory' | 'list'>): string {
  return list ?? directory;
}

/** How many images there are of each class, by label. */
export function countClasses(images: readonly Labeled[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const image of images) for (const label of labelsOf(image)) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
