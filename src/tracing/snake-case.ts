/** `predictBytesImage` in TypeScript is `predict_bytes_image` inside a SavedModel. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter, position: number) => `${position === 0 ? '' : '_'}${letter.toLowerCase()}`);
}
