import type { SavedModelParts } from '../saved-model/saved-model-parts.js';
import { writeSavedModel } from '../saved-model/write-saved-model.js';
import { isTfFunction } from '../tracing/tf-function.js';

/** What is exported beside the functions themselves. */
export interface SaveServableOptions extends Pick<SavedModelParts, 'variables' | 'assets' | 'assetsExtra'> {
  /** SignatureDef keys, each with the field that holds its tf function. */
  readonly signatures: Readonly<Record<string, string>>;
}

/**
 * Exports an object's tf functions as a SavedModel. Every field that holds one becomes a method for Python under its
 * name in snake_case; those that `signatures` names are served too.
 *
 * @throws SignetError `NOT_TRACEABLE`, `CANNOT_WRITE`.
 */
export async function saveServable(
  servable: object,
  directory: string,
  { signatures, ...rest }: SaveServableOptions,
): Promise<void> {
  const functions = Object.entries(servable).flatMap(([field, value]) => {
    if (!isTfFunction(value)) return [];
    const name = snakeCase(field);
    return [[name, value.getConcreteFunction(`__inference_${name}`)] as const];
  });
  await writeSavedModel(directory, {
    ...rest,
    functions: Object.fromEntries(functions),
    signatures: Object.fromEntries(Object.entries(signatures).map(([key, field]) => [key, snakeCase(field)])),
  });
}

/** `predictBytesImage` in TypeScript is `predict_bytes_image` inside a SavedModel. */
function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
