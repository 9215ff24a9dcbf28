import {
  create,
  type DescMethod,
  type DescService,
  fromBinary,
  type Message,
  type MessageInitShape,
  type MessageShape,
} from '@bufbuild/protobuf';
import type { MethodDefinition, sendUnaryData, Server, ServerUnaryCall } from '@grpc/grpc-js';

import { grpcPath, serialize } from '../../client/grpc-services.js';
import { Cancellation, type CancelSignal } from '../cancellation.js';
import type { RequestEvent, RequestSubject } from '../request-event.js';
import { inflate, type InflateLimits } from '../limits/inflate.js';
import type { MemoryClaim } from '../limits/memory-budget.js';
import { bodyBytes, type ReceivedBody, releaseBody } from '../limits/received-body.js';
import { cutName } from '../limits/shown.js';
import type { Turns } from '../limits/turns.js';
import { hasTensors, parseMessage, type ReaderResult } from '../reader/reader-jobs.js';
import { type ReadBody, releasing, type RequestReader } from '../reader/request-reader.js';
import { ServingError } from '../serving-error.js';
import type { WrittenMessage } from '../writer/answer-writer.js';
import { answerOf, isLargeAnswer, type LargeAnswer } from '../writer/large-answer.js';
import type { Tracing } from '../telemetry/tracing.js';
import type { StreamArrival } from './guard-connections.js';
import { largeBytes, type LargeMessage } from './large-messages.js';
import { statusOf } from './status-of.js';

/** Tensors by name, and the pixels that each string among them claims. */
export type ReadTensors = Pick<ReaderResult, 'values' | 'pixels'>;

/** Facts about a call in addition to its message. */
export interface GrpcCall {
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: CancelSignal;
  /** Milliseconds since 1970. Default: the client waits forever. */
  readonly deadline?: number | undefined;
  /** The tensors of a large message, which arrives without them, because another thread has read them. */
  readonly read?: ReadTensors | undefined;
  /** Lets another thread read the tensors of a small message whose values are large. @throws ServingError */
  readonly readInThread: () => Promise<ReadTensors>;
  /** Accounts for the memory that the request takes; returned when it has been answered. */
  readonly claim: MemoryClaim;
  /** Reports what the request turned out to be about. */
  readonly isAbout: (subject: RequestSubject) => void;
}

/** A service's methods, all unary, by name in camelCase. */
export type Methods<Service extends DescService> = {
  readonly [Name in keyof Service['method']]: Service['method'][Name] extends DescMethod
    ? Method<Service['method'][Name]>
    : never;
};
type Method<Desc extends DescMethod> = (
  request: MessageShape<Desc['input']>,
  call: GrpcCall,
) => Answer<MessageInitShape<Desc['output']>> | Promise<Answer<MessageInitShape<Desc['output']>>>;
/** A message, or its serialized form. */
type Answer<Init> = Init | Buffer | LargeAnswer;
type AnyMethod = (
  request: Message,
  call: GrpcCall,
) => Answer<Record<string, unknown>> | Promise<Answer<Record<string, unknown>>>;

export interface MethodHooks {
  /** Approximate memory that a message may take when it has been read, in bytes. */
  readonly maxMessageCost: number;
  /** Size of the largest message in bytes, before and after it is inflated. */
  readonly maxMessageBytes: number;
  readonly reader: RequestReader;
  /** Shared with everything else that computes for requests. */
  readonly turns: Turns;
  /** Returns what is known about a call's stream. */
  readonly arrivalOf: (call: ServerUnaryCall<Buffer, Buffer>) => StreamArrival;
  /** Default: calls are not traced. */
  readonly tracing?: Tracing | undefined;
  readonly onRequest: (event: RequestEvent) => void;
  /** Called with errors that are not ServingErrors. */
  readonly onError: (error: unknown) => void;
}

/** Adds a service of unary methods to a server. */
export function addMethods<Service extends DescService>(
  server: Server,
  service: Service,
  methods: Methods<Service>,
  hooks: MethodHooks,
): void {
  const given = new Map(Object.entries<unknown>(methods));
  for (const method of service.methods) {
    const run = given.get(method.localName) as AnyMethod;
    const definition = { [method.name]: rawDefinition(method) };
    server.addService(definition, { [method.name]: unaryHandler(method, run, hooks) });
  }
}

/** A client's deadline counts from when it sends, ours from when the call arrives: its cancellation may come this much earlier. */
const clockMilliseconds = 50;

const asItIs = (bytes: Buffer) => bytes;

/** The handler reads the messages itself, so that it can say what is wrong with them, and knows their sizes. */
function rawDefinition(method: DescMethod): MethodDefinition<Buffer, Buffer> {
  return {
    path: grpcPath(method),
    requestStream: false,
    responseStream: false,
    requestSerialize: asItIs,
    requestDeserialize: asItIs,
    responseSerialize: asItIs,
    responseDeserialize: asItIs,
  };
}

