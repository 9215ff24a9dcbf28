import type { AverageMetrics, ClassMetrics } from '../classification-metrics.js';
import type { MultiLabelClassMetrics } from '../multi-label/multi-label-metrics.js';
import { htmlTable, type Insertable, markup, type Markup } from './markup.js';
import type { CompleteReportContent, MultiLabelContent, OneClassContent } from './report-content.js';
import { named, ratio, whole } from './report-text.js';

/** Maximum number of classes in one table; if there are more, the worst ones come first, and the rest are folded away. */
const mostClasses = 50;
const worstClasses = 25;
/** A page lists no more than this. */
const mostListed = 1000;

type Row = readonly Insertable[];

/** What the tables of one kind of classifier show. */
interface Content<Metrics extends ClassMetrics> {
  readonly hint: string;
  readonly columns: readonly string[];
  readonly perClass: readonly Metrics[];
  readonly rowOf: (metrics: Metrics) => Row;
  readonly averages: readonly Row[];
  /** What the worst classes have the lowest of, and its name. */
  readonly scoreOf: (metrics: Metrics) => number | null;
  readonly score: string;
}

const terms = 'Precision: of the images taken for a class, the part that is of it. Recall: of its images, the part that was found. F1: their harmonic mean.'; // prettier-ignore

/** How well each class is distinguished from the others. */
export function classesSection(content: CompleteReportContent): Markup {
  return content.kind === 'one class' ? section(ofOneClass(content)) : section(ofMultiLabel(content));
}

function ofOneClass({ result }: OneClassContent): Content<ClassMetrics> {
  const { perClass, macroAverage, weightedAverage, images } = result;
  return {
    hint: terms,
    columns: ['class', 'precision', 'recall', 'F1', 'images'],
    perClass,
    rowOf: (metrics) => [named(metrics.className), ...ratios(metrics), whole(metrics.support)],
    averages: [
      ['macro average', ...ratios(macroAverage), whole(images)],
      ['weighted average', ...ratios(weightedAverage), whole(images)],
    ],
    scoreOf: ({ f1 }) => f1,
    score: 'F1',
  };
}

function ofMultiLabel({ result }: MultiLabelContent): Content<MultiLabelClassMetrics> {
  const { perClass, macroAverage, microAverage, meanAveragePrecision, images } = result;
  return {
    hint: `Average precision: the mean of the precision over all parts of the class's images that may be found. An image is taken to have a class where its probability is at least the threshold, which was chosen on the validation. ${terms}`,
    columns: ['class', 'average precision', 'precision', 'recall', 'F1', 'threshold', 'images'],
    perClass,
    rowOf: (metrics) => [
      named(metrics.className),
      ratio(metrics.averagePrecision),
      ...ratios(metrics),
      ratio(metrics.threshold),
      whole(metrics.support),
    ],
    averages: [
      ['mean of the classes', ratio(meanAveragePrecision), ...ratios(macroAverage), '', whole(images)],
      ['all answers', '', ...ratios(microAverage), '', whole(images)],
    ],
    scoreOf: ({ averagePrecision }) => averagePrecision,
    score: 'average precision',
  };
}

function section<Metrics extends ClassMetrics>(content: Content<Metrics>): Markup {
  const { hint, columns, perClass, rowOf, averages } = content;
  const all = () => htmlTable({ caption: 'All classes', columns, rows: [...perClass.map(rowOf), ...averages] });
  return markup`<section aria-labelledby="classes">
<h2 id="classes">Classes</h2>
<p class="hint">${hint}</p>
${perClass.length <= mostClasses ? all() : folded(content)}
</section>`;
}

function folded<Metrics extends ClassMetrics>(content: Content<Metrics>): Markup {
  const { columns, perClass, rowOf, averages, scoreOf, score } = content;
  const worstFirst = perClass.toSorted((a, b) => (scoreOf(a) ?? Infinity) - (scoreOf(b) ?? Infinity));
  const isAll = perClass.length <= mostListed;
  const listed = isAll ? perClass : worstFirst.slice(0, mostListed);
  const which = isAll ? `All ${perClass.length} classes` : `The ${whole(mostListed)} classes with the lowest ${score}`;
  const worst = worstFirst.slice(0, worstClasses);
  const caption = `The ${worst.length} classes with the lowest ${score} of ${whole(perClass.length)}`;
  return markup`${htmlTable({ caption, columns, rows: [...worst.map(rowOf), ...averages] })}
<details><summary>${which}</summary>
${htmlTable({ caption: which, columns, rows: listed.map(rowOf) })}
</details>`;
}

function ratios({ precision, recall, f1 }: AverageMetrics): string[] {
  return [precision, recall, f1].map(ratio);
}
