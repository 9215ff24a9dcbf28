import { SignetError } from '../errors.js';
import * as tf from '../tensorflow/tf.js';

/** The largest value of a uint8 pixel. */
const white = 255;

/**
 * Converts between whole pixels, 0 to 255, and float32 pixels, 0 to 1, as `tf.image.convert_image_dtype` does for uint8.
 *
 * @param image int32, TF.js's type for uint8 (an argument of type uint8, or `decodeImage(bytes, { dtype: 'int32' })`), or
 * float32 for the way back, which rounds and keeps within 0 to 255.
 * @throws SignetError `INVALID_ARGUMENT` when the image has that type already.
 */
export function convertImageDtype<T extends tf.Tensor>(image: T, dtype: 'float32' | 'int32'): T {
  if (image.dtype === dtype) {
    throw new SignetError(
      'INVALID_ARGUMENT',
      `convertImageDtype changes the type and the range of pixels; the image is ${dtype} already. The decode functions give ` +
        "float32 pixels of 0 to 255: let them give whole ones with { dtype: 'int32' }, or divide by 255.",
    );
  }
  return tf.tidy(() => {
    if (dtype === 'float32') return tf.mul(tf.cast(image, 'float32'), 1 / white);
    // TensorFlow rounds by scaling with the largest value plus a half and truncating.
    return tf.cast(tf.clipByValue(tf.mul(image, white + 0.5), 0, white), 'int32');
  });
}
