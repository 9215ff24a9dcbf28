import { PassThrough } from 'node:stream';

import { describe, expect, it } from 'vitest';

import { progressBar } from '../../src/text/progress-bar.js';

/** A terminal, or a pipe, and what was written to it. */
function streamOf(columns: number | undefined) {
  const stream = Object.assign(new PassThrough(), { isTTY: columns !== undefined, columns });
  let text = '';
  stream.on('data', (chunk) => (text += String(chunk)));
  return { stream: stream as unknown as NodeJS.WriteStream, text: () => text };
}

describe('progressBar', () => {
  it('writes a line for every tenth, away from a terminal', () => {
    const { stream, text } = streamOf(undefined);
    const bar = progressBar('evaluating', 'images', { stream });
    for (let done = 1; done <= 40; done += 1) bar.update(done, 40, `${done} images/s`);
    bar.stop();
    const lines = text().trimEnd().split('\n');
    expect(lines).toHaveLength(10);
    expect(lines[0]).toBe('evaluating: 4/40 images  (4 images/s)');
    expect(lines[9]).toBe('evaluating: 40/40 images  (40 images/s)');
  });

  it('leaves out a note that is not given', () => {
    const { stream, text } = streamOf(undefined);
    progressBar('classifying', 'images', { stream }).update(1, 2);
    expect(text()).toBe('classifying: 1/2 images\n');
  });

  it('draws a bar that fits the terminal, and takes it away', () => {
    const { stream, text } = streamOf(80);
    const bar = progressBar('evaluating', 'images', { stream });
    bar.update(0, 123456, '12345 images/s');
    bar.update(123456, 123456, '12345 images/s');
    bar.stop();
    // eslint-disable-next-line no-control-regex -- what moves the cursor takes no room
    const shown = text().split(/\u001b\[[\d;?]*[A-Za-z]|\r|\n/);
    const drawn = shown.filter((line) => line.includes('images'));
    expect(drawn.at(-1)).toContain('123456/123456 images  12345 images/s');
    for (const line of drawn) expect(line.length).toBeLessThanOrEqual(80);
    expect(text().endsWith('\u001b[2K')).toBe(true);
  });

  it('shows what is done where nobody knows of how much', () => {
    const [terminal, pipe] = [streamOf(80), streamOf(undefined)];
    for (const { stream } of [terminal, pipe]) {
      const amount = (done: number) => `${done} MB`;
      const bar = progressBar('weights.h5', 'MB', { stream, amount });
      bar.update(3, null);
      bar.stop();
    }
    expect(terminal.text()).toContain('weights.h5');
    expect(terminal.text()).toContain(' 3 MB');
    expect(pipe.text()).toBe('');
  });

  it('may be stopped before it has begun', () => {
    for (const columns of [undefined, 80])
      expect(() => progressBar('a', 'b', { stream: streamOf(columns).stream }).stop()).not.toThrow();
  });
});
