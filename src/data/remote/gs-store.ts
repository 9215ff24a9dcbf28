import { loadOptional } from '../../files/load-optional.js';
import { objectOf } from './object-of.js';
import { joinPieces, RemoteFailure, type RemoteStore } from './remote-store.js';

/** Reads objects of Google Cloud Storage, or of a server with its protocol (`STORAGE_EMULATOR_HOST`). Credentials are Google's application defaults. */
export async function openGsStore(): Promise<RemoteStore> {
  const { Storage } = await loadOptional('Data at gs:// is read by @google-cloud/storage', ['@google-cloud/storage'], async () => import('@google-cloud/storage')); // prettier-ignore
  // The reader tries again itself, even if an answer breaks off. What takes no signal here is ended by the package after a minute.
  const storage = new Storage({ retryOptions: { autoRetry: false, maxRetries: 0 } });
  const fileOf = (location: string, generation?: string) => {
    const { bucket, key } = objectOf(location);
    return storage.bucket(bucket).file(key, generation === undefined ? {} : { generation });
  };
  return {
    async list(folder, most) {
      const { bucket, key: prefix } = objectOf(folder);
      const names: string[] = [];
      let query: object | null = { prefix, delimiter: '/', autoPaginate: false };
      while (query) {
        const asked: object = query;
        const [files, next] = await tried(() => storage.bucket(bucket).getFiles(asked));
        for (const { name } of files) if (name.length > prefix.length) names.push(name.slice(prefix.length));
        if (names.length > most) throw new RemoteFailure('refused', `it lists more than ${most} files`);
        query = (next as object | null | undefined) ?? null;
      }
      return names;
    },
    async describe(location) {
      try {
        const [{ size, generation }] = await tried(() => fileOf(location).getMetadata());
        return { location, size: Number(size), version: String(generation) };
      } catch (error) {
        if (error instanceof AbsentFile) return null;
        throw error;
      }
    },
    async read({ location, version }, offset, length, signal) {
      try {
        return await tried(() => download(fileOf(location, version), offset, length, signal));
      } catch (error) {
        // An earlier generation is gone once another has replaced it.
        if (error instanceof AbsentFile) throw RemoteFailure.changed();
        throw error;
      }
    },
  };
}

interface Readable {
  createReadStream(options: object): NodeJS.ReadableStream & { destroy(): void };
}

async function download(file: Readable, offset: number, length: number, signal: AbortSignal): Promise<Uint8Array> {
  const stream = file.createReadStream({ start: offset, end: offset + length - 1, validation: false, decompress: false }); // prettier-ignore
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await joinPieces(stream as AsyncIterable<Uint8Array>, length);
  } catch (error) {
    // A stream that is destroyed ends early.
    signal.throwIfAborted();
    throw error;
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
}

class AbsentFile extends RemoteFailure {
  constructor() {
    super('refused', 'it does not exist');
  }
}

async function tried<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RemoteFailure) throw error;
    const { code, message = '' } = error as { code?: number | string; message?: string };
    const status = Number(code);
    const words = message.split('\n')[0] ?? '';
    if (status === 404) throw new AbsentFile();
    if (status >= 300) throw RemoteFailure.ofStatus(status, `the server answers ${status} (${words})`, error);
    throw new RemoteFailure(/credential/i.test(message) ? 'denied' : 'passing', words, { cause: error });
  }
}
