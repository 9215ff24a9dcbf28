import { Agent, type IncomingHttpHeaders, request as httpRequest, type RequestOptions } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { connect } from 'node:net';

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface HttpRequest extends Pick<RequestOptions, 'method' | 'headers' | 'agent' | 'socketPath'> {
  readonly body?: string | Uint8Array;
  /** PEM of the trusted root. If given, the request goes over TLS. */
  readonly ca?: Buffer;
}

/** Sends a request with an unchanged path, which `fetch` would normalize. It is a POST if there is a body. */
export function send(port: number, path: string, { body, ca, ...options }: HttpRequest = {}): Promise<HttpAnswer> {
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  return new Promise((resolve, reject) => {
    const all = { agent: false, ...options, host: '127.0.0.1', port, path, method } as const;
    const request = ca ? httpsRequest({ ...all, ca, agent: false }) : httpRequest(all);
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => {
        const { statusCode: status = 0, headers } = response;
        resolve({ status, headers, text: Buffer.concat(chunks).toString() });
      });
    });
    request.end(body);
  });
}

/** The JSON of an answer, whatever its status. */
export async function sendJson(port: number, path: string, body?: unknown): Promise<{ status: number; json: unknown }> {
  const { status, text } = await send(port, path, body === undefined ? {} : { body: JSON.stringify(body) });
  return { status, json: JSON.parse(text) };
}

export { Agent };

/**
 * Sends bytes unchanged over a new connection.
 *
 * @param isEnd Whether to close this side afterwards.
 * @returns Everything that was received until the server closed the connection.
 */
export function sendRaw(port: number, bytes: string | Uint8Array, isEnd = false): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    const chunks: Buffer[] = [];
    socket.on('data', (chunk: Buffer) => chunks.push(chunk));
    // A server may refuse and close while the request is still being sent.
    socket.on('error', () => undefined);
    socket.on('end', () => socket.end());
    socket.on('close', () => resolve(Buffer.concat(chunks).toString()));
    socket.write(bytes);
    if (isEnd) socket.end();
  });
}

/** Splits what was received over a connection into answers, all of which have a Content-Length. */
export function parseAnswers(text: string): { status: number; head: string; body: string }[] {
  const answers: { status: number; head: string; body: string }[] = [];
  for (let rest = Buffer.from(text); rest.length > 0;) {
    const end = rest.indexOf('\r\n\r\n');
    const head = rest.toString('latin1', 0, end < 0 ? rest.length : end);
    const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(head)?.[1] ?? NaN);
    const length = Number(/^content-length: (\d+)$/im.exec(head)?.[1] ?? 0);
    const start = end < 0 ? rest.length : end + 4;
    answers.push({ status, head, body: rest.toString('utf8', start, start + length) });
    rest = rest.subarray(start + length);
  }
  return answers;
}
