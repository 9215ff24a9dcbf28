import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import { defineConfig } from 'vitepress';

import { apiSidebars } from './api-sidebar.js';
import { sections } from './pages.js';
import { headingSlug, repositoryFiles, siteAddress } from './repository-files.js';

/** The icon of serve-model's page, as an address that needs no second copy of the file. */
const icon = `data:image/svg+xml,${encodeURIComponent(readFileSync(inRepository('src/serving/page/public/icon.svg'), 'utf8'))}`;

const files = new Map(repositoryFiles().map(({ file, name }) => [`repository/${name}.md`, file]));

/** The documentation site: `npm run docs` builds it. A link to nothing fails the build. */
export default defineConfig({
  title: 'Signet',
  description: 'Train image classifiers in TypeScript and ship them as TensorFlow SavedModels',
  lang: 'en',
  ignoreDeadLinks: false,
  head: [['link', { rel: 'icon', type: 'image/svg+xml', href: icon }]],
  // The home page's picture is one of those that documents show.
  vite: { publicDir: inRepository('docs/images') },
  markdown: {
    // Addresses such as http://localhost:4318 are examples, not links.
    linkify: false,
    anchor: { slugify: headingSlug },
    config: (md) => {
      md.core.ruler.push('site-addresses', ({ tokens, env }) => {
        const { relativePath } = env as { relativePath: string };
        if (relativePath.startsWith('api/')) return;
        const document = files.get(relativePath) ?? `docs/${relativePath}`;
        for (const token of tokens.flatMap(({ children }) => children ?? [])) {
          if (token.type === 'link_open') token.attrSet('href', siteAddress(document, token.attrGet('href') ?? ''));
        }
      });
    },
  },
  themeConfig: {
    logo: icon,
    outline: [2, 3],
    search: {
      provider: 'local',
      options: {
        miniSearch: {
          searchOptions: {
            // Guides answer most questions; a reader who looks for an export types its whole name.
            boostDocument: (id: string) => (/^\/(api|decisions|repository)\//.test(id) ? 0.3 : 1),
          },
        },
      },
    },
    nav: [
      { text: 'Tutorial', link: '/tutorial' },
      { text: 'Guides', link: '/training', activeMatch: '^/(training|models|serving|exporting|deploying)' },
      { text: 'Commands', link: '/commands' },
      { text: 'API', link: '/api/', activeMatch: '^/api/' },
    ],
    sidebar: { ...apiSidebars(), '/': [...sections] },
    docFooter: { prev: 'Previous', next: 'Next' },
    footer: { message: 'Apache-2.0' },
  },
});

function inRepository(file: string): string {
  return fileURLToPath(new URL(`../../${file}`, import.meta.url));
}
