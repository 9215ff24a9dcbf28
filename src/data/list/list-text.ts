import { jsonText } from '../../text/printable.js';
import { resolveLocation } from '../remote/location.js';
import { classNamesOf, type ImageScan } from '../scan/image-scan.js';

/**
 * Writes the images of a scan as a list, JSON Lines, which `readImageList` reads; its paths are absolute, so that it may be anywhere. Rows of images
 * in shards name the shards too.
 */
export function listText({ files, classNames, isMultiLabel = false }: ImageScan): string {
  const lines = files.map((file) => {
    const names = classNamesOf(file, classNames);
    const shards = file.inShard && { shards: resolveLocation(file.inShard.set) };
    return jsonText({ path: resolveLocation(file.path), ...(isMultiLabel ? { labels: names } : { label: names[0] }), ...shards }); // prettier-ignore
  });
  return lines.map((line) => `${line}\n`).join('');
}
