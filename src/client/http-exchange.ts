import http from 'node:http';
import https from 'node:https';

import type { ClientSettings } from './client-options.js';

/** Answer of a server over HTTP. */
export interface HttpAnswer {
  readonly status: number;
  readonly body: string;
}

/** Maximum size of an answer, in bytes: a larger one is not read to its end. */
const mostBytes = 512 * 2 ** 20;

/**
 * Connections to one server, kept open between requests.
 *
 * `fetch` would not do: it accepts no certificate authorities but Node.js's own.
 */
export class HttpExchange {
  readonly #agent: http.Agent;

  constructor(private readonly settings: ClientSettings) {
    const { tls } = settings;
    this.#agent = tls
      ? new https.Agent({ keepAlive: true, ca: pem(tls.ca), cert: pem(tls.certificate), key: pem(tls.key) })
      : new http.Agent({ keepAlive: true });
  }

  /** Sends JSON, or requests a page if there is none. Rejects with an error of Node.js, or `TimeoutError`. */
  async ask(path: string, json?: Uint8Array, signal?: AbortSignal): Promise<HttpAnswer> {
    const time = AbortSignal.timeout(this.settings.timeoutMilliseconds);
    const either = signal ? AbortSignal.any([signal, time]) : time;
    try {
      return await this.#send(path, json, either, true);
    } catch (error) {
      throw time.aborted && !signal?.aborted ? time.reason : error;
    }
  }

  close(): void {
    this.#agent.destroy();
  }

  #send(path: string, json: Uint8Array | undefined, signal: AbortSignal, mayRepeat: boolean): Promise<HttpAnswer> {
    const { host, port, token, tls } = this.settings;
    const headers = {
      Accept: 'application/json',
      ...(token !== undefined && { Authorization: `Bearer ${token}` }),
      ...(json && { 'Content-Type': 'application/json', 'Content-Length': json.length }),
    };
    const options = { host, port, path, headers, signal, agent: this.#agent, method: json ? 'POST' : 'GET' };
    return new Promise((resolve, reject) => {
      const request = (tls ? https : http).request(options, (response) => {
        read(response).then(resolve, reject);
      });
      request.on('error', (error: NodeJS.ErrnoException) => {
        // The server may close an idle connection just when it is used again; a new connection shows whether the server is there.
        const wasClosed = request.reusedSocket && error.code === 'ECONNRESET' && mayRepeat && !signal.aborted;
        if (wasClosed) this.#send(path, json, signal, false).then(resolve, reject);
        else reject(error);
      });
      request.end(json);
    });
  }
}

async function read(response: http.IncomingMessage): Promise<HttpAnswer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > mostBytes) throw new Error(`The answer is larger than ${mostBytes} bytes`);
    chunks.push(chunk);
  }
  return { status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() };
}

function pem(text: string | Uint8Array | undefined): string | Buffer | undefined {
  return text === undefined || typeof text === 'string' ? text : Buffer.from(text);
}
