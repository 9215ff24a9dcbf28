import path from 'node:path';
import { gzipSync } from 'node:zlib';

import sharp from 'sharp';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { accessLogLine } from '../../../src/serving/request-event.js';
import { LocalModelServer } from '../../helpers/servers/local-model-server.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { encodedImages } from '../../helpers/data/encoded-images.js';
import { send, sendJson } from '../../helpers/servers/http-client.js';
import { saveKinds } from '../../helpers/models/save-kinds.js';
import { selfSigned } from '../../helpers/servers/self-signed.js';
import { type ServedRest, serveRest, serveRestForTest } from '../../helpers/servers/serve-rest.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

const classNames = ['ape', 'bee', 'cat', 'dog'];

let lenet: LocalModelServer;
let kinds: LocalModelServer;
/** Serves `lenet`, version 3. */
let classifier: ServedRest;
/** Serves `kinds`, version 1. */
let kind: ServedRest;
let images: Uint8Array[];

beforeAll(async () => {
  const folder = await temporaryFolderForAll();
  await new LenetModel({ classNames, seed: 5 }).save(path.join(folder, '3'));
  await saveKinds(path.join(folder, '1'));
  lenet = await LocalModelServer.load(path.join(folder, '3'), 'lenet', 3);
  kinds = await LocalModelServer.load(path.join(folder, '1'), 'kinds', 1);
  classifier = await serveRest(lenet);
  kind = await serveRest(kinds);
  images = await encodedImages();
});
afterAll(async () => {
  await Promise.all([classifier.server.drain(), kind.server.drain()]);
  expect([...classifier.errors, ...kind.errors]).toEqual([]);
  lenet.dispose();
  kinds.dispose();
});
beforeEach(() => {
  classifier.events.length = 0;
  kind.events.length = 0;
});

const post = (route: string, body: unknown) => sendJson(kind.port, `/v1/models/kinds${route}`, body);
const b64 = (bytes: Uint8Array) => ({ b64: Buffer.from(bytes).toString('base64') });
const numbers = (value: TensorValue | undefined) => Array.from((value?.values ?? []) as Float32Array);
const inputsOfImages = () =>
  ({ image_bytes_string: { dtype: 'string', shape: [images.length], values: images } }) as const;

