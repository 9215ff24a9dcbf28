/**
 * TensorFlow.js on TensorFlow's own library: `import * as tf from './tf.js'` everywhere in Signet.
 *
 * What the library loads is repaired.
 *
 * @throws SignetError `NOT_SET_UP` on import, when `npm run set-up` has not been run.
 */
import './loading/library.js';
import './mended/repair-batch-normalization.js';
import './mended/fused-gradients.js';

export * from './loading/library.js';
