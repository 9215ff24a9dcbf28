import { cpSync, readdirSync } from 'node:fs';
import path from 'node:path';

/** Part of the bundled digits, so small that an epoch takes hardly any time. */
export interface SmallDigits {
  /** Folder of the training set. */
  readonly train: string;
  /** Folder of the test set. */
  readonly test: string;
}

/** Copies the first images of some digits, by default from 0, to `train` and `test` in a folder. */
export function copyDigits(folder: string, { classes = 2, images = 6, first = 0 } = {}): SmallDigits {
  const copied = { train: path.join(folder, 'train'), test: path.join(folder, 'test') };
  for (const half of ['train', 'test'] as const) {
    for (let digit = first; digit < first + classes; digit += 1) {
      const from = path.resolve(import.meta.dirname, '../../../data/digits', half, String(digit));
      for (const name of readdirSync(from).sort().slice(0, images)) {
        cpSync(path.join(from, name), path.join(copied[half], String(digit), name));
      }
    }
  }
  return copied;
}
