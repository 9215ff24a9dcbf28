import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

import { expect, it, onTestFinished } from 'vitest';

import { digestInRegistry, pinned } from '../../scripts/pin-images.js';

const digest = `sha256:${'a'.repeat(64)}`;

it('pins the images of a Dockerfile, a manifest and a script, again and again', async () => {
  const text = [
    'FROM node:22-slim AS build',
    `FROM node:22-slim@sha256:${'b'.repeat(64)}`,
    'COPY --from=build /app /app',
    '          image: tensorflow/serving:2.19.1',
    'image=${IMAGE:-tensorflow/serving:2.19.1}',
  ].join('\n');
  const asked: string[] = [];
  const digestOf = (image: string) => {
    asked.push(image);
    return Promise.resolve(digest);
  };
  const once = await pinned(text, digestOf);
  expect(asked).toEqual(['node:22-slim', 'tensorflow/serving:2.19.1']);
  expect(once.split('\n')).toEqual([
    `FROM node:22-slim@${digest} AS build`,
    `FROM node:22-slim@${digest}`,
    'COPY --from=build /app /app',
    `          image: tensorflow/serving:2.19.1@${digest}`,
    `image=\${IMAGE:-tensorflow/serving:2.19.1@${digest}}`,
  ]);
  expect(await pinned(once, digestOf)).toBe(once);
});

it('asks a registry as Docker does, and believes nothing but a digest', async () => {
  const requests: string[] = [];
  let answered = digest;
  const server = createServer(({ method, url, headers }, response) => {
    requests.push(`${method} ${url} ${headers.authorization ?? ''}`.trimEnd());
    response.setHeader('docker-content-digest', answered);
    response.end(method === 'HEAD' ? undefined : '{"token": "t"}');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const registry = { manifests: `${url}/v2/`, tokens: `${url}/token?service=x` };
  expect(await digestInRegistry('node:22', registry)).toBe(digest);
  expect(requests).toEqual([
    'GET /token?service=x&scope=repository:library/node:pull',
    'HEAD /v2/library/node/manifests/22 Bearer t',
  ]);
  answered = 'latest';
  await expect(digestInRegistry('node:22', registry)).rejects.toThrow('node:22: the registry answers 200');
});
