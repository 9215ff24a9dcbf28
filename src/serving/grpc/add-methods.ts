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
import type { RequestEvent, RequestSubject } from '../request-event.js';
import type { TensorValue } from '../../tensorflow/tensor-value.js';
import type { MemoryClaim } from '../limits/memory-budget.js';
import { cutName } from '../limits/shown.js';
import { hasTensors, parseMessage } from '../reader/reader-jobs.js';
import type { RequestReader } from '../reader/request-reader.js';
import { ServingError } from '../serving-error.js';
import { statusOf } from './status-of.js';

/** What a method knows of its call besides the message. */
export interface GrpcCall {
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. Default: the client waits for ever. */
  readonly deadline?: number;
  /** The tensors of a large message, which has come without them: another thread has read them. */
  readonly values?: Readonly<Record<string, TensorValue>>;
  /** Pays for what the request becomes; given back when it has been answered. */
  readonly claim: MemoryClaim;
  /** Tells what the request turned out to be about. */
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
) => MessageInitShape<Desc['output']> | Promise<MessageInitShape<Desc['output']>>;
type AnyMethod = (request: Message, call: GrpcCall) => Record<string, unknown> | Promise<Record<string, unknown>>;

export interface MethodHooks {
  /** How much memory a message may take when it has been read, about, in bytes. */
  readonly maxMessageCost: number;
  readonly reader: RequestReader;
  /** What pays for a call. */
  readonly claimOf: (call: ServerUnaryCall<Buffer, Buffer>) => MemoryClaim;
  readonly onRequest: (event: RequestEvent) => void;
  /** Hears what is no ServingError. */
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

/** A client's deadline runs from when it sends, ours from when the call comes: its cancellation may come so much earlier. */
const clockMilliseconds = 50;

const asItIs = (bytes: Buffer) => bytes;

/** The handler reads the messages itself: then it can say what is wrong with them, and knows their sizes. */
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
    const gone = new AbortController();
    const deadline = Number(call.getDeadline());
    const subject: { -readonly [Key in keyof RequestSubject]: RequestSubject[Key] } = {};
    const claim = hooks.claimOf(call);
    const isAbout = ({ model, signature, version }: RequestSubject) => {
      if (model !== undefined) subject.model = cutName(model);
      if (signature !== undefined) subject.signature = cutName(signature);
      if (version !== undefined) subject.version = version;
    };
    let isDone = false;

    const finish = (status: RequestEvent['status'], responseBytes: number) => {
      isDone = true;
      const requestBytes = call.request.length;
      const milliseconds = performance.now() - started;
      const answered = { status, milliseconds, requestBytes, responseBytes };
      try {
        onRequest({ api: 'grpc', method: method.name, model: '', ...subject, ...answered });
      } catch (error) {
        // A log that fails must not end the server.
        onError(error);
      }
    };
    const answer = async () => {
      const { request, values } = await readMessage(method, call.request, hooks);
      const response = await run(request, {
        signal: gone.signal,
        ...(Number.isFinite(deadline) ? { deadline } : {}),
        ...(values && { values }),
        claim,
        isAbout,
      });
      const bytes = serialize(method.output, create(method.output, response));
      // Until the client has taken it.
      claim.exchange(bytes.length);
      return bytes;
    };

    // Comes after every call, answered or not; grpc-js itself answers when the deadline has passed.
    call.on('cancelled', () => {
      if (isDone) return;
      finish(Date.now() >= deadline - clockMilliseconds ? 'DEADLINE_EXCEEDED' : 'CANCELLED', 0);
      gone.abort();
    });
    answer().then(
      (response) => {
        if (isDone) return;
        finish('OK', response.length);
        callback(null, response);
      },
      (error: unknown) => {
        if (!(error instanceof ServingError) && !gone.signal.aborted) onError(error);
        if (isDone) return;
        const { status, ...rest } = statusOf(error);
        finish(status, 0);
        callback(rest);
      },
    );
  };
}

/** Messages that carry no tensors and are larger, in bytes, are not read. */
const mostPlainBytes = 2 ** 20;

/**
 * Reads a message; a large one in another thread, which keeps its tensors apart.
 *
 * @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`.
 */
async function readMessage(
  { input }: DescMethod,
  bytes: Buffer,
  { reader, maxMessageCost }: MethodHooks,
): Promise<{ request: Message; values?: GrpcCall['values'] }> {
  if (reader.isLarge(bytes) && hasTensors(input.typeName)) {
    const { head, values } = await reader.message(input.typeName, bytes, maxMessageCost);
    return { request: fromBinary(input, head.rest), values };
  }
  if (bytes.length > mostPlainBytes) {
    const message = `A ${input.typeName} has at most ${mostPlainBytes} bytes. Received: ${bytes.length}.`;
    throw new ServingError('RESOURCE_EXHAUSTED', message);
  }
  return { request: parseMessage(input, bytes, maxMessageCost) };
}
