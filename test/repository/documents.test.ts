import { existsSync, readFileSync, statSync } from 'node:fs';

import { describe, expect, it } from 'vitest';

import { sections } from '../../docs/.vitepress/pages.js';
import {
  documentsIn,
  headingSlug,
  linksOf,
  repositoryFiles,
  siteAddress,
} from '../../docs/.vitepress/repository-files.js';

const readmes = documentsIn('src').concat(documentsIn('examples'), documentsIn('models'));
const documents = ['README.md', 'CHANGELOG.md', 'CONTRIBUTING.md', 'SECURITY.md', ...documentsIn('docs'), ...readmes];

/** Anchors of a document's headings, as GitHub makes them: the second heading of the same words ends in -1. */
function anchorsOf(document: string): Set<string> {
  const text = readFileSync(document, 'utf8').replaceAll(/^(```|~~~).*?^\1/gms, '');
  const counts = new Map<string, number>();
  const anchors = [...text.matchAll(/^#{1,6} (.+)$/gm)].map(([, heading = '']) => {
    const slug = headingSlug(heading.replaceAll(/`|\[([^\]]*)\]\([^)]*\)/g, '$1'));
    const count = counts.get(slug) ?? 0;
    counts.set(slug, count + 1);
    return count === 0 ? slug : `${slug}-${count}`;
  });
  return new Set(anchors);
}

describe('the documents', () => {
  it.each(documents)('%s links to files and headings that there are', (document) => {
    const dead = linksOf(document).filter(
      ({ file, anchor }) =>
        !existsSync(file) || (anchor !== undefined && !(file.endsWith('.md') && anchorsOf(file).has(anchor))),
    );
    expect(dead.map(({ href }) => href)).toEqual([]);
  });

  it.each(documents)('%s has no rest of a merge', (document) => {
    expect(readFileSync(document, 'utf8')).not.toMatch(/^(<{7}|>{7}|(> ){6}>) /m);
  });

  it('all appear in the sidebar of the site', () => {
    const listed = sections.flatMap(({ items }) => items.map(({ link = '' }) => link.slice(1)));
    const decisions = linksOf('docs/decisions/README.md').map(({ file }) => file);
    const own = documentsIn('docs')
      .filter((file) => file !== 'docs/index.md' && !decisions.includes(file))
      .map((file) => file.slice('docs/'.length, -'.md'.length));
    const others = listed.filter((name) => name.startsWith('repository/'));
    expect(listed.filter((name) => !others.includes(name)).sort()).toEqual([...own, 'api/index'].sort());
    expect(repositoryFiles().map(({ name }) => `repository/${name}`)).toEqual(expect.arrayContaining(others));
  });

  it('outside docs become pages that are files', () => {
    for (const { file } of repositoryFiles()) expect(statSync(file).isFile(), file).toBe(true);
    expect(new Set(repositoryFiles().map(({ name }) => name)).size).toBe(repositoryFiles().length);
  });
});

it('README.md can be read in five minutes', () => {
  expect(readFileSync('README.md', 'utf8').split(/\s+/).length).toBeLessThan(900);
});

describe('the address on the site', () => {
  it.each([
    ['docs/serving.md', 'deploying.md#probes', '/deploying.md#probes'],
    ['docs/serving.md', '#limits', '#limits'],
    ['docs/serving.md', '../SECURITY.md', '/repository/security.md'],
    ['docs/serving.md', '../README.md', '/index.md'],
    ['docs/deploying.md', '../deploy/compose.yaml', '/repository/deploy-compose-yaml.md'],
    ['SECURITY.md', 'docs/serving.md#limits', '/serving.md#limits'],
    ['README.md', 'docs/decisions/', '/decisions/README.md'],
    ['docs/serving.md', 'https://arxiv.org/abs/1610.02391', 'https://arxiv.org/abs/1610.02391'],
  ])('of a link in %s to %s is %s', (document, href, address) => {
    expect(siteAddress(document, href)).toBe(address);
  });
});
