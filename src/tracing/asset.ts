import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { SignetError } from '../errors.js';

/** An asset whose content is made rather than read. */
export interface AssetContent {
  /** The file's name in `assets/`. */
  readonly name: string;
  /** Content of the file; text is written as UTF-8. */
  readonly content: string | Uint8Array;
}

/**
 * A file that travels with a SavedModel, in its folder `assets/`, and that a graph reads wherever the folder was moved to.
 *
 * @example
 * ```ts
 * class BytesToClassName extends Servable {
 *   readonly labels = asset(new URL('labels.txt', import.meta.url));
 *   readonly classify = tfFunction((index: tf.Tensor) => lookUpLabel(index, this.labels), ...);
 * }
 * ```
 */
export class Asset {
  /** The file's name in `assets/`. */
  readonly name: string;
  readonly #source: string | Uint8Array;

  /** @throws SignetError `INVALID_ASSET`. */
  constructor(source: string | URL | AssetContent) {
    if (typeof source === 'string' || source instanceof URL) {
      this.#source = existingFile(source);
      this.name = path.basename(this.#source);
    } else {
      this.#source = Buffer.from(source.content);
      this.name = checkedName(source.name);
    }
  }

  /** The file's content. @throws SignetError `INVALID_ASSET` when the file has gone. */
  read(): Uint8Array {
    if (typeof this.#source !== 'string') return this.#source;
    existingFile(this.#source);
    return readFileSync(this.#source);
  }
}

/**
 * Declares a file as part of a Servable.
 *
 * @param source A path, a `file:` URL such as `new URL('labels.txt', import.meta.url)`, or a name with a content.
 * @throws SignetError `INVALID_ASSET`.
 */
export function asset(source: string | URL | AssetContent): Asset {
  return new Asset(source);
}

function existingFile(source: string | URL): string {
  if (source instanceof URL && source.protocol !== 'file:') {
    throw new SignetError('INVALID_ASSET', `An asset is a file on this machine. Received: ${source.href}.`);
  }
  const file = path.resolve(source instanceof URL ? fileURLToPath(source) : source);
  const found = statSync(file, { throwIfNoEntry: false });
  if (found?.isFile()) return file;
  throw new SignetError(
    'INVALID_ASSET',
    `The asset ${file} ${found ? 'is not a file' : 'does not exist'}. A relative path starts at the working directory; ` +
      "new URL('labels.txt', import.meta.url) starts at the source file.",
  );
}

/** A name must not lead out of the folder `assets/`. */
function checkedName(name: string): string {
  if (name !== '' && name === path.basename(name) && !/^\.+$|[\\/\0]/.test(name)) return name;
  throw new SignetError('INVALID_ASSET', `An asset's name is a file name without folders. Received: "${name}".`);
}
