import path from 'node:path';

import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type AnsweredImage, isMistaken } from '../embedding-map/embedding-sample.js';
import { drawingOrder, type EmbeddingMap, mapSide, placeOf } from './embedding-map.js';
import { type Markup, markup } from './markup.js';
import { px } from './svg-picture.js';
import { textWidth } from './text-width.js';
import type { Thumbnail } from './thumbnail.js';

/** Name of the radio buttons; one is selected at a time. */
export const pointsName = 'embedding';

/** Pixels of the square in which a mark is pointed at. */
const reach = 16;
/** Pixels that a picture's longer side is shown with. */
const shownSide = 96;
/** Columns of a line of a card, and classes that are named. */
const [longestLine, mostNamed] = [36, 3];
const [fontSize, lineHeight, inset] = [12, 16, 6];

/**
 * What lies over the marks of a map: a radio button for each image, and its card, which the page's style shows while the image is pointed at, or its button is
 * chosen. Without a script, radio buttons are what the arrow keys go through.
 *
 * @param thumbnails A picture of each image; null for a file that cannot be shown.
 */
export function mapPoints(
  map: EmbeddingMap,
  classNames: readonly string[],
  thumbnails: readonly (Thumbnail | null)[],
): Markup {
  const points = drawingOrder(map).map((image) => {
    const answered = map.images[image];
    if (!answered) return null;
    const [x, y] = placeOf(map, image);
    const lines = cardLines(answered, classNames);
    return markup`<g class="point"><foreignObject x="${px(x - reach / 2)}" y="${px(y - reach / 2)}" width="${reach}" height="${reach}"><input type="radio" name="${pointsName}" aria-label="${lines.join(', ')}"></foreignObject>${card([x, y], lines, thumbnails[image] ?? null)}</g>
`;
  });
  return markup`<g class="points" role="radiogroup" aria-label="Images on the map" font-family="system-ui, sans-serif" font-size="${fontSize}">
${points}</g>`;
}

/** What an image is, what it was taken for, and its file. */
function cardLines(answered: AnsweredImage, classNames: readonly string[]): string[] {
  const names = (labels: readonly number[]) => {
    const some = labels.slice(0, mostNamed).map((label) => cut(printable(classNames[label] ?? ''), longestLine));
    const rest = labels.length > mostNamed ? ` and ${labels.length - mostNamed} more` : '';
    return some.length === 0 ? 'no class' : some.join(', ') + rest;
  };
  const taken = isMistaken(answered) ? [`taken for ${names(answered.predicted)}`] : [];
  return [names(answered.labels), ...taken, printable(path.basename(answered.image.path))];
}

/** The picture of an image and words about it, next to its mark, on the side where there is room. */
function card([x, y]: readonly [number, number], words: readonly string[], thumbnail: Thumbnail | null): Markup {
  const lines = words.map((line) => cut(line, longestLine));
  const scale = thumbnail ? shownSide / Math.max(thumbnail.width, thumbnail.height) : 0;
  const [imageWidth, imageHeight] = [(thumbnail?.width ?? 0) * scale, (thumbnail?.height ?? 0) * scale];
  const width = Math.max(imageWidth, ...lines.map((line) => textWidth(line, fontSize))) + 2 * inset;
  const height = imageHeight + lines.length * lineHeight + 2 * inset + 2;
  const left = x < mapSide / 2 ? x + reach : x - reach - width;
  const top = Math.min(Math.max(y - height / 2, 1), mapSide - height - 1);
  const textTop = top + inset + imageHeight + fontSize;
  return markup`<g class="card"><rect x="${px(left)}" y="${px(top)}" width="${px(width)}" height="${px(height)}" rx="5"/>${
    thumbnail &&
    markup`<image href="${thumbnail.url}" x="${px(left + inset)}" y="${px(top + inset)}" width="${px(imageWidth)}" height="${px(imageHeight)}"${scale > 1 && markup` class="pixels"`}/>`
  }${lines.map((line, i) => markup`<text x="${px(left + inset)}" y="${px(textTop + i * lineHeight)}" class="${i < lines.length - 1 ? 'ink' : 'quiet'}">${line}</text>`)}</g>`;
}
