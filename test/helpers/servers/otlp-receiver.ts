import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

import { BinaryReader, WireType } from '@bufbuild/protobuf/wire';

/** A span that was received. */
export interface ReceivedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** Empty for one without a parent. */
  readonly parentSpanId: string;
  readonly name: string;
  /** 1 internal, 2 of a server, 3 of a client. */
  readonly kind: number;
  /** Nanoseconds since 1970. */
  readonly start: bigint;
  readonly end: bigint;
  readonly attributes: Readonly<Record<string, string | number | boolean>>;
  /** 0 unset, 2 error. */
  readonly status: number;
  /** Attributes of the sender. */
  readonly resource: Readonly<Record<string, string | number | boolean>>;
}

/** A collector that receives traces by OTLP over HTTP, in protobuf, and decodes them. */
export class OtlpReceiver {
  readonly spans: ReceivedSpan[] = [];
  /** Paths and types of the requests. */
  readonly requests: { readonly path: string; readonly type: string }[] = [];
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        this.requests.push({ path: request.url ?? '', type: request.headers['content-type'] ?? '' });
        this.spans.push(...spansOf(Buffer.concat(chunks)));
        response.setHeader('Content-Type', 'application/x-protobuf');
        response.end();
      });
    });
  }

  static async start(port = 0): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    await new Promise<void>((resolve) => receiver.#server.listen(port, '127.0.0.1', resolve));
    return receiver;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Fields of a message by number: bytes, or numbers. */
type Fields = ReadonlyMap<number, readonly (Uint8Array | bigint)[]>;

function fieldsOf(bytes: Uint8Array): Fields {
  const reader = new BinaryReader(bytes);
  const fields = new Map<number, (Uint8Array | bigint)[]>();
  while (reader.pos < reader.len) {
    const [number, type] = reader.tag();
    const value =
      type === WireType.LengthDelimited
        ? reader.bytes()
        : BigInt(
            type === WireType.Bit64 ? reader.fixed64() : type === WireType.Bit32 ? reader.fixed32() : reader.int64(),
          );
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return fields;
}

const messages = (fields: Fields, number: number) =>
  (fields.get(number) ?? []).map((value) => fieldsOf(value as Uint8Array));
const bytes = (fields: Fields, number: number) => Buffer.from((fields.get(number)?.[0] ?? []) as Uint8Array);
const integer = (fields: Fields, number: number) => (fields.get(number)?.[0] ?? 0n) as bigint;

/** Source of the numbers: opentelemetry/proto/trace/v1/trace.proto, and common/v1/common.proto. */
function spansOf(request: Uint8Array): ReceivedSpan[] {
  return messages(fieldsOf(request), 1).flatMap((resourceSpans) => {
    const resource = attributesOf(messages(resourceSpans, 1).flatMap((each) => messages(each, 1)));
    const spans = messages(resourceSpans, 2).flatMap((scope) => messages(scope, 2));
    return spans.map((span) => ({
      traceId: bytes(span, 1).toString('hex'),
      spanId: bytes(span, 2).toString('hex'),
      parentSpanId: bytes(span, 4).toString('hex'),
      name: bytes(span, 5).toString(),
      kind: Number(integer(span, 6)),
      start: integer(span, 7),
      end: integer(span, 8),
      attributes: attributesOf(messages(span, 9)),
      status: Number(integer(messages(span, 15)[0] ?? new Map(), 3)),
      resource,
    }));
  });
}

function attributesOf(pairs: readonly Fields[]): Record<string, string | number | boolean> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const [value = new Map() as Fields] = messages(pair, 2);
      const isText = value.has(1);
      return [bytes(pair, 1).toString(), isText ? bytes(value, 1).toString() : Number(integer(value, 3))];
    }),
  );
}
