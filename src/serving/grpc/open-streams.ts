import type { Server, UntypedHandleCall } from '@grpc/grpc-js';

interface Stream {
  end(): void;
  once(event: 'close' | 'cancelled', listener: () => void): void;
}

/** The streams that a server writes to until somebody ends them: a server that stops has to. */
export class OpenStreams {
  readonly #streams = new Set<Stream>();

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
      this.#streams.add(stream);
      const forget = () => this.#streams.delete(stream);
      stream.once('close', forget);
      stream.once('cancelled', forget);
      handle(stream);
    };
  }
}
