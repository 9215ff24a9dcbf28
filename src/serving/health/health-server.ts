import { createServer, type Server, type ServerResponse } from 'node:http';

import { ConnectionLimit } from '../limits/connection-limit.js';
import { healthChecks, type HealthPath, healthProblem, type HealthState, mostSilence } from './health-state.js';

/** Maximum number of connections at once; a new one replaces the oldest. A check takes a millisecond. */
const mostConnections = 128;

/**
 * Makes the server of a `HealthThread`: `/healthz` and `/readyz`, plain HTTP without a token, one request per connection.
 *
 * It only reveals whether the main thread and the models work, so anyone who reaches the port may ask.
 */
export function createHealthServer(state: HealthState): Server {
  const server = createServer(
    {
      maxHeaderSize: 8192,
      headersTimeout: 2000,
      requestTimeout: 2000,
      connectionsCheckingInterval: 1000,
      keepAlive: false,
    },
    ({ method, url = '/' }, response) => {
      response.setHeader('Connection', 'close');
      answer(response, method ?? '', url.split('?', 1)[0] ?? '', state);
    },
  );
  const connections = new ConnectionLimit(mostConnections);
  server.on('connection', (socket) => connections.admit(socket, () => 'idle'));
  server.on('clientError', (_, socket) => socket.destroy());
  return server;
}

function answer(response: ServerResponse, method: string, path: string, state: HealthState): void {
  if (!isHealthPath(path)) {
    send(response, 404, { error: 'This port answers GET /healthz and GET /readyz alone.' });
  } else if (method !== 'GET' && method !== 'HEAD') {
    send(response, 405, { error: `${path} takes GET. Received: ${method}.` });
  } else if (state.silence > mostSilence) {
    const seconds = Math.round(state.silence / 1000);
    send(response, 503, { error: `The server has not answered for ${seconds} s: its main thread hangs.` });
  } else {
    const problem = healthProblem(path, state.isReady);
    if (problem === null) send(response, 200, { status: healthChecks[path] });
    else send(response, 503, { error: problem });
  }
}

function isHealthPath(path: string): path is HealthPath {
  return Object.hasOwn(healthChecks, path);
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}
