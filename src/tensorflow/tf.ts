/**
 * TensorFlow.js on TensorFlow's own library: `import * as tf from '../tensorflow/tf.js'` everywhere in Signet.
 *
 * What the library loads is repaired.
 *
 * @throws SignetError `NOT_SET_UP` on import, when `npm run set-up` has not been run.
 */
import './library.js';
import './repair-batch-normalization.js';
import './fused-gradients.js';

export * from './library.js';