describe(':predict', () => {
  it('answers rows and columns', async () => {
    expect(await post(':predict', { instances: [1, 2.5] })).toEqual({ status: 200, json: { predictions: [2, 3.5] } });
    expect(await post(':predict', { instances: [{ x: 1 }] })).toEqual({ status: 200, json: { predictions: [2] } });
    expect(await post(':predict', { inputs: [1] })).toEqual({ status: 200, json: { outputs: [2] } });
    expect(await post(':predict', { inputs: { x: [] } })).toEqual({ status: 200, json: { outputs: [] } });
    expect(await post('/versions/1:predict', { inputs: [1] })).toEqual({ status: 200, json: { outputs: [2] } });
  });

  it('writes numbers, NaN and infinities as TensorFlow Serving does', async () => {
    const body = '{"instances": [NaN, Infinity, -Infinity, 8999999, 0.2, 1e39, -1] } trailing';
    const { headers, text } = await send(kind.port, '/v1/models/kinds:predict', { body });
    expect(text).toBe('{"predictions": [NaN, Infinity, -Infinity, 9e+06, 1.2, Infinity, 0.0]}');
    expect(headers['content-type']).toBe('application/json');
    expect(headers['content-length']).toBe(String(text.length));
  });

  it('carries integers, bools, text and bytes', async () => {
    const signature_name = 'echo';
    const instances = [
      { i: -(2 ** 31), b: true, s: 'é"' },
      { i: 2 ** 31 - 1, b: false, s: b64(Buffer.of(255, 0)) },
    ];
    const predictions = [
      { i: -(2 ** 31), b: false, s: 'é"', s_bytes: b64(Buffer.from('é"')) },
      { i: 2 ** 31 - 1, b: true, s: '\ufffd\0', s_bytes: b64(Buffer.of(255, 0)) },
    ];
    expect(await post(':predict', { signature_name, instances })).toEqual({ status: 200, json: { predictions } });
    const inputs = { i: [1], b: [true], s: ['a'] };
    const outputs = { i: [1], b: [false], s: ['a'], s_bytes: [{ b64: 'YQ==' }] };
    expect(await post(':predict', { signature_name, inputs })).toEqual({ status: 200, json: { outputs } });
  });

  it('carries strings of any rank where the signature takes any', async () => {
    const ask = (body: object) => post(':predict', { signature_name: 'text', ...body });
    expect(await ask({ inputs: 'a' })).toMatchObject({ json: { outputs: 'a' } });
    expect(await ask({ inputs: { b64: 'YQ==' } })).toMatchObject({ json: { outputs: 'a' } });
    expect(await ask({ instances: [{ b64: 'YQ==' }] })).toMatchObject({ json: { predictions: ['a'] } });
    expect(await ask({ inputs: [['a'], ['b']] })).toMatchObject({ json: { outputs: [['a'], ['b']] } });
    const deep = JSON.parse(`${'['.repeat(254)}"a"${']'.repeat(254)}`) as unknown;
    expect(await ask({ inputs: deep })).toMatchObject({ status: 200 });
    expect(await ask({ instances: deep })).toMatchObject({ status: 200 });
  });

  it('answers images as the model itself', async () => {
    const expected = await lenet.predict({ spec: { name: 'lenet' }, signatureName: 'serving_bytes', inputs: inputsOfImages() });
    const body = { signature_name: 'serving_bytes', instances: images.map(b64) };
    const { json } = await sendJson(classifier.port, '/v1/models/lenet:predict', body);
    const { predictions } = json as { predictions: number[][] };
    expect(predictions).toHaveLength(images.length);
    expect(predictions.flat().map(Math.fround)).toEqual(numbers(expected.outputs.output_0));
  }); // prettier-ignore

  it('takes a body that is gzip, and one in chunks', async () => {
    const body = gzipSync('{"inputs": [1]}');
    const headers = { 'Content-Encoding': 'gzip' };
    expect(await send(kind.port, '/v1/models/kinds:predict', { body, headers })).toMatchObject({ status: 200 });
    expect(kind.events[0]?.requestBytes).toBe(body.length);
    const chunked = await send(kind.port, '/v1/models/kinds:predict', {
      ...{ body: '{"inputs": [1]}', headers: { 'Transfer-Encoding': 'chunked' } },
    });
    expect(chunked).toMatchObject({ status: 200, text: '{"outputs": [2.0]}' });
  });

  it('is not asked about type, case or query', async () => {
    const headers = { 'Content-Type': 'text/plain' };
    const body = '{"inputs": [1]}';
    expect((await send(kind.port, '/V1/Models/kinds:predict?x=1', { body, headers })).status).toBe(200);
    expect((await send(kind.port, '/v1/models/KINDS:predict', { body })).status).toBe(404);
    expect((await send(kind.port, '/V1/MODELS/kinds/VERSIONS/1')).text).toContain('model_version_status');
    // As in TensorFlow Serving: the part after the version is compared once more.
    expect((await send(kind.port, '/v1/models/kinds/METADATA')).text).toContain('model_version_status');
  });
});

describe('a failure of :predict', () => {
  it.each<[string, string, unknown, number, string]>([
    ['a model', '/v1/models/foo:predict', { inputs: [1] }, 404, 'Servable not found for request: Latest(foo)'],
    ['a version', '/v1/models/kinds/versions/50:predict', { inputs: [1] }, 404, 'Servable not found for request: Specific(kinds, 50)'],
    ['a version beyond 2^53', '/v1/models/kinds/versions/9007199254740993:predict', { inputs: [1] }, 404, 'Servable not found for request: Specific(kinds, 9007199254740993)'],
    ['a version beyond int64', '/v1/models/kinds/versions/9223372036854775808:predict', { inputs: [1] }, 400, 'Failed to convert version: 9223372036854775808 to numeric.'],
    ['a label', '/v1/models/kinds/labels/canary:predict', { inputs: [1] }, 400, 'Unrecognized servable version label: canary'],
    ['a signature', '/v1/models/kinds:predict', { signature_name: 'x', inputs: [1] }, 400, 'Serving signature name: "x" not found in signature def'],
    ['inputs', '/v1/models/kinds:predict', {}, 400, "Missing 'inputs' or 'instances' key"],
    ['the shape', '/v1/models/kinds:predict', { inputs: [[1]] }, 400, 'The input "x" accepts float32[?]. Received: float32[1, 1].'],
    ['rows of the output', '/v1/models/kinds:predict', { signature_name: 'text', inputs: 'a' }, 200, ''],
  ])('%s is told in the words of TensorFlow Serving', async (_, route, body, status, error) => {
    const answer = await sendJson(kind.port, route, body);
    expect(answer.status).toBe(status);
    if (status !== 200) expect(answer.json).toEqual({ error });
  }); // prettier-ignore

  it('is an image that TensorFlow cannot decode', async () => {
    const body = { signature_name: 'serving_bytes', instances: [b64(Buffer.from('no image'))] };
    const { status, json } = await sendJson(classifier.port, '/v1/models/lenet:predict', body);
    expect([status, json]).toEqual([400, { error: expect.stringMatching(/Unknown image file format/) as string }]);
  });
});

