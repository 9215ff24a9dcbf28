import path from 'node:path';

import { beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { ServerMetrics } from '../../../src/serving/server-metrics.js';
import { describeVersion } from '../../../src/serving/page/describe-version.js';
import { ModelStore } from '../../../src/serving/store/model-store.js';
import type { ShadowOptions } from '../../../src/serving/store/shadow.js';
import type { ShadowEvent, StoreEvent } from '../../../src/serving/store/store-event.js';
import type { TensorValue } from '../../../src/tensorflow/tensor-value.js';
import { saveScale } from '../../helpers/models/save-scale.js';
import { saveTwoSignatures } from '../../helpers/models/save-two-signatures.js';
import { temporaryFolderForAll } from '../../helpers/temporary-folder.js';

let folder: string;
beforeAll(async () => {
  folder = await temporaryFolderForAll();
  // The second one has other largest numbers: its factor is negative.
  await saveScale(path.join(folder, 'Scale'), 1, 3);
  await saveScale(path.join(folder, 'Scale'), 2, -1);
  await saveScale(path.join(folder, 'Same'), 1, 3);
  await saveScale(path.join(folder, 'Same'), 2, 3);
  await saveScale(path.join(folder, 'Other'), 1, 3);
  await saveTwoSignatures(new LenetModel({ classNames: ['a', 'b'], seed: 1 }), path.join(folder, 'Other', '2'));
});

async function start(shadows: readonly ShadowOptions[], ...names: readonly string[]) {
  const models = names.map((name) => ({ name, basePath: path.join(folder, name) }));
  const events: ShadowEvent[] = [];
  const metrics = new ServerMetrics(() => true);
  const onEvent = (event: StoreEvent) => {
    metrics.onStoreEvent(event);
    if (event.type === 'shadow') events.push(event);
  };
  const store = await ModelStore.start({ models, pollSeconds: 0, shadows, onEvent });
  onTestFinished(() => store.drain());
  const ask = async (name: string, rows = 1, columns = 3, version?: number) => {
    const values = Float32Array.from({ length: rows * columns }, (_, i) => i + 1);
    const x: TensorValue = { dtype: 'float32', shape: [rows, columns], values };
    const spec = { name, ...(version !== undefined && { version }) };
    const { outputs, version: answered } = await store.predict({ spec, inputs: { x } });
    return { y: (outputs.y?.values as Float32Array)[0], version: answered.version };
  };
  const copies = (count: number) => vi.waitFor(() => expect(events.length).toBe(count), { timeout: 10_000 });
  return { store, events, metrics, ask, copies };
}

describe('a shadow version', () => {
  it('is loaded beside the one that answers, and compared with it row by row', async () => {
    const { store, events, metrics, ask, copies } = await start([{ model: 'Scale', version: 2, share: 1 }], 'Scale');
    expect(await ask('Scale', 4)).toEqual({ y: 3, version: 1 });
    expect(events).toEqual([]);
    await copies(1);
    // Of each row, y has another largest number, and `twice` the same.
    expect(events[0]).toMatchObject({ model: 'Scale', version: 2, signatureName: 'serving_default', result: 'compared', rows: 8, sameRows: 4 }); // prettier-ignore
    // 36 and -12 of 12.
    expect(events[0]?.largestDifference).toBeCloseTo(48 / 36, 5);
    expect(store.find({ name: 'Scale' }).version).toBe(1);
    const text = await metrics.text();
    expect(text).toContain(':signet:shadow_request_count{model_name="Scale",version="2",result="compared"} 1');
    expect(text).toContain(':signet:shadow_row_count{model_name="Scale",version="2",same="true"} 4');
    expect(text).toContain(':signet:shadow_row_count{model_name="Scale",version="2",same="false"} 4');
    expect(text).toMatch(/:signet:shadow_largest_difference\{model_name="Scale",version="2"\} 1\.333/);
    expect(describeVersion(store, { name: 'Scale', version: 2 }).shadow).toMatchInlineSnapshot(
      `"gets copies of 100 % of the requests, and nobody sees its answers: 1 compared, 0 dropped, 0 too large, 0 failed. 50 % of 8 answers are the same; numbers are at most 133 % of the largest apart."`,
    );
    expect(describeVersion(store, { name: 'Scale' }).shadow).toBeNull();
  });

  it('still answers who names it, who is not compared', async () => {
    const { ask, copies, events } = await start([{ version: 2, share: 1 }], 'Scale', 'Same');
    expect(await ask('Scale', 1, 3, 2)).toEqual({ y: -1, version: 2 });
    expect(await ask('Same')).toEqual({ y: 3, version: 1 });
    await copies(1);
    expect(events[0]).toMatchObject({ model: 'Same', rows: 2, sameRows: 2, largestDifference: 0 });
  });

  it('gets its share', async () => {
    const { ask, copies, events } = await start([{ version: 2, share: 0.3 }], 'Same');
    for (let i = 0; i < 20; i += 1) await ask('Same');
    await copies(6);
    expect(events.every(({ result }) => result === 'compared')).toBe(true);
  });

  it('loses what is large, and what comes faster than it computes, and no answer', async () => {
    const { ask, copies, events } = await start([{ version: 2, share: 1 }], 'Same');
    const answers = await Promise.all(Array.from({ length: 40 }, () => ask('Same')));
    expect(answers.every(({ y }) => y === 3)).toBe(true);
    await ask('Same', 1, 100_000);
    await copies(41);
    const count = (wanted: string) => events.filter(({ result }) => result === wanted).length;
    expect([count('compared'), count('dropped'), count('skipped')]).toEqual([8, 32, 1]);
  });

  it('that takes other inputs fails alone', async () => {
    const { ask, copies, events } = await start([{ model: 'Other', version: 2, share: 1 }], 'Other');
    expect(await ask('Other')).toEqual({ y: 3, version: 1 });
    await copies(1);
    expect(events[0]).toMatchObject({ result: 'failed', rows: 0 });
  });

  it.each([
    [[{ version: 1.5 }], 'A shadow version is a whole number from 0. Received: 1.5.'],
    [
      [{ model: 'a', version: 1, share: 2 }],
      'The share of requests of a that are copied is above 0, up to 1. Received: 2.',
    ],
    [[{ version: 1 }, { version: 2 }], 'There is one shadow version per model. Received: two.'],
  ])('of %j is refused', async (shadows, message) => {
    await expect(start(shadows)).rejects.toThrow(message);
  });
});
