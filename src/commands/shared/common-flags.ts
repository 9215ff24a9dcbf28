import type { Flag } from './flag-table.js';

type Flags<Name extends string> = Readonly<Record<Name, Flag>>;

/** Flags of every command that runs TensorFlow. */
export const tensorflowFlags = {
  verbose: {
    type: 'boolean',
    default: false,
    commandOnly: true,
    help: "Show TensorFlow's own log",
    whenOn: () => (process.env.TF_CPP_MIN_LOG_LEVEL = '0'),
  },
} as const satisfies Flags<'verbose'>;

/** Flags of every command that can print for a program. */
export const jsonFlags = {
  json: { type: 'boolean', default: false, commandOnly: true, help: 'Print the result as JSON' },
} as const satisfies Flags<'json'>;

/** Flags of every command that reads a folder of images. */
export const imageFlags = {
  /** What to do about unusable images: stop, or leave them out. Default: `fail`. */
  onBadImage: {
    type: 'choice',
    choices: ['fail', 'skip'],
    default: 'fail',
    help: 'What to do about unusable images: stop, or leave them out',
    // A bad image may be the reason why a training ended.
    onResume: 'may differ',
  },
} as const satisfies Flags<'onBadImage'>;

/** Flags of every command that makes a model for images of a size. */
export const inputSizeFlags = {
  /** Width that images are resized to, in pixels. Default: the architecture's own. */
  inputWidth: {
    type: 'integer',
    range: { min: 1, max: 10_000 },
    defaultText: "the architecture's own",
    help: 'Width that images are resized to, in pixels',
  },
  /** Height that images are resized to, in pixels. Default: the architecture's own. */
  inputHeight: {
    type: 'integer',
    range: { min: 1, max: 10_000 },
    defaultText: "the architecture's own",
    help: 'Height that images are resized to, in pixels',
  },
} as const satisfies Flags<'inputWidth' | 'inputHeight'>;

/** Flags of every command that makes a model: how pictures become the model's, in training and in its signatures. */
export const preprocessingFlags = {
  /** Turn images upright by their EXIF orientation, or leave them as stored, as Keras does. Default: `apply`. */
  exif: {
    type: 'choice',
    choices: ['apply', 'ignore'],
    default: 'apply',
    help: 'Turn images upright by their EXIF orientation, or leave them as stored, as Keras does',
  },
  /** Decode JPEGs at full size, or large ones at 1/2, 1/4 or 1/8, at least twice the input size: faster and slightly smoother. Default: `full`. */
  decode: {
    type: 'choice',
    choices: ['full', 'reduced'],
    default: 'full',
    help: 'Decode JPEGs at full size, or large ones at 1/2, 1/4 or 1/8, at least twice the input size: faster and slightly smoother',
  },
  /** How images of another shape are fitted to the input: squashed, cropped, or padded with black on both sides. Default: `squash`. */
  resize: {
    type: 'choice',
    choices: ['squash', 'crop', 'pad'],
    default: 'squash',
    help: 'How images of another shape are fitted to the input: squashed, cropped, or padded with black on both sides',
  },
  /** Smooth images when they are reduced; better than the default, plain bilinear, but slower for large images. Default: false. */
  antialias: {
    type: 'boolean',
    default: false,
    help: 'Smooth images when they are reduced; better than the default, plain bilinear, but slower for large images',
  },
} as const satisfies Flags<'exif' | 'decode' | 'resize' | 'antialias'>;

/** Flag of every command that runs large networks, where the processor may be faster with another kind of numbers. */
export const precisionFlag = {
  type: 'choice',
  choices: ['auto', 'float32', 'bfloat16'],
  default: 'float32',
  help: 'Precision of large ops; bfloat16 has 3 digits and is faster on some processors, auto measures that. Saved models and answers stay float32',
} as const satisfies Flag;

/** Flag of every command that saves a classifier. */
export const heatmapFlags = {
  /** Also save the signature `serving_heatmap`, which shows where in an image a class was seen. Default: false. */
  withHeatmap: {
    type: 'boolean',
    default: false,
    help: 'Also save the signature serving_heatmap, which shows where in an image a class was seen',
    onResume: 'may differ',
  },
} as const satisfies Flags<'withHeatmap'>;

/** The architectures by name, for help texts. */
export const architectures =
  'ResnetModel, EfficientNetLiteModel, EfficientNetV2Model, MobileNetModel, MobileNetV3Model, InceptionModel, LenetModel';

/** Flag of architectures that come in several sizes. */
export const variantFlags = {
  /** Width of a MobileNetModel, as a multiple of the published one (pretrained weights exist for 0.35 to 1.4) or MobileNetV3Model (0.75 and 1). Default: 1. */
  alpha: {
    type: 'number',
    range: { above: 0, max: 2 },
    defaultText: '1',
    help: 'Width of a MobileNetModel (pretrained weights exist for 0.35 to 1.4) or MobileNetV3Model (0.75 and 1)',
  },
  /**
   * Size of an EfficientNetLiteModel (lite0, lite1, lite2), EfficientNetV2Model (b0 to b3) or MobileNetV3Model (small, large). Default: `lite0`,
   * `b0`, `large`.
   */
  variant: {
    type: 'string',
    defaultText: 'lite0, b0, large',
    help: 'Size of an EfficientNetLiteModel (lite0, lite1, lite2), EfficientNetV2Model (b0 to b3) or MobileNetV3Model (small, large)',
  },
} as const satisfies Flags<'alpha' | 'variant'>;
