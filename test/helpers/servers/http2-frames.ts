import { connect } from 'node:net';

import { grpcPath } from '../../../src/client/grpc-services.js';
import { PredictionService } from '../../../src/tensorflow/protos/tensorflow_serving/apis/prediction_service_pb.js';

/** Frame types and flags of RFC 9113, section 6. */
const types = {
  headers: 1,
  priority: 2,
  reset: 3,
  settings: 4,
  ping: 6,
  windowUpdate: 8,
  continuation: 9,
  data: 0,
} as const;
const endHeaders = 4; // prettier-ignore

/** A client's first bytes: the preface and its settings. */
const preface = Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), frame('settings', 0, 0)]);

function frame(type: keyof typeof types, flags: number, stream: number, payload: Uint8Array = Buffer.alloc(0)): Buffer {
  const head = Buffer.alloc(9);
  head.writeUIntBE(payload.length, 0, 3);
  head.writeUInt8(types[type], 3);
  head.writeUInt8(flags, 4);
  head.writeUInt32BE(stream, 5);
  return Buffer.concat([head, payload]);
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

/** A header in HPACK that is not added to the table: RFC 7541, section 6.2.2. Name and value have up to 126 bytes each. */
function header(name: string, value: string, kept = false): Buffer {
  const text = (each: string) => Buffer.concat([Buffer.of(each.length), Buffer.from(each)]);
  return Buffer.concat([Buffer.of(kept ? 0x40 : 0), text(name), text(value)]);
}

const call = Buffer.concat([
  header(':method', 'POST'),
  header(':scheme', 'http'),
  header(':path', grpcPath(PredictionService.method.predict)),
  header(':authority', 'localhost'),
  header('content-type', 'application/grpc'),
  header('te', 'trailers'),
]);

/** 62 is the newest header in the table. */
const again = Buffer.of(0x80 | 62);

/** Frames that may cost a server more than they cost a client. The number counts the ones before. */
export const floods: Readonly<Record<string, (i: number) => Buffer>> = {
  'headers without an end': (i) =>
    i === 0 ? frame('headers', 0, 1, call) : frame('continuation', 0, 1, header(`x-${i}`, 'y'.repeat(100))),
  'empty pieces of headers': (i) => (i === 0 ? frame('headers', 0, 1, call) : frame('continuation', 0, 1)),
  'one header many times': (i) =>
    frame('headers', endHeaders, 2 * i + 1, Buffer.concat([call, header('x', 'y'.repeat(120), true), ...Array<Buffer>(4000).fill(again)])),
  pings: () => frame('ping', 0, 0, Buffer.alloc(8)),
  settings: () => frame('settings', 0, 0, Buffer.concat([Buffer.of(0, 3), int32(100)])),
  resets: (i) => Buffer.concat([frame('headers', endHeaders, 2 * i + 1, call), frame('reset', 0, 2 * i + 1, int32(8))]),
  'streams that are never used': (i) => frame('headers', endHeaders, 2 * i + 1, call),
  priorities: (i) => frame('priority', 0, 2 * i + 1, Buffer.concat([int32(2 * i + 3), Buffer.of(7)])),
  'window updates': () => frame('windowUpdate', 0, 0, int32(1)),
  'empty data': (i) => (i === 0 ? frame('headers', endHeaders, 1, call) : frame('data', 0, 1)),
}; // prettier-ignore

/**
 * Sends frames over a new connection and reads no answer.
 *
 * @param goesOn Called with the number of bytes sent so far. Returns false to stop.
 * @returns Whether the server ended the connection first.
 */
export async function flood(
  port: number,
  next: (i: number) => Buffer,
  goesOn: (sent: number) => boolean,
): Promise<boolean> {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  let proceed: () => void = () => undefined;
  socket.on('drain', () => proceed()).on('close', () => proceed());
  socket.write(preface);
  for (let i = 0, sent = 0; !socket.destroyed && goesOn(sent);) {
    const some = Buffer.concat(Array.from({ length: 200 }, () => next(i++)));
    sent += some.length;
    const isTaken = socket.write(some);
    // Waits for a while if the server stops reading.
    await new Promise<void>((resolve) => {
      proceed = resolve;
      setTimeout(resolve, isTaken ? 0 : 500);
    });
  }
  const isEnded = socket.destroyed;
  socket.destroy();
  return isEnded;
}
