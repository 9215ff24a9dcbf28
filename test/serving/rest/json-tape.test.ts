import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { JsonTape } from '../../../src/serving/rest/json/json-tape.js';
import { ServingError } from '../../../src/serving/serving-error.js';

const parse = (text: string | Buffer) => JsonTape.parse(Buffer.from(text));

/** What `JSON.parse` would make of it. */
function plain(tape: JsonTape, value = 0): unknown {
  switch (tape.kind(value)) {
    case 'Null':
      return null;
    case 'True':
    case 'False':
      return tape.kind(value) === 'True';
    case 'Number':
      return tape.number(value);
    case 'String':
      return tape.string(value);
    case 'Array':
      return Array.from(tape.elements(value), (element) => plain(tape, element));
    case 'Object':
      return Object.fromEntries(Array.from(tape.members(value), ([key, member]) => [key, plain(tape, member)]));
  }
}

describe('a JSON text', () => {
  const space = fc.constantFrom('', '', '', ' ', '\n', '\t\r\n  ');
  const strings = ['', 'a', 'instances', '__proto__', 'é€😀', '"', '\\', '\b\f\n\r\t', '\u0000\u001f', '\u2028', '/'];
  const digits = fc.nat(1e9);
  const aNumber = fc.oneof(
    fc.maxSafeInteger().map(String),
    fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
    fc.tuple(digits, digits).map(([whole, part]) => `${whole}.${part}`),
    fc.tuple(fc.constantFrom('-', ''), fc.nat(), fc.integer({ min: -30, max: 30 })).map(([sign, part, power]) => `${sign}0.000${part}e${power}`),
    fc.tuple(fc.nat(1e6), fc.nat(30)).map(([whole, power]) => `${whole}E+${power}`),
    fc.constant('-0'),
  ); // prettier-ignore
  const aText = fc.oneof(
    fc.constantFrom(...strings).map((text) => JSON.stringify(text)),
    fc.string({ unit: 'grapheme' }).map((text) => JSON.stringify(text)),
    fc.constant('"\\u00e9\\/\\ud83d\\ude00\\u0022"'),
  );
  const { aValue } = fc.letrec<Record<'aValue' | 'aList' | 'anObject', string>>((tie) => {
    const spaced = (inner: fc.Arbitrary<string>) => fc.tuple(space, inner, space).map((parts) => parts.join(''));
    const joined = (inner: fc.Arbitrary<string>) =>
      fc.tuple(fc.array(inner, { maxLength: 4 }), space).map(([all, empty]) => all.join(',') || empty);
    const words = fc.constantFrom('true', 'false', 'null');
    return {
      aValue: spaced(
        fc.oneof({ maxDepth: 5, withCrossShrink: true }, aNumber, aText, words, tie('aList'), tie('anObject')),
      ),
      aList: joined(tie('aValue')).map((inner) => `[${inner}]`),
      anObject: joined(fc.tuple(spaced(aText), tie('aValue')).map((parts) => parts.join(':'))).map(
        (inner) => `{${inner}}`,
      ),
    };
  });

  it('means what JSON.parse takes it for: 2000 generated ones', () => {
    const meansTheSame = fc.property(aValue, (text) => {
      expect(plain(parse(text))).toEqual(JSON.parse(text));
    });
    fc.assert(meansTheSame, { numRuns: 2000, seed: 1 });
  });

  it('is refused, or means the same, with any byte changed', () => {
    let accepted = 0;
    const bytes = fc.constantFrom(...Buffer.from('{}[]",:\\e.-+0 1tfnu\n\0'));
    const isRefusedOrTheSame = fc.property(aValue, fc.nat(), bytes, (before, at, byte) => {
      const changed = Buffer.from(before);
      changed[at % changed.length] = byte;
      const text = changed.toString();
      const expected = attempt(() => JSON.parse(text) as unknown);
      const received = attempt(() => plain(parse(changed)));
      // A lone surrogate and a number that is too big for float64 are refused, unlike by JavaScript.
      const isStricter = /surrogate|too big/.test(String(received.error));
      if (expected.error === undefined && !isStricter) {
        expect(received.value).toEqual(expected.value);
        accepted += 1;
      } else if (received.error !== undefined) expect(received.error).toBeInstanceOf(ServingError);
    });
    fc.assert(isRefusedOrTheSame, { numRuns: 5000, seed: 1 });
    expect(accepted).toBeGreaterThan(500);
  });

  it('is refused wherever it is cut off', () => {
    const text = '{"a": [1.5e3, -0, "x\\u00e9\\n", true, false, null, {"b": {}}, [], NaN, -Infinity]}';
    parse(text);
    for (let length = 0; length < text.length; length += 1) {
      expect(() => parse(text.slice(0, length))).toThrow(/^JSON Parse error: .* at offset: \d+$/);
    }
  });

  it('has numbers of the very bits that JavaScript reads', () => {
    const hasTheBits = fc.property(fc.array(aNumber, { minLength: 50, maxLength: 50 }), (texts) => {
      for (const text of texts) expect(Object.is(parse(text).number(0), Number(text)), text).toBe(true);
    });
    fc.assert(hasTheBits, { numRuns: 1000, seed: 1 });
  });

  it('may begin with a byte order mark, and end with anything', () => {
    expect(plain(parse('\ufeff {"a": 1} } trailing \0 garbage'))).toEqual({ a: 1 });
    expect(plain(parse('[1][2]'))).toEqual([1]);
  });

  it('may be nested 500,000 deep', () => {
    const depth = 500_000;
    const tape = parse(`{"unknown": ${'[{"a":'.repeat(depth)}1${'}]'.repeat(depth)}, "x": 2}`);
    expect(tape.length).toBe(1 + 1 + 3 * depth + 1 + 2);
    expect(tape.number(tape.member(0, 'x') ?? -1)).toBe(2);
  });

  it('may hold bytes that are not UTF-8', () => {
    const tape = parse(Buffer.concat([Buffer.from('["\\n'), Buffer.of(0xff, 0xc0), Buffer.from('"]')]));
    expect(tape.stringBytes(1)).toEqual(Buffer.of(0x0a, 0xff, 0xc0));
    expect(tape.string(1)).toBe('\n\ufffd\ufffd');
  });

  it('takes no more memory than its length when it is all escapes', () => {
    const count = 5_000_000;
    const tape = parse(`["${'\\n'.repeat(count)}"]`);
    expect(tape.stringBytes(1).equals(Buffer.alloc(count, '\n'))).toBe(true);
  });
});

