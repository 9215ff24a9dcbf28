import type { ServerHttp2Stream } from 'node:http2';
import { Readable } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { createRandom } from '../../../src/data/dataset/random.js';
import { type MessageReceiver, receiveLarge } from '../../../src/serving/grpc/large-messages.js';
import { bodyBytes } from '../../../src/serving/limits/received-body.js';

const readBytes = 2 ** 16;
const frameHeader = 9;

describe('a large message', () => {
  it('is what was sent, and what Node.js had read is freed when it has read more', () => {
    const random = createRandom(4);
    const sent = Buffer.from(Array.from({ length: 3 * 2 ** 20 }, () => Math.floor(random() * 256)));
    const { stream, receiver } = receiving();
    const reads: ArrayBuffer[] = [];
    for (const views of framed(prefixed(sent))) {
      for (const view of views) {
        stream.push(view);
        // Node.js may not have finished with it.
        expect(view.buffer.byteLength).toBeGreaterThan(0);
      }
      expect(reads.every(({ byteLength }) => byteLength === 0)).toBe(true);
      reads.push(views[0]?.buffer as ArrayBuffer);
    }
    expect(reads.length).toBeGreaterThan(40);
    const { body } = receiver.message ?? {};
    expect(body && bodyBytes(body).equals(sent)).toBe(true);
    stream.destroy();
  });

  it('leaves alone what may hold a part of another message', () => {
    const { stream } = receiving();
    const reads = framed(prefixed(Buffer.alloc(3 * 2 ** 20)));
    const begin = reads.shift() ?? [];
    for (const view of begin) stream.push(view);
    // Behind the frame of this stream, there is room for the shortest one of another, or for nothing but the header of the next.
    const rooms = [frameHeader + 1, frameHeader, 1].map((room) => {
      const buffer = new ArrayBuffer(1000 + room);
      stream.push(Buffer.from(buffer, 0, 1000));
      return buffer;
    });
    for (const view of reads[0] ?? []) stream.push(view);
    expect(rooms.map(({ byteLength }) => byteLength)).toEqual([1000 + frameHeader + 1, 0, 0]);
    stream.destroy();
  });
});

function receiving() {
  const stream = new Readable({ read: () => undefined }).resume();
  const receiver: MessageReceiver = { count: () => true };
  receiveLarge(stream as ServerHttp2Stream, receiver, 2 ** 26);
  return { stream, receiver };
}

function prefixed(message: Buffer): Buffer {
  const prefix = Buffer.alloc(5);
  prefix.writeUInt32BE(message.length, 1);
  return Buffer.concat([prefix, message]);
}

/** Views of what Node.js reads at once, as HTTP/2 delivers them: frames of 16 KiB, whose headers lie in between. */
function framed(message: Buffer): Buffer[][] {
  const reads: Buffer[][] = [];
  const payload = 2 ** 14;
  const bytes: number[] = [];
  for (let at = 0; at < message.length; at += payload) bytes.push(Math.min(payload, message.length - at));
  let sent = 0;
  for (let frame = 0; frame < bytes.length; frame += 3) {
    const lengths = bytes.slice(frame, frame + 3);
    const memory = new ArrayBuffer(lengths.reduce((sum, length) => sum + length + frameHeader, 0));
    expect(memory.byteLength).toBeLessThan(readBytes);
    let place = 0;
    reads.push(
      lengths.map((length) => {
        place += frameHeader;
        const view = Buffer.from(memory, place, length);
        message.copy(view, 0, sent, sent + length);
        sent += length;
        place += length;
        return view;
      }),
    );
  }
  return reads;
}
