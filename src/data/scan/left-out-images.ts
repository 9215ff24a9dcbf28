import type { ImageProblem } from '../image-file/image-problem.js';
import type { ImageFile } from '../image-file/inspect-image-file.js';

/** An image that was left out of a dataset, as needed by a training that is resumed. */
interface LeftOutImage {
  /** Among the files of the scan: a name from a file must not become a path. */
  readonly position: number;
  readonly kind: ImageProblem['kind'];
  readonly message: string;
  /** Epoch in which it was found, from 0. */
  readonly epoch: number;
}

/** Images that pass the scan but fail to decode, with the epoch in which each was found. */
export class LeftOutImages {
  readonly problems: ImageProblem[] = [];
  readonly #epochs: number[] = [];

  /** @param scanned All files of the dataset. */
  constructor(private readonly scanned: readonly ImageFile[]) {}

  /** @param epoch From 0. */
  add(problems: readonly ImageProblem[], epoch: number): void {
    this.problems.push(...problems);
    this.#epochs.push(...problems.map(() => epoch));
  }

  /** The state as JSON values. */
  saveState(): readonly LeftOutImage[] {
    const positions = new Map(this.scanned.map(({ path }, position) => [path, position]));
    return this.problems.map(({ path, kind, message }, i) => {
      return { position: positions.get(path) ?? -1, kind, message, epoch: this.#epochs[i] ?? 0 };
    });
  }

  /** Restores a state. @param state From a file. */
  restoreState(state: unknown): void {
    this.problems.length = 0;
    this.#epochs.length = 0;
    for (const image of Array.isArray(state) ? (state as unknown[]) : []) {
      const { position, kind, message, epoch } = (image ?? {}) as Record<keyof LeftOutImage, unknown>;
      const file = this.scanned[typeof position === 'number' ? position : -1];
      if (!file || typeof epoch !== 'number' || typeof message !== 'string') continue;
      this.add([{ path: file.path, kind: kind as ImageProblem['kind'], message }], epoch);
    }
  }

  /** Paths of the images that were found before an epoch, or in it. */
  foundIn(isWanted: (epoch: number) => boolean): ReadonlySet<string> {
    return new Set(this.problems.flatMap(({ path }, i) => (isWanted(this.#epochs[i] ?? 0) ? [path] : [])));
  }
}
