import { mkdir } from 'node:fs/promises';
import path from 'node:path';

import { beforeAll, describe, expect, it } from 'vitest';

import { SignetClient } from '../../src/client/signet-client.js';
import { startServer } from '../../src/serving.js';
import { SmallClassifier } from '../helpers/models/small-classifier.js';
import { temporaryFolderForAll } from '../helpers/temporary-folder.js';

const anyPorts = { restPort: 0, grpcPort: 0 };
let folder: string;

beforeAll(async () => {
  folder = await temporaryFolderForAll();
  await new SmallClassifier({ classNames: ['cat', 'dog'], seed: 1 }).save(path.join(folder, 'SmallClassifier', '1'));
});

describe('startServer', () => {
  it('serves models under the names that a program gives them, until it drains', async () => {
    const basePath = path.join(folder, 'SmallClassifier');
    const labelled = { basePath, labels: new Map([['stable', 1]]) };
    const server = await startServer({ ...anyPorts, models: { pets: basePath, labelled } });
    expect(server.url).toBe(`http://127.0.0.1:${server.restPort}/`);
    expect(server.grpcAddress).toBe(`127.0.0.1:${server.grpcPort}`);
    const status = await fetch(`${server.url}v1/models/labelled/labels/stable`);
    expect(await status.json()).toMatchObject({ model_version_status: [{ version: '1', state: 'AVAILABLE' }] });
    const client = new SignetClient({ modelName: 'pets', grpcPort: server.grpcPort });
    const { outputs } = await client.predict({ input_tensor: { dtype: 'float32', shape: [1, 1, 1, 3], values: new Float32Array(3) } }); // prettier-ignore
    expect(outputs.output_0?.shape).toEqual([1, 2]);
    client.close();
    await server.drain();
    await expect(fetch(server.url)).rejects.toThrow();
  });

  it('serves a folder of models', async () => {
    const server = await startServer({ ...anyPorts, modelFolder: folder });
    expect(server.store.modelNames).toEqual(['SmallClassifier']);
    await server.drain();
  });

  it('refuses to serve nothing', async () => {
    await expect(startServer(anyPorts)).rejects.toThrow(
      "startServer takes models: { digits: 'models/LenetModel' }, or modelFolder: 'models'. Received: neither.",
    );
    const empty = path.join(folder, 'empty');
    await mkdir(empty);
    await expect(startServer({ ...anyPorts, models: { empty } })).rejects.toThrow(
      'No model could be loaded:\n  empty: it has no version',
    );
  });
});