describe('a number', () => {
  it.each<[string, number]>([
    ['NaN', NaN],
    ['-NaN', NaN],
    ['Infinity', Infinity],
    ['-Infinity', -Infinity],
    ['Inf', Infinity],
    ['-Inf', -Infinity],
    ['1e308', 1e308],
    ['1.7976931348623157e308', Number.MAX_VALUE],
    ['5e-324', 5e-324],
    ['1e-400', 0],
    ['1e-99999999999999999999', 0],
    ['0e0', 0],
    [`0.${'0'.repeat(400)}1e401`, 1],
    ['1234567890123456789012345678e2', Number('123456789012345678901234567800')],
  ])('may be %s', (text, expected) => {
    const tape = parse(`[${text}]`);
    expect(tape.kind(1)).toBe('Number');
    expect(Object.is(tape.number(1), expected)).toBe(true);
  });

  it.each<[string, boolean]>([
    ...['0', '-0', '1', '-1', '18446744073709551616'].map((text): [string, boolean] => [text, true]),
    ...['1.0', '1e0', '1E2', '0.5', 'NaN', 'Infinity'].map((text): [string, boolean] => [text, false]),
  ])('%s: whether it is written as an integer', (text, expected) => {
    expect(parse(text).isInteger(0)).toBe(expected);
  });

  it.each([
    ...['0', '-1', '9007199254740991', '9007199254740992', '9007199254740993', '-9007199254740993'],
    ...['9223372036854775807', '-9223372036854775808', '18446744073709551615', '123456789012345678901234567890'],
  ])('%s is exact as a bigint', (text) => {
    expect(parse(`[${text}]`).bigint(1)).toBe(BigInt(text));
  });
});

