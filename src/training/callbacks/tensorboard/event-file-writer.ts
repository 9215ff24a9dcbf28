import { appendFile, mkdir } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf';

import { cannotWrite } from '../../../files/cannot-write.js';
import { encodeTfRecord } from '../../../saved-model/checkpoint/tf-record.js';
import {
  type EventSchema as EventType,
  EventSchema,
} from '../../../tensorflow/protos/tensorflow/core/util/event_pb.js';
import type { SummaryValue } from './summaries.js';

type EventInit = MessageInitShape<typeof EventType>;

/** Counts the files of this process, so that two writers in one second have different names. */
let files = 0;

/**
 * Writes an event file that TensorBoard shows as one run: TFRecords of Event messages, the first with the version.
 *
 * Source: tensorflow/core/util/events_writer.cc.
 */
export class EventFileWriter {
  readonly file: string;
  #waiting: Uint8Array[] = [];

  /** @param folder Created when something is written; its name is the run's. */
  constructor(private readonly folder: string) {
    const seconds = String(Math.floor(Date.now() / 1000)).padStart(10, '0');
    const host = os.hostname().replace(/[^A-Za-z0-9.-]/g, '_');
    this.file = path.join(folder, `events.out.tfevents.${seconds}.${host}.${process.pid}.${files}.v2`);
    files += 1;
    this.#add({ what: { case: 'fileVersion', value: 'brain.Event:2' }, sourceMetadata: { writer: 'signet' } });
  }

  /** Adds values of a step; they are on the disk after the next `flush`. */
  write(step: number, values: readonly SummaryValue[]): void {
    if (values.length === 0) return;
    this.#add({ step: BigInt(step), what: { case: 'summary', value: { value: [...values] } } });
  }

  /** @throws SignetError `CANNOT_WRITE`. */
  async flush(): Promise<void> {
    const bytes = Buffer.concat(this.#waiting);
    this.#waiting = [];
    try {
      await mkdir(this.folder, { recursive: true });
      await appendFile(this.file, bytes);
    } catch (error) {
      throw cannotWrite(this.file, error);
    }
  }

  #add(event: EventInit): void {
    const timed = create(EventSchema, { ...event, wallTime: Date.now() / 1000 });
    this.#waiting.push(encodeTfRecord(toBinary(EventSchema, timed)));
  }
}
