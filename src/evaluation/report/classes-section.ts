import type { AverageMetrics, ClassMetrics } from '../classification-metrics.js';
import { htmlTable, type Insertable, markup, type Markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import { named, ratio, whole } from './report-text.js';

/** Classes in one table at most; of more, those that are found worst come first, and the rest are folded away. */
const mostClasses = 50;
const worstClasses = 25;
/** A page lists no more than this. */
const mostListed = 1000;

/** How well each class is distinguished from the others. */
export function classesSection({ result }: CompleteReportContent): Markup {
  const { perClass, macroAverage, weightedAverage, images } = result;
  const averages = [
    ['macro average', ...ratios(macroAverage), whole(images)],
    ['weighted average', ...ratios(weightedAverage), whole(images)],
  ];
  return markup`<section aria-labelledby="classes">
<h2 id="classes">Classes</h2>
<p class="hint">Precision: of the images taken for a class, the part that is of it. Recall: of its images, the part that was found. F1: their harmonic mean.</p>
${perClass.length <= mostClasses ? table('All classes', [...perClass.map(row), ...averages]) : folded(perClass, averages)}
</section>`;
}

function folded(perClass: readonly ClassMetrics[], averages: readonly (readonly Insertable[])[]): Markup {
  const worstFirst = perClass.toSorted((a, b) => (a.f1 ?? Infinity) - (b.f1 ?? Infinity));
  const isAll = perClass.length <= mostListed;
  const listed = isAll ? perClass : worstFirst.slice(0, mostListed);
  const which = isAll ? `All ${perClass.length} classes` : `The ${whole(mostListed)} classes with the lowest F1`;
  const worst = worstFirst.slice(0, worstClasses);
  return markup`${table(`The ${worst.length} classes with the lowest F1 of ${whole(perClass.length)}`, [...worst.map(row), ...averages])}
<details><summary>${which}</summary>
${table(which, listed.map(row))}
</details>`;
}

function table(caption: string, rows: readonly (readonly Insertable[])[]): Markup {
  return htmlTable({ caption, columns: ['class', 'precision', 'recall', 'F1', 'images'], rows });
}

function row(metrics: ClassMetrics): Insertable[] {
  return [named(metrics.className), ...ratios(metrics), whole(metrics.support)];
}

function ratios({ precision, recall, f1 }: AverageMetrics): string[] {
  return [precision, recall, f1].map(ratio);
}