describe(':classify and :regress', () => {
  it('answer examples', async () => {
    const examples = images.map((image) => ({ 'image/encoded': b64(image) }));
    const route = '/v1/models/lenet:classify';
    const body = { signature_name: 'serving_classify', examples };
    const { status, json } = await sendJson(classifier.port, route, body);
    expect(status).toBe(200);
    const { results } = json as { results: [string, number][][] };
    expect(results.map((pairs) => pairs.map(([name]) => name))).toEqual(images.map(() => classNames));
    for (const pairs of results) expect(pairs.reduce((sum, [, score]) => sum + score, 0)).toBeCloseTo(1, 5);
    const regressed = await post(':regress', { signature_name: 'rate', examples: [{ age: 1.5 }, {}], context: { x: 1 } });
    expect(regressed).toEqual({ status: 200, json: { results: [2.5, 0] } });
  }); // prettier-ignore

  it.each<[string, object, string]>([
    [':classify', { examples: [{}] }, 'Expected classification signature method_name to be tensorflow/serving/classify. Was: tensorflow/serving/predict'],
    [':regress', { examples: [{}], signature_name: 'x' }, 'No signature was found with the name: x'],
    [':regress', {}, "JSON Value: {} When method is classify, key 'examples' is expected and was not found"],
  ])('%s refuses %j', async (route, body, error) => {
    expect(await post(route, body)).toEqual({ status: 400, json: { error } });
  }); // prettier-ignore
});

describe('status and metadata', () => {
  it('tell the versions', async () => {
    const state = { version: '1', state: 'AVAILABLE', status: { error_code: 'OK', error_message: '' } };
    for (const route of ['', '/versions/1']) {
      expect(await sendJson(kind.port, `/v1/models/kinds${route}`)).toEqual({
        ...{ status: 200, json: { model_version_status: [state] } },
      });
    }
    expect(await sendJson(kind.port, '/v1/models/foo')).toEqual({
      ...{ status: 404, json: { error: 'Could not find any versions of model foo' } },
    });
    expect(await sendJson(kind.port, '/v1/models/kinds/versions/99')).toEqual({
      ...{ status: 404, json: { error: 'Could not find version 99 of model kinds' } },
    });
  });

  it('tell the signatures as protobuf writes them', async () => {
    const { json } = await sendJson(kind.port, '/v1/models/kinds/metadata');
    expect(json).toMatchObject({ model_spec: { name: 'kinds', signature_name: '', version: '1' } });
    const { signature_def } = (json as { metadata: { signature_def: { signature_def: Record<string, unknown> } } }).metadata.signature_def;
    expect(Object.keys(signature_def).sort()).toEqual(['any', 'echo', 'rate', 'serving_default', 'text']);
    expect(signature_def.serving_default).toEqual({
      inputs: { x: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false }, name: 'serving_default_x:0' } },
      outputs: { y: { dtype: 'DT_FLOAT', tensor_shape: { dim: [{ size: '-1', name: '' }], unknown_rank: false }, name: expect.any(String) as string } },
      method_name: 'tensorflow/serving/predict',
      defaults: {},
    });
    expect(signature_def.text).toMatchObject({ inputs: { s: { dtype: 'DT_STRING', tensor_shape: { dim: [], unknown_rank: true } } } });
    expect(signature_def.rate).toMatchObject({ method_name: 'tensorflow/serving/regress' });
  }); // prettier-ignore

  it.each([
    ['GET', '/v1/models', 'Missing model name in request.'],
    ['GET', '/v1/models/', 'Missing model name in request.'],
    ['GET', '/v1/foo', 'Malformed request: GET /v1/foo'],
    ['PUT', '/v1/models/kinds', 'Malformed request: PUT /v1/models/kinds'],
    ['DELETE', '/v1/models/kinds:predict', 'Malformed request: DELETE /v1/models/kinds:predict'],
    ['GET', '/v1/models/kinds:predict', 'Malformed request: GET /v1/models/kinds:predict'],
    ['POST', '/v1/models/kinds', 'Malformed request: POST /v1/models/kinds'],
    ['POST', '/v1/models/kinds:explain', 'Malformed request: POST /v1/models/kinds:explain'],
    ['POST', '/v1/models/:predict', 'Malformed request: POST /v1/models/:predict'],
    ['POST', '/v1/models/kinds/versions/x:predict', 'Malformed request: POST /v1/models/kinds/versions/x:predict'],
    ['POST', '/v1/models/kinds/versions/-1:predict', 'Malformed request: POST /v1/models/kinds/versions/-1:predict'],
    ['POST', '/v1/models/%zz:predict', 'Malformed request: POST /v1/models/%zz:predict'],
    ['POST', '/V1/Models/kinds:Predict', 'Malformed request: POST /V1/Models/kinds:Predict'],
    ['POST', '/v1/models/kinds/VERSIONS/1:PREDICT', 'Malformed request: POST /v1/models/kinds/VERSIONS/1:PREDICT'],
    ['GET', '/v1/models/kinds/version/1', 'Malformed request: GET /v1/models/kinds/version/1'],
    ['POST', '/v1/models/kinds/metadata', 'Malformed request: POST /v1/models/kinds/metadata'],
    ['POST', '/v1/models/kinds/label/x:regress', 'Malformed request: POST /v1/models/kinds/label/x:regress'],
    [
      'POST',
      '/v1/models/kinds/versions/1/labels/x:regress',
      'Malformed request: POST /v1/models/kinds/versions/1/labels/x:regress',
    ],
    ['OPTIONS', '/v1/models/kinds:predict', 'Malformed request: OPTIONS /v1/models/kinds:predict'],
  ])('%s %s is 400', async (method, route, error) => {
    const { status, text } = await send(kind.port, route, { method });
    expect([status, JSON.parse(text)]).toEqual([400, { error }]);
  });

  it('decodes names after it has taken the path apart', async () => {
    const directory = path.join(await temporaryFolderForAll(), '1');
    await saveKinds(directory);
    const name = 'a/b: é%';
    const models = await LocalModelServer.load(directory, name);
    const { port, server } = await serveRest(models);
    const route = `/v1/models/${encodeURIComponent(name)}`;
    expect(await sendJson(port, `${route}:predict`, { inputs: [1] })).toEqual({ status: 200, json: { outputs: [2] } });
    expect((await send(port, `/v2/models/${encodeURIComponent(name)}/ready`)).status).toBe(200);
    const { paths } = (await sendJson(port, '/openapi.json')).json as { paths: object };
    expect(paths).toHaveProperty([`${route}:predict`]);
    await server.drain();
    models.dispose();
  });
});

