import { printable } from '../../text/printable.js';
import { cut } from '../../text/text-table.js';
import { type AnsweredImage, type EvaluatedEmbeddings, isMistaken } from '../embedding-map/embedding-sample.js';
import type { EmbeddingLayout } from '../embedding-map/lay-out-embeddings.js';
import { classMark, mistakeRing, mostMarks } from './class-marks.js';
import { type Markup, markup } from './markup.js';
import { lightColors as colors } from './report-colors.js';
import { whole } from './report-text.js';
import { px, type SvgPicture, svgPicture } from './svg-picture.js';

/** A map of images, laid out. */
export interface EmbeddingMap extends EmbeddingLayout, Pick<EvaluatedEmbeddings, 'images' | 'evaluated'> {}

/** Pixels of the square with the marks, and of the whole picture. */
export const mapSide = 600;
const [padding, legendLeft, lineHeight] = [22, mapSide + 28, 19];
const size = { width: 840, height: mapSide } as const;

/** Columns of a class's name in the legend. */
const longestName = 24;

/** An image's place on the picture. */
export function placeOf({ places }: EmbeddingMap, image: number): readonly [x: number, y: number] {
  const [x, y] = places[image] ?? [0, 0];
  return [padding + x * (mapSide - 2 * padding), padding + y * (mapSide - 2 * padding)];
}

/** Positions of the images in the order they are drawn: mistakes come last, on top. */
export function drawingOrder({ images }: EmbeddingMap): number[] {
  const ordered = images.map((answered, image) => ({ image, isMistake: isMistaken(answered) }));
  return ordered.sort((a, b) => Number(a.isMistake) - Number(b.isMistake)).map(({ image }) => image);
}

/** A map of embeddings as a picture: a mark for each image, by its class, with a ring where it was mistaken, and a legend. */
export function embeddingPicture(map: EmbeddingMap, classNames: readonly string[], over?: Markup): Markup {
  const marks = marksOf(map.images);
  const drawn = drawingOrder(map).map((image) => {
    const [x, y] = placeOf(map, image);
    const answered = map.images[image];
    if (!answered) return null;
    return markup`${classMark(x, y, markOf(answered, marks))}${isMistaken(answered) && mistakeRing(x, y)}
`;
  });
  const content = markup`<g font-family="system-ui, sans-serif" font-size="12" fill="${colors.ink}" class="ink">
<path d="M0.5 0.5h${mapSide - 1}v${mapSide - 1}h-${mapSide - 1}z" fill="none" stroke="${colors.line}" class="grid"/>
${drawn}
${legend(map, classNames, marks)}
</g>
${over ?? null}`;
  const name = inWords(map, marks.size);
  const picture: SvgPicture =
    over === undefined ? { ...size, name, content } : { ...size, name, content, role: 'group' };
  return svgPicture(picture);
}

/** The marks of classes, by label: of many classes, those with the most images. */
function marksOf(images: readonly AnsweredImage[]): Map<number, number> {
  const counts = countedClasses(images);
  const most = [...counts].sort(([, a], [, b]) => b - a).slice(0, mostMarks);
  const labels = most.map(([label]) => label).sort((a, b) => a - b);
  return new Map(labels.map((label, i) => [label, i]));
}

/** Images per class that marks them: the first of several. */
function countedClasses(images: readonly AnsweredImage[]): Map<number, number> {
  const counts = new Map<number, number>();
  for (const { labels: [label] } of images) if (label !== undefined) counts.set(label, (counts.get(label) ?? 0) + 1); // prettier-ignore
  return counts;
}

function markOf(answered: AnsweredImage | undefined, marks: ReadonlyMap<number, number>): number | null {
  const [label] = answered?.labels ?? [];
  return label === undefined ? null : (marks.get(label) ?? null);
}

function legend({ images }: EmbeddingMap, classNames: readonly string[], marks: ReadonlyMap<number, number>): Markup[] {
  const counts = countedClasses(images);
  const named = [...marks].map(([label, mark]) => ({ mark: place(mark), text: classNames[label] ?? '', number: counts.get(label) ?? 0 })); // prettier-ignore
  const others = images.filter((image) => markOf(image, marks) === null).length;
  const mistakes = images.filter(isMistaken).length;
  const lines = [
    ...named,
    ...(others > 0 ? [{ mark: place(null), text: 'others', number: others }] : []),
    { mark: mistakeRing, text: 'mistakes', number: mistakes },
  ];
  return lines.map(({ mark, text, number }, i) => {
    const y = 12 + i * lineHeight;
    return markup`${mark(legendLeft, y)}<text x="${legendLeft + 16}" y="${px(y + 4)}">${cut(printable(text), longestName)}</text><text x="${size.width - 6}" y="${px(y + 4)}" text-anchor="end" fill="${colors.quiet}" class="quiet">${whole(number)}</text>
`;
  });
}

function place(mark: number | null): (x: number, y: number) => Markup {
  return (x, y) => classMark(x, y, mark);
}

function inWords({ images, method }: EmbeddingMap, classes: number): string {
  const mistakes = images.filter(isMistaken).length;
  return `Map of the embeddings of ${images.length} images of ${classes} classes, by ${method}; ${mistakes} of them are mistakes.`;
}