describe('an error', () => {
  it.each<[string, string, number]>([
    ['', 'The document is empty.', 0],
    [' \n', 'The document is empty.', 2],
    ['{1: 2}', 'Missing a name for object member.', 1],
    ['{"a": 1, }', 'Missing a name for object member.', 9],
    ['{', 'Missing a name for object member.', 1],
    ['{"a" 1}', 'Missing a colon after a name of object member.', 5],
    ['{"a"', 'Missing a colon after a name of object member.', 4],
    ['{"a": 1 "b": 2}', 'Missing a comma or } after an object member.', 8],
    ['{"a": 1', 'Missing a comma or } after an object member.', 7],
    ['{"a": 1]', 'Missing a comma or } after an object member.', 7],
    ['[1 2]', 'Missing a comma or ] after an array element.', 3],
    ['[1', 'Missing a comma or ] after an array element.', 2],
    ['[01]', 'Missing a comma or ] after an array element.', 2],
    ['[1}', 'Missing a comma or ] after an array element.', 2],
    ['[1,]', 'Invalid value.', 3],
    ['[', 'Invalid value.', 1],
    ['{"a":', 'Invalid value.', 5],
    ['[nul]', 'Invalid value.', 4],
    ['[tRue]', 'Invalid value.', 2],
    ['fals', 'Invalid value.', 4],
    ['[undefined]', 'Invalid value.', 1],
    ["['a']", 'Invalid value.', 1],
    ['[+1]', 'Invalid value.', 1],
    ['[.5]', 'Invalid value.', 1],
    ['[-]', 'Invalid value.', 2],
    ['[-a]', 'Invalid value.', 2],
    ['[Nan]', 'Invalid value.', 3],
    ['[Infinit]', 'Invalid value.', 8],
    ['[-Infiniti]', 'Invalid value.', 9],
    ['[0x10]', 'Missing a comma or ] after an array element.', 2],
    ['[1.]', 'Miss fraction part in number.', 3],
    ['[1.e5]', 'Miss fraction part in number.', 3],
    ['[1e]', 'Miss exponent in number.', 3],
    ['[1e+]', 'Miss exponent in number.', 4],
    ['[1e309]', 'Number too big to be stored in double.', 1],
    [`[-${'9'.repeat(400)}]`, 'Number too big to be stored in double.', 1],
    ['["a', 'Missing a closing quotation mark in string.', 3],
    ['["a\\"]', 'Missing a closing quotation mark in string.', 6],
    ['["a\nb"]', 'Invalid encoding in string.', 3],
    ['["\\x41"]', 'Invalid escape character in string.', 2],
    ['["\\', 'Invalid escape character in string.', 2],
    ['["a\\u12g4"]', 'Incorrect hex digit after \\u escape in string.', 3],
    ['["\\u12', 'Incorrect hex digit after \\u escape in string.', 2],
    ['["\\ud800"]', 'The surrogate pair in string is invalid.', 2],
    ['["\\ud800\\u0041"]', 'The surrogate pair in string is invalid.', 2],
    ['["\\ud800\\u00g1"]', 'Incorrect hex digit after \\u escape in string.', 2],
    ['["\\udc00"]', 'The surrogate pair in string is invalid.', 2],
  ])('in %j is told in the words of RapidJSON: %s', (text, reason, offset) => {
    expect(attempt(() => parse(text)).error).toMatchObject({
      ...{ status: 'INVALID_ARGUMENT', message: `JSON Parse error: ${reason} at offset: ${offset}` },
    });
  });

  it('is too many values', () => {
    const bytes = Buffer.from('{"a": [1, 2, 3]}');
    expect(JsonTape.parse(bytes, { maxValues: 6 }).length).toBe(6);
    expect(attempt(() => JsonTape.parse(bytes, { maxValues: 5 })).error).toMatchObject({
      status: 'RESOURCE_EXHAUSTED',
      httpStatus: 413,
      message:
        'The JSON text has more than 5 values. Send fewer in a request, or pixels as encoded images ({"b64": ...}).',
    });
    const long = Buffer.from(`[${'1,'.repeat(999)}1]`);
    expect(JsonTape.parse(long, { maxValues: 1001 }).size(0)).toBe(1000);
    expect(() => JsonTape.parse(long, { maxValues: 1000 })).toThrow('has more than 1000 values');
  });
});

describe('a value', () => {
  const tape = parse('{"a": [[1, 2], []], "b": {"c": 3}, "a": 4, "\\u0062": 5, "__proto__": 6, "": null}');

  it('is found by its key: the first of several, escaped or not', () => {
    expect(tape.size(tape.member(0, 'a') ?? -1)).toBe(2);
    expect(tape.kind(tape.member(0, 'b') ?? -1)).toBe('Object');
    expect(tape.number(tape.member(0, '__proto__') ?? -1)).toBe(6);
    expect(tape.kind(tape.member(0, '') ?? -1)).toBe('Null');
    for (const key of ['c', 'constructor', 'toString', 'A']) expect(tape.member(0, key)).toBeUndefined();
    expect(parse('{"\\u0062": 5}').member(0, 'b')).toBe(2);
    expect(parse('[1]').member(0, '0')).toBeUndefined();
  });

  it('is shown as it is written', () => {
    const text = '["a\\"]", {"b": [1, "}"]}, -1.50, true, NaN, null]';
    const shown = parse(text);
    expect(Array.from(shown.elements(0), (each) => shown.shown(each))).toEqual(
      ['"a\\"]"', '{"b": [1, "}"]}', '-1.50', 'true', 'NaN', 'null'],
    ); // prettier-ignore
    expect(shown.shown(0)).toBe(text);
  });

  it('is cut when it is long, between characters', () => {
    expect(parse(`"${'x'.repeat(500)}"`).shown(0)).toBe(`"${'x'.repeat(199)}...`);
    expect(parse(`["${'é'.repeat(500)}"]`).shown(0)).toBe(`["${'é'.repeat(99)}...`);
  });
});

describe('a name', () => {
  it('of more than a mebibyte is refused before it becomes a string; data is taken', () => {
    const long = '\\u0001'.repeat(2 ** 18);
    for (const text of [`"${'x'.repeat(2 ** 20 + 1)}"`, `"${long}"`]) {
      expect(() => parse(text).string(0)).toThrow(`The request has a text of ${text.length - 2} bytes; the server takes 1048576.`);
      expect(parse(text).stringBytes(0).length).toBeGreaterThan(2 ** 17);
    }
    expect(parse(`{"${long}": 1, "\\u0061\\u0062": 2}`).member(0, 'ab')).toBe(4);
  }); // prettier-ignore
});

function attempt<T>(run: () => T): { value?: T; error?: unknown } {
  try {
    return { value: run() };
  } catch (error) {
    return { error };
  }
}
