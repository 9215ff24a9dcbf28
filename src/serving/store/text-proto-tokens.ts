import { SignetError } from '../../errors.js';

/** A word, number, string (already read) or sign of a text, and where it stands, both from 1. */
export interface Token {
  readonly kind: 'word' | 'number' | 'string' | 'sign' | 'end';
  readonly text: string;
  readonly line: number;
  readonly column: number;
}

const space = /(?:\s|#[^\n]*)+/y;
const word = /[A-Za-z_][A-Za-z0-9_]*/y;
const number = /[+-]?(?:0[xX][0-9a-fA-F]+|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fF]?|inf\b|nan\b)/y;
const string = /"((?:[^"\\\n]|\\[^\n])*)"|'((?:[^'\\\n]|\\[^\n])*)'/y;
const sign = /[-:,;<>{}[\]./]/y;

/**
 * Cuts a message in protobuf's text format into tokens.
 *
 * Source: https://protobuf.dev/reference/protobuf/textformat-spec/.
 *
 * @throws SignetError `INVALID_ARGUMENT` with line and column.
 */
export function textProtoTokens(text: string, file: string): Token[] {
  const tokens: Token[] = [];
  const place = placeIn(text);
  let position = 0;
  const match = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = position;
    const found = pattern.exec(text);
    if (found) position = pattern.lastIndex;
    return found;
  };
  for (;;) {
    match(space);
    const where = place(position);
    if (position >= text.length) return [...tokens, { kind: 'end', text: 'the end of the file', ...where }];
    const found = match(number) ?? match(word) ?? match(string) ?? match(sign);
    if (!found) throw textProtoError(file, where, `${JSON.stringify(text[position])} is not expected here`);
    const [whole, double, single] = found;
    const content = double ?? single;
    if (content !== undefined) {
      tokens.push({ kind: 'string', text: unescape(content, file, where), ...where });
    } else if (/^[+-]?(?:[.\d]|inf$|nan$)/.test(whole) && whole !== '.') {
      tokens.push({ kind: 'number', text: whole, ...where });
    } else tokens.push({ kind: /^\w/.test(whole) ? 'word' : 'sign', text: whole, ...where });
  }
}

interface Place {
  readonly line: number;
  readonly column: number;
}

/** The error for what stands at a place. `what` ends the sentence. */
export function textProtoError(file: string, { line, column }: Place, what: string): SignetError {
  return new SignetError('INVALID_ARGUMENT', `${file}:${line}:${column}: ${what}.`);
}

/** Asked for rising positions, so that a long text is walked through once. */
function placeIn(text: string): (position: number) => Place {
  let [line, start, seen] = [1, 0, 0];
  return (position) => {
    for (; seen < position; seen += 1) if (text[seen] === '\n') [line, start] = [line + 1, seen + 1];
    return { line, column: position - start + 1 };
  };
}

const escapes: ReadonlyMap<string, string> = new Map([
  ...([['a', '\x07'], ['b', '\b'], ['f', '\f'], ['n', '\n'], ['r', '\r'], ['t', '\t'], ['v', '\v']] as const),
  ...([['?', '?'], ['\\', '\\'], ["'", "'"], ['"', '"']] as const),
]); // prettier-ignore

/** Octal and hexadecimal escapes are bytes of UTF-8. */
function unescape(text: string, file: string, where: Place): string {
  if (!text.includes('\\')) return text;
  const pattern = /\\(?:([0-7]{1,3})|x([0-9a-fA-F]{1,2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|(.))|[^\\]+/gsu;
  const parts = Array.from(text.matchAll(pattern), ([whole, octal, hex, short, long, letter]) => {
    if (octal !== undefined) return Buffer.of(parseInt(octal, 8));
    if (hex !== undefined) return Buffer.of(parseInt(hex, 16));
    const point = short ?? long;
    if (point !== undefined && parseInt(point, 16) <= 0x10ffff) {
      return Buffer.from(String.fromCodePoint(parseInt(point, 16)));
    }
    const read = letter === undefined ? whole : escapes.get(letter);
    if (read === undefined || point !== undefined) throw textProtoError(file, where, `${whole} is no escape`);
    return Buffer.from(read);
  });
  return Buffer.concat(parts).toString();
}
