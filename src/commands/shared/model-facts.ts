/** Facts of any model. */
export interface ModelFacts {
  readonly name: string;
  readonly classes: number | null;
  /** Height and width that images are resized to, in pixels. */
  readonly imageSize: readonly [height: number, width: number] | null;
  readonly parameters: number | null;
  /** All files of a version. */
  readonly bytesOnDisk: number | null;
  /** One image at a time, compiled, on this machine: the median. `null` where nothing was measured. */
  readonly millisecondsPerImage: number | null;
}
