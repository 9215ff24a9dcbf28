import { readFile } from 'node:fs/promises';

/** Parts that pages share, by the placeholder comment that each replaces. */
const parts = ['pictures.html', 'answers.html'] as const;

/**
 * Composes a page of `html/`: comments such as `<!-- answers.html -->` become the part of that name.
 *
 * @param name `index.html` of a server, or `offline.html` of a page that needs none.
 */
export async function composePage(name: 'index.html' | 'offline.html'): Promise<string> {
  let page = await read(name);
  for (const part of parts) {
    const content = await read(part);
    page = page.replace(`<!-- ${part} -->`, () => content.trim());
  }
  return page;
}

function read(name: string): Promise<string> {
  return readFile(new URL(`./html/${name}`, import.meta.url), 'utf8');
}
