import { createHash } from 'node:crypto';
import type { FileHandle } from 'node:fs/promises';

import { encodeExample } from './example-sample.js';
import type { Container } from './find-shards.js';
import type { Sample } from './sample.js';
import type { PackedShard } from './shard-index.js';
import { encodeWebDatasetSample, tarEnd } from './webdataset-sample.js';

/** Bytes that are written at once. */
const chunkBytes = 1 << 20;

/** Writes samples to a shard, one after another. */
export class ShardWriter {
  readonly #hash = createHash('sha256');
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #bytes = 0;
  #images = 0;

  constructor(
    private readonly handle: FileHandle,
    private readonly container: Container,
  ) {}

  async add(sample: Sample): Promise<void> {
    const key = String(this.#images).padStart(7, '0');
    this.#images += 1;
    await this.#write(this.container === 'tfrecord' ? encodeExample(sample) : encodeWebDatasetSample(sample, key));
  }

  /** Writes what is left. */
  async finish(): Promise<Omit<PackedShard, 'file'>> {
    if (this.container === 'webdataset') await this.#write(tarEnd);
    await this.#flush();
    return { images: this.#images, bytes: this.#bytes, sha256: this.#hash.digest('hex') };
  }

  async #write(bytes: Uint8Array): Promise<void> {
    this.#waiting.push(bytes);
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes >= chunkBytes) await this.#flush();
  }

  async #flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    [this.#waiting, this.#waitingBytes] = [[], 0];
    this.#hash.update(bytes);
    this.#bytes += bytes.length;
    await this.handle.writeFile(bytes);
  }
}
