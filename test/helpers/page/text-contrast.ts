import type { Page } from 'playwright-core';

/** Text on the page, and its contrast with the background. WCAG requires at least 4.5. */
export interface TextContrast {
  readonly text: string;
  readonly ratio: number;
}

/**
 * All visible text, lowest contrast first.
 *
 * Source: https://www.w3.org/TR/WCAG22/#dfn-contrast-ratio. Backgrounds are plain colours, which may be in a parent.
 */
export function textContrasts(page: Page): Promise<TextContrast[]> {
  return page.evaluate<TextContrast[]>(`(${inPage})()`);
}

/** Text that runs in the page, because TypeScript's types for browsers are not loaded here. */
const inPage = String.raw`() => {
  const channels = (color) => color.match(/[\d.]+/g).map(Number);
  const luminance = (color) => {
    const [red, green, blue] = channels(color).map((value) => {
      const part = value / 255;
      return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const background = (element) => {
    if (element === null) return 'rgb(255, 255, 255)';
    const { backgroundColor } = getComputedStyle(element);
    return channels(backgroundColor)[3] === 0 ? background(element.parentElement) : backgroundColor;
  };
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const found = [];
  while (texts.nextNode()) {
    const { data, parentElement } = texts.currentNode;
    if (data.trim() === '' || !parentElement.checkVisibility()) continue;
    const sides = [getComputedStyle(parentElement).color, background(parentElement)].map(luminance);
    const ratio = (Math.max(...sides) + 0.05) / (Math.min(...sides) + 0.05);
    found.push({ text: data.trim(), ratio });
  }
  return found.sort((a, b) => a.ratio - b.ratio);
}`;
