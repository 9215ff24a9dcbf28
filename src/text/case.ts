/** `predictBytesImage` in TypeScript is `predict_bytes_image` inside a SavedModel. */
export function snakeCase(name: string): string {
  return separated(name, '_');
}

/** `inputWidth` in TypeScript is `--input-width` on a command line. */
export function kebabCase(name: string): string {
  return separated(name, '-');
}

/** The inverse of `kebabCase`. */
export function camelCase(name: string): string {
  return name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function separated(name: string, separator: string): string {
  return name.replaceAll(
    /[A-Z]/g,
    (letter, position: number) => `${position === 0 ? '' : separator}${letter.toLowerCase()}`,
  );
}
