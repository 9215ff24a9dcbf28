import * as tf from '../loading/library.js';

/**
 * Replaces a member of one of TF.js's objects or prototypes. Every patch of TF.js goes through this function or one of the three below;
 * README.md lists them.
 *
 * @param make Gets the original, methods unbound, and returns what takes its place.
 * @returns A function that puts the original back. An inherited member is inherited again, not set on the object.
 * @throws Error when TF.js has no such member: another version of it than the one this was written for.
 */
export function replaced<T extends object, K extends keyof T>(
  object: T,
  name: K,
  make: (original: T[K]) => T[K],
): () => void {
  return redefined(object, name, () => ({ value: make(object[name]), writable: true }));
}

/** Replaces a member that holds a value by a getter and a setter. See `replaced`. */
export function replacedAccessor<T extends object, K extends keyof T>(
  object: T,
  name: K,
  accessor: { readonly get: () => T[K]; readonly set: (value: T[K]) => void },
): () => void {
  return redefined(object, name, () => accessor);
}

function redefined<T extends object>(object: T, name: keyof T, descriptor: () => PropertyDescriptor): () => void {
  if (!(name in object)) throw missing(`member "${String(name)}"`);
  const own = Object.getOwnPropertyDescriptor(object, name);
  Object.defineProperty(object, name, { ...descriptor(), configurable: true, enumerable: own?.enumerable ?? false });
  return () => {
    if (own) Object.defineProperty(object, name, own);
    else Reflect.deleteProperty(object, name);
  };
}

/** A kernel's function, as TF.js registers it. */
export type KernelFunc = tf.KernelConfig['kernelFunc'];

/** Replaces a kernel of tfjs-node. See `replaced`. */
export function replacedKernel(kernelName: string, make: (original: KernelFunc) => KernelFunc): () => void {
  const config = tf.getKernel(kernelName, 'tensorflow') as tf.KernelConfig | undefined;
  if (!config) throw missing(`kernel "${kernelName}"`);
  const register = (kernelFunc: KernelFunc) => {
    tf.unregisterKernel(kernelName, 'tensorflow');
    tf.registerKernel({ ...config, kernelFunc });
  };
  register(make(config.kernelFunc));
  return () => register(config.kernelFunc);
}

/** Replaces a gradient of TF.js. See `replaced`. */
export function replacedGradient(kernelName: string, make: (original: tf.GradConfig) => tf.GradConfig): () => void {
  const config = tf.getGradient(kernelName) as tf.GradConfig | undefined;
  if (!config) throw missing(`gradient "${kernelName}"`);
  const register = (gradient: tf.GradConfig) => {
    tf.unregisterGradient(kernelName);
    tf.registerGradient(gradient);
  };
  register(make(config));
  return () => register(config);
}

function missing(what: string): Error {
  return new Error(`TF.js has no ${what}: see src/tensorflow/mended/README.md for what replaces it, and why.`);
}
