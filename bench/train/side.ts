/** What is trained: random images, since only time and memory are measured. */
export interface Task {
  readonly model: 'LenetModel' | 'ResnetModel';
  /** Height and width, in pixels. */
  readonly size: number;
  readonly classes: number;
  readonly batch: number;
}

/** What some steps took. */
export interface Slice {
  readonly seconds: number;
  /** The most memory that the process has had so far. */
  readonly peakMebibytes: number;
}

/** A process of its own that trains on and on; a slice of it is measured at a time. */
export interface FitProcess {
  /** Trains so many steps. */
  readonly run: (steps: number) => Promise<Slice>;
  readonly end: () => Promise<void>;
}

/** One of those that are compared. */
export interface Side {
  readonly name: string;
  readonly start: () => FitProcess;
}
