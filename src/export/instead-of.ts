/** Advice for ops that formats lack and that people meet, by TensorFlow's names; the first that fits. */
const advice: readonly (readonly [ops: RegExp, instead: string])[] = [
  [
    /^Decode|^ExtractJpeg|^EncodeJpeg|^EncodePng/,
    'Export the signature that takes pixels, such as serving_default, and decode in the app.',
  ],
  [/If$|While$|^MapDefun$|^TensorList/, 'Export a function without cond, whileLoop and mapFn.'],
  [
    /^ParseExample|^LookupTable|^HashTable|^ReadFile|String|Regex|^AsString|^Substr/,
    'Export a signature that takes and gives numbers, and leave texts to the app.',
  ],
  [
    /^Random|^Stateless(Random|Uniform|Normal|Truncated|Multinomial)|^Multinomial|^TruncatedNormal/,
    'Export a function that draws no numbers.',
  ],
  [/Grad$|Backprop(Filter|Input)?(V2)?$/, 'Export a function without gradients (tf.grad).'],
  [/^Assign|^ResourceApply|^VarHandleOp/, 'Export a function that changes no variables.'],
  [/^(Conv|AvgPool|MaxPool)3D/, 'Networks of volumes can be exported as tfjs and litert.'],
  [/FFT|^Complex|^Real$|^Imag$|^Angle$|^Conj$/, 'Leave Fourier transforms and complex numbers to the app.'],
  [/^NonMaxSuppression|^CombinedNonMax/, 'Export the boxes and their scores, and choose among them in the app.'],
  [/^CropAndResize$/, 'Cut with slice and resize with resizeImages, or crop in the app; a GraphModel (tfjs) has it.'],
  [
    /^(SpaceToBatch|BatchToSpace)ND$/,
    'Use reshape and transpose, or the dilations of a convolution; a GraphModel (tfjs) has it.',
  ],
  [
    /^ScaleAndTranslate$/,
    'Resize with resizeImages or tf.image.resize (bilinear, antialias), which neither move the picture nor use another kernel.',
  ],
  [/^Scatter|^TensorScatter|^SparseToDense$|Segment|[Bb]incount/, 'Multiply by a oneHot of the indices, and sum.'],
  [/^Diag|^MatrixDiag/, 'Multiply by tf.eye.'],
  [/^Cumprod$/, 'Use exp of the cumsum of the logarithms, or a product of slices.'],
  [/^LinSpace$/, 'Use range, times the step.'],
  [/^Atan2$/, 'Use atan of the quotient, and where for its sign.'],
  [/^IsFinite$/, 'Compare: x.sub(x).equal(0).'],
  [/^Dilation2D$|^Erosion2D$/, 'Use maxPool.'],
  [/^Unique|^Where$|^ListDiff|^BooleanMask/, 'The size of its result depends on values: multiply by a mask instead.'],
  [/^TopK/, 'Give k as a number of the code.'],
];

/** Returns advice for an op that a format does not have; empty for others. */
export function insteadOf(op: string): string {
  return advice.find(([ops]) => ops.test(op))?.[1] ?? '';
}
