import { confusedPairs } from '../classification-metrics.js';
import type { DrawnMatrix } from './confusion-matrix.js';
import { htmlTable, markup, type Markup } from './markup.js';
import type { OneClassContent } from './report-content.js';
import { named, percent, whole } from './report-text.js';

const mostPairs = 20;

/** Which classes are taken for which. */
export function confusionSection({ result }: OneClassContent, { picture, classes }: DrawnMatrix): Markup {
  const all = result.perClass.length;
  const part =
    classes.length < all &&
    ` These ${classes.length} of ${whole(all)} classes are those of the most frequent confusions.`;
  return markup`<section aria-labelledby="confusions">
<h2 id="confusions">Confusion matrix</h2>
<p class="hint">Rows are the true classes, columns the predicted ones. The darker a cell, the larger its part of the row's images: blue where they are right, orange where they are mistaken.${part}</p>
<div class="beside">
<div class="scroll" tabindex="0" role="region" aria-label="Confusion matrix">${picture}</div>
${pairs(result)}
</div>
</section>`;
}

function pairs(result: OneClassContent['result']): Markup {
  const found = confusedPairs(result);
  if (found.length === 0) return markup`<p>No class was taken for another.</p>`;
  const name = (label: number) => named(result.perClass[label]?.className ?? '');
  const rows = found.slice(0, mostPairs).map(({ truth, predicted, images }) => {
    const support = result.perClass[truth]?.support ?? images;
    return [name(truth), name(predicted), whole(images), percent(images / support)];
  });
  const which =
    found.length > rows.length ? `The ${rows.length} most frequent of ${whole(found.length)} confusions` : 'Confusions';
  return htmlTable({
    caption: `${which}, with their part of the true class's images`,
    columns: ['true class', 'taken for', 'images', 'part'],
    rows,
    texts: 2,
  });
}
