/** Policy that decides which versions in a base path are served. */
export type VersionPolicy = LatestVersions | AllVersions | SpecificVersions;

/** Serves the versions with the largest numbers. */
export interface LatestVersions {
  /** Distinguishes the policies. */
  readonly kind: 'latest';
  /** Number of versions. */
  readonly count: number;
}

/** Serves every version. */
export interface AllVersions {
  /** Distinguishes the policies. */
  readonly kind: 'all';
}

/** Serves the listed versions. */
export interface SpecificVersions {
  /** Distinguishes the policies. */
  readonly kind: 'specific';
  /** Numbers of the versions. */
  readonly versions: readonly number[];
}

/** A model in a server's configuration. */
export interface ModelConfig {
  /** Name that requests use for it. */
  readonly name: string;
  /** Folder whose children `1`, `2`, ... are its versions. */
  readonly basePath: string;
  /** Default: the latest. */
  readonly policy?: VersionPolicy;
  /** Names for versions, such as `canary`. Default: none. */
  readonly labels?: ReadonlyMap<string, number>;
}

/** TensorFlow Serving's default. */
export const defaultPolicy: VersionPolicy = { kind: 'latest', count: 1 };
