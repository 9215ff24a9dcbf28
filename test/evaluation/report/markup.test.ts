import { describe, expect, it } from 'vitest';

import { markup } from '../../../src/evaluation/report/markup.js';
import { hostileNames } from './hostile-names.js';

describe('markup', () => {
  it('keeps what is inserted text', () => {
    const name = `<img src=x onerror="alert('a & b')">`;
    expect(String(markup`<td title="${name}">${1}</td>`)).toBe(
      '<td title="&lt;img src=x onerror=&quot;alert(&#39;a &amp; b&#39;)&quot;&gt;">1</td>',
    );
  });

  it('takes markup in markup, lists and nothing', () => {
    const cells = ['a', '<'].map((text) => markup`<td>${text}</td>`);
    expect(String(markup`<tr>${cells}${null}${false}</tr>`)).toBe('<tr><td>a</td><td>&lt;</td></tr>');
  });

  it('shows characters that show nothing, and those that turn the text around', () => {
    expect(String(markup`${'a\nb\u202ec\u0000\ud800\ufffe'}`)).toBe('a\\nb\\u202ec\\x00\\ud800\ufffd');
  });

  it.each(hostileNames)('lets nothing out of an attribute: %j', (name) => {
    expect(String(markup`${name}`)).not.toMatch(/[<>"'\p{Cc}\p{Bidi_Control}]/u);
  });
});
