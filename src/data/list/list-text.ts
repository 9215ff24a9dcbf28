import path from 'node:path';

import { jsonText } from '../../text/printable.js';
import { type ImageScan, labelsOf } from '../scan/image-scan.js';

/** Writes the images of a scan as a list, JSON Lines, which `readImageList` reads; its paths are absolute, so that it may be anywhere. */
export function listText({ files, classNames, isMultiLabel = false }: ImageScan): string {
  const lines = files.map((file) => {
    const names = labelsOf(file).map((label) => classNames[label] ?? '');
    return jsonText({ path: path.resolve(file.path), ...(isMultiLabel ? { labels: names } : { label: names[0] }) });
  });
  return lines.map((line) => `${line}\n`).join('');
}
