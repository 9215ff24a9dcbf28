import { wilsonInterval } from '../../data/statistics.js';
import { type Markup, markup } from './markup.js';
import type { CompleteReportContent, Fact, MultiLabelContent, OneClassContent } from './report-content.js';
import { ratio, whole } from './report-text.js';

/** The numbers that one looks for first, then what was evaluated, and how to do it again. */
export function summarySection(content: CompleteReportContent): Markup {
  return markup`<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<dl class="figures">
${figures(content).map(([name, value]) => markup`<div><dd>${value}</dd><dt>${name}</dt></div>\n`)}</dl>
<p class="hint">${confidence(content)}</p>
<div class="columns">
${content.facts.map(({ title, rows }) => factsTable(title, rows))}
</div>
${content.command !== '' && commandDetails(content.command)}
</section>`;
}

function figures(content: CompleteReportContent): Fact[] {
  return content.kind === 'one class' ? ofOneClass(content) : ofMultiLabel(content);
}

function ofMultiLabel({ result, loss }: MultiLabelContent): Fact[] {
  const { images, meanAveragePrecision, macroAverage, microAverage, exactMatches, nonFinite, perClass } = result;
  return [
    ['mAP', ratio(meanAveragePrecision)],
    ['F1, mean of the classes', ratio(macroAverage.f1)],
    ['F1 of all answers', ratio(microAverage.f1)],
    ['images all right', ratio(exactMatches)],
    ['loss', ratio(loss)],
    ['images', whole(images)],
    ...(nonFinite === 0 ? [] : [['without a number', whole(nonFinite)] as const]),
    ['classes', whole(perClass.length)],
  ];
}

function ofOneClass({ result, loss }: OneClassContent): Fact[] {
  const { images, accuracy, topK, nonFinite, perClass, calibration } = result;
  const right = countRight(result);
  return [
    ['accuracy', ratio(accuracy)],
    // The best of one is the accuracy again.
    ...(topK.k === 1 ? [] : [[`top-${topK.k} accuracy`, ratio(topK.accuracy)] as const]),
    ['loss', ratio(loss)],
    ...(calibration ? [['calibration error', ratio(calibration.expectedCalibrationError)] as const] : []),
    ['images', whole(images)],
    ['mistakes', whole(images - right)],
    ...(nonFinite === 0 ? [] : [['without a number', whole(nonFinite)] as const]),
    ['classes', whole(perClass.length)],
  ];
}

function confidence(content: CompleteReportContent): string {
  if (content.result.images === 0) return 'No image was evaluated.';
  if (content.kind === 'multi-label') {
    return 'mAP: the mean over the classes of the average precision, which needs no threshold. The other ratios are of the answers at the thresholds.';
  }
  const { result } = content;
  const [low, high] = wilsonInterval(countRight(result), result.images).map(ratio);
  return `With 95 % confidence the accuracy on all images of this kind is between ${low} and ${high} (Wilson's interval).`;
}

function commandDetails(command: string): Markup {
  return markup`<details open><summary>The same again</summary>
<pre><code>${command}</code></pre></details>`;
}

function countRight({ confusionMatrix }: OneClassContent['result']): number {
  return confusionMatrix.reduce((total, row, label) => total + (row[label] ?? 0), 0);
}

function factsTable(title: string, rows: readonly Fact[]): Markup {
  return markup`<table class="facts"><caption>${title}</caption><tbody>
${rows.map(([name, value]) => markup`<tr><th scope="row">${name}</th><td><bdi>${value}</bdi></td></tr>\n`)}</tbody></table>`;
}
