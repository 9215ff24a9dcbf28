import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Part of the bundled digits, so small that an epoch takes hardly any time. */
export interface SmallDigits {
  /** Folder of the training set. */
  readonly train: string;
  /** Folder of the test set. */
  readonly test: string;
}

/** Which digits are copied. */
export interface CopiedDigits {
  /** Number of digits. Default: 2. */
  readonly classes?: number;
  /** Images of each. Default: 6. */
  readonly images?: number;
  /**
   * Images of each in the test set. A training evaluates, explains and draws them: if nobody looks at its report, fewer than 30 in all save half a
   * second. Default: as many as in the training set.
   */
  readonly testImages?: number;
  /** The first digit. Default: 0. */
  readonly first?: number;
}

/** Copies the first images of some digits to `train` and `test` in a folder. */
export function copyDigits(
  folder: string,
  { classes = 2, images = 6, testImages = images, first = 0 }: CopiedDigits = {},
): SmallDigits {
  const copied = { train: path.join(folder, 'train'), test: path.join(folder, 'test') };
  const counts = { train: images, test: testImages };
  for (const half of ['train', 'test'] as const) {
    for (let digit = first; digit < first + classes; digit += 1) {
      const from = path.resolve(import.meta.dirname, '../../../data/digits', half, String(digit));
      for (const name of readdirSync(from).sort().slice(0, counts[half])) {
        cpSync(path.join(from, name), path.join(copied[half], String(digit), name));
      }
    }
  }
  return copied;
}
