import { describe, expect, it } from 'vitest';

import { isLoopback } from '../../../src/files/is-loopback.js';
import { checkOrigin } from '../../../src/serving/rest/check-origin.js';

const check = (headers: Record<string, string>, allowed: string[] = [], method = 'POST') =>
  checkOrigin({ headers, method }, allowed);

describe('isLoopback', () => {
  it.each(['localhost', 'LOCALHOST', '127.0.0.1', '127.255.0.9', '::1'])('is %s', (host) => {
    expect(isLoopback(host)).toBe(true);
  });
  it.each(['127.evil.example', '127.0.0.1.evil.example', '0.0.0.0', '::', '128.0.0.1', 'localhost.evil.example', ''])(
    'is not %s',
    (host) => {
      expect(isLoopback(host)).toBe(false);
    },
  );
});

describe('checkOrigin', () => {
  it.each([
    {},
    { host: '127.0.0.1:8501' },
    { host: 'localhost' },
    { host: '[::1]:8501' },
    { host: 'localhost:8501', origin: 'http://localhost:8501', 'sec-fetch-site': 'same-origin' },
    { host: '127.0.0.1:8501', 'sec-fetch-site': 'none' },
  ])('lets through %j', (headers) => {
    expect(() => check(headers)).not.toThrow();
  });

  it.each([
    { host: 'evil.example' },
    { host: '127.evil.example:8501' },
    { host: 'localhost.evil.example' },
    { host: '127.0.0.1:8501', origin: 'http://evil.example' },
    { host: '127.0.0.1:8501', origin: 'null' },
    { host: '127.0.0.1:8501', origin: 'http://127.0.0.1:3000' },
    { host: '127.0.0.1:8501', origin: 'file://127.0.0.1:8501' },
    { host: '127.0.0.1:8501', 'sec-fetch-site': 'cross-site' },
  ])('refuses %j', (headers) => {
    expect(() => check(headers)).toThrow(/--allowed-host|--cors-origin|Pages of other sites/);
  });

  it('knows the names that it was given', () => {
    expect(() =>
      check({ host: 'Signet.Example:443', origin: 'https://signet.example' }, ['signet.example']),
    ).not.toThrow();
    expect(() => check({ host: 'other.example' }, ['signet.example'])).toThrow('--allowed-host');
  });

  it('lets a link be followed from anywhere, and no script', () => {
    const headers = { host: 'localhost', 'sec-fetch-site': 'cross-site', 'sec-fetch-dest': 'document' };
    expect(() => check(headers, [], 'GET')).not.toThrow();
    expect(() => check(headers, [], 'POST')).toThrow();
    expect(() => check({ ...headers, 'sec-fetch-dest': 'image' }, [], 'GET')).toThrow();
  });
});
