import type { AugmentationPreview } from './run.js';

/** Returns what `preview-augmentation` prints: where the picture is and what its rows and columns show. */
export function previewAugmentationText({ output, classNames, steps, imageSize }: AugmentationPreview): string {
  const size = `${imageSize[0]} x ${imageSize[1]} pixels`;
  return (
    `${output}: ${classNames.length} images of ${size}, as they are and in ${steps} steps\n` +
    `from the top: ${classNames.join(', ')}\n`
  );
}
