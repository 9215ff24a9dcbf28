import { htmlTable, markup, type Markup } from './markup.js';
import type { CompleteReportContent } from './report-content.js';
import { shortPath, whole } from './report-text.js';

const mostListed = 50;

/** Images that could not be used; nothing where all could. */
export function skippedSection({ skippedList }: CompleteReportContent): Markup | null {
  const lines = skippedList.split('\n').filter((line) => line !== '');
  if (lines.length === 0) return null;
  const rows = lines.slice(0, mostListed).map((line) => {
    const [file = '', kind = '', reason = ''] = line.split('\t');
    return [shortPath(file), kind, reason];
  });
  const which = lines.length > rows.length ? `The first ${rows.length} of ${whole(lines.length)} files` : 'Files';
  return markup`<section aria-labelledby="skipped">
<h2 id="skipped">Images left out</h2>
${htmlTable({ caption: `${which} that could not be used`, columns: ['file', 'kind', 'reason'], rows, texts: 3 })}
</section>`;
}
