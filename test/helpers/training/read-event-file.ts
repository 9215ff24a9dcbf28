import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

import { fromBinary } from '@bufbuild/protobuf';

import { readTfRecords } from '../../../src/saved-model/checkpoint/tf-record.js';
import type { TensorProto } from '../../../src/tensorflow/protos/tensorflow/core/framework/tensor_pb.js';
import { type Event, EventSchema } from '../../../src/tensorflow/protos/tensorflow/core/util/event_pb.js';

/** A value of an event file. */
export interface WrittenValue {
  readonly tag: string;
  readonly step: number;
  readonly plugin: string | undefined;
  readonly tensor: TensorProto;
}

/** The only event file of a run. */
export function eventFileOf(run: string): string {
  const files = readdirSync(run).filter((name) => name.startsWith('events.out.'));
  if (files.length !== 1 || !files[0]) throw new Error(`${run} has ${files.length} files`);
  return path.join(run, files[0]);
}

/** The messages of an event file, after checking their checksums. */
export function readEvents(file: string): Event[] {
  return readTfRecords(readFileSync(file), 1_000_000, file).map((record) => fromBinary(EventSchema, record));
}

/** The values of an event file, in the order in which they were written. */
export function readValues(file: string): WrittenValue[] {
  return readEvents(file).flatMap(({ step, what }) =>
    what.case !== 'summary'
      ? []
      : what.value.value.flatMap(({ tag, metadata, value }) =>
          value.case === 'tensor'
            ? [{ tag, step: Number(step), plugin: metadata?.pluginData?.pluginName, tensor: value.value }]
            : [],
        ),
  );
}
