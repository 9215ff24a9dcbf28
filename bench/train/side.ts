/** What is trained: random images, since only time is measured. */
export interface Task {
  readonly model: 'LenetModel' | 'ResnetModel';
  /** Height and width, in pixels. */
  readonly size: number;
  readonly classes: number;
  readonly batch: number;
}

/** One of those that are compared. It trains on and on; a slice of it is measured at a time. */
export interface Side {
  readonly name: string;
  /** @returns The seconds that so many steps took. */
  readonly run: (steps: number) => Promise<number>;
  readonly end: () => Promise<void>;
}