describe('other paths', () => {
  it.each([
    ['GET', '/nothing', 404, 'There is nothing at /nothing. Models are at /v1/models/NAME; see /openapi.json.'],
    ['POST', '/healthz', 405, '/healthz answers GET. Received: POST.'],
    ['GET', '/v2/models/kinds/infer', 405, '/v2/models/kinds/infer answers POST. Received: GET.'],
    ['GET', `/${'x'.repeat(5000)}`, 404, `There is nothing at /${'x'.repeat(199)}.... Models are at /v1/models/NAME; see /openapi.json.`],
  ])('%s %.60s is %d', async (method, route, status, error) => {
    const answer = await send(kind.port, route, { method });
    expect([answer.status, JSON.parse(answer.text)]).toEqual([status, { error }]);
  }); // prettier-ignore

  it('answer HEAD as GET, without the body', async () => {
    for (const route of ['/healthz', '/v1/models/kinds', '/openapi.json']) {
      const get = await send(kind.port, route);
      const head = await send(kind.port, route, { method: 'HEAD' });
      expect([head.status, head.text]).toEqual([200, '']);
      expect(head.headers['content-length']).toBe(get.headers['content-length']);
    }
  });

  it('tell health', async () => {
    let ready = false;
    const { port, events } = await serveRestForTest(kinds, { isReady: () => ready });
    expect(await sendJson(port, '/healthz')).toEqual({ status: 200, json: { status: 'ok' } });
    expect(await sendJson(port, '/readyz')).toMatchObject({ status: 503 });
    // Checks that succeed are in no log.
    expect(events).toMatchObject([{ method: 'Readyz', status: 'UNAVAILABLE', httpStatus: 503 }]);
    expect((await send(port, '/v2/health/ready')).status).toBe(503);
    ready = true;
    expect(await sendJson(port, '/readyz')).toEqual({ status: 200, json: { status: 'ready' } });
    expect(await sendJson(port, '/v2/health/ready')).toEqual({ status: 200, json: { ready: true } });
    expect(await sendJson(port, '/v2/health/live')).toEqual({ status: 200, json: { live: true } });
  });
});

