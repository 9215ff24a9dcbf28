/** What to train, on random images, because only time and memory are measured. */
export interface Task {
  readonly model: 'LenetModel' | 'ResnetModel';
  /** Height and width, in pixels. */
  readonly size: number;
  readonly classes: number;
  readonly batch: number;
}

/** Cost of some steps. */
export interface Slice {
  readonly seconds: number;
  /** Peak memory of the process so far. */
  readonly peakMebibytes: number;
}

/** A separate process that keeps training, and is measured slice by slice. */
export interface FitProcess {
  /** Trains a number of steps. */
  readonly run: (steps: number) => Promise<Slice>;
  readonly end: () => Promise<void>;
}

/** One of the sides that are compared. */
export interface Side {
  readonly name: string;
  readonly start: () => FitProcess;
}
