import { once } from 'node:events';
import { Duplex } from 'node:stream';

import { type Server, status, type UntypedHandleCall } from '@grpc/grpc-js';

import type { Turns } from '../limits/turns.js';

interface Stream {
  end(): void;
  once(event: 'close' | 'cancelled', listener: () => void): void;
  emit(event: 'error', error: object): void;
  getPeer(): string;
}

/** Maximum number of streams that are open at once, for all connections together. */
const most = 1024;
const mostOfPeer = 16;

/** The streams that a server writes to until somebody ends them; a server that stops has to end them. */
export class OpenStreams {
  readonly #streams = new Set<Stream>();

  /** @param turns Shared with everything else that computes for requests. */
  constructor(private readonly turns: Turns) {}

  /** Returns a stand-in for the server, for a package's `addToServer`: streams of the services that it adds are recorded here. */
  watch(server: Server): Server {
    const addService: Server['addService'] = (service, implementation) => {
      const watched = Object.entries(implementation).map(([name, handler]) => {
        const method = Object.values(service).find(({ originalName }) => originalName === name) ?? service[name];
        return [name, method?.responseStream ? this.#remember(handler) : handler] as const;
      });
      server.addService(service, Object.fromEntries<UntypedHandleCall>(watched));
    };
    return { addService } as unknown as Server;
  }

  endAll(): void {
    for (const stream of this.#streams) stream.end();
  }

  #remember(handler: UntypedHandleCall): UntypedHandleCall {
    const handle = handler as (stream: Stream) => void;
    return (stream: Stream) => {
      const peer = stream.getPeer();
      const ofPeer = [...this.#streams].filter((each) => each.getPeer() === peer).length;
      if (this.#streams.size >= most || ofPeer >= mostOfPeer) {
        const details = `Too many streams are open: ${mostOfPeer} for a connection, ${most} together.`;
        stream.emit('error', { code: status.RESOURCE_EXHAUSTED, details });
        return;
      }
      this.#streams.add(stream);
      const forget = () => this.#streams.delete(stream);
      stream.once('close', forget);
      stream.once('cancelled', forget);
      if (stream instanceof Duplex) readInTurns(stream, this.turns);
      handle(stream);
    };
  }
}

/**
 * Reads a stream's next request only after the previous answer has been received, and when it is its turn; the packages wait for neither. A
 * description of services is about a thousand times as large as the request.
 */
function readInTurns(stream: Duplex, turns: Turns): void {
  const write = stream.write.bind(stream) as (message: unknown) => boolean;
  stream.write = (message: unknown) => {
    const isTaken = write(message);
    stream.pause();
    void (async () => {
      if (!isTaken) await once(stream, 'drain');
      await turns.take();
      stream.resume();
      // A stream that ends in between has nothing more to read.
    })().catch(() => undefined);
    return isTaken;
  };
}
