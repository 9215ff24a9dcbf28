import type { ImageFile } from '../image-file/inspect-image-file.js';
import type { DeepImages } from './deep-images.js';
import type { ImageProblem } from '../image-file/image-problem.js';

/** Result of `scanImageDirectory`. */
export interface ImageScan {
  /** The directory that was scanned. */
  readonly directory: string;
  /** Names of the classes; an image's label is a position in this list. */
  readonly classNames: readonly string[];
  /** Images that can be used, sorted by code point of the path. */
  readonly files: readonly ImageFile[];
  /** Files that cannot, sorted likewise. */
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
  /** How bright the images of 16 bits a sample are; absent if there are none. */
  readonly deepImages?: DeepImages;
}

/** How many images there are of each class, by label. */
export function countClasses(images: readonly { readonly label: number }[], classes: number): number[] {
  const counts = new Array<number>(classes).fill(0);
  for (const { label } of images) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
