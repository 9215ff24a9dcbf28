import { htmlTable, markup, type Markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import type { LineChart } from './line-chart.js';
import { curvePicture } from './training-curves.js';

/** Epochs whose numbers are in the page at most; `history.csv` has more. */
const mostEpochs = 200;

function captionOf(bestEpoch: number | null): string {
  const best = bestEpoch === null ? '' : `; the best was ${bestEpoch}`;
  return `What was logged after each epoch${best}`;
}

/** How the training went; nothing where that is not known. */
export function curvesSection({ training }: CompleteReportContent, curves: readonly LineChart[]): Markup | null {
  if (training === null || curves.length === 0) return null;
  const { epochs, columns, stages = [] } = training.history;
  const names = [...columns.keys()];
  const nameOf = (epoch: number, stage?: string) => (stage === undefined ? epoch : `${epoch}, ${stage}`);
  const rows = epochs.map((epoch, i) => [
    nameOf(epoch, stages[i]),
    ...names.map((name) => columns.get(name)?.[i]?.toPrecision(4) ?? '–'),
  ]);
  return markup`<section aria-labelledby="training">
<h2 id="training">Training</h2>
<div class="curves">
${curves.map(curvePicture)}
</div>
${
  rows.length <= mostEpochs &&
  markup`<details><summary>Numbers of each epoch</summary>
${htmlTable({ caption: captionOf(training.bestEpoch), columns: ['epoch', ...names], rows })}
</details>`
}
</section>`;
}
