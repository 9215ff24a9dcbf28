import { Agent, request } from 'node:http';

/** A client that keeps its connections, as a service in front of a model does. */
export class HttpClient {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 256 });

  constructor(private readonly port: number) {}

  /** @throws Error for any status but 200. */
  post(path: string, body: Buffer, type = 'application/json'): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const headers = { 'Content-Type': type, 'Content-Length': body.length };
      const options = { host: '127.0.0.1', port: this.port, path, method: 'POST', headers, agent: this.#agent };
      const sent = request(options, (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('error', reject);
        response.on('end', () => {
          const answer = Buffer.concat(chunks);
          if (response.statusCode === 200) resolve(answer);
          else reject(new Error(`${response.statusCode}: ${answer.toString().slice(0, 200)}`));
        });
      });
      sent.on('error', reject);
      sent.end(body);
    });
  }

  close(): void {
    this.#agent.destroy();
  }
}
