import path from 'node:path';

import type { BrowserContextOptions, Page } from 'playwright-core';
import { describe, expect, it } from 'vitest';

import { LenetModel } from '../../../src/models/lenet-model.js';
import { servedPage } from '../../helpers/page/served-page.js';
import { textContrasts } from '../../helpers/page/text-contrast.js';

describe('the page is accessible:', () => {
  const served = servedPage(async (folder) => {
    const model = new LenetModel({ classNames: ['cat', 'dog', 'a class whose name takes several words'], seed: 1 });
    await model.save(path.join(folder, 'Pets', '1'));
    model.dispose();
  });

  /** The page with everything on it: an answer, an error, details unfolded. */
  async function openFull(options?: BrowserContextOptions): Promise<Page> {
    const { page } = await served().open(options);
    await page.getByRole('rowgroup').filter({ hasText: 'serving_classify' }).waitFor();
    await page.locator('#files').setInputFiles(['data/digits/test/7/0043.png', 'package.json']);
    // Said when all are answered.
    await page.getByRole('status').getByText('Received: text.').waitFor();
    await page.evaluate('document.querySelectorAll("details").forEach((one) => { one.open = true; })');
    return page;
  }

  it('everything has a role and a name', async () => {
    const page = await openFull();
    const banner = await page.getByRole('banner').ariaSnapshot();
    expect(banner).toMatchInlineSnapshot(`
      "- banner:
        - heading "Signet" [level=1]
        - paragraph:
          - text: Model
          - combobox "Model":
            - option "Pets" [selected]
        - paragraph:
          - text: Version
          - combobox "Version":
            - option "latest (1)" [selected]
            - option "1""
    `);
    const asking = await page.getByRole('region', { name: 'Ask the model' }).ariaSnapshot();
    expect(asking).toMatchInlineSnapshot(`
      "- region "Ask the model":
        - heading "Ask the model" [level=2]
        - paragraph: "Pets knows 3 classes: cat, dog, a class whose name takes several words."
        - text: Choose pictures
        - button "Choose pictures"
        - button "Use the camera"
        - paragraph: or drop them anywhere, or paste one. JPEG, PNG, GIF, BMP.
        - group:
          - text: Draw one
          - application "Drawing area"
          - paragraph:
            - button "Ask"
            - button "Undo"
            - button "Clear"
          - paragraph: With the mouse, a pen or a finger. The model gets it small, white on black.
          - group:
            - text: How it is sent
            - paragraph:
              - text: Place
              - combobox "Place":
                - option "filling the picture, as the bundled digits" [selected]
                - option "in the middle, as MNIST’s digits"
                - option "as it is drawn"
            - paragraph:
              - text: Side
              - spinbutton "Side": "28"
              - text: pixels
        - paragraph:
          - text: Classes shown
          - spinbutton "Classes shown": "5""
    `);
    const answers = (await page.getByRole('region', { name: 'Answers' }).ariaSnapshot())
      .replaceAll(/\d+\.\d (%|ms)/g, '0.0 $1')
      .replaceAll(served().restPort.toString(), 'PORT');
    expect(answers).toMatchInlineSnapshot(`
      "- region "Answers":
        - heading "Answers" [level=2]
        - paragraph:
          - button "Clear the answers"
        - article "0043.png":
          - heading "0043.png" [level=3]
          - paragraph: Pets · 0.0 ms round trip
          - list:
            - listitem: a class whose name takes several words 0.0 %
            - listitem: cat 0.0 %
            - listitem: dog 0.0 %
          - group:
            - text: The same with curl
            - code: curl -F 'image=@0043.png' 'http://127.0.0.1:PORT/v1/models/Pets:classify-image'
            - paragraph:
              - button "Copy"
        - article "package.json":
          - heading "package.json" [level=3]
          - paragraph: Pets
          - paragraph: "Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image. Received: text."
          - group:
            - text: The same with curl
            - code: curl -F 'image=@package.json' 'http://127.0.0.1:PORT/v1/models/Pets:classify-image'
            - paragraph:
              - button "Copy""
    `);
    const models = await page.getByRole('region', { name: 'Served models' }).ariaSnapshot();
    expect(models).toMatchInlineSnapshot(`
      "- region "Served models":
        - table "Served models":
          - rowgroup:
            - row "Model Version State":
              - columnheader "Model"
              - columnheader "Version"
              - columnheader "State"
          - rowgroup:
            - row "Pets 1 available":
              - rowheader "Pets"
              - cell "1"
              - cell "available""
    `);
  });

  it('headings go down one level at a time', async () => {
    const page = await openFull();
    const levels =
      '[...document.querySelectorAll("h1, h2, h3, h4")].filter((one) => one.checkVisibility()).map((one) => one.tagName)';
    expect(await page.evaluate(levels)).toEqual(['H1', 'H2', 'H2', 'H3', 'H3', 'H2', 'H2']);
  });

  it('the tabulator key goes through it as the eye does, and one sees where it is', async () => {
    const page = await openFull();
    // Some Chromiums would begin at what was clicked last.
    await page.evaluate(
      'document.body.tabIndex = -1; document.body.focus(); document.body.removeAttribute("tabindex")',
    );
    const stops: string[] = [];
    for (let i = 0; i < 40; i += 1) {
      await page.keyboard.press('Tab');
      const { name, ring } = await page.evaluate<{ name: string; ring: number }>(focused);
      if (name === 'BODY') break;
      stops.push(name);
      expect(ring, name).toBeGreaterThanOrEqual(3);
    }
    expect(stops).toMatchInlineSnapshot(`
      [
        "Model",
        "Version",
        "Choose pictures",
        "Use the camera",
        "Draw one",
        "Drawing area",
        "Ask",
        "Undo",
        "Clear",
        "How it is sent",
        "Place",
        "Side",
        "Classes shown",
        "Clear the answers",
        "The same with curl",
        "Copy",
        "The same with curl",
        "Copy",
        "Signatures",
        "Call it with curl (serving_default)",
        "Call it with curl (serving_bytes)",
        "Call it with curl (serving_uint8)",
        "Call it with curl (serving_base64)",
        "Call it with curl (serving_labels)",
        "Call it with curl (serving_embedding)",
        "Served models",
      ]
    `);
  });

  it.each(['light', 'dark'] as const)('text stands out from its background, %s', async (colorScheme) => {
    const page = await openFull({ colorScheme });
    const contrasts = await textContrasts(page);
    expect(contrasts.length).toBeGreaterThan(100);
    expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([]);
  });

  it.each([320, 390])('at a width of %d pixels nothing is beside the screen', async (width) => {
    const page = await openFull({ viewport: { width, height: 844 } });
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width);
    // WCAG 2.5.8: what is tapped is 24 pixels high or more.
    const heights = await page.evaluate<number[]>(`
      [...document.querySelectorAll('button, select, summary, .button, input:not(.visually-hidden)')]
        .filter((one) => one.checkVisibility())
        .map((one) => one.getBoundingClientRect().height)`);
    expect(heights.length).toBeGreaterThan(10);
    expect(Math.min(...heights)).toBeGreaterThanOrEqual(24);
  });

  it('nothing moves for who wants no movement', async () => {
    const moving = async (reducedMotion: 'reduce' | 'no-preference') => {
      const page = await openFull({ reducedMotion });
      const animated = `[...document.querySelectorAll('*')].filter((one) => {
        const { animationName, transitionDuration } = getComputedStyle(one);
        return animationName !== 'none' || transitionDuration !== '0s';
      }).length`;
      return page.evaluate<number>(animated);
    };
    expect(await moving('no-preference')).toBeGreaterThan(0);
    expect(await moving('reduce')).toBe(0);
  });

  it('an error is an alert, and what was answered is said', async () => {
    const page = await openFull();
    expect(await page.getByRole('status').textContent()).toMatch(
      /^0043\.png: .+, \d+\.\d %\. package\.json: Expected a JPEG, PNG, GIF, BMP, WebP, AVIF or TIFF image\. Received: text\.$/,
    );
    await page.getByRole('button', { name: 'Clear the answers' }).focus();
    await page.keyboard.press('Enter');
    // The button is gone, and the keyboard is not sent back to the top.
    expect(await page.evaluate('document.activeElement.id')).toBe('answers-title');
  });
});

/** What has the focus, and the width of the ring around it or around the label that stands for it. */
const focused = `(() => {
  const one = document.activeElement;
  const shown = one.matches('.visually-hidden') ? one.labels[0] : one;
  const { outlineStyle, outlineWidth } = getComputedStyle(shown);
  const name = one.ariaLabel ?? one.labels?.[0]?.textContent ?? one.textContent;
  const text = one.role === 'region' ? document.getElementById(one.getAttribute('aria-labelledby')).textContent : name;
  return {
    name: one === document.body ? 'BODY' : text.trim(),
    ring: outlineStyle === 'none' ? 0 : parseFloat(outlineWidth),
  };
})()`;
