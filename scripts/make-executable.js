/**
 * Makes the commands in `dist/` executable, at the end of `npm run build`: tsc writes files that are not, and npm sets the mode only when it installs
 * a package, so that `npx COMMAND` in a clone would fail with "Permission denied".
 */
import { chmodSync, readFileSync } from 'node:fs';

const { bin } = /** @type {{ bin: Record<string, string> }} */ (JSON.parse(readFileSync('package.json', 'utf8')));
for (const file of Object.values(bin)) chmodSync(file, 0o755);
