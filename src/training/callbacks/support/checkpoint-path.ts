import { SignetError } from '../../../errors.js';

/**
 * Makes the path of a checkpoint from a pattern in Python's format, as Keras accepts it: `models/{epoch:02d}-{val_loss:.2f}`.
 *
 * `{name}` is the number as it is, `{name:02d}` a whole number with zeros in front, `{name:.2f}` one with two decimals.
 *
 * @throws SignetError `INVALID_ARGUMENT` for a name that is not among the values; the message lists them.
 */
export function checkpointPath(pattern: string, values: Readonly<Record<string, number>>): string {
  return pattern.replace(placeholder, (_, name: string, width?: string, decimals?: string) => {
    const value = values[name];
    if (value === undefined) {
      throw new SignetError(
        'INVALID_ARGUMENT',
        `Failed to format this callback filepath: "${pattern}". It may name ${Object.keys(values).join(', ')}. Received: {${name}}.`,
      );
    }
    if (width !== undefined) return value.toFixed(0).padStart(Number(width), '0');
    return decimals === undefined ? String(value) : value.toFixed(Number(decimals));
  });
}

/** Whether each checkpoint gets a path of its own. */
export function isPattern(pattern: string): boolean {
  return pattern.search(placeholder) !== -1;
}

/** Whether a path may have been made from a pattern: a path that was read from a file must not lead elsewhere. */
export function matchesPattern(pattern: string, path: string): boolean {
  const literals = pattern.replace(placeholder, '\0').split('\0');
  const escaped = literals.map((text) => text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  return new RegExp(`^${escaped.join('-?\\d+(?:\\.\\d+)?')}$`).test(path);
}

const placeholder = /\{(\w+)(?::(?:0?(\d{1,2})d|\.(\d{1,2})f))?\}/g;
