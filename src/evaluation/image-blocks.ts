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

/**
 * Positions of items that go together: those with one key, in groups in the order of their first items.
 *
 * @param most How many items a group may have that takes this one; a single item is a group at any rate.
 */
export function groupPositions<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  most: (item: Item) => number,
): number[][] {
  const open = new Map<string, number[]>();
  const groups: number[][] = [];
  for (const [i, item] of items.entries()) {
    const key = keyOf(item);
    const group = open.get(key);
    if (group && group.length < most(item)) {
      group.push(i);
      continue;
    }
    const begun = [i];
    open.set(key, begun);
    groups.push(begun);
  }
  return groups;
}
