/**
 * Gradients of resized pictures.
 *
 * tfjs-node drops `half_pixel_centers`, so the gradient of a picture that was resized with them is that of another resizing.
 */
import { backend } from '../backend.js';
import * as tf from '../loading/library.js';
import { attribute } from '../run-op.js';
import { replacedKernel } from './replaced.js';

interface ResizeAttributes {
  readonly alignCorners: boolean;
  readonly halfPixelCenters: boolean;
}

for (const op of ['ResizeBilinearGrad', 'ResizeNearestNeighborGrad']) {
  replacedKernel(op, () => ({ inputs, attrs }) => {
    const { dy, images } = inputs as unknown as Record<'dy' | 'images', tf.Tensor>;
    const { alignCorners, halfPixelCenters } = attrs as unknown as ResizeAttributes;
    const attributes = [
      attribute.type('T', images.dtype),
      attribute.bool('align_corners', alignCorners),
      attribute.bool('half_pixel_centers', halfPixelCenters),
    ];
    const isBilinear = op === 'ResizeBilinearGrad';
    const of = isBilinear ? images : tf.tensor1d(images.shape.slice(1, 3), 'int32');
    const gradient = backend.executeSingleOutput(op, attributes, [dy, of]);
    if (!isBilinear) of.dispose();
    return gradient;
  });
}
