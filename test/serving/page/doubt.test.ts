import path from 'node:path';

import { describe, expect, it } from 'vitest';

import type { ConfidenceSettings } from '../../../src/models/classifier/confidence-settings.js';
import { watchPage } from '../../helpers/page/page-in-chromium.js';
import { SmallClassifier } from '../../helpers/models/small-classifier.js';
import { send } from '../../helpers/servers/http-client.js';
import { servedPage } from '../../helpers/page/served-page.js';

const digit = path.resolve('data/digits/test/7/0043.png');
const distances = { centroids: 0, typicalDistance: 0, farDistance: 0 };
/** No picture reaches a confidence of 1. */
const sure = { targetAccuracy: 0.99, threshold: 1 };

describe('the page, of a model that may not be sure', () => {
  const served = servedPage(async (folder) => {
    const save = async (name: string, settings: ConfidenceSettings) => {
      const model = new SmallClassifier({ classNames: ['ant', 'bee'], seed: 1, withHeatmap: true });
      model.setConfidence(settings);
      await model.save(path.join(folder, name, '1'));
      model.dispose();
    };
    await save('Strange', { sure, known: { ...distances, threshold: 1 } });
    await save('Unsure', { sure, known: { ...distances, threshold: 0 } });
  });

  it.each([
    ['Strange', 'Unknown: not like the pictures that the model was trained on.'],
    ['Unsure', 'Not sure: below the threshold of the model.'],
  ])('says so and shows where it looked: %s', async (name, doubt) => {
    const { page, errors } = await watchPage(served().browser, `${served().url}?model=${name}`);
    await page.getByLabel('Show where the class was seen').check();
    await page.locator('#files').setInputFiles(digit);
    const answer = page.getByRole('article', { name: '0043.png' });
    await answer.getByText(doubt).waitFor();
    const best = (await answer.getByRole('listitem').first().locator('.name').textContent()) ?? '';
    const picture = answer.getByRole('img', { name: `Where “${best}” was seen` });
    await picture.and(page.locator(':visible')).waitFor();
    await page.waitForFunction(`document.querySelector('.heatmap').naturalWidth > 0`);
    expect(await answer.locator('.explained').textContent()).toBe(`Brighter areas speak more for “${best}”.`);
    expect(await page.getByRole('status').textContent()).toContain(`0043.png: ${doubt} ${best}, `);
    expect(await answer.locator('code').textContent()).toContain(`${name}:explain-image`);
    // Without heat maps the doubt stays.
    await page.getByLabel('Show where the class was seen').uncheck();
    await page.locator('#files').setInputFiles(digit);
    const second = answer.first();
    await second.getByText(doubt).waitFor();
    expect(await second.locator('.heatmap').isVisible()).toBe(false);
    expect(await second.locator('code').textContent()).toContain(`${name}:classify-image`);
    expect(errors).toEqual([]);
  });

  it.each(['classify', 'explain'])('as :%s-image does', async (what) => {
    const predictions: object[] = [];
    for (const name of ['Strange', 'Unsure']) {
      const body = Buffer.from('R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7', 'base64');
      const { text } = await send(served().restPort, `/v1/models/${name}:${what}-image`, { headers: { 'Content-Type': 'image/gif' }, body }); // prettier-ignore
      predictions.push(...(JSON.parse(text) as { predictions: object[] }).predictions);
    }
    expect(predictions).toMatchObject([
      { is_known: false, is_sure: false },
      { is_known: true, is_sure: false },
    ]);
  });
});
