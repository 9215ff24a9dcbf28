import path from 'node:path';

import { Ajv2020 } from 'ajv/dist/2020.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import type { ModelServer } from '../../../src/serving/model-server.js';
import { ServingError } from '../../../src/serving/serving-error.js';
import { sendJson } from '../../helpers/servers/http-client.js';
import { saveKinds } from '../../helpers/models/save-kinds.js';
import { serveRestForTest } from '../../helpers/servers/serve-rest.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

interface Operation {
  readonly summary: string;
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: object }>> };
}

interface Document {
  readonly paths: Readonly<Record<string, { readonly get?: Operation; readonly post?: Operation }>>;
}

/** The part of OpenAPI 3.1's own schema (https://spec.openapis.org/oas/3.1/schema/2022-10-07) that the document uses. */
const openApiSchema = {
  type: 'object',
  required: ['openapi', 'info', 'paths'],
  properties: {
    openapi: { type: 'string', pattern: '^3\\.1\\.\\d+$' },
    info: {
      type: 'object',
      required: ['title', 'version'],
      properties: { title: { type: 'string' }, version: { type: 'string' }, description: { type: 'string' } },
      additionalProperties: false,
    },
    paths: {
      type: 'object',
      propertyNames: { pattern: '^/' },
      additionalProperties: {
        type: 'object',
        properties: { get: { $ref: '#/$defs/operation' }, post: { $ref: '#/$defs/operation' } },
        additionalProperties: false,
      },
    },
    components: {
      type: 'object',
      properties: { schemas: { type: 'object' }, securitySchemes: { type: 'object' } },
      additionalProperties: false,
    },
  },
  additionalProperties: false,
  $defs: {
    operation: {
      type: 'object',
      required: ['responses'],
      properties: {
        summary: { type: 'string' },
        parameters: { type: 'array', items: { type: 'object', required: ['name', 'in'] } },
        requestBody: { type: 'object', required: ['content'], properties: { content: { $ref: '#/$defs/content' }, required: { type: 'boolean' } }, additionalProperties: false },
        responses: {
          type: 'object',
          propertyNames: { pattern: '^(default|[1-5]\\d\\d)$' },
          additionalProperties: { type: 'object', required: ['description'], properties: { description: { type: 'string' }, content: { $ref: '#/$defs/content' } }, additionalProperties: false },
        },
      },
      additionalProperties: false,
    },
    content: { type: 'object', propertyNames: { pattern: '^[^/]+/[^/]+$' }, additionalProperties: { type: 'object', properties: { schema: { type: 'object' } }, additionalProperties: false } },
  },
}; // prettier-ignore

const ajv = new Ajv2020({ strict: false });

let kinds: LocalModelServer;
let lenet: LocalModelServer;

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  await saveKinds(path.join(folder, 'kinds'));
  await new LenetModel({ classNames: ['a', 'b'], seed: 1 }).save(path.join(folder, 'lenet'));
  kinds = await LocalModelServer.load(path.join(folder, 'kinds'), 'kinds');
  lenet = await LocalModelServer.load(path.join(folder, 'lenet'), 'lenet');
});
afterAll(() => {
  kinds.dispose();
  lenet.dispose();
});

async function documentOf(models: ModelServer): Promise<{ document: Document; port: number }> {
  const { port } = await serveRestForTest(models);
  const { status, json } = await sendJson(port, '/openapi.json');
  expect(status).toBe(200);
  return { document: json as Document, port };
}

describe('/openapi.json', () => {
  it('is an OpenAPI document, whose paths are all answered', async () => {
    const { document, port } = await documentOf(lenet);
    const isValid = ajv.compile(openApiSchema);
    expect(isValid(document), JSON.stringify(isValid.errors)).toBe(true);
    for (const [route, { get, post }] of Object.entries(document.paths)) {
      if (get) expect([route, (await sendPath(port, route)).status]).toEqual([route, 200]);
      if (post) expect([route, (await sendPath(port, route, {})).status]).toEqual([route, 400]);
    }
    expect(Object.keys(document.paths)).toEqual(
      expect.arrayContaining([
        '/v1/models/lenet',
        '/v1/models/lenet:predict',
        '/v1/models/lenet:classify',
        '/v1/models/lenet:classify-image',
        '/v2/models/lenet/infer',
        '/healthz',
      ]),
    );
  });

  it('describes bodies as the server takes them', async () => {
    const { document, port } = await documentOf(kinds);
    const schema = document.paths['/v1/models/kinds:predict']?.post?.requestBody?.content['application/json']?.schema;
    const isValid = ajv.compile(schema ?? false);
    const echo = { i: [1], b: [true], s: [{ b64: 'YQ==' }] };
    for (const body of [
      { instances: [1, 2] },
      { instances: [{ x: 1 }] },
      { inputs: [1] },
      { inputs: { x: [1] } },
      { signature_name: 'any', inputs: [[1]] },
      { signature_name: 'echo', inputs: echo },
      { signature_name: 'echo', instances: [{ i: 1, b: false, s: 'a' }] },
      { signature_name: 'text', inputs: 'a' },
    ]) {
      expect([body, isValid(body)]).toEqual([body, true]);
      expect((await sendPath(port, '/v1/models/kinds:predict', body)).status).toBe(200);
    }
    for (const body of [
      {},
      { instances: [] },
      { instances: 1 },
      { instances: [1], inputs: [1] },
      { inputs: ['a'] },
      { instances: [[1]] },
      { signature_name: 'echo', inputs: { ...echo, b: [1] } },
      { signature_name: 'echo', inputs: { i: [1] } },
      { signature_name: 'x', inputs: [1] },
    ]) {
      expect([body, isValid(body)]).toEqual([body, false]);
      expect((await sendPath(port, '/v1/models/kinds:predict', body)).status).toBe(400);
    }
    const regress = document.paths['/v1/models/kinds:regress']?.post?.requestBody?.content['application/json']?.schema;
    expect(ajv.validate(regress ?? false, { signature_name: 'rate', examples: [{ age: 1 }] })).toBe(true);
    expect(ajv.validate(regress ?? false, { signature_name: 'rate', examples: [] })).toBe(false);
  });

  it('is there for a model that has no version yet', async () => {
    const notFound = () => {
      throw new ServingError('NOT_FOUND', 'Could not find any versions of model later');
    };
    const later: ModelServer = { modelNames: ['later'], find: notFound, status: notFound, predict: notFound };
    const { document } = await documentOf(later);
    expect(Object.keys(document.paths)).toContain('/v1/models/later');
    expect(Object.keys(document.paths)).not.toContain('/v1/models/later:predict');
  });
});

/** The body of an answer may not be JSON. */
async function sendPath(port: number, route: string, body?: unknown): Promise<Response> {
  const init = body === undefined ? {} : { method: 'POST', body: JSON.stringify(body) };
  return fetch(`http://127.0.0.1:${port}${route}`, init);
}
