import { readdirSync } from 'node:fs';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import { pageRoutes } from '../../../src/serving/page/page-routes.js';
import type { RestCall, Route } from '../../../src/serving/rest/rest-call.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let routes: readonly Route[];

beforeAll(async () => {
  const directory = await saveScale(await temporaryFolderForAll(), 3);
  routes = pageRoutes(await LocalModelServer.load(directory, 'scale', 3));
});

async function get(route: string, query = '') {
  const found = routes.find((each) => each.path === route);
  if (!found) throw new Error(`Nothing is at ${route}.`);
  return found.handle({ query: new URLSearchParams(query) } as RestCall);
}

async function getJson(route: string, query?: string): Promise<unknown> {
  return JSON.parse(String((await get(route, query)).body));
}

describe("the page's routes", () => {
  it('serve every file of the page, without the token, and nothing else', async () => {
    const files = readdirSync(path.resolve('src/serving/page/public'));
    const open = routes.filter(({ isOpen }) => isOpen).map((route) => String(route.path));
    expect(open.toSorted()).toEqual(['/', ...files.map((file) => `/page/${file}`)].toSorted());
    for (const route of open)
      expect((await get(route)).headers?.['Content-Security-Policy']).toMatch(/^default-src 'none'; /);
    const types = await Promise.all(
      ['/', '/page/page.css', '/page/page.js', '/page/icon.svg'].map((each) => get(each)),
    );
    expect(types.map(({ type }) => type?.split(';')[0])).toEqual([
      'text/html',
      'text/css',
      'text/javascript',
      'image/svg+xml',
    ]);
  });

  it('tell models and versions', async () => {
    expect(await getJson('/page/models.json')).toEqual([
      { name: 'scale', versions: [{ version: 3, state: 'AVAILABLE' }] },
    ]);
    for (const query of ['model=scale', 'model=scale&version=3']) {
      expect(await getJson('/page/version.json', query)).toMatchObject({
        name: 'scale',
        version: 3,
        takesPictures: false,
        inputSize: null,
        precision: null,
        classNames: null,
        signatures: expect.arrayContaining([
          {
            key: 'total',
            method: 'tensorflow/serving/predict',
            inputs: [{ name: 'x', type: 'float32[?]', tensor: 'total_x:0' }],
            outputs: [{ name: 'sum', type: 'float32[]', tensor: expect.any(String) as string }],
            curl: `curl -d '{"signature_name": "total", "inputs": [0.5]}' http://localhost:8501/v1/models/scale:predict`,
          },
        ]) as unknown,
      });
    }
  });

  it.each([
    ['', 'NOT_FOUND'],
    ['model=other', 'NOT_FOUND'],
    ['model=__proto__', 'NOT_FOUND'],
    ['model=scale&version=4', 'NOT_FOUND'],
    ['model=scale&version=', 'INVALID_ARGUMENT'],
    ['model=scale&version=-1', 'INVALID_ARGUMENT'],
    ['model=scale&version=99999999999999999999', 'INVALID_ARGUMENT'],
  ])('refuse "%s"', async (query, status) => {
    await expect(getJson('/page/version.json', query)).rejects.toMatchObject({ status });
  });
});
