import { describe, expect, it } from 'vitest';

import { harmless } from '../../src/text/tell.js';

describe('harmless', () => {
  it.each([
    ['x\x1b]0;pwned\x07\x1b[2J\r', 'x\\x1b]0;pwned\\x07\\x1b[2J\\r'],
    ['a\x9b2Jb\u202ec', 'a\\x9b2Jb\\u202ec'],
    ['first line\n\tsecond line', 'first line\n\tsecond line'],
  ])('escapes what a terminal obeys, not line breaks and tabs', (text, expected) => {
    expect(harmless(text)).toBe(expected);
  });
});
