import type { ShadowReport, ShadowResult } from '../model-server.js';
import { agreementOf } from '../worker/agreement.js';
import { isStrings, type PackedValues, packValues, unpackValues } from '../worker/packed-value.js';
import { sharedMemory } from '../worker/shared-memory.js';
import { bytesOf } from './batch-values.js';
import type { Outputs, SignatureCall } from './queued-request.js';

/** A version that gets copies of requests to its model; its answers are not sent to clients. */
export interface ShadowOptions {
  /** Name of the model. Default: whichever one has such a version. */
  readonly model?: string | undefined;
  /** Number of the version. */
  readonly version: number;
  /** Share of the requests that it gets, from 0 to 1. Default: 0.1. */
  readonly share?: number | undefined;
}

/** A copy of a request, and how much the answers differ. */
export interface ShadowRun {
  readonly signatureName: string;
  readonly result: ShadowResult;
  /** Number of rows with an answer to compare: the position of the largest number, an integer, or a string. */
  readonly rows: number;
  /** Number of these that are the same. */
  readonly sameRows: number;
  /** The largest difference of two numbers, as a share of the largest number in their output, or of 1 if that is more. */
  readonly largestDifference: number;
}

/** The part of the versions that a shadow needs. */
export interface ShadowVersions {
  /** Runs a call on the shadow version. */
  readonly submit: (call: SignatureCall) => Promise<Outputs>;
  /** Whether requests wait for a version that answers. */
  readonly isBusy: () => boolean;
  readonly onRun: (run: ShadowRun) => void;
}

export const defaultShare = 0.1;
/** Maximum number of waiting copies; further ones are dropped. */
const mostWaiting = 8;
/** Inputs or outputs larger than this, in bytes, are not copied: they would take memory and time that requests need. */
const mostInputBytes = 4 * 2 ** 20;
const mostOutputBytes = 2 ** 18;
/** Minimum time between a request and its copy, so that the answer is on its way, and time between checks whether requests wait; in milliseconds. */
const pauseMilliseconds = 20;
/** Maximum time that a copy waits until requests leave it time, in milliseconds. */
const patienceMilliseconds = 5000;

interface Copy {
  readonly call: SignatureCall;
  readonly outputs: PackedValues;
  readonly since: number;
}

/**
 * Runs copies of requests on another version, one at a time, when no request waits, and compares the answers.
 *
 * For a request, a copy costs the time to copy at most 256 KiB; requests may also notice the processor time that it takes later.
 */
export class Shadow {
  readonly #waiting: Copy[] = [];
  /** Whether a copy is running, or about to be. */
  #isUnderWay = false;
  /** Share of a copy that is due. */
  #due = 0;
  readonly #results: Record<ShadowResult, number> = { compared: 0, dropped: 0, skipped: 0, failed: 0 };
  #rows = 0;
  #sameRows = 0;
  #largestDifference = 0;

  constructor(
    readonly share: number,
    private readonly versions: ShadowVersions,
  ) {}

  get report(): ShadowReport {
    return {
      share: this.share,
      results: { ...this.#results },
      rows: this.#rows,
      sameRows: this.#sameRows,
      largestDifference: this.#largestDifference,
    };
  }

  /** Takes a copy of a request that has been computed, if it belongs to the share. */
  offer({ signatureName, inputs, outputs: wanted }: SignatureCall, outputs: Outputs): void {
    this.#due += this.share;
    // Ten times 0.1 is a little less than 1.
    if (this.#due < 1 - 1e-9) return;
    this.#due -= 1;
    if (bytesOf(inputs) > mostInputBytes || bytesOf(outputs) > mostOutputBytes) this.#end(signatureName, 'skipped');
    else if (this.#waiting.length >= mostWaiting) this.#end(signatureName, 'dropped');
    else {
      const call = { signatureName, inputs, outputs: wanted };
      // The memory of the outputs may move to the thread that writes the answer, that of the inputs may be used again.
      sharedMemory.hold(inputs);
      this.#waiting.push({ call, outputs: packValues(outputs, false).values, since: performance.now() });
      this.#schedule();
    }
  }

  #schedule(): void {
    if (this.#isUnderWay || this.#waiting.length === 0) return;
    this.#isUnderWay = true;
    setTimeout(() => {
      void this.#next().finally(() => {
        this.#isUnderWay = false;
        this.#schedule();
      });
    }, pauseMilliseconds).unref();
  }

  async #next(): Promise<void> {
    const [first] = this.#waiting;
    if (!first) return;
    const isLate = performance.now() - first.since > patienceMilliseconds;
    if (!isLate && this.versions.isBusy()) return;
    this.#waiting.shift();
    if (isLate) this.#end(first.call.signatureName, 'dropped');
    else await this.#run(first);
    sharedMemory.release(first.call.inputs);
  }

  async #run({ call, outputs: packed }: Copy): Promise<void> {
    const outputs = unpackValues(packed);
    try {
      const others = await this.versions.submit({ ...call, deadline: Date.now() + patienceMilliseconds });
      if (!areAlike(outputs, others)) this.#end(call.signatureName, 'failed');
      else this.#end(call.signatureName, 'compared', [outputs, others]);
    } catch {
      // The version may be about to end, or not accept the same inputs as the other one.
      this.#end(call.signatureName, 'failed');
    }
  }

  #end(signatureName: string, result: ShadowResult, pair?: readonly [Outputs, Outputs]): void {
    const compared = pair ? compare(...pair) : { rows: 0, sameRows: 0, largestDifference: 0 };
    this.#results[result] += 1;
    this.#rows += compared.rows;
    this.#sameRows += compared.sameRows;
    this.#largestDifference = larger(this.#largestDifference, compared.largestDifference);
    this.versions.onRun({ signatureName, result, ...compared });
  }
}

function compare(outputs: Outputs, others: Outputs): Pick<ShadowRun, 'rows' | 'sameRows' | 'largestDifference'> {
  const numbers = agreementOf([[outputs, others]]);
  let { rows, sameRows } = numbers;
  for (const [name, { shape, values }] of Object.entries(outputs)) {
    const theirs = others[name]?.values ?? [];
    if (!isStrings(values) || !isStrings(theirs)) continue;
    // If labels are ordered by probability, the first one counts.
    const width = shape.length > 1 ? (shape.at(-1) ?? 1) : 1;
    for (let at = 0; at < values.length; at += Math.max(1, width)) {
      rows += 1;
      if (Buffer.from(values[at] ?? []).equals(theirs[at] ?? Buffer.alloc(0))) sameRows += 1;
    }
  }
  return { rows, sameRows, largestDifference: numbers.largestDifference };
}

/** NaN, once one is NaN. */
function larger(a: number, b: number): number {
  return Number.isNaN(a) || Number.isNaN(b) ? NaN : Math.max(a, b);
}

/** Whether the outputs have the same names, types and sizes. */
function areAlike(a: Outputs, b: Outputs): boolean {
  const text = (outputs: Outputs) =>
    JSON.stringify(Object.entries(outputs).map(([name, { dtype, shape }]) => [name, dtype, shape]).toSorted()); // prettier-ignore
  return text(a) === text(b);
}
