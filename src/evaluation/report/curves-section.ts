import { htmlTable, markup, type Markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import type { LineChart } from './line-chart.js';
import { curvePicture } from './training-curves.js';

/** Maximum number of epochs whose numbers are on the page; `history.csv` has more. */
const mostEpochs = 200;

function captionOf(bestEpoch: number | null): string {
  const best = bestEpoch === null ? '' : `; the best was ${bestEpoch}`;
  return `What was logged after each epoch${best}`;
}

/** How the training went; nothing where that is not known. */
export function curvesSection({ training }: CompleteReportContent, curves: readonly LineChart[]): Markup | null {
  if (training === null || training.history.epochs.length === 0) return null;
  const { epochs, columns, stages = [] } = training.history;
  const names = [...columns.keys()];
  const nameOf = (epoch: number, stage?: string) => (stage === undefined ? epoch : `${epoch}, ${stage}`);
  const rows = epochs.map((epoch, i) => [
    nameOf(epoch, stages[i]),
    ...names.map((name) => columns.get(name)?.[i]?.toPrecision(4) ?? '–'),
  ]);
  const table = htmlTable({ caption: captionOf(training.bestEpoch), columns: ['epoch', ...names], rows });
  return markup`<section aria-labelledby="training">
<h2 id="training">Training</h2>
${
  curves.length > 0 &&
  markup`<div class="curves">
${curves.map(curvePicture)}
</div>`
}
${
  rows.length <= mostEpochs &&
  (curves.length === 0 ? table : markup`<details><summary>Numbers of each epoch</summary>\n${table}\n</details>`)
}
</section>`;
}
