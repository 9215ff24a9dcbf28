import { printable } from '../../text/printable.js';
import { type ClassificationResult, confusedPairs } from '../classification-metrics.js';
import { cut } from '../../text/text-table.js';
import { type Markup, markup } from './markup.js';
import { cellOpacity, darkRamps, lightRamps } from './matrix-colors.js';
import { px, svgPicture } from './svg-picture.js';
import { textWidth } from './text-width.js';
import { lightColors as colors } from './report-colors.js';

/** Maximum number of classes drawn; if there are more, only the most confused ones are. */
const mostClasses = 100;
/** How many those are. */
const chosenClasses = 40;
/** Columns of a name that are drawn. */
const longestName = 24;

/** A matrix as it is drawn. */
export interface DrawnMatrix {
  readonly picture: Markup;
  /** Positions of the classes that are in it. */
  readonly classes: readonly number[];
}

/**
 * A confusion matrix as a picture: rows are the true classes, columns the predicted ones. A cell's colour is its part of all images of the
 * row, blue where they are right and orange where they are mistaken; up to 40 classes have numbers too.
 *
 * If there are more than 100 classes, it shows the 40 that are confused most with others.
 */
export function confusionMatrix(result: ClassificationResult): DrawnMatrix {
  const classes = chooseClasses(result);
  const names = result.perClass.map(({ className }) => className);
  const layout = layOut(classes.map((label) => cut(printable(names[label] ?? ''), longestName)));
  const { left, top, cell, width, height } = layout;
  const side = cell * classes.length;
  const content = markup`<g font-family="system-ui, sans-serif" font-size="${layout.fontSize}" fill="${colors.ink}" class="ink">
${classes.flatMap((truth, row) => classes.map((predicted, column) => drawCell(result, { truth, predicted, row, column }, layout)))}
<path d="${gridLines(layout, classes.length)}" fill="none" stroke="${colors.line}" class="grid"/>
${layout.names.map((name, i) => rowName(name, i, layout))}
${layout.names.map((name, i) => columnName(name, i, layout))}
<text x="${left}" y="${axisTitle}" font-size="12" fill="${colors.quiet}" class="quiet">predicted class</text>
<text transform="translate(${axisTitle} ${top + side}) rotate(-90)" font-size="12" fill="${colors.quiet}" class="quiet">true class</text>
</g>`;
  return { picture: svgPicture({ width, height, name: inWords(result, classes), content }), classes };
}

const axisTitle = 16;

/** All of them, or the ones in the most frequent confusions, in their order. */
function chooseClasses(result: ClassificationResult): number[] {
  const all = result.perClass.map((_, label) => label);
  if (all.length <= mostClasses) return all;
  const most = [...confusedPairs(result).flatMap(({ truth, predicted }) => [truth, predicted]), ...all];
  return [...new Set(most)].slice(0, chosenClasses).sort((a, b) => a - b);
}

/** Pixels. */
interface Layout {
  readonly names: readonly string[];
  readonly cell: number;
  readonly fontSize: number;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** Slope of the columns' names in degrees; 0 if they are short enough to be level. */
  readonly rise: number;
}

function layOut(names: readonly string[]): Layout {
  const cell = names.length <= 12 ? 46 : names.length <= 20 ? 36 : names.length <= chosenClasses ? 26 : 13;
  const fontSize = cell < 20 ? 10 : 12;
  const widest = names.reduce((most, name) => Math.max(most, textWidth(name, fontSize)), 0);
  // Steep where they are close together.
  const rise = widest + 4 <= cell ? 0 : cell < 20 ? 65 : 45;
  const [across, up] = [Math.cos, Math.sin].map((part) => widest * part((rise * Math.PI) / 180));
  const left = axisTitle + 16 + widest;
  const top = axisTitle + 14 + (rise === 0 ? fontSize : (up ?? 0) + fontSize / 2);
  const side = cell * names.length;
  const width = left + side + (rise === 0 ? 8 : Math.max(8, (across ?? 0) - cell / 2 + fontSize));
  return { names, cell, fontSize, left, top, rise, width, height: top + side + 8 };
}

interface Cell {
  readonly truth: number;
  readonly predicted: number;
  readonly row: number;
  readonly column: number;
}

function drawCell(result: ClassificationResult, { truth, predicted, row, column }: Cell, layout: Layout) {
  const images = result.confusionMatrix[truth]?.[predicted] ?? 0;
  if (images === 0) return null;
  const { left, top, cell } = layout;
  const opacity = cellOpacity(images / (result.perClass[truth]?.support ?? images));
  const kind = truth === predicted ? 'right' : 'mistaken';
  const [x, y] = [px(left + column * cell), px(top + row * cell)];
  return markup`<path d="M${x} ${y}h${cell}v${cell}h-${cell}z" fill="${lightRamps[kind].color}" fill-opacity="${px(opacity)}" class="${kind}"/>${
    cell > 20 && countText(images, { x: x + cell / 2, y: y + cell / 2, cell, opacity, kind })
  }
`;
}

interface CountPlace {
  readonly x: number;
  readonly y: number;
  readonly cell: number;
  readonly opacity: number;
  readonly kind: 'right' | 'mistaken';
}

/** On a light page the colour is the attribute, on a dark one it comes from the classes. */
function countText(images: number, { x, y, cell, opacity, kind }: CountPlace): Markup {
  const text = String(images);
  const size = px(Math.min(12, (cell - 4) / textWidth(text, 1)));
  const color = lightRamps.text[opacity < lightRamps[kind].turn ? 0 : 1];
  const turned = opacity >= darkRamps[kind].turn && markup` turned`;
  return markup`<text x="${px(x)}" y="${px(y + size * 0.36)}" font-size="${size}" text-anchor="middle" fill="${color}" class="count${turned}">${text}</text>`;
}

function rowName(name: string, row: number, { left, top, cell, fontSize }: Layout): Markup {
  return markup`<text x="${px(left - 6)}" y="${px(top + (row + 0.5) * cell + fontSize * 0.36)}" text-anchor="end">${name}</text>`;
}

function columnName(name: string, column: number, { left, top, cell, rise }: Layout): Markup {
  const x = px(left + (column + 0.5) * cell);
  if (rise === 0) return markup`<text x="${x}" y="${px(top - 6)}" text-anchor="middle">${name}</text>`;
  return markup`<text transform="translate(${px(x + 3)} ${px(top - 5)}) rotate(-${rise})">${name}</text>`;
}

/** Between all cells, or between groups of ten where the cells are small. */
function gridLines({ left, top, cell }: Layout, classes: number): string {
  const every = cell > 20 ? 1 : 10;
  const side = classes * cell;
  const steps = Array.from({ length: classes + 1 }, (_, i) => i).filter((i) => i % every === 0 || i === classes);
  return steps
    .map((i) => {
      const [x, y] = [px(left + i * cell), px(top + i * cell)];
      return `M${x} ${px(top)}v${side}M${px(left)} ${y}h${side}`;
    })
    .join('');
}

function inWords(result: ClassificationResult, classes: readonly number[]): string {
  const all = result.perClass.length;
  const which = classes.length === all ? `${all} classes` : `the ${classes.length} most confused of ${all} classes`;
  return `Confusion matrix of ${which}: rows are the true classes, columns the predicted ones.`;
}
