/** Data for the start of the thread that parses a weight file. */
export interface Hdf5ThreadData {
  readonly path: string;
  /** Counts the parser's steps: one that takes too long means that a damaged file has led it into a loop. */
  readonly steps: Int32Array<SharedArrayBuffer>;
}

/** A weight by its position. */
export interface Hdf5Weight {
  readonly layer: number;
  readonly weight: number;
}

/** Asks to open the file, or for the elements of a weight. */
export type Hdf5Request = 'open' | Hdf5Weight;

/** A weight's place and shape; its elements are sent on request. */
export interface Hdf5WeightHead {
  readonly path: string;
  readonly shape: readonly number[];
}

/** An answer: `ready` when the thread has started, then one for each request in their order. */
export type Hdf5Reply =
  | { readonly type: 'ready' }
  | {
      readonly type: 'layers';
      readonly layers: readonly { readonly name: string; readonly weights: readonly Hdf5WeightHead[] }[];
      readonly isOrdered: boolean;
    }
  | { readonly type: 'elements'; readonly values: Float32Array<ArrayBuffer> }
  /** `isOurs`: the message is one of Signet's, for people. */
  | { readonly type: 'error'; readonly message: string; readonly isOurs: boolean };
