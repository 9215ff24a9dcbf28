import { withListener } from '../tensorflow/mended/op-listener.js';
import { runOp } from '../tensorflow/run-op.js';
import type * as tf from '../tensorflow/tf.js';
import type { Asset } from '../tracing/asset.js';
import { currentTape, type Tape } from '../tracing/tape.js';
import type { TapeValue } from '../tracing/tape-nodes.js';
import { stringScalar, stringVector } from './strings.js';

/**
 * Reads a whole file: in a graph, the asset of the SavedModel, wherever that was moved to.
 *
 * @returns string scalar: the file's content.
 * @throws SignetError `INVALID_ASSET` when the file is gone.
 */
export function readFile(asset: Asset): tf.Scalar {
  const tape = currentTape();
  return tape ? recordRead(tape, tape.assetValue(asset)) : stringScalar(asset.read());
}

/**
 * Reads the lines of a text file, which end in `\n`, `\r\n` or `\r`; a line break at the very end does not start another line.
 *
 * A graph holds the lines as a constant, so that a call reads no file: that is faster, and scanners such as `saved_model_cli scan` and
 * modelscan warn of graphs with `ReadFile`. The file still travels in `assets/`.
 *
 * @returns string [lines]
 * @throws SignetError `INVALID_ASSET` when the file is gone.
 */
export function readLines(asset: Asset): tf.Tensor1D {
  // One character per byte: a file need not be UTF-8.
  const text = Buffer.from(asset.read()).toString('latin1').replace(/\r\n?/g, '\n');
  const lines = (text.endsWith('\n') ? text.slice(0, -1) : text).split('\n');
  return stringVector(lines.map((line) => Buffer.from(line, 'latin1')));
}

/**
 * Reads the file at a path that the graph computes. In a graph it is a file of the machine that serves.
 *
 * @param path string scalar.
 * @returns string scalar: the file's content.
 * @throws SignetError `TENSORFLOW_ERROR` when it cannot be read.
 */
export function readFileAt(path: tf.Tensor): tf.Scalar {
  const tape = currentTape();
  return tape ? recordRead(tape, path) : (runOp('ReadFile', [], [path]) as tf.Scalar);
}

function recordRead(tape: Tape, path: tf.Tensor | TapeValue): tf.Scalar {
  const content = withListener(null, () => stringScalar(new Uint8Array()));
  tape.record({ op: 'ReadFile', attributes: {}, inputs: [path], outputs: [content] });
  return content;
}
