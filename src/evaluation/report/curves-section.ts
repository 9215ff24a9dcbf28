import { htmlTable, markup, type Markup } from './markup.js';
import type { ReportContent } from './report-content.js';
import type { LineChart } from './line-chart.js';
import { curvePicture } from './training-curves.js';

/** Of more epochs than this the numbers are not in the page: `history.csv` has them. */
const mostEpochs = 200;

/** How the training went; nothing where that is not known. */
export function curvesSection({ training }: ReportContent, curves: readonly LineChart[]): Markup | null {
  if (training === null || curves.length === 0) return null;
  const { epochs, columns } = training.history;
  const names = [...columns.keys()];
  const rows = epochs.map((epoch, i) => [epoch, ...names.map((name) => columns.get(name)?.[i]?.toPrecision(4) ?? '–')]);
  return markup`<section aria-labelledby="training">
<h2 id="training">Training</h2>
<div class="curves">
${curves.map(curvePicture)}
</div>
${
  rows.length <= mostEpochs &&
  markup`<details><summary>Numbers of each epoch</summary>
${htmlTable({ caption: `What was logged after each epoch; the best was ${training.bestEpoch}`, columns: ['epoch', ...names], rows })}
</details>`
}
</section>`;
}
