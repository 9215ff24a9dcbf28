/** Ops that accept a different size in each call, by the op of TensorFlow that a refused constant goes into or that failed. */
const instead: Readonly<Record<string, string>> = {
  PadV2: 'pad with padTo or padToMultiple',
  MirrorPad: 'pad with padTo or padToMultiple',
  Slice: 'cut with cropTo or centerCrop',
  StridedSlice: 'cut with cropTo or centerCrop',
  ResizeBilinear: 'resize with resizeShorterSide, letterbox, or resizeImages to sizes that sizeOf gives',
  ResizeNearestNeighbor: 'resize with resizeShorterSide, letterbox, or resizeImages to sizes that sizeOf gives',
  CropAndResize: 'cut with cropTo or centerCrop',
  SplitV: 'bring it to one size first, with padTo and cropTo',
  Reshape: 'bring it to a size that divides, with padToMultiple or cropTo',
  Range: 'give tf.range a stop that is never less than its start, by Math.max: to a stop that is less it counts down',
  TopKV2: 'bring it to one size first, with padTo',
};

/** What to use instead of a size that JavaScript computes, for an op of TensorFlow; in the words of a message. */
export function insteadOf(op: string): string {
  const special = instead[op];
  return special === undefined
    ? 'compute with sizeOf(x, axis), which is a tensor'
    : `${special}; sizeOf(x, axis) is a size as a tensor`;
}

/** TensorFlow's messages about a size that does not fit, each with the op that it is about. */
const failures: readonly (readonly [RegExp, string])[] = [
  [/Paddings must be non-negative/, 'PadV2'],
  [/Expected (?:size|begin)\[\d+\] in \[/, 'Slice'],
  [/Dimension -\d+ must be >= 0/, ''],
  [/[Ss]plit size at index|must match the dimension along the split/, 'SplitV'],
  [/input must have at least k columns/, 'TopKV2'],
  [/Input to reshape is a tensor with/, 'Reshape'],
  [/Incompatible shapes:|must be equal, but are|dimensions of inputs should match/i, ''],
];

/** A hint for the caller of a graph whose size a decision in JavaScript did not foresee; empty if TensorFlow complains about something else. */
export function frozenSizeHint(words: string): string {
  const op = failures.find(([pattern]) => pattern.test(words))?.[1];
  if (op === undefined) return '';
  return ` If eagerly the function takes this size, JavaScript decided something by a size (if, Math.min) while it was traced: ${insteadOf(op)}.`;
}
