/** Which of the versions in a base path are served. */
export type VersionPolicy =
  | { readonly kind: 'latest'; readonly count: number }
  | { readonly kind: 'all' }
  | { readonly kind: 'specific'; readonly versions: readonly number[] };

/** A model as a server is configured with it. */
export interface ModelConfig {
  /** Name by which requests ask for it. */
  readonly name: string;
  /** Folder whose children `1`, `2`, ... are its versions. */
  readonly basePath: string;
  /** Default: the latest. */
  readonly policy?: VersionPolicy;
  /** Names for versions, such as `canary`. Default: none. */
  readonly labels?: ReadonlyMap<string, number>;
}

/** TensorFlow Serving's. */
export const defaultPolicy: VersionPolicy = { kind: 'latest', count: 1 };
