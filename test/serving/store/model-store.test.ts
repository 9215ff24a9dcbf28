import { cp, mkdir, rename, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';

import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import type { ModelSpec, ServedVersion } from '../../../src/serving/model-server.js';
import { ModelStore, type ModelStoreOptions } from '../../../src/serving/store/model-store.js';
import type { StoreEvent } from '../../../src/serving/store/store-event.js';
import { Servable } from '../../../src/signatures/servable.js';
import * as tf from '../../../src/tensorflow/tf.js';
import { tensorSpec } from '../../../src/tracing/tensor-spec.js';
import { tfFunction } from '../../../src/tracing/tf-function.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { InferenceWorker } from '../../../src/serving/worker/inference-worker.js';
import { temporaryFolder, temporaryFolderForAll } from '../../helpers/temporary-folder.js';
import '../../helpers/servers/threads-given.js';

/** SavedModels whose factor is their number, to be copied. */
let saved: string;

beforeAll(async () => {
  saved = await temporaryFolderForAll();
  for (let version = 1; version <= 3; version += 1) await saveScale(saved, version);
});

/** Puts a version in place as Signet does: whole, at once. */
async function add(basePath: string, version: number | string, factor = Number(version)): Promise<string> {
  const directory = path.join(basePath, String(version));
  const made = path.join(basePath, `.${version}.new-${process.pid}`);
  await cp(path.join(saved, String(factor)), made, { recursive: true });
  await rename(made, directory);
  return directory;
}

interface Started {
  readonly store: ModelStore;
  readonly basePath: string;
  readonly events: StoreEvent[];
  /** Every thread that was started, in order. */
  readonly workers: readonly InferenceWorker[];
}

/** A store with one model `m`, which looks at the disk when it is told to. */
async function start(
  versions: readonly (number | string)[],
  model: object = {},
  options: ModelStoreOptions = {},
): Promise<Started> {
  const basePath = path.join(await temporaryFolder(), 'm');
  await mkdir(basePath);
  for (const version of versions) await add(basePath, version);
  const events: StoreEvent[] = [];
  const workers: InferenceWorker[] = [];
  const store = await ModelStore.start({
    startWorker: async (...args) => {
      const worker = await InferenceWorker.start(...args);
      workers.push(worker);
      return worker;
    },
    ...{ models: [{ name: 'm', basePath, ...model }], pollSeconds: 0, loadRetrySeconds: 0 },
    ...options,
    onEvent: (event) => events.push(event),
  });
  onTestFinished(() => store.drain());
  return { store, basePath, events, workers };
}

/** Asks the store, and returns the factor of the version that answered. */
async function ask(
  store: ModelStore,
  spec: Partial<ModelSpec> = {},
  version?: ServedVersion,
): Promise<number | undefined> {
  const x = { dtype: 'float32', shape: [1, 1], values: Float32Array.of(1) } as const;
  const found = version && { version };
  const request = { spec: { name: 'm', ...spec }, ...found, inputs: { x }, outputFilter: ['y'] };
  const { outputs } = await store.predict(request);
  return Number(outputs.y?.values[0]);
}

const states = (store: ModelStore) => store.status({ name: 'm' }).map(({ version, state }) => `${version} ${state}`);
const logged = (events: readonly StoreEvent[]) =>
  events.flatMap((event) => (event.type === 'log' ? [event.message] : []));

/** Has a variable, which it is not whole without. */
class Shift extends Servable {
  readonly by = tf.variable(tf.scalar(1), false);
  readonly shift = tfFunction((x: tf.Tensor) => x.add(this.by), {
    inputSignature: { x: tensorSpec('float32', [null]) },
  });
}

describe('version policies', () => {
  it('serves the latest alone by default', async () => {
    const { store } = await start([1, 2]);
    expect(states(store)).toEqual(['2 AVAILABLE']);
    expect(await ask(store)).toBe(2);
    await expect(ask(store, { version: 1 })).rejects.toThrow('Servable not found for request: Specific(m, 1)');
  });

  it('serves the latest two, all, or some', async () => {
    const { store } = await start([1, 2, 3], { policy: { kind: 'latest', count: 2 } });
    expect(states(store)).toEqual(['3 AVAILABLE', '2 AVAILABLE']);
    const all = await start([1, '002', 3], { policy: { kind: 'all' } });
    expect(states(all.store)).toEqual(['3 AVAILABLE', '2 AVAILABLE', '1 AVAILABLE']);
    expect(await ask(all.store, { version: 2 })).toBe(2);
    expect(await ask(all.store)).toBe(3);
    const some = await start([1, 2, 3], { policy: { kind: 'specific', versions: [1, 2, 9] } });
    expect(states(some.store)).toEqual(['2 AVAILABLE', '1 AVAILABLE']);
  });

  it('takes names that are numbers, and tells of duplicates and numbers that are too large', async () => {
    const { store, events, basePath } = await start(['1', '001']);
    await mkdir(path.join(basePath, 'x2'));
    await mkdir(path.join(basePath, '99999999999999999999'));
    await writeFile(path.join(basePath, '7'), 'a file');
    await store.poll();
    expect(states(store)).toEqual(['1 AVAILABLE']);
    expect(logged(events)).toEqual([
      `${basePath} has version 1 several times: 001, 1. 001 is taken.`,
      `${basePath}/99999999999999999999 is ignored: Signet counts versions up to 2^53 - 1.`,
    ]);
  });
});

describe('the life of a version', () => {
  it('is told step by step; the new one answers before the old one goes', async () => {
    const { store, basePath, events } = await start([1]);
    await add(basePath, 2);
    await store.poll();
    expect(await ask(store)).toBe(2);
    await vi.waitFor(() => expect(states(store)).toEqual(['2 AVAILABLE', '1 END']));
    const steps = events.flatMap((event) => (event.type === 'version' ? [`${event.version} ${event.state}`] : []));
    expect(steps).toEqual(['1 LOADING', '1 AVAILABLE', '2 LOADING', '2 AVAILABLE', '1 UNLOADING', '1 END']);
  });

  it('answers a request that has found it while it is there; the next one answers after that', async () => {
    const { store, basePath } = await start([1], { policy: { kind: 'latest', count: 2 } });
    const version = store.find({ name: 'm' });
    await add(basePath, 2);
    await store.poll();
    expect(await ask(store)).toBe(2);
    expect(await ask(store, {}, version)).toBe(1);
    await add(basePath, 3);
    await store.poll();
    expect(await ask(store, {}, version)).toBe(3);
  });

  it('goes back when the latest is deleted, and ends when all are', async () => {
    const { store, basePath } = await start([1, 2]);
    await rm(path.join(basePath, '2'), { recursive: true });
    await store.poll();
    expect(await ask(store)).toBe(1);
    await rm(path.join(basePath, '1'), { recursive: true });
    await store.poll();
    await expect(ask(store)).rejects.toMatchObject({ status: 'NOT_FOUND' });
  });

  it('stays when the base path vanishes', async () => {
    const { store, basePath, events } = await start([1]);
    await rename(basePath, `${basePath}-away`);
    await store.poll();
    await store.poll();
    expect(await ask(store)).toBe(1);
    expect(logged(events)).toEqual([
      expect.stringContaining(`Could not find base path ${basePath} for model m: ENOENT`),
    ]);
    await rename(`${basePath}-away`, basePath);
    await add(basePath, 2);
    await store.poll();
    expect(await ask(store)).toBe(2);
  });

  const tear: [string, (directory: string) => Promise<void>][] = [
    ['no saved_model.pb', (directory) => rm(path.join(directory, 'saved_model.pb'))],
    ['an empty saved_model.pb', (directory) => truncate(path.join(directory, 'saved_model.pb'), 0)],
    ['half a saved_model.pb', (directory) => truncate(path.join(directory, 'saved_model.pb'), 1000)],
    [
      'none of the variables that it restores',
      async (directory) => {
        await rm(directory, { recursive: true });
        const model = new Shift();
        await model.save(directory, { signatures: { serving_default: model.shift } });
        await rm(path.join(directory, 'variables'), { recursive: true });
      },
    ],
    ['half an index', (directory) => truncate(path.join(directory, 'variables', 'variables.index'), 20)],
    [
      'half of the data',
      (directory) => truncate(path.join(directory, 'variables', 'variables.data-00000-of-00001'), 4),
    ],
  ];
  it.each(tear)('does not begin with %s, until it is whole', async (_, break_) => {
    const { store, basePath } = await start([1], {}, { loadRetrySeconds: 1000 });
    const torn = await add(basePath, 2);
    await break_(torn);
    await store.poll();
    expect(await ask(store)).toBe(1);
    expect(store.status({ name: 'm', version: 2 })).toEqual([
      { version: 2, state: expect.stringMatching(/START|END/) as string, error: expect.any(String) as string },
    ]);
    await rm(torn, { recursive: true });
    await add(basePath, 2);
    await store.poll();
    expect(await ask(store)).toBe(2);
    expect(store.status({ name: 'm', version: 2 })).toEqual([{ version: 2, state: 'AVAILABLE' }]);
  });

  it('passes over what Signet is still writing', async () => {
    const { store, basePath } = await start([1]);
    await cp(path.join(saved, '2'), path.join(basePath, '.2.new-1'), { recursive: true });
    await store.poll();
    expect(states(store)).toEqual(['1 AVAILABLE']);
  });

  it('is loaded from an older version at the start when the latest is bad', async () => {
    const bad = path.join('assets.extra', 'tf_serving_warmup_requests');
    const { store, basePath, events } = await start([], {}, { loadRetries: 1 });
    await add(basePath, 1);
    const latest = await add(basePath, 2);
    await mkdir(path.join(latest, 'assets.extra'), { recursive: true });
    await writeFile(path.join(latest, bad), 'no records');
    await store.poll();
    expect(await ask(store)).toBe(1);
    expect(store.status({ name: 'm', version: 2 })[0]?.error).toContain('tf_serving_warmup_requests is damaged');
    const failures = events.filter((event) => event.type === 'version' && event.error !== undefined);
    expect(failures).toHaveLength(2);
    await store.poll();
    expect(events.filter((event) => event.type === 'version' && event.error !== undefined)).toHaveLength(2);
  });

  it('begins again when its thread ends', async () => {
    const { store, events, workers } = await start([1]);
    const [worker] = workers;
    const pending = ask(store);
    await worker?.terminate();
    await expect(pending).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    expect(await ask(store)).toBe(1);
    expect(logged(events)).toEqual(['A thread of model m/1 has ended; it is loaded again.']);
    expect(workers).toHaveLength(2);
    expect(workers[1]).not.toBe(worker);
  });

  it('has one thread choose a precision, which the others and those that follow take', async () => {
    const asked: unknown[] = [];
    const workers: InferenceWorker[] = [];
    const { store, events } = await start(
      [1],
      {},
      {
        workersPerVersion: 2,
        precision: 'auto',
        startWorker: async (directory, options) => {
          asked.push(options?.precision);
          const worker = await InferenceWorker.start(directory, options);
          workers.push(worker);
          return worker;
        },
      },
    );
    await workers[0]?.terminate();
    await vi.waitFor(() => expect(asked).toHaveLength(3), { timeout: 10_000 });
    const { precision } = store.find({ name: 'm' });
    expect(asked).toEqual(['auto', precision?.precision, precision?.precision]);
    expect(events).toContainEqual({ type: 'precision', model: 'm', version: 1, ...precision });
  });

  it('is lost when its thread cannot be started again, and comes back when its files do', async () => {
    const { store, basePath, workers } = await start([1], {}, { loadRetrySeconds: 1000 });
    await rename(path.join(basePath, '1'), path.join(basePath, 'away'));
    await workers[0]?.terminate();
    await expect(ask(store)).rejects.toMatchObject({ status: 'UNAVAILABLE' });
    await expect(ask(store)).rejects.toMatchObject({ status: 'NOT_FOUND' });
    expect(states(store)).toEqual(['1 END']);
    await add(basePath, 1);
    await store.poll();
    expect(await ask(store)).toBe(1);
  });
});

describe('under load', () => {
  it('swaps ten times and fails no request', async () => {
    const { store, basePath } = await start([1], {}, { pollSeconds: 0.02 });
    let isOver = false;
    let answered = 0;
    const seen = new Set<number | undefined>();
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        seen.add(await ask(store));
        answered += 1;
        // Eight clients that never rest would take the processors from the threads that load.
        await setTimeout(5);
      }
    });
    for (let version = 2; version <= 11; version += 1) {
      await add(basePath, version, (version % 3) + 1);
      await vi.waitFor(() => expect(store.find({ name: 'm' }).version).toBe(version), { timeout: 20_000 });
    }
    isOver = true;
    await Promise.all(clients);
    expect(seen).toEqual(new Set([1, 2, 3]));
    expect(answered).toBeGreaterThan(100);
    await vi.waitFor(() => expect(store.status({ name: 'm' }).filter(({ state }) => state !== 'END')).toHaveLength(1));
  });

  it('answers all that was accepted before it drains, and nothing later', async () => {
    const { store } = await start([1]);
    const accepted = Array.from({ length: 200 }, () => ask(store));
    const drained = store.drain();
    await expect(ask(store)).rejects.toMatchObject({ status: 'UNAVAILABLE', message: 'The server is shutting down.' });
    expect(await Promise.all(accepted)).toEqual(Array<number>(200).fill(1));
    await drained;
    expect(states(store)).toEqual(['1 END']);
  });
});

