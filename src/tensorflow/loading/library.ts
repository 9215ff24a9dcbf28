/**
 * TensorFlow.js on TensorFlow's own library, not yet patched: only for the patches and the backend. All other code imports `tf.ts`.
 *
 * The order matters: the log is quieted, sessions get threads of their own, Node.js repaired and the set-up checked before the library is loaded.
 *
 * @throws SignetError `NOT_SET_UP` on import, when `npm run set-up` has not been run.
 */
import './quiet-log.js';
import './own-thread-pools.js';
import './repair-node.js';
import './require-set-up.js';
import './load-quietly.js';

export * from './tfjs.js';
