/** How an op slides a window over its first input, from its attributes in TensorFlow. */
export interface SlidingWindow {
  /** The dimensions of the input that the window slides along. */
  readonly axes: readonly number[];
  /** The size of the window along each of these, dilation included. */
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly padding: string;
  readonly channelAxis: number;
}

/** Reads an attribute by its name: undefined where the op has none. */
export interface ReadAttribute {
  readonly numbers: (name: string) => readonly number[] | undefined;
  readonly text: (name: string) => string | undefined;
}

const pools = new Set(['MaxPool', 'AvgPool', 'MaxPool3D', 'AvgPool3D']);
const convolutions = new Set(['Conv2D', 'DepthwiseConv2dNative', 'Conv3D', 'Dilation2D']);

/** Whether an op slides a window over its first input. */
export function hasWindow(op: string): boolean {
  return pools.has(op) || convolutions.has(op);
}

/** How an op that `hasWindow` slides it. @param filter The shape of its second input, if it has one. */
export function slidingWindow(
  rank: number,
  filter: readonly number[] | undefined,
  { numbers, text }: ReadAttribute,
): SlidingWindow {
  const channelAxis = text('data_format')?.startsWith('NC') === true ? 1 : rank - 1;
  const axes = Array.from({ length: rank }, (_, axis) => axis).filter((axis) => axis !== 0 && axis !== channelAxis);
  const ksize = numbers('ksize');
  const dilations = numbers('dilations') ?? numbers('rates');
  const strides = numbers('strides');
  const sizes = axes.map((axis, i) => (ksize ? ksize[axis] : filter?.[i]) ?? 1);
  return {
    axes,
    window: sizes.map((size, i) => (size - 1) * (dilations?.[axes[i] ?? 0] ?? 1) + 1),
    strides: axes.map((axis) => strides?.[axis] ?? 1),
    padding: text('padding') ?? 'VALID',
    channelAxis,
  };
}

/** What to do about pictures that are too small, in the words of a message. */
export const padFirst = "Pad smaller pictures first (padTo), resize them, or use the padding 'same'.";

/** The first half of a message about them. */
export function windowMessage(op: string, { window }: Pick<SlidingWindow, 'window'>): string {
  return `${op} with the padding 'valid' takes inputs at least as large as its window, ${window.join(' x ')}.`;
}