describe('labels', () => {
  const labels = new Map([['stable', 1], ['canary', 2]]); // prettier-ignore
  const model = { policy: { kind: 'all' }, labels };

  it('name versions', async () => {
    const { store } = await start([1, 2], model);
    expect(await ask(store, { label: 'stable' })).toBe(1);
    expect(await ask(store, { label: 'canary' })).toBe(2);
    expect(store.status({ name: 'm', label: 'canary' })).toEqual([{ version: 2, state: 'AVAILABLE' }]);
    await expect(ask(store, { label: 'x' })).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'Unrecognized servable version label: x',
    });
  });

  it('wait for their version', async () => {
    const { store, basePath } = await start([1], model);
    await expect(ask(store, { label: 'canary' })).rejects.toMatchObject({ status: 'INVALID_ARGUMENT' });
    expect(await ask(store, { label: 'stable' })).toBe(1);
    await add(basePath, 2);
    await store.poll();
    expect(await ask(store, { label: 'canary' })).toBe(2);
  });

  it('may point at what is not there yet where that is allowed', async () => {
    const { store } = await start([1], model, { allowLabelsForUnavailableVersions: true });
    await expect(ask(store, { label: 'canary' })).rejects.toMatchObject({
      status: 'NOT_FOUND',
      message: 'Servable not found for request: Specific(m, 2)',
    });
  });
});

