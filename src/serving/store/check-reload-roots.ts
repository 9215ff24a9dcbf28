import { realpath } from 'node:fs/promises';
import path from 'node:path';

import { ServingError } from '../serving-error.js';
import { shown } from '../limits/shown.js';
import type { ModelConfig } from './model-config.js';

/**
 * Checks that all models of a client's configuration lie below folders that it may choose from, links followed.
 *
 * The answer is the same whether a path outside exists or not: so that nobody can explore the disk with it.
 *
 * @throws ServingError `PERMISSION_DENIED`.
 */
export async function checkReloadRoots(configs: readonly ModelConfig[], roots: readonly string[]): Promise<void> {
  const real = await Promise.all(roots.map((root) => realpath(root).catch(() => path.resolve(root))));
  for (const { name, basePath } of configs) {
    const lexical = path.resolve(basePath);
    const target = await realpath(basePath).catch(() => null);
    // A link is judged by its target, a missing path by its name.
    const isAllowed =
      target === null
        ? [...real, ...roots.map((root) => path.resolve(root))].some((root) => isBelow(lexical, root))
        : real.some((root) => isBelow(target, root));
    if (isAllowed) continue;
    throw new ServingError(
      'PERMISSION_DENIED',
      `Model ${shown(name)}: its base path is not below a folder that this server reloads from (--reload-root).`,
    );
  }
}

function isBelow(file: string, folder: string): boolean {
  const relative = path.relative(folder, file);
  return relative === '' || !(relative === '..' || relative.startsWith(`..${path.sep}`) || path.isAbsolute(relative));
}
