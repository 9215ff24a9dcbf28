/**
 * TensorFlow.js on TensorFlow's own library, not yet repaired: for what repairs it, and for the backend. Everyone else imports `tf.ts`.
 *
 * The order matters: the log is quieted, the sessions' threads are parted, Node.js repaired and the set-up checked before the library is loaded.
 *
 * @throws SignetError `NOT_SET_UP` on import, when `npm run set-up` has not been run.
 */
import './quiet-log.js';
import './own-thread-pools.js';
import './repair-node.js';
import './require-set-up.js';
import './load-quietly.js';

export * from './tfjs.js';