describe(':classify-image', () => {
  const route = '/v1/models/lenet:classify-image';
  const form = (files: Readonly<Record<string, Uint8Array>>) => {
    const data = new FormData();
    for (const [name, content] of Object.entries(files))
      data.append('image', new File([new Uint8Array(content)], name));
    return data;
  };
  const upload = async (body: FormData | Uint8Array, query = '') => {
    const init = body instanceof FormData ? body : new Uint8Array(body);
    const response = await fetch(`http://127.0.0.1:${classifier.port}${route}${query}`, { method: 'POST', body: init });
    return { status: response.status, json: (await response.json()) as { predictions: unknown[]; error?: string } };
  };
  const image = (position: number) => images[position] ?? new Uint8Array();
  /** What `serving_labels` says. */
  const expectedClasses = async (position: number) => {
    const values = [image(position)];
    const { outputs } = await lenet.predict({
      ...{ spec: { name: 'lenet' }, signatureName: 'serving_labels' },
      inputs: { image_bytes_string: { dtype: 'string', shape: [1], values } },
    });
    const probabilities = numbers(outputs.probability);
    return (outputs.class_name?.values as Uint8Array[]).map((name, i) => ({
      name: Buffer.from(name).toString(),
      index: outputs.class_index?.values[i],
      probability: probabilities[i],
    }));
  };

  it('takes files of a form', async () => {
    const { status, json } = await upload(form({ 'a.png': image(0), '../é b.jpg': image(1) }));
    expect(status).toBe(200);
    const expected = [{ file: 'a.png', classes: await expectedClasses(0) }, { file: 'é b.jpg', classes: await expectedClasses(1) }]; // prettier-ignore
    expect(json.predictions).toEqual(expected);
  });

  it('takes an image as the body, of every kind', async () => {
    for (let i = 0; i < images.length; i += 1) {
      expect((await upload(image(i))).json.predictions).toEqual([{ file: 'image', classes: await expectedClasses(i) }]);
    }
  });

  it('gives the best classes, as many as are asked for', async () => {
    const all = await expectedClasses(0);
    for (const [query, count] of [['?top_k=1', 1], ['?top_k=2', 2], ['?top_k=5', 4], ['?top_k=1000', 4]] as const) {
      const [prediction] = (await upload(image(0), query)).json.predictions as { classes: { name: string; index: number; probability: number }[] }[];
      expect(prediction?.classes.map(({ name, index }) => [name, index])).toEqual(all.slice(0, count).map(({ name, index }) => [name, index]));
    }
    for (const top of ['0', '-1', 'x', '1.5', '1001', '', '99999999999999999999']) {
      expect(await upload(image(0), `?top_k=${top}`)).toEqual({ status: 400, json: { error: `top_k is a whole number from 1 to 1000. Received: ${top}.` } });
    }
  }); // prettier-ignore

  it('answers good files beside bad ones', async () => {
    const truncated = image(0).slice(0, 60);
    const { status, json } = await upload(form({ 'good.png': image(0), 'bad.txt': Buffer.from('text'), 'cut.png': truncated })); // prettier-ignore
    expect(status).toBe(200);
    expect(json.predictions).toEqual([
      { file: 'good.png', classes: await expectedClasses(0) },
      { file: 'bad.txt', error: 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text.' },
      { file: 'cut.png', error: expect.stringContaining('Invalid PNG') as string },
    ]);
  });

  it.each<[string, Uint8Array | Record<string, string>, string]>([
    ['nothing', Buffer.of(), "The request has no image. Send images as files of multipart/form-data (curl -F 'image=@cat.jpg'), or one as the body."],
    ['text', Buffer.from('hello'), 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text.'],
    ['JSON', Buffer.from('{"instances": [1]}'), 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text.'],
    ['PDF', Buffer.from('%PDF-1.7'), 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: a PDF document.'],
    ['an empty file', { a: '' }, 'Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: an empty file.'],
    ['an empty form', {}, "The form has no file. Send images as files of multipart/form-data (curl -F 'image=@cat.jpg'), or one as the body."],
  ])('refuses %s', async (_, content, error) => {
    const body = content instanceof Uint8Array ? content : form(Object.fromEntries(Object.entries(content).map(([name, text]) => [name, Buffer.from(text)])));
    expect(await upload(body)).toEqual({ status: 400, json: { error } });
  }); // prettier-ignore

  it('transcodes what TensorFlow does not decode, as training and evaluation do', async () => {
    const pixels = sharp({ create: { width: 30, height: 20, channels: 4, background: { r: 200, g: 90, b: 30, alpha: 1 } } });
    const files = {
      png: await pixels.clone().png().toBuffer(),
      webp: await pixels.clone().webp({ lossless: true }).toBuffer(),
      tiff: await pixels.clone().tiff({ compression: 'lzw' }).toBuffer(),
      avif: await pixels.clone().avif({ lossless: true, chromaSubsampling: '4:4:4' }).toBuffer(),
    };
    const { json } = await upload(form(files));
    const found = (json.predictions as { file: string; classes?: unknown; error?: string }[]).map(({ file, classes, error }) => [file, error ?? classes]);
    expect(found.map(([file]) => file)).toEqual(['png', 'webp', 'tiff', 'avif']);
    // A lossless format gives the same pixels, and so the same numbers.
    expect(found[1]?.[1]).toEqual(found[0]?.[1]);
    expect(found[2]?.[1]).toEqual(found[0]?.[1]);
    expect(found[3]?.[1]).toEqual([expect.objectContaining({ probability: expect.any(Number) as number }), ...Array<unknown>(3).fill(expect.anything())]);
    expect(await upload(files.webp.subarray(0, 24))).toMatchObject({ status: 400, json: { error: 'The image is corrupt: it cannot be transcoded to PNG.' } });
  }); // prettier-ignore

  it('counts the pixels of what it transcodes before it does', async () => {
    const served = await serveRestForTest(lenet, { pixelLimits: { maxPixels: 1000, maxRequestPixels: 1500 } });
    const tiff = (width: number, height: number) =>
      sharp({ create: { width, height, channels: 3, background: 'red' } })
        .tiff({ compression: 'lzw' })
        .toBuffer();
    const ask = async (files: Readonly<Record<string, Uint8Array>>) => {
      const response = await fetch(`http://127.0.0.1:${served.port}${route}`, { method: 'POST', body: form(files) });
      return response.status;
    };
    const [small, large] = [await tiff(30, 30), await tiff(40, 40)];
    expect([await ask({ small }), await ask({ large }), await ask({ small, again: small })]).toEqual([200, 413, 413]);
  });

  it.each<[string, (bmp: Buffer) => void, string]>([
    ['with a palette', (bmp) => bmp.writeUInt16LE(8, 28), 'is a BMP with a colour palette, which TensorFlow cannot decode: save it as PNG'],
    ['of 1 bit', (bmp) => bmp.writeUInt16LE(1, 28), 'is a 1-bit BMP, which TensorFlow cannot decode: save it as PNG'],
    ['of 16 bits', (bmp) => bmp.writeUInt16LE(16, 28), 'is a 16-bit BMP, which TensorFlow cannot decode: save it as PNG'],
    ['with RLE', (bmp) => bmp.writeUInt16LE(8, 28) && bmp.writeUInt32LE(1, 30), 'is a BMP with compression (RLE8), which TensorFlow cannot decode: save it as PNG'],
  ])('refuses a BMP %s, of which TensorFlow makes another picture', async (_, change, problem) => {
    const bmp = Buffer.alloc(54 + 1024 + 32 * 32 * 4);
    bmp.write('BM');
    bmp.writeUInt32LE(54 + 1024, 10);
    bmp.writeUInt32LE(40, 14);
    bmp.writeInt32LE(32, 18);
    bmp.writeInt32LE(32, 22);
    // Colours, not shades of gray.
    bmp.fill(0x5a, 54, 54 + 1024);
    change(bmp);
    expect(await upload(bmp)).toEqual({ status: 400, json: { error: `The image ${problem}.` } });
    const body = { signature_name: 'serving_bytes', instances: [b64(bmp)] };
    expect(await sendJson(classifier.port, '/v1/models/lenet:predict', body)).toEqual({
      status: 400,
      json: { error: `An image of "image_bytes_string" ${problem}.` },
    });
  }); // prettier-ignore

  it('says when a model classifies no images', async () => {
    const { status, text } = await send(kind.port, '/v1/models/kinds:classify-image', { body: image(0) });
    expect([status, JSON.parse(text)]).toEqual([400, { error: expect.stringMatching(/^The model "kinds" has no signature serving_labels/) as string }]); // prettier-ignore
  });
});

describe('the Open Inference Protocol', () => {
  const infer = (body: unknown) => sendJson(kind.port, '/v2/models/kinds/infer', body);
  const x = { name: 'x', datatype: 'FP32' };

  it('tells server and models', async () => {
    expect((await sendJson(kind.port, '/v2')).json).toEqual({
      name: 'signet',
      version: '1.2.3',
      extensions: ['binary_tensor_data'],
    });
    const metadata = {
      name: 'kinds',
      versions: ['1'],
      platform: 'tensorflow_savedmodel',
      inputs: [{ name: 'x', datatype: 'FP32', shape: [-1] }],
      outputs: [{ name: 'y', datatype: 'FP32', shape: [-1] }],
    };
    const signatures = expect.objectContaining({
      text: {
        inputs: [{ name: 's', datatype: 'BYTES', shape: [-1] }],
        outputs: [{ name: 's', datatype: 'BYTES', shape: [-1] }],
      },
    }) as unknown;
    expect((await sendJson(kind.port, '/v2/models/kinds')).json).toEqual({ ...metadata, signatures });
    expect((await sendJson(kind.port, '/v2/models/kinds/versions/1')).json).toEqual({ ...metadata, signatures });
    expect((await sendJson(kind.port, '/v2/models/kinds/ready')).json).toEqual({ name: 'kinds', ready: true });
    for (const route of ['foo', 'foo/ready', 'kinds/versions/2', 'kinds/versions/2/ready']) {
      expect((await sendJson(kind.port, `/v2/models/${route}`)).status).toBe(404);
    }
  });

  it('answers flat and nested data', async () => {
    expect(await infer({ id: '7', inputs: [{ ...x, shape: [2], data: [1, 2] }] })).toEqual({
      status: 200,
      json: {
        model_name: 'kinds', model_version: '1', id: '7',
        outputs: [{ name: 'y', datatype: 'FP32', shape: [2], data: [2, 3] }],
      },
    });
    const parameters = { signature_name: 'any' };
    for (const data of [[1, 2, 3, 4], [[1, 2], [3, 4]]]) {
      const { json } = await infer({ parameters, inputs: [{ ...x, shape: [2, 2], data }] });
      expect(json).toMatchObject({ outputs: [{ shape: [2, 2], data: [2, 4, 6, 8] }] });
    }
    const { json } = await infer({ parameters, inputs: [{ ...x, shape: [0, 7], data: [] }] });
    expect(json).toMatchObject({ outputs: [{ shape: [0, 7], data: [] }] });
  }); // prettier-ignore

  it('carries bytes and bools, and gives the outputs that are asked for', async () => {
    const inputs = [
      { name: 'i', datatype: 'INT32', shape: [1], data: [7] },
      { name: 'b', datatype: 'BOOL', shape: [1], data: [true] },
      { name: 's', datatype: 'BYTES', shape: [1], data: ['/w=='], parameters: { content_type: 'base64' } },
    ];
    const outputs = [{ name: 's' }, { name: 'b' }];
    const { json } = await infer({ parameters: { signature_name: 'echo' }, inputs, outputs });
    const answered = (json as { outputs: { name: string }[] }).outputs;
    expect(answered.toSorted((a, b) => a.name.localeCompare(b.name))).toEqual([
      { name: 'b', datatype: 'BOOL', shape: [1], data: [false] },
      { name: 's', datatype: 'BYTES', shape: [1], data: ['/w=='], parameters: { content_type: 'base64' } },
    ]);
    expect(kind.events).toMatchObject([{ method: 'Infer', model: 'kinds', version: 1, signature: 'echo', status: 'OK' }]);
  }); // prettier-ignore

  it.each<[unknown, string]>([
    [{ inputs: [] }, 'input size does not match signature: 0!=1 len({}) != len({x}). Sent extra: {}. Missing but required: {x}.'],
    [{ inputs: [{ ...x, shape: [1, 1], data: [1] }] }, 'The input "x" accepts float32[?]. Received: float32[1, 1].'],
    [{ inputs: [{ ...x, shape: [1], data: [1] }], outputs: [{ name: 'z' }] }, 'output tensor alias not found in signature: z Outputs expected to be in the set {y}.'],
    [{ inputs: [{ ...x, shape: [1], data: [1] }], outputs: [{ name: 'y' }, { name: 'y' }] }, 'duplicate output tensor alias: y'],
    [{ parameters: { signature_name: 'z' }, inputs: [] }, 'Serving signature name: "z" not found in signature def'],
  ])('refuses %j', async (body, error) => {
    expect(await infer(body)).toEqual({ status: 400, json: { error } });
  }); // prettier-ignore
});

describe('a token', () => {
  it('is asked for, but by health checks', async () => {
    const { port, events } = await serveRestForTest(kinds, { token: 'sesame' });
    const ask = (Authorization?: string) => {
      const headers = Authorization === undefined ? {} : { Authorization };
      return send(port, '/v1/models/kinds:predict', { body: '{"inputs": [1]}', headers });
    };
    expect((await ask('Bearer sesame')).status).toBe(200);
    expect((await ask('bearer  sesame')).status).toBe(200);
    for (const wrong of [undefined, 'Bearer sesam', 'Bearer sesame2', 'sesame', 'Basic sesame', 'Bearer', 'Bearer ']) {
      const { status, headers, text } = await ask(wrong);
      expect([status, headers['www-authenticate']]).toEqual([401, 'Bearer']);
      expect(JSON.parse(text)).toEqual({ error: 'Send the header "Authorization: Bearer TOKEN".' });
    }
    for (const route of ['/healthz', '/readyz', '/v2/health/live']) expect((await send(port, route)).status).toBe(200);
    for (const route of ['/v1/models/kinds', '/v1/models/kinds/metadata', '/v2', '/openapi.json', '/monitoring/prometheus/metrics']) {
      expect((await send(port, route)).status).toBe(401);
    }
    expect(events.filter(({ status }) => status === 'UNAUTHENTICATED')).toHaveLength(12);
  }); // prettier-ignore
});

describe('TLS', () => {
  it('is spoken with the certificate that is given', async () => {
    const { certificate, key } = await selfSigned();
    const { port, server } = await serveRest(kinds, { tls: { certificate, key } });
    const answer = await send(port, '/v1/models/kinds:predict', { body: '{"inputs": [1]}', ca: certificate });
    expect(answer.text).toBe('{"outputs": [2.0]}');
    await expect(send(port, '/healthz')).rejects.toThrow();
    expect((await send(port, '/healthz', { ca: certificate })).status).toBe(200);
    await server.drain();
  });
});

describe('metrics', () => {
  it('are those of TensorFlow Serving, in Prometheus format', async () => {
    const { port } = await serveRestForTest(kinds);
    await sendJson(port, '/v1/models/kinds:predict', { inputs: [1] });
    await sendJson(port, '/v1/models/kinds:predict', {});
    for (let i = 0; i < 3; i += 1) await sendJson(port, `/v1/models/made-up-${i}:predict`, { inputs: [1] });
    const { headers, text } = await send(port, '/monitoring/prometheus/metrics');
    expect(headers['content-type']).toMatch(/^text\/plain/);
    for (const line of [
      ':tensorflow:serving:request_count{model_name="kinds",status="OK"} 1',
      ':tensorflow:serving:request_count{model_name="kinds",status="INVALID_ARGUMENT"} 1',
      ':tensorflow:serving:request_count{model_name="",status="NOT_FOUND"} 3',
      ':tensorflow:serving:request_latency_count{model_name="kinds",API="predict",entrypoint="REST"} 2',
      ':tensorflow:serving:request_latency_bucket{le="10",model_name="kinds",API="predict",entrypoint="REST"} ',
      'process_cpu_user_seconds_total ',
    ]) expect(text).toContain(line);
    expect(text).not.toContain('made-up');
  }); // prettier-ignore
});

describe('the access log', () => {
  it('has a line of JSON for every request', async () => {
    await sendJson(kind.port, '/v1/models/kinds:predict', { inputs: [1], signature_name: 'any' });
    await sendJson(kind.port, '/v1/models/kinds:predict', { inputs: [1] });
    await send(kind.port, '/healthz');
    await send(kind.port, '/v1/models/a%0Ab%22');
    await send(kind.port, '/nothing');
    const now = new Date('2026-01-02T03:04:05.678Z');
    const lines = kind.events.map((event) => accessLogLine(event, now));
    for (const line of lines) expect(line).toMatch(/^[^\n]+\n$/);
    const time = now.toISOString();
    const common = { time, api: 'rest', milliseconds: expect.any(Number) as number, responseBytes: expect.any(Number) as number };
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { ...common, method: 'Predict', model: 'kinds', version: 1, signature: 'any', status: 'INVALID_ARGUMENT', httpStatus: 400, requestBytes: 37 },
      { ...common, method: 'Predict', model: 'kinds', version: 1, signature: 'serving_default', status: 'OK', httpStatus: 200, requestBytes: 14, responseBytes: 18 },
      { ...common, method: 'GetModelStatus', model: 'a\nb"', status: 'NOT_FOUND', httpStatus: 404, requestBytes: 0 },
      { ...common, method: 'Unknown', model: '', status: 'NOT_FOUND', httpStatus: 404, requestBytes: 0 },
    ]);
  }); // prettier-ignore
});
