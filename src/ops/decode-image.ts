import { withListener } from '../tensorflow/op-listener.js';
import { backend, type BindingAttribute } from '../tensorflow/backend.js';
import { attribute, runOp } from '../tensorflow/run-op.js';
import * as tf from '../tensorflow/tf.js';
import { attrValueOf } from '../tracing/attr-value.js';
import { tensorSpec } from '../tracing/tensor-spec.js';
import { cond } from './cond.js';
import { stringScalar } from './strings.js';
import { currentTape } from './tracing-tape.js';

const encoded = tensorSpec('string', []);

/**
 * Decodes a JPEG, PNG, GIF (its first frame) or BMP image to RGB.
 *
 * Gray becomes three equal channels, a palette its colours, 16 bits their upper 8; alpha is dropped and EXIF orientation
 * ignored, as TensorFlow does. JPEG is decoded with the accurate inverse DCT: the result equals libjpeg-turbo's, where
 * TensorFlow's default differs by up to 18 of 255.
 *
 * @param bytes string scalar: the file's content.
 * @returns float32 [height, width, 3], 0 to 255.
 */
export function decodeImage(bytes: tf.Tensor): tf.Tensor3D {
  return tf.tidy(() => {
    const isJpeg = startsWith(bytes, Uint8Array.of(0xff, 0xd8));
    return cond(isJpeg, decodeJpeg, decodeOther, bytes, encoded) as tf.Tensor3D;
  });
}

/** Decodes a JPEG; see `decodeImage`. */
export function decodeJpeg(bytes: tf.Tensor): tf.Tensor3D {
  return decodeWith('DecodeJpeg', bytes, [
    attribute.int('channels', 3),
    attribute.int('ratio', 1),
    attribute.bool('fancy_upscaling', true),
    attribute.bool('try_recover_truncated', false),
    attribute.float('acceptable_fraction', 1),
    attribute.string('dct_method', 'INTEGER_ACCURATE'),
  ]) as tf.Tensor3D;
}

function decodeOther(bytes: tf.Tensor): tf.Tensor {
  return cond(startsWith(bytes, Buffer.from('BM')), decodeBmp, decodePngOrGif, bytes, encoded);
}

function decodePngOrGif(bytes: tf.Tensor): tf.Tensor {
  return decodeWith('DecodeImage', bytes, [
    attribute.int('channels', 3),
    attribute.type('dtype', 'uint8'),
    attribute.bool('expand_animations', false),
  ]);
}

/** TensorFlow refuses to change a BMP's number of channels: decode what it has, drop alpha, spread gray. */
function decodeBmp(bytes: tf.Tensor): tf.Tensor {
  return tf.tidy(() => {
    const image = decodeWith('DecodeBmp', bytes, [attribute.int('channels', 0)], null);
    const colours = tf.stridedSlice(image, [0, 0, 0], [0, 0, 3], [1, 1, 1], 0b011, 0b011);
    const [height = 0, width = 0] = image.shape;
    // Not tf.broadcastTo, which drops the op where the sizes of the sample are equal already.
    const broadcast = [attribute.type('T', 'float32'), attribute.type('Tidx', 'int32')];
    return runOp('BroadcastTo', broadcast, [colours, tf.tensor1d([height, width, 3], 'int32')]);
  });
}

/** Whether a string begins with the given bytes; bool scalar. */
function startsWith(bytes: tf.Tensor, beginning: Uint8Array): tf.Tensor {
  const at = (position: number) => tf.scalar(position, 'int32');
  const head = runOp(
    'Substr',
    [attribute.type('T', 'int32'), attribute.string('unit', 'BYTE')],
    [bytes, at(0), at(beginning.length)],
  );
  const expected = stringScalar(beginning);
  return runOp('Equal', [attribute.type('T', 'string')], [head, expected]);
}

/** Decodes to uint8, which TF.js calls int32, and makes it float32 before TF.js can mistake it. */
function decodeWith(
  op: string,
  bytes: tf.Tensor,
  attributes: BindingAttribute[],
  channels: number | null = 3,
): tf.Tensor {
  return tf.tidy(() => toFloat(tracedDecode(op, bytes, attributes, channels) ?? runOp(op, attributes, [bytes])));
}

/** While tracing there is no image: its size is made up, since only a call knows it. Null when nothing is traced. */
function tracedDecode(
  op: string,
  bytes: tf.Tensor,
  attributes: BindingAttribute[],
  channels: number | null,
): tf.Tensor | null {
  const tape = currentTape();
  if (!tape) return null;
  const shape = [tape.freshSize(), tape.freshSize(), channels ?? tape.freshSize()];
  const pixels = new Uint8Array(tf.util.sizeFromShape(shape));
  const sample = withListener(null, () => uint8Tensor(pixels, shape));
  const given = Object.fromEntries(attributes.map((each) => [each.name, attrValueOf(each)]));
  tape.record({ op, attributes: given, inputs: [bytes], outputs: [sample] });
  return sample;
}

function uint8Tensor(values: Uint8Array, shape: number[]): tf.Tensor {
  const id = backend.binding.createTensor(shape, 4, values);
  return backend.createOutputTensor({ id, shape, dtype: 4 });
}

function toFloat(image: tf.Tensor): tf.Tensor {
  const attributes = [
    attribute.type('SrcT', 'uint8'),
    attribute.type('DstT', 'float32'),
    attribute.bool('Truncate', false),
  ];
  return runOp('Cast', attributes, [image]);
}
