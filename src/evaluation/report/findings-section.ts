import { type Insertable, type Markup, markup } from './markup.js';

/** Makes the first section of a page: what was found, in sentences. @param more Markup after them. Default: none. */
export function findingsSection(sentences: readonly string[], more: Insertable = null): Markup {
  return markup`<section aria-labelledby="summary">
<h2 id="summary">Summary</h2>
<ul class="findings">
${sentences.map((each) => markup`<li>${each}</li>\n`)}</ul>
${more}
</section>`;
}