describe('reload', () => {
  it('replaces the models, keeps what stays and moves labels', async () => {
    const { store, basePath, events } = await start([1, 2], { policy: { kind: 'all' }, labels: new Map([['a', 1]]) });
    const other = path.join(path.dirname(basePath), 'other');
    await mkdir(other);
    await add(other, 3);
    const loads = () => events.filter((event) => event.type === 'version' && event.state === 'LOADING').length;
    const m = { name: 'm', basePath, policy: { kind: 'all' }, labels: new Map([['a', 2]]) } as const;
    await store.replaceModels([{ name: 'o', basePath: other }, m]);
    expect(store.modelNames).toEqual(['o', 'm']);
    expect([await ask(store, { name: 'o' }), await ask(store, { label: 'a' }), loads()]).toEqual([3, 2, 3]);
    await store.replaceModels([{ name: 'm', basePath: other }]);
    expect([await ask(store), store.modelNames]).toEqual([3, ['m']]);
    await expect(ask(store, { name: 'o' })).rejects.toThrow('Servable not found for request: Latest(o)');
  });

  it('refuses what makes no sense, and labels of what is not there', async () => {
    const { store, basePath } = await start([1]);
    const m = { name: 'm', basePath };
    await expect(store.replaceModels([m, m])).rejects.toMatchObject({
      status: 'INVALID_ARGUMENT',
      message: 'Two models are called m.',
    });
    await expect(store.replaceModels([{ ...m, labels: new Map([['a', 9]]) }])).rejects.toMatchObject({
      status: 'FAILED_PRECONDITION',
      message: 'Request to assign label "a" to version 9 of model m, which is not currently available for inference',
    });
    await expect(store.replaceModels([m, { name: 'n', basePath: '/nowhere' }])).rejects.toMatchObject({
      status: 'UNKNOWN',
      message: '1 servable(s) did not become available: {name: n} due to error: it has no versions',
    });
    expect(await ask(store)).toBe(1);
  });
});

