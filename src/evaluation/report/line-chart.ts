import { type Markup, markup } from './markup.js';
import { niceTicks, powersOfTen, type Ticks } from './nice-ticks.js';
import { px } from './svg-picture.js';
import { lightColors as colors } from './report-colors.js';

/** One or two lines over the epochs of a training. */
export interface LineChart {
  readonly title: string;
  /** Numbers of the epochs, from 1, rising; at least one. */
  readonly epochs: readonly number[];
  /** One value per epoch; null leaves a gap. */
  readonly lines: readonly { readonly name: string; readonly values: readonly (number | null)[] }[];
  /** The epoch to mark with a line from top to bottom; null for none. */
  readonly best: number | null;
}

/** Size of a chart in pixels. */
export const chartSize = { width: 440, height: 290 } as const;

const plot = { left: 58, right: chartSize.width - 16, top: 52, bottom: chartSize.height - 44 } as const;

/** Maps a value to pixels. */
type Scale = (value: number) => number;

/** A chart as a group of SVG, `chartSize` large. Of many epochs no more are drawn than there are pixels. */
export function lineChart(chart: LineChart): Markup {
  const { title, epochs, lines, best } = chart;
  const values = lines.flatMap((line) => line.values.filter((value) => value !== null));
  const { ticks, scale, isLogarithmic } = verticalAxis(values);
  const x = horizontalScale(epochs);
  return markup`<g font-family="system-ui, sans-serif" font-size="12" fill="${colors.ink}" class="ink">
<text x="${plot.left}" y="20" font-size="15" font-weight="600">${title}${isLogarithmic && ', logarithmic'}</text>
${legend(chart)}
${ticks.values.map((value) => horizontalLine(scale(value), ticks.text(value)))}
${epochTicks(epochs).map((epoch) => markup`<text x="${px(x(epoch))}" y="${plot.bottom + 18}" text-anchor="middle" ${quiet}>${epoch}</text>`)}
<text x="${(plot.left + plot.right) / 2}" y="${plot.bottom + 36}" text-anchor="middle" ${quiet}>epoch</text>
${best !== null && bestMark(x(best))}
${lines.map(({ values: of }, i) => line(thinned(epochs, of), { x, y: scale }, i))}
</g>`;
}

const quiet = markup`fill="${colors.quiet}" class="quiet"`;

/** Values that differ by far more than a hundred times are seen on a logarithmic axis only. */
function verticalAxis(values: readonly number[]): { ticks: Ticks; scale: Scale; isLogarithmic: boolean } {
  const [smallest, largest] = extent(values);
  const isLogarithmic = smallest > 0 && largest / smallest > 100;
  const ticks = isLogarithmic ? powersOfTen(smallest, largest) : niceTicks(smallest, largest);
  const position = isLogarithmic ? Math.log10 : (value: number) => value;
  const [low, high] = [position(ticks.values[0] ?? 0), position(ticks.values.at(-1) ?? 1)];
  return {
    ticks,
    isLogarithmic,
    scale: (value) => plot.bottom - ((position(value) - low) / (high - low)) * (plot.bottom - plot.top),
  };
}

function horizontalScale(epochs: readonly number[]): Scale {
  const [first, last] = extent(epochs);
  if (first === last) return () => (plot.left + plot.right) / 2;
  return (epoch) => plot.left + 8 + ((epoch - first) / (last - first)) * (plot.right - plot.left - 16);
}

function epochTicks(epochs: readonly number[]): number[] {
  const [first, last] = extent(epochs);
  return [...new Set(niceTicks(first, last).values.map(Math.round))].filter((epoch) => epoch >= first && epoch <= last);
}

function horizontalLine(y: number, label: string): Markup {
  return markup`<path d="M${plot.left} ${px(y)}H${plot.right}" stroke="${colors.line}" class="grid"/>
<text x="${plot.left - 8}" y="${px(y + 4)}" text-anchor="end" ${quiet}>${label}</text>`;
}

function bestMark(x: number): Markup {
  return markup`<path d="M${px(x)} ${plot.top}V${plot.bottom}" ${markStyle}/>`;
}

const markStyle = markup`stroke="${colors.quiet}" stroke-width="1.5" stroke-dasharray="2 3" class="mark"`;

const styles = [
  { color: colors.first, name: 'first', dashes: null },
  { color: colors.second, name: 'second', dashes: markup` stroke-dasharray="6 3"` },
] as const;

function styleOf(i: number) {
  return styles[i % 2] ?? styles[0];
}

/** One line needs no name, the title is its own. */
function legend({ lines, best }: LineChart): Markup[] {
  const named = lines.length < 2 ? [] : lines;
  const samples = named.map(({ name }, i) => {
    const { color, name: className, dashes } = styleOf(i);
    const style = markup`fill="none" stroke="${color}" stroke-width="2"${dashes} class="line-${className}"`;
    return { name, sample: (x: number) => markup`<path d="M${x} 36h24" ${style}/>` };
  });
  const mark = {
    name: `best: epoch ${best}`,
    sample: (x: number) => markup`<path d="M${x + 12} 29v14" ${markStyle}/>`,
  };
  return [...samples, ...(best === null ? [] : [mark])].map(({ name, sample }, i) => {
    const x = plot.left + i * 112;
    return markup`${sample(x)}<text x="${x + 30}" y="40">${name}</text>`;
  });
}

type Point = readonly [epoch: number, value: number | null];

function line(points: readonly Point[], { x, y }: { x: Scale; y: Scale }, i: number): Markup {
  const { color, name, dashes } = styleOf(i);
  const places = points.map(([epoch, value]) => (value === null ? null : `${px(x(epoch))} ${px(y(value))}`));
  const path = places.map((place, k) => place && `${(places[k - 1] ?? null) === null ? 'M' : 'L'}${place}`).join('');
  const dots = places.map((place) => place && `M${place}h0`).join('');
  const few = markup`<path d="${dots}" stroke="${color}" stroke-width="6" stroke-linecap="round" class="line-${name}"/>`;
  return markup`<path d="${path}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"${dashes} class="line-${name}"/>
${points.length <= 40 && few}`;
}

/** Every n-th epoch, and the last. */
function thinned(epochs: readonly number[], values: readonly (number | null)[]): Point[] {
  const every = Math.ceil(epochs.length / (plot.right - plot.left));
  return epochs
    .map((epoch, i): Point => [epoch, values[i] ?? null])
    .filter((_, i) => i % every === 0 || i === epochs.length - 1);
}

/** 0 and 1 where there is nothing. */
function extent(values: readonly number[]): [smallest: number, largest: number] {
  if (values.length === 0) return [0, 1];
  return [values.reduce((a, b) => Math.min(a, b)), values.reduce((a, b) => Math.max(a, b))];
}
