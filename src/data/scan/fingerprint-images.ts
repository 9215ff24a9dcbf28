import { createHash } from 'node:crypto';
import path from 'node:path';

import { quoted } from '../../text/printable.js';
import { type ImageScan, labelsOf, pathWithin } from './image-scan.js';

/** The images of a class, in a form by which a change is noticed later. */
export interface ClassFingerprint {
  readonly name: string;
  readonly images: number;
  /** SHA-256 of their paths within the data set and their sizes, in order, as base64. */
  readonly digest: string;
}

/**
 * A fingerprint of every class of a data set, by the images' names, bytes and pixels; independent of where the data set is, and of the files'
 * content. Images without a class, which a list may have, are a class without a name.
 */
export function fingerprintImages({ directory, classNames, files }: ImageScan): ClassFingerprint[] {
  const classes = [...classNames, ''].map((name) => ({ name, images: 0, hash: createHash('sha256') }));
  for (const image of files) {
    const { path: file, sizeBytes, width, height, subset } = image;
    const content = [path.relative(directory, file), sizeBytes, width, height, ...(subset ? [subset] : [])];
    const labels = labelsOf(image);
    for (const label of labels.length > 0 ? labels : [classNames.length]) {
      const found = classes[label];
      if (!found) continue;
      found.images += 1;
      found.hash.update(JSON.stringify(content));
    }
  }
  return classes
    .filter(({ name, images }) => name !== '' || images > 0)
    .map(({ name, images, hash }) => ({ name, images, digest: hash.digest('base64') }));
}

/** Lists what has changed, as sentences for people; empty when nothing has. */
export function changedImages(before: readonly ClassFingerprint[], now: readonly ClassFingerprint[]): string[] {
  const [known, found] = [before, now].map((classes) => new Map(classes.map((each) => [each.name, each])));
  const missing = before.filter(({ name }) => !found?.has(name)).map(({ name }) => name);
  const added = now.filter(({ name }) => !known?.has(name)).map(({ name }) => name);
  return [
    ...(missing.length > 0 ? [`Classes that are gone: ${quoted(missing)}.`] : []),
    ...(added.length > 0 ? [`Classes that are new: ${quoted(added)}.`] : []),
    ...now.flatMap((each) => {
      const old = known?.get(each.name);
      return old && old.digest !== each.digest ? [changedClass(old, each)] : [];
    }),
  ];
}

function changedClass(before: ClassFingerprint, { name, images }: ClassFingerprint): string {
  if (before.images === images) return `Class ${quoted([name])} has other images, though still ${images}.`;
  return `Class ${quoted([name])} has ${images} images. It had ${before.images}.`;
}

/**
 * SHA-256, in hexadecimal, of the paths of the images within their data set, in order: the workers of a distributed training use it to check that
 * they resume with the same images, see `digest` in deploy/distributed/image_files.py.
 */
export function imagePathsDigest(scan: ImageScan): string {
  const paths = scan.files.map((file) => pathWithin(scan, file.path));
  return createHash('sha256').update(paths.join('\0')).digest('hex');
}
