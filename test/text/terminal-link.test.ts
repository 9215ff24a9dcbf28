import os from 'node:os';

import { afterEach, expect, it, vi } from 'vitest';

import { terminalLink } from '../../src/text/terminal-link.js';

afterEach(() => vi.unstubAllEnvs());

it('is a path alone where there is no terminal, or one that knows nothing', () => {
  expect(terminalLink('models/a b/report.html', {})).toBe('models/a b/report.html');
  vi.stubEnv('TERM', 'dumb');
  expect(terminalLink('models/a b/report.html', { isTTY: true })).toBe('models/a b/report.html');
});

it('is an address that a terminal opens, with nothing in it that could end it', () => {
  vi.stubEnv('TERM', 'xterm-256color');
  const parts = terminalLink('/models/ä b\u001b\\/report.html', { isTTY: true }).split('\u001b');
  expect(parts).toEqual([
    '',
    `]8;;file://${os.hostname().toLowerCase()}/models/%C3%A4%20b%1B%5C/report.html`,
    '\\/models/ä b\\x1b\\/report.html',
    ']8;;',
    '\\',
  ]);
});
