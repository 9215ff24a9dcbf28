/**
 * The file in the user's cache with the weights that Keras Applications publishes for a class of Signet's, such as `ResnetModel`.
 *
 * `undefined` where there is none. Downloading by name is not there yet, so there never is.
 */
export const cachedWeights: (modelType: string) => string | undefined = () => undefined;
