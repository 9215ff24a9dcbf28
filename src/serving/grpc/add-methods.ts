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
import { wordsOf } from '../../errors.js';
import type { RequestEvent, RequestSubject } from '../request-event.js';
import { ServingError } from '../serving-error.js';
import { checkMessageCost } from './message-cost.js';
import { statusOf } from './status-of.js';

/** What a method knows of its call besides the message. */
export interface GrpcCall {
  /** Aborts when the client has gone or its deadline has passed. */
  readonly signal: AbortSignal;
  /** Milliseconds since 1970. Default: the client waits for ever. */
  readonly deadline?: number;
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

function unaryHandler(method: DescMethod, run: AnyMethod, { maxMessageCost, onRequest, onError }: MethodHooks) {
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: sendUnaryData<Buffer>): void => {
    const started = performance.now();
    const gone = new AbortController();
    const deadline = Number(call.getDeadline());
    let subject: RequestSubject = {};
    let isDone = false;

    const finish = (status: RequestEvent['status'], responseBytes: number) => {
      isDone = true;
      const requestBytes = call.request.length;
      const milliseconds = performance.now() - started;
      onRequest({
        api: 'grpc',
        method: method.name,
        model: '',
        ...subject,
        status,
        milliseconds,
        requestBytes,
        responseBytes,
      });
    };
    const answer = async () => {
      const request = readMessage(method, call.request, maxMessageCost);
      const response = await run(request, {
        signal: gone.signal,
        ...(Number.isFinite(deadline) ? { deadline } : {}),
        isAbout: (more) => (subject = { ...subject, ...more }),
      });
      return serialize(method.output, create(method.output, response));
    };

    // Comes after every call, answered or not; grpc-js itself answers when the deadline has passed.
    call.on('cancelled', () => {
      if (isDone) return;
      finish(Date.now() >= deadline ? 'DEADLINE_EXCEEDED' : 'CANCELLED', 0);
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

/** @throws ServingError `INVALID_ARGUMENT`, `RESOURCE_EXHAUSTED`. */
function readMessage({ input }: DescMethod, bytes: Buffer, maxCost: number): Message {
  try {
    checkMessageCost(input, bytes, maxCost);
    return fromBinary(input, bytes);
  } catch (error) {
    if (error instanceof ServingError) throw error;
    const reason = wordsOf(error);
    throw new ServingError('INVALID_ARGUMENT', `The request is no ${input.typeName}: ${reason}`, { cause: error });
  }
}
