import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A file outside `docs/` that a page links to. It becomes a page of its own, so that no link leaves the site. */
export interface RepositoryFile {
  /** Path in the repository, such as `deploy/compose.yaml`. */
  readonly file: string;
  /** Name of its page in `repository/`, without a dot, which VitePress would take for the ending of a download. */
  readonly name: string;
}

/** Finds the files outside `docs/` that the README and pages link to, and those that these link to. */
export function repositoryFiles(): RepositoryFile[] {
  const found = new Set<string>();
  const documents = ['README.md', ...documentsIn('docs')];
  for (const document of documents) {
    for (const { file: target } of linksOf(document)) {
      if (target.startsWith('docs/') || target === 'README.md' || found.has(target)) continue;
      found.add(target);
      if (target.endsWith('.md')) documents.push(target);
    }
  }
  return [...found].sort().map((file) => ({ file, name: nameOf(file) }));
}

/**
 * Turns a relative link of a document into the address of its page on the site.
 *
 * @param document Path of the document in the repository, such as `docs/serving.md`.
 * @param href The link as it is written, such as `../SECURITY.md#models`.
 */
export function siteAddress(document: string, href: string): string {
  if (/^([a-z]+:|#|\/)/i.test(href)) return href;
  const [target = '', anchor] = href.split('#');
  const file = resolve(document, target);
  const hash = anchor === undefined ? '' : `#${anchor}`;
  if (file === 'README.md') return `/index.md${hash}`;
  return file.startsWith('docs/') ? `/${file.slice('docs/'.length)}${hash}` : `/repository/${nameOf(file)}.md${hash}`;
}

/** Text of the page of a file: a document as it is, anything else as code. */
export function pageOf(file: string): string {
  const text = readFileSync(path.join(root, file), 'utf8');
  if (file.endsWith('.md')) return text;
  return `# ${file}\n\n~~~~${path.extname(file).slice(1) || 'docker'}\n${text.trimEnd()}\n~~~~\n`;
}

/** Slug that GitHub gives a heading, so that one anchor works there and on the site. */
export function headingSlug(heading: string): string {
  return heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{Letter}\p{Mark}\p{Number}\p{Connector_Punctuation} -]/gu, '')
    .replaceAll(' ', '-');
}

/** Documents of a folder and its folders, less those that are generated. */
export function documentsIn(folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const file = `${folder}/${entry.name}`;
    if (entry.isDirectory()) return ['api', 'repository', '.vitepress'].includes(entry.name) ? [] : documentsIn(file);
    return entry.name.endsWith('.md') ? [file] : [];
  });
}

/** Finds the links of a document to other files and to its own headings, outside code. */
export function linksOf(document: string): { href: string; file: string; anchor: string | undefined }[] {
  const text = readFileSync(path.join(root, document), 'utf8').replaceAll(/^(```|~~~).*?^\1|`[^`\n]*`/gms, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, href = '']) => href)
    .filter((href) => !/^[a-z]+:/i.test(href))
    .map((href) => {
      const [target = '', anchor] = href.split('#');
      return { href, file: target === '' ? document : resolve(document, target), anchor };
    });
}

/** Path in the repository of what a document links to; of a folder, its README. */
function resolve(document: string, target: string): string {
  const file = path.posix.join(path.posix.dirname(document), target).replace(/\/$/, '');
  return existsSync(path.join(root, file, 'README.md')) ? `${file}/README.md` : file;
}

function nameOf(file: string): string {
  return file.replace(/\.md$/, '').replaceAll(/[/.]/g, '-').toLowerCase();
}