function unaryHandler(method: DescMethod, run: AnyMethod, hooks: MethodHooks) {
  const { onRequest, onError } = hooks;
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const started = performance.now();
    const gone = new Cancellation();
    const deadline = Number(call.getDeadline());
    const subject: { -readonly [Key in keyof RequestSubject]: RequestSubject[Key] } = {};
    const arrival = hooks.arrivalOf(call);
    const { claim } = arrival;
    const message = messageOf(call.request, arrival);
    const requestBytes = message.body.length;
    const isAbout = ({ model, signature, version }: RequestSubject) => {
      if (model !== undefined) subject.model = cutName(model);
      if (signature !== undefined) subject.signature = cutName(signature);
      if (version !== undefined) subject.version = version;
    };
    let isDone = false;
    const path = grpcPath(method);
    const span = hooks.tracing?.beginGrpc({ path, metadata: call.metadata, peer: call.getPeer() });

    const finish = (status: RequestEvent['status'], responseBytes: number) => {
      isDone = true;
      const milliseconds = performance.now() - started;
      // Field by field: spreading takes microseconds, and this is part of every call.
      const event: RequestEvent = {
        api: 'grpc',
        method: method.name,
        model: subject.model ?? '',
        signature: subject.signature,
        version: subject.version,
        status,
        milliseconds,
        requestBytes,
        responseBytes,
      };
      span?.end(event);
      try {
        onRequest(event);
      } catch (error) {
        // A failing log must not end the server.
        onError(error);
      }
    };
    const answer = async () => {
      const limits = { maxBytes: hooks.maxMessageBytes, claim };
      const body = await wholeMessage(message, arrival.encoding, limits);
      const turn = hooks.turns.take();
      if (turn) await turn;
      const { request, read } = await readMessage(method, body, gone, hooks);
      const facts: GrpcCall = {
        signal: gone,
        deadline: Number.isFinite(deadline) ? deadline : undefined,
        read,
        readInThread: () => hooks.reader.message(method.input.typeName, body, hooks.maxMessageCost, { signal: gone }),
        claim,
        isAbout,
      };
      const response = await (read ? releasing(read, async () => run(request, facts)) : run(request, facts));
      const bytes =
        response instanceof Uint8Array || isLargeAnswer(response)
          ? response
          : serialize(method.output, create(method.output, response));
      try {
        // Held until the client has received it.
        claim.exchange(bytes.length);
      } catch (error) {
        if (isLargeAnswer(bytes)) bytes.close();
        throw error;
      }
      return bytes;
    };

    // Emitted after every call, answered or not; grpc-js itself answers when the deadline has passed.
    call.on('cancelled', () => {
      if (isDone) return;
      finish(Date.now() >= deadline - clockMilliseconds ? 'DEADLINE_EXCEEDED' : 'CANCELLED', 0);
      gone.abort();
    });
    (span ? span.run(answer) : answer()).then(
      (response) => {
        if (isDone) {
          if (isLargeAnswer(response)) response.close();
          return;
        }
        finish('OK', response.length);
        callback(null, sendNow(response, arrival));
      },
      (error: unknown) => {
        if (!(error instanceof ServingError) && !gone.aborted) onError(error);
        if (isDone) return;
        const { status, ...rest } = statusOf(error);
        finish(status, 0);
        callback(rest);
      },
    );
  };
}

/** Sends an answer around grpc-js if it is large. @returns What grpc-js must send. */
function sendNow(answer: WrittenMessage, arrival: Pick<StreamArrival, 'sendLarge'>): Buffer {
  if (answer.length <= largeBytes && !isLargeAnswer(answer)) return answer;
  const large = isLargeAnswer(answer) ? answer : answerOf(answer);
  if (arrival.sendLarge) {
    arrival.sendLarge(large);
    return Buffer.alloc(0);
  }
  const pieces: Buffer[] = [];
  for (let piece = large.next(); piece; piece = large.next()) pieces.push(piece);
  large.close();
  return Buffer.concat(pieces, large.length);
}

/** The message of a call, as it came. */
function messageOf(request: Buffer, { message }: StreamArrival): LargeMessage {
  if (message) return message;
  // grpc-js puts a message after its prefix, whose first byte says whether it is compressed.
  const isCompressed = request.byteOffset >= 5 && new Uint8Array(request.buffer)[request.byteOffset - 5] === 1;
  return { isCompressed, body: { chunks: [request], length: request.length } };
}

/** Decompresses a message if necessary. @throws ServingError */
function wholeMessage(
  { isCompressed, body }: LargeMessage,
  encoding: string | undefined,
  limits: InflateLimits,
): ReceivedBody | Promise<ReceivedBody> {
  if (!isCompressed || encoding === undefined) return body;
  return inflate(body, encoding, limits).finally(() => releaseBody(body));
}

/** Messages without tensors that are larger than this, in bytes, are refused. */
const mostPlainBytes = 2 ** 20;

/**
 * Reads a message; a large one in another thread, which returns its tensors separately.
 *
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`.
 */
async function readMessage(
  { input }: DescMethod,
  body: ReceivedBody,
  signal: CancelSignal,
  { reader, maxMessageCost }: MethodHooks,
): Promise<{ request: Message; read?: Omit<ReadBody, 'head'> }> {
  if (reader.isLarge(body) && hasTensors(input.typeName)) {
    const { head, ...read } = await reader.message(input.typeName, body, maxMessageCost, { signal });
    return { request: fromBinary(input, head.rest), read };
  }
  if (body.length > mostPlainBytes) {
    const message = `A ${input.typeName} has at most ${mostPlainBytes} bytes. Received: ${body.length}.`;
    throw new ServingError('RESOURCE_EXHAUSTED', message);
  }
  return { request: parseMessage(input, bodyBytes(body), maxMessageCost) };
}
