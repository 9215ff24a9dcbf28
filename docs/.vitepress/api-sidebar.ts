import { existsSync, readdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

import type { DefaultTheme } from 'vitepress';

const folder = fileURLToPath(new URL('../api', import.meta.url));
const modules = ['signet-ml', 'signet-ml/client', 'signet-ml/saved-model', 'signet-ml/serving'];

/** Folders in which TypeDoc puts the exports of a module; what users look for first stands first. */
const kinds = {
  classes: 'Classes',
  functions: 'Functions',
  interfaces: 'Interfaces',
  'type-aliases': 'Types',
  variables: 'Variables',
};

/**
 * Sidebars of the API in `docs/api`, by the address below which each is shown.
 *
 * The pages of one kind list each other; a list of all 370 exports in each of 370 pages would take 80 MB.
 */
export function apiSidebars(): DefaultTheme.SidebarMulti {
  const sidebars: DefaultTheme.SidebarMulti = { '/api/': overview() };
  for (const module of modules) {
    for (const [kind, text] of Object.entries(kinds)) {
      const exports = exportsOf(module, kind);
      const items = exports.map((name) => ({ text: name, link: `/api/${module}/${kind}/${name}` }));
      if (items.length > 0) sidebars[`/api/${module}/${kind}/`] = [...overview(module), { text, items }];
    }
  }
  return sidebars;
}

/** The modules, and the kinds of exports of the one that is open. */
function overview(open = 'signet-ml'): DefaultTheme.SidebarItem[] {
  const items = modules.map((module) => ({
    text: module,
    link: `/api/${module}/`,
    items:
      module === open
        ? Object.entries(kinds)
            .filter(([kind]) => exportsOf(module, kind).length > 0)
            .map(([kind, text]) => ({
              text,
              link: `/api/${module}/#${kind === 'type-aliases' ? kind : text.toLowerCase()}`,
            }))
        : [],
  }));
  return [{ text: 'API', link: '/api/', items }];
}

function exportsOf(module: string, kind: string): string[] {
  const place = `${folder}/${module}/${kind}`;
  if (!existsSync(place)) return [];
  return readdirSync(place)
    .map((file) => file.replace(/\.md$/, ''))
    .sort((a, b) => a.localeCompare(b));
}
