import { SignetError } from '../errors.js';
import { readStamp, stampHolds } from './stamp.js';
import { tfjsPackage } from './tfjs-package.js';

/**
 * Makes sure that TensorFlow's library and addon are in place, before they are loaded. Takes a few file look-ups.
 *
 * @throws SignetError `NOT_SET_UP` that says which command to run.
 */
export function assertSetUp(): void {
  const { folder } = tfjsPackage();
  if (stampHolds(folder, readStamp(folder))) return;
  throw new SignetError(
    'NOT_SET_UP',
    'TensorFlow\'s library is not set up here. Run this once: in the Signet repository "npm run set-up", ' +
      'in a project that uses Signet "npx signet-set-up".',
  );
}
