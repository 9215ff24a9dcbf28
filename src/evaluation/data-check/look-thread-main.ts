import { parentPort } from 'node:worker_threads';

import { mapConcurrently } from '../../files/map-concurrently.js';
import type { LookRequest } from './look-at-pictures.js';
import { pictureLooks } from './picture-looks.js';

/** Pictures that sharp decodes at once: one, while this thread looks at another. */
const concurrency = 2;

/** A thread that looks at pictures; `look-at-pictures.ts` starts and ends it. */
parentPort?.on('message', ({ files, exif }: LookRequest) => {
  void mapConcurrently(files, concurrency, (file) => pictureLooks(file, exif)).then((seen) => parentPort?.postMessage(seen)); // prettier-ignore
});
