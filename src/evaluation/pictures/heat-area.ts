import type { ImageSize, ResizeMode } from '../../ops/fit-images.js';

/** A rectangle, in pixels of an upright picture; beyond its borders where a model pads. */
export interface PictureArea {
  readonly top: number;
  readonly left: number;
  readonly height: number;
  readonly width: number;
}

/**
 * Finds the part of a picture that a model sees as its whole image: all of it, squashed; the middle of it; or, with black on both sides, more
 * than all. The same arithmetic as `fitImages`.
 *
 * @param picture Size of the picture as the model turns it.
 * @param image Size of the model's images.
 */
export function areaSeen([height, width]: ImageSize, image: ImageSize, resize: ResizeMode): PictureArea {
  if (resize === 'squash') return { top: 0, left: 0, height, width };
  const inShape = (other: number, side: number, otherSide: number) => Math.floor((other * side) / otherSide);
  const [high, wide] = [inShape(width, image[0], image[1]), inShape(height, image[1], image[0])];
  return resize === 'crop'
    ? centered([height, width], [Math.max(1, Math.min(height, high)), Math.max(1, Math.min(width, wide))])
    : centered([height, width], [Math.max(height, high), Math.max(width, wide)]);
}

function centered([height, width]: ImageSize, [rows, columns]: ImageSize): PictureArea {
  return { top: (height - rows) / 2, left: (width - columns) / 2, height: rows, width: columns };
}
