import { describe, expect, it } from 'vitest';

import { harmless } from '../../src/text/tell.js';
import { terminalLink } from '../../src/text/terminal-link.js';

describe('harmless', () => {
  it.each([
    ['x\x1b]0;pwned\x07\x1b[2J\r', 'x\\x1b]0;pwned\\x07\\x1b[2J\\r'],
    ['a\x9b2Jb\u202ec', 'a\\x9b2Jb\\u202ec'],
    ['first line\n\tsecond line', 'first line\n\tsecond line'],
  ])('escapes what a terminal obeys, not line breaks and tabs', (text, expected) => {
    expect(harmless(text)).toBe(expected);
  });
});

describe('a link to a file', () => {
  it('stays where it was made here, and not where a name looks like one', () => {
    const link = terminalLink('/tmp/a b', { isTTY: true });
    expect(link).toContain('\x1b]8;;file://');
    expect(harmless(`report: ${link}\x1b[2J\n`)).toBe(`report: ${link}\\x1b[2J\n`);
    const forged = '\x1b]8;;file://elsewhere/x\x1b\\y\x1b]8;;\x1b\\';
    expect(harmless(`${forged} ${link}`)).toBe(`\\x1b]8;;file://elsewhere/x\\x1b\\y\\x1b]8;;\\x1b\\ ${link}`);
  });
});
