import type { ImageFile } from '../data/image-file/inspect-image-file.js';
import type { ImageSize } from '../ops/decode-and-resize.js';

/** Decoded, a pixel takes 12 bytes: a block takes about 200 MB at most, or a single larger image. */
const pixelsPerBlock = 16_000_000;

/**
 * Images in groups that are held in memory at once.
 *
 * @param most Images a group.
 * @param size What images are resized to when they are decoded. Default: they stay as they are.
 */
export function* imageBlocks(files: readonly ImageFile[], most: number, size?: ImageSize): Generator<ImageFile[]> {
  let block: ImageFile[] = [];
  let pixels = 0;
  for (const file of files) {
    const [height, width] = size ?? [file.height, file.width];
    if (block.length === most || (block.length > 0 && pixels + height * width > pixelsPerBlock)) {
      yield block;
      [block, pixels] = [[], 0];
    }
    block.push(file);
    pixels += height * width;
  }
  if (block.length > 0) yield block;
}
