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

/** Streams that may be open at once, of all connections and of one. */
const most = 1024;
const mostOfPeer = 16;

/** The streams that a server writes to until somebody ends them: a server that stops has to. */
export class OpenStreams {
  readonly #streams = new Set<Stream>();

  /** @param turns Shared with everything else that computes for requests. */
  constructor(private readonly turns: Turns) {}

  /** What a package's `addToServer` may take for the server: streams of the services that it adds are known here. */
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
 * Reads a stream's next request when the answer before it has been taken, and when it is its turn; the packages wait for neither. A description
 * of services is some thousand times as large as the question.
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
      // One that ends in between has no more to read.
    })().catch(() => undefined);
    return isTaken;
  };
}
