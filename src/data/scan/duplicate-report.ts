import { count } from '../../text/amounts.js';
import { printable } from '../../text/printable.js';
import type { ImageProblem } from '../image-file/image-problem.js';
import type { DuplicateImages } from './find-duplicates.js';
import type { ImageScan } from './image-scan.js';

/** Describes images with the same bytes, a sentence for each kind of harm, with three examples; empty if there are none. */
export function describeDuplicates(groups: readonly DuplicateImages[]): string[] {
  const [between, classes, repeated] = [isInBothSets, isInTwoClasses, isRepeated].map((is) => groups.filter(is)) as [
    DuplicateImages[],
    DuplicateImages[],
    DuplicateImages[],
  ];
  const ofTest = between.flatMap(({ files }) => files.filter(({ set }) => set === 'test')).length;
  const copies = repeated.reduce((sum, { files }) => sum + files.length - 1, 0);
  return [
    sentence(between, `${count(ofTest, 'test image is', 'test images are')} in the training set too, with the same bytes: accuracy on them says nothing about new images`),
    sentence(classes, `${count(classes.length, 'image is', 'images are')} in more than one class, with the same bytes: at most one label is right`),
    sentence(repeated, `${count(copies, 'image has', 'images have')} the bytes of another in the same class`),
  ].filter((text) => text !== null); // prettier-ignore
}

function sentence(groups: readonly DuplicateImages[], text: string): string | null {
  if (groups.length === 0) return null;
  const examples = groups.slice(0, 3).map(({ files }) => {
    const [first, ...others] = files;
    const other = others.find(({ set, className }) => set !== first?.set || className !== first.className) ?? others[0];
    return `${printable(first?.path ?? '')} = ${printable(other?.path ?? '')}`;
  });
  return `${text}: ${examples.join(', ')}${groups.length > 3 ? ', …' : ''}.`;
}

const isInBothSets = ({ files }: DuplicateImages) => new Set(files.map(({ set }) => set)).size > 1;
const isInTwoClasses = ({ files }: DuplicateImages) => new Set(files.map(({ className }) => className)).size > 1;
/** Whether one set has it twice in one class. */
const isRepeated = ({ files }: DuplicateImages) =>
  new Set(files.map(({ set, className }) => JSON.stringify([set, className]))).size < files.length;

/**
 * Chooses the images to leave out of both sets, so that no bytes are left twice: those in the training set that the test set has too, and all but the
 * first of the others; an image that occurs in more than one class is left out everywhere.
 */
export function duplicatesToLeaveOut(groups: readonly DuplicateImages[]): ImageProblem[] {
  return groups.flatMap((group) => {
    const [kept] = [...group.files].sort((a, b) => Number(b.set === 'test') - Number(a.set === 'test'));
    const isAmbiguous = isInTwoClasses(group);
    return group.files
      .filter((file) => isAmbiguous || file !== kept)
      .map(({ path }) => ({
        path,
        kind: 'duplicate' as const,
        message: isAmbiguous
          ? 'is in more than one class, with the same bytes'
          : `has the same bytes as ${printable(kept?.path ?? '')}`,
      }));
  });
}

/** Leaves images out of a scan. */
export function withoutImages(scan: ImageScan, leftOut: readonly ImageProblem[]): ImageScan {
  const paths = new Set(leftOut.map(({ path }) => path));
  return { ...scan, files: scan.files.filter(({ path }) => !paths.has(path)) };
}
