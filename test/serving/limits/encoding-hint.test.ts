import { describe, expect, it } from 'vitest';

import { encodingHint } from '../../../src/serving/limits/encoding-hint.js';

const hintOf = (...texts: (string | Buffer)[]) =>
  encodingHint({ x: { dtype: 'string', shape: [texts.length], values: texts.map((text) => Buffer.from(text)) } });

describe('an image in disguise', () => {
  it.each([
    ['/9j/4AAQSkZJRg', 'base64 as text. Send the bytes of the file: over REST {"b64": "..."}, encoded once; over gRPC as they are'],
    ['_9j_4AAQSkZJRg', 'base64 as text. Send the bytes of the file: over REST {"b64": "..."}, encoded once; over gRPC as they are'],
    ['iVBORw0KGgo', 'base64 as text. Send the bytes of the file: over REST {"b64": "..."}, encoded once; over gRPC as they are'],
    ['data:image/png;base64,iVBO', 'a data: URL. Send the bytes of the file: over REST {"b64": "..."} with what comes after the comma'],
    ["b'/9j/4AAQ'", 'text that Python shows bytes as. Send the bytes: over REST {"b64": base64.b64encode(data).decode("ascii")}'],
    ['b"\\x89PNG"', 'text that Python shows bytes as. Send the bytes: over REST {"b64": base64.b64encode(data).decode("ascii")}'],
  ])('%s is named', (text, what) => {
    expect(hintOf('good', text)).toBe(` The input "x" got ${what}.`);
  }); // prettier-ignore

  it('is not seen in other strings', () => {
    expect(hintOf('', 'hello', 'brown', Buffer.of(0xff, 0xd8, 0xff), Buffer.of(0x89, 0x50))).toBe('');
    expect(encodingHint({ x: { dtype: 'uint8', shape: [2], values: Uint8Array.of(47, 57) } })).toBe('');
  });
});
