import type { Answered } from '../confidence/selective-accuracy.js';
import { htmlTable, type Insertable, markup, type Markup } from './markup.js';
import { reliabilityDiagram } from './reliability-diagram.js';
import type { OneClassContent } from './report-content.js';
import { named, percent, ratio } from './report-text.js';

/** Classes in the table of thresholds at most. */
const mostClasses = 100;
/** Thresholds that the classes' table has; of all there would be too many columns. */
const classThresholds = [0, 0.5, 0.7, 0.9];

/** Whether probabilities mean what they say, and what is left of the answers above a threshold; nothing where that is not known. */
export function confidenceSection({ result }: OneClassContent): Markup | null {
  const { calibration, thresholds } = result;
  if (!calibration || result.images === 0) return null;
  const { expectedCalibrationError: error, errorByChance, errorByChanceLimit, temperature } = calibration;
  const scaled =
    temperature === 1
      ? 'The probabilities are the softmax of the logits.'
      : `The probabilities are the softmax of the logits divided by a temperature of ${temperature.toFixed(3)}, which was chosen on the validation.`;
  const verdict =
    error <= errorByChanceLimit
      ? 'this error does not show that the confidences are wrong'
      : 'this error is larger: the confidences are wrong';
  const rows = thresholds.map((row) => [row.threshold.toFixed(2), ...cells(row)]);
  return markup`<section aria-labelledby="confidence">
<h2 id="confidence">Confidence</h2>
<p class="hint">Expected calibration error: ${ratio(error)}, the mean difference between how confident the model is and how often it is right, in 15 bins. If every confidence were right, chance alone would give about ${ratio(errorByChance)} with this number of images, and up to ${ratio(errorByChanceLimit)} in 19 of 20 cases; ${verdict}. Bars below the dashed line are of answers that are too confident. ${scaled}</p>
<div class="beside">
<div class="scroll" tabindex="0" role="region" aria-label="Reliability diagram">${reliabilityDiagram(calibration)}</div>
${htmlTable({ caption: 'What is answered if less confident answers are left out, and how much of it is right', columns: ['threshold', 'answered', 'accuracy'], rows })}
</div>
${perClass(result)}
</section>`;
}

/** The same for each class that images are taken for. */
function perClass({ thresholds, perClass: classes }: OneClassContent['result']): Markup {
  const chosen = thresholds.filter(({ threshold }) => classThresholds.includes(threshold));
  const rows = classes
    .slice(0, mostClasses)
    .map(({ className }, label): Insertable[] => [
      named(className),
      ...chosen.flatMap(({ perClass: of }) => cells(of[label] ?? { answered: null, accuracy: null })),
    ]);
  const columns = chosen.flatMap(({ threshold }) => [`≥ ${threshold.toFixed(1)}: answered`, 'accuracy']);
  const some = classes.length > mostClasses ? `The first ${mostClasses} classes` : 'Each class';
  return markup`<details><summary>${some}</summary>
${htmlTable({ caption: 'Images that are taken for a class: how many of these answers reach a threshold, and how many of those are right', columns: ['class', ...columns], rows })}
</details>`;
}

function cells({ answered, accuracy }: Answered): string[] {
  return [answered === null ? '–' : percent(answered), accuracy === null ? '–' : percent(accuracy)];
}
