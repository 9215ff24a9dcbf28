import { createRequire, Module } from 'node:module';
import path from 'node:path';

import { addonPath, standardErrorAddonPath, tfjsPackage } from '../../set-up/tfjs-package.js';

/** The small addon of `src/set-up/standard-error-source.ts`. */
interface StandardError {
  turnAway(): void;
  /** Returns what was written meanwhile. */
  putBack(): Buffer;
}

/**
 * Loads TensorFlow's library before `tf.ts` imports it, without the lines that TensorFlow 2.21 logs ("oneDNN custom operations are on") from a static
 * initializer, before any call could lower its log level. Everything else that is written to standard error meanwhile is written afterwards, and if
 * loading fails, so are TensorFlow's own lines. `TF_CPP_MIN_LOG_LEVEL=0` leaves everything as it is.
 */
function loadQuietly(): void {
  const standardError = process.env.TF_CPP_MIN_LOG_LEVEL === '0' ? null : loadStandardError();
  if (!standardError) {
    load();
    return;
  }
  let isLoaded = false;
  standardError.turnAway();
  try {
    load();
    isLoaded = true;
  } finally {
    // Bytes that are not UTF-8 stay what they are.
    const said = standardError.putBack().toString('latin1');
    const left = isLoaded ? withoutLogLines(said, process.env.TF_CPP_MIN_LOG_LEVEL) : said;
    if (left !== '') process.stderr.write(Buffer.from(left, 'latin1'));
  }
}

/**
 * Loads TF.js with an answer to the one question that it has for `@mapbox/node-pre-gyp`: where its addon is. That package reads a hundred files for
 * it, in every process and every thread.
 */
function load(): void {
  const require = createRequire(import.meta.url);
  const ofTfjs = createRequire(path.join(tfjsPackage().folder, 'package.json'));
  const finder = finderOf(ofTfjs);
  if (finder === null) {
    require('@tensorflow/tfjs-node-gpu');
    return;
  }
  const known = ofTfjs.cache[finder];
  const answering = new Module(finder);
  answering.exports = { find: () => path.join(tfjsPackage().folder, addonPath) };
  ofTfjs.cache[finder] = answering;
  try {
    require('@tensorflow/tfjs-node-gpu');
  } finally {
    // For others, it is what it was.
    if (known) ofTfjs.cache[finder] = known;
    else Reflect.deleteProperty(ofTfjs.cache, finder);
  }
}

/** Returns null in Signet's package, whose copy of TF.js does not ask (`scripts/pack-library.ts`). */
function finderOf(ofTfjs: NodeJS.Require): string | null {
  try {
    return ofTfjs.resolve('@mapbox/node-pre-gyp');
  } catch {
    return null;
  }
}

/** Returns null where the addon does not load, such as one that another system left in a shared home: the lines are then seen. */
function loadStandardError(): StandardError | null {
  try {
    const file = path.join(tfjsPackage().folder, standardErrorAddonPath);
    return createRequire(import.meta.url)(file) as StandardError;
  } catch {
    return null;
  }
}

/** Drops TensorFlow's log lines below a level, from INFO, 0, to FATAL, 3, and the lines that come with them. */
function withoutLogLines(text: string, level = '3'): string {
  const severities = 'IWEF'.slice(0, Number(level));
  const lines = text.split(/(?<=\n)/).filter((line) => {
    const severity = /^([IWEF])\d{4} \d+:\d+:\d+\.\d+ +\d+ \S+:\d+\] /.exec(line)?.[1];
    const isDropped = severity !== undefined && severities.includes(severity);
    return !isDropped && !companions.some((words) => line.startsWith(words));
  });
  return lines.join('');
}

/** Beginnings of lines that TensorFlow prints before or after a line of its log. */
const companions = [
  'WARNING: All log messages before absl::InitializeLog() is called',
  'To enable the following instructions: ',
];

loadQuietly();
