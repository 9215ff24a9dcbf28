/**
 * Windows that are larger than the picture, and convolutions of nothing.
 *
 * TensorFlow 2.21 ends the process (SIGFPE) for a VALID `MaxPool` whose result would be empty. For such a convolution it returns uninitialized memory
 * in the input's shape. Both come from oneDNN. Here the former is an error, and the latter returns an empty tensor.
 */
import { SignetError } from '../../errors.js';
import { backend, type BindingAttribute } from '../backend.js';
import * as tf from '../loading/library.js';
import { hasWindow, padFirst, slidingWindow, type SlidingWindow, windowMessage } from '../sliding-window.js';
import { currentListener, withListener } from './op-listener.js';
import { replaced, replacedKernel } from './replaced.js';

replaced(backend, 'executeSingleOutput', (execute) => (op, attributes, inputs) => {
  const [x, filter] = inputs;
  if (!x || !hasWindow(op)) return execute.call(backend, op, attributes, inputs);
  const window = slidingWindow(x.rank, filter?.shape, reader(attributes));
  checkWindow(op, window, x.shape);
  const isEmpty = filter && (x.size === 0 || filter.shape.at(-1) === 0);
  if (!isEmpty || op === 'Dilation2D') return execute.call(backend, op, attributes, inputs);
  const empty = withListener(null, () => tf.zeros(resultShape(op, window, x.shape, filter.shape)));
  currentListener()?.onOp(op, attributes, inputs, [empty]);
  return empty;
});

/** TensorFlow ends the process for a negative size. */
replacedKernel('Conv2DBackpropInput', (original) => (params) => {
  const { inputShape } = params.attrs as unknown as tf.Conv2DBackpropInputAttrs;
  if (inputShape.every((size) => size >= 0)) return original(params);
  throw new SignetError(
    'INVALID_SHAPE',
    `A transposed convolution has sizes of 0 and more for its output. Received: [${inputShape.join(', ')}].`,
  );
});

function reader(attributes: readonly BindingAttribute[]) {
  const value = (name: string) => attributes.find((attribute) => attribute.name === name)?.value;
  return {
    numbers: (name: string) => value(name) as number[] | undefined,
    text: (name: string) => value(name) as string | undefined,
  };
}

function checkWindow(op: string, window: SlidingWindow, shape: readonly number[]): void {
  if (window.padding !== 'VALID') return;
  const sizes = window.axes.map((axis) => shape[axis] ?? 0);
  if (sizes.every((size, i) => size >= (window.window[i] ?? 1))) return;
  throw new SignetError(
    'INVALID_SHAPE',
    `${windowMessage(op, window)} Received: ${sizes.join(' x ')}, of [${shape.join(', ')}]. ${padFirst}`,
  );
}

/** The shape of a convolution's result, for VALID or SAME padding; EXPLICIT pads only where TF.js has no name for it, and then like SAME. */
function resultShape(
  op: string,
  { axes, window, strides, padding, channelAxis }: SlidingWindow,
  shape: readonly number[],
  filter: readonly number[],
): number[] {
  const result = [...shape];
  const [inChannels = 0, outChannels = 0] = filter.slice(-2);
  result[channelAxis] = op === 'DepthwiseConv2dNative' ? inChannels * outChannels : outChannels;
  axes.forEach((axis, i) => {
    const least = padding === 'VALID' ? (window[i] ?? 1) - 1 : 0;
    result[axis] = Math.ceil(((shape[axis] ?? 0) - least) / (strides[i] ?? 1));
  });
  return result;
}
