import { chartSize, type LineChart, lineChart } from './line-chart.js';
import { type Markup, markup } from './markup.js';
import { svgPicture } from './svg-picture.js';
import type { TrainingHistory } from './training-history.js';

/**
 * Loss and accuracy of training and validation, and the learning rate where it changes; nothing for a single epoch, which makes no line.
 *
 * @param bestEpoch Epoch whose weights were kept, from 1; null if there is none.
 */
export function trainingCurves({ epochs, columns }: TrainingHistory, bestEpoch: number | null): LineChart[] {
  if (epochs.length < 2) return [];
  const best = bestEpoch !== null && epochs.includes(bestEpoch) ? bestEpoch : null;
  const both = (title: string, name: string) => {
    const lines = [
      { name: 'training', values: columns.get(name) },
      { name: 'validation', values: columns.get(`val_${name}`) },
    ];
    return {
      title,
      epochs,
      best,
      lines: lines.flatMap(({ name: of, values }) => (values ? [{ name: of, values }] : [])),
    };
  };
  const rate = columns.get('learning_rate') ?? [];
  const learningRate = { title: 'Learning rate', epochs, best, lines: [{ name: 'learning rate', values: rate }] };
  return [
    ...[both('Loss', 'loss'), both('Accuracy', 'accuracy')].filter(({ lines }) => lines.length > 0),
    ...(new Set(rate).size > 1 ? [learningRate] : []),
  ];
}

/** One curve by itself, for a page. */
export function curvePicture(curve: LineChart): Markup {
  return svgPicture({ ...chartSize, name: curveName(curve), content: lineChart(curve) });
}

/** All of them in one picture, two in a row. */
export function curvesPicture(curves: readonly LineChart[]): Markup {
  const { width, height } = chartSize;
  const places = curves.map((curve, i) => {
    const [x, y] = [(i % 2) * width, Math.floor(i / 2) * height];
    return markup`<g transform="translate(${x} ${y})">${lineChart(curve)}</g>`;
  });
  return svgPicture({
    width: width * Math.min(2, curves.length),
    height: height * Math.ceil(curves.length / 2),
    name: curves.map(curveName).join(' '),
    content: markup`${places}`,
  });
}

/** Describes the chart in words. */
function curveName({ title, epochs, lines }: LineChart): string {
  const ends = lines.map(({ name, values }) => {
    const [first, last] = [values[0], values.at(-1)].map((value) => value?.toPrecision(3) ?? 'no number');
    return `${name} from ${first} to ${last}`;
  });
  return `${title} over ${epochs.length} epochs: ${ends.join(', ')}.`;
}
