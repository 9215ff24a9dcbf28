import { describe, expect, it } from 'vitest';

import { checkOrigin } from '../../../src/serving/rest/check-origin.js';
import { Cors } from '../../../src/serving/rest/cors.js';
import type { Route } from '../../../src/serving/rest/rest-call.js';
import { createRestServer, type RestServerOptions } from '../../../src/serving/rest/create-rest-server.js';
import { send } from '../../helpers/servers/http-client.js';

const page = 'http://localhost:3000';
const routes: Route[] = [
  { method: 'GET', path: '/x', name: 'X', handle: () => ({ body: '"x"' }) },
  { method: 'POST', path: '/x', name: 'X', handle: async (call) => ({ body: String((await call.body()).length) }) },
];

async function ask(options: RestServerOptions, method: string, headers: Record<string, string>, path = '/x') {
  const server = createRestServer(routes, { drainMilliseconds: 100, ...options });
  try {
    return await send(await server.start('127.0.0.1', 0), path, { method, headers });
  } finally {
    await server.drain();
  }
}

const preflight = {
  Origin: page,
  'Access-Control-Request-Method': 'POST',
  'Access-Control-Request-Headers': 'authorization',
};

describe('a page of another origin', () => {
  it('may use the server when its origin was named, also where there is a token and a guard', async () => {
    const options = { cors: new Cors([page]), token: 'secret', isBrowserGuarded: true };
    const asked = await ask(options, 'OPTIONS', { ...preflight, 'Sec-Fetch-Site': 'cross-site' });
    expect([asked.status, asked.text]).toEqual([200, '']);
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': page,
      'access-control-allow-methods': 'GET, HEAD, POST',
      'access-control-max-age': '600',
      vary: 'Origin',
    });
    expect(asked.headers['access-control-allow-headers']).toContain('Authorization');
    expect(asked.headers['access-control-allow-private-network']).toBeUndefined();
    expect(asked.headers['access-control-allow-credentials']).toBeUndefined();
    // Errors can be read too.
    const refused = await ask(options, 'GET', { Origin: page });
    expect([refused.status, refused.headers['access-control-allow-origin']]).toEqual([401, page]);
    const answered = await ask(options, 'GET', {
      Origin: page,
      Authorization: 'Bearer secret',
      'Sec-Fetch-Site': 'cross-site',
    });
    expect([answered.status, answered.text]).toEqual([200, '"x"']);
    expect(answered.headers['access-control-expose-headers']).toContain('Retry-After');
  });

  it('is any page where all may', async () => {
    const options = { cors: new Cors(['*']) };
    const asked = await ask(options, 'OPTIONS', { ...preflight, 'Access-Control-Request-Private-Network': 'true' });
    expect(asked.headers).toMatchObject({
      'access-control-allow-origin': '*',
      'access-control-allow-private-network': 'true',
    });
    expect((await ask(options, 'GET', {})).headers['access-control-allow-origin']).toBeUndefined();
  });

  it('is refused otherwise', async () => {
    const other = { ...preflight, Origin: 'http://evil.example' };
    const guarded = await ask({ cors: new Cors([page]), isBrowserGuarded: true }, 'OPTIONS', other);
    expect(guarded.status).toBe(403);
    for (const cors of [new Cors([page]), undefined]) {
      const answer = await ask({ cors }, 'OPTIONS', other);
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([405, undefined]);
    }
    // OPTIONS that is no preflight is answered as ever.
    expect((await ask({ cors: new Cors(['*']) }, 'OPTIONS', { Origin: page })).status).toBe(405);
  });

  it('does not help a name that was rebound', () => {
    const cors = new Cors(['*']);
    const check = (host: string) =>
      checkOrigin({ headers: { host, origin: 'http://evil.example' }, method: 'GET' }, [], cors);
    expect(() => check('evil.example')).toThrow('--allowed-host');
    expect(() => check('127.0.0.1:8501')).not.toThrow();
  });
});

describe('--cors-origin', () => {
  it.each([
    ['localhost:3000', 'Received: localhost:3000.'],
    ['app.example', 'Received: app.example.'],
    ['https://app.example/', 'Received: https://app.example/. Give https://app.example.'],
    ['https://app.example/page', 'Give https://app.example.'],
    ['https://*.example', 'Received: https://*.example.'],
    ['null', 'Received: null.'],
    ['', 'Received: .'],
  ])('does not take %j', (origin, message) => {
    expect(() => new Cors([origin])).toThrow(message);
  });
});

describe('a target with a whole address, as proxies send it', () => {
  it('is taken, and its host counts instead of the header', async () => {
    expect((await ask({}, 'GET', {}, 'http://other.example:80/x?a=1')).text).toBe('"x"');
    const guarded = { isBrowserGuarded: true };
    expect((await ask(guarded, 'GET', {}, 'HTTP://localhost/x')).status).toBe(200);
    expect((await ask(guarded, 'GET', {}, 'http://evil.example/x')).status).toBe(403);
    expect((await ask(guarded, 'GET', { Host: 'evil.example' }, 'http://127.0.0.1/x')).status).toBe(200);
    expect((await ask({}, 'GET', {}, 'http://127.0.0.1?a=1')).status).toBe(404);
    expect((await ask({}, 'GET', {}, 'ftp://127.0.0.1/x')).status).toBe(404);
  });
});
