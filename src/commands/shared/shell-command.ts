import { kebabCase } from '../../text/case.js';
import { shellQuoted } from '../../text/printable.js';

/** In a clone of the repository the commands are scripts of npm, in a project binaries of the package. */
const isClone = import.meta.url.endsWith('.ts');

/** Flags with their values, by their names in camelCase. */
export type ShellFlags = Readonly<Record<string, string | number | boolean | undefined>>;

/**
 * What to type to run a command of Signet with these flags, `{ modelPath: 'models/LenetModel/1' }`; a switch that is off and a flag
 * of `undefined` are left out.
 */
export function shellCommand(name: string, flags: ShellFlags): string {
  const words = Object.entries(flags).flatMap(([flag, value]) => {
    if (value === undefined || value === false) return [];
    if (value === true) return [`--${kebabCase(flag)}`];
    return [`--${kebabCase(flag)}`, shellQuoted(String(value))];
  });
  return [isClone ? `npm run --silent ${name} --` : `npx ${name}`, ...words].join(' ');
}
