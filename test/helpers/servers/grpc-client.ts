import {
  create,
  type DescMethod,
  fromBinary,
  type MessageInitShape,
  type MessageShape,
  toBinary,
} from '@bufbuild/protobuf';
import * as grpc from '@grpc/grpc-js';

import { grpcPath } from '../../../src/client/grpc-services.js';

/** How a call ended. */
export interface GrpcResult<Response> {
  readonly code: grpc.status;
  readonly details: string;
  readonly response: Response | undefined;
}

/** A client that sends anything, valid or not. */
export class RawGrpcClient {
  readonly client: grpc.Client;

  /** @param at A port of this machine, or an address such as `unix:/run/signet.sock`. */
  constructor(at: number | string, options: grpc.ChannelOptions = {}, credentials = grpc.credentials.createInsecure()) {
    this.client = new grpc.Client(typeof at === 'string' ? at : `127.0.0.1:${at}`, credentials, {
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
      // So that every client has its own connection.
      'grpc.use_local_subchannel_pool': 1,
      ...options,
    });
  }

  /** Waits for the connection, which would otherwise be made during a call and count towards its deadline. */
  connected(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.client.waitForReady(Date.now() + 30_000, (error) => (error ? reject(error) : resolve()));
    });
  }

  /** Sends bytes as they are. */
  send(path: string, bytes: Uint8Array, metadata = new grpc.Metadata(), options: grpc.CallOptions = {}) {
    return new Promise<GrpcResult<Buffer>>((resolve) => {
      const asItIs = (buffer: Buffer) => buffer;
      this.client.makeUnaryRequest(path, asItIs, asItIs, Buffer.from(bytes), metadata, options, (error, response) => {
        resolve({ code: error?.code ?? grpc.status.OK, details: error?.details ?? '', response });
      });
    });
  }

  async call<Desc extends DescMethod>(
    method: Desc,
    request: MessageInitShape<Desc['input']>,
    metadata?: grpc.Metadata,
    options?: grpc.CallOptions,
  ): Promise<GrpcResult<MessageShape<Desc['output']>>> {
    const bytes = toBinary<Desc['input']>(method.input, create<Desc['input']>(method.input, request));
    const { response, ...rest } = await this.send(grpcPath(method), bytes, metadata, options);
    return { ...rest, response: response && fromBinary<Desc['output']>(method.output, response) };
  }

  /** @throws Error unless the status is OK. */
  async answer<Desc extends DescMethod>(
    method: Desc,
    request: MessageInitShape<Desc['input']>,
  ): Promise<MessageShape<Desc['output']>> {
    const { code, details, response } = await this.call(method, request);
    if (!response) throw new Error(`${grpc.status[code]}: ${details}`);
    return response;
  }

  close(): void {
    this.client.close();
  }
}
