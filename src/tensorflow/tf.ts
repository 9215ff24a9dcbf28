/**
 * TensorFlow.js on TensorFlow's own library: `import * as tf from './tf.js'` everywhere in Signet.
 *
 * Importing it loads the library and mends what TF.js gets wrong: `mended/README.md` lists it.
 *
 * @throws SignetError `NOT_SET_UP` on import, when `npm run set-up` has not been run.
 */
import './loading/library.js';
import './mended/honest-types.js';
import './mended/op-listener.js';
import './mended/small-windows.js';
import './mended/mat-mul.js';
import './mended/resize-gradients.js';
import './mended/traceable-kernels.js';
import './mended/fused-gradients.js';
import './mended/sized-branches.js';
import './mended/repair-batch-normalization.js';
import './mended/relu6.js';

export * from './loading/library.js';