describe('a folder of models', () => {
  it('serves every folder that has versions, and those that come later', async () => {
    const modelFolder = await temporaryFolder();
    await mkdir(path.join(modelFolder, 'b', '1'), { recursive: true });
    await mkdir(path.join(modelFolder, 'empty'));
    await writeFile(path.join(modelFolder, 'README.md'), '');
    await mkdir(path.join(modelFolder, 'a'));
    await add(path.join(modelFolder, 'a'), 1);
    const store = await ModelStore.start({ modelFolder, pollSeconds: 0 });
    onTestFinished(() => store.drain());
    expect([store.modelNames, store.isReady]).toEqual([['a', 'b'], false]);
    await mkdir(path.join(modelFolder, 'c'));
    await add(path.join(modelFolder, 'c'), 3);
    await store.poll();
    expect(store.modelNames).toEqual(['a', 'b', 'c']);
    expect(await ask(store, { name: 'c' })).toBe(3);
    expect(store.status({ name: 'b' })[0]?.error).toContain('saved_model.pb is missing');
  });
});

describe('what is not there', () => {
  it.each([
    [{ name: 'x' }, 'Servable not found for request: Latest(x)', 'Could not find any versions of model x'],
    [{ name: 'm', version: 9 }, 'Servable not found for request: Specific(m, 9)', 'Could not find version 9 of model m'],
    [{ name: '__proto__' }, 'Servable not found for request: Latest(__proto__)', 'Could not find any versions of model __proto__'],
  ])('is told in the words of TensorFlow Serving: %j', async (spec, predict, status) => {
    const { store, events } = await start([1]);
    await expect(ask(store, spec)).rejects.toMatchObject({ status: 'NOT_FOUND', message: predict });
    expect(() => store.status(spec)).toThrow(status);
    expect(events.at(-1)).toMatchObject({ type: 'request', status: 'NOT_FOUND', version: null });
  }); // prettier-ignore
});
