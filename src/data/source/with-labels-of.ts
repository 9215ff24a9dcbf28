import { SignetError } from '../../errors.js';
import { printable } from '../../text/printable.js';
import { type ImageScan, labelsOf, nameOfScan } from '../scan/image-scan.js';

/**
 * Gives a scan the same kind of labels as a model or a training set. If images may have several classes there, images of a scan with one class each
 * just have that one.
 *
 * @param isMultiLabel Whether images may have several classes, or none, there.
 * @param whose Words for the other side in a message, such as `the model models/LenetModel/1 gives each image one class`.
 * @throws SignetError `CLASSES_DIFFER` if images of the scan may have several classes, but the other side's may not.
 */
export function withLabelsOf(scan: ImageScan, isMultiLabel: boolean, whose: string): ImageScan {
  if ((scan.isMultiLabel ?? false) === isMultiLabel) return scan;
  if (isMultiLabel) {
    return { ...scan, isMultiLabel, files: scan.files.map((file) => ({ ...file, labels: labelsOf(file) })) };
  }
  throw new SignetError(
    'CLASSES_DIFFER',
    `${printable(nameOfScan(scan))} has images of several classes, or of none, and ${whose}. ` +
      'Give a list with one label for each image, or a model that was trained on a list of several.',
  );
}
