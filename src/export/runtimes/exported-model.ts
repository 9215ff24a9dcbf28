/** Pictures of one size for a model: pixels from 0 to 255, [pictures, height, width, 3]. */
export interface Pictures {
  readonly shape: readonly [number, number, number, number];
  readonly pixels: Float32Array;
}

/** Answer of an exported model to pictures. */
export interface RuntimeAnswer {
  /** First output of the signature, [pictures, classes]. */
  readonly logits: Float32Array;
  /** Time in the runtime itself. */
  readonly milliseconds: number;
}

/** An exported model in the runtime that it was made for. */
export interface ExportedModel {
  /** Name and version of the runtime, such as `onnxruntime-node 1.30.0`. */
  readonly runtime: string;
  classify(pictures: Pictures): Promise<RuntimeAnswer>;
  /** Frees the model, and ends the process or thread that it ran in. */
  close(): Promise<void>;
}

/** A runtime that is not installed, with what to do: then a file cannot be checked. */
export class RuntimeMissing extends Error {}
