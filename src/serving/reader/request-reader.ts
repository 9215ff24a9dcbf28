import type { SizeLimits } from '../limits/check-size.js';
import { type ReaderHead, type ReaderJob, type ReaderResult, runReaderJob, type Signatures } from './reader-jobs.js';
import { ReaderThread } from './reader-thread.js';

/** A larger body, in bytes, is read in a thread of its own. Below, nothing takes more than a few tens of milliseconds. */
const largeBytes = 2 ** 16;

type HeadOf<Type extends ReaderHead['type']> = Extract<ReaderHead, { readonly type: Type }>;

/** Reads the bodies of requests: small ones here and now, large ones in another thread. */
export class RequestReader {
  readonly #thread = new ReaderThread();

  constructor(readonly limits: SizeLimits = {}) {}

  /** @throws ServingError */
  predict(bytes: Buffer, signatures: Signatures, onSignature: (name: string) => void) {
    return this.#run<'predict'>({ type: 'predict', bytes, signatures, limits: this.limits }, onSignature);
  }

  /** @throws ServingError */
  infer(bytes: Buffer, signatures: Signatures, onSignature: (name: string) => void) {
    return this.#run<'infer'>({ type: 'infer', bytes, signatures, limits: this.limits }, onSignature);
  }

  /** @throws ServingError */
  examples(
    type: 'classification' | 'regression',
    bytes: Buffer,
    signatures: Signatures,
    onSignature: (name: string) => void,
  ) {
    return this.#run<'examples'>({ type, bytes, signatures, limits: this.limits }, onSignature);
  }

  /** @throws ServingError */
  form(contentType: string, bytes: Buffer) {
    return this.#run<'form'>({ type: 'form', bytes, contentType });
  }

  /** A message that carries tensors. @throws ServingError */
  message(typeName: string, bytes: Uint8Array, maxCost: number) {
    return this.#run<'message'>({ type: 'message', bytes, typeName, maxCost, limits: this.limits });
  }

  /** Whether a body goes to the thread. */
  isLarge(bytes: Uint8Array): boolean {
    return bytes.length > largeBytes;
  }

  end(): Promise<void> {
    return this.#thread.end();
  }

  #run<Type extends ReaderHead['type']>(
    job: ReaderJob,
    onSignature: (name: string) => void = () => undefined,
  ): Promise<ReaderResult<HeadOf<Type>>> {
    const done = this.isLarge(job.bytes) ? this.#thread.run(job, onSignature) : runReaderJob(job, onSignature);
    return done as Promise<ReaderResult<HeadOf<Type>>>;
  }
}
