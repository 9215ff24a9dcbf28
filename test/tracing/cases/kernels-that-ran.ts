import * as tf from '../../../src/tensorflow/tf.js';

const ran = new Set<string>();

/** Wraps every kernel of tfjs-node so that it is known which ones a function really runs. */
export function recordKernels(): void {
  for (const config of tf.getKernelsForBackend('tensorflow')) {
    tf.unregisterKernel(config.kernelName, 'tensorflow');
    const { kernelFunc } = config;
    tf.registerKernel({
      ...config,
      kernelFunc: (params) => {
        ran.add(config.kernelName);
        return kernelFunc(params);
      },
    });
  }
}

/** The kernels that run while `action` does. */
export function kernelsThatRun(action: () => void): ReadonlySet<string> {
  ran.clear();
  action();
  return new Set(ran);
}
