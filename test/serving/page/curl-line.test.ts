import { execFileSync } from 'node:child_process';

import { describe, expect, it } from 'vitest';

interface CurlLine {
  readonly curlLine: (fileName: string, url: string, hasToken: boolean) => string;
}

const module = new URL('../../../src/serving/page/public/curl-line.js', import.meta.url).href;
const { curlLine } = (await import(module)) as CurlLine;

/** What a shell makes of a line: the words that curl would get. */
function words(line: string): string[] {
  const script = `curl() { printf '%s\\0' "$@"; }\n${line}\n`;
  return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).split('\0').slice(0, -1);
}

describe('the line for a shell (finding 24)', () => {
  it.each(['a\u0003\ntouch x\n.png', "b'\r$(id)\u001b[2J", 'c\u0085\u009b"; `id` \\', '\t-d @x', "it's !! fine.png"])(
    'types no control character of a name: %j',
    (name) => {
      const line = curlLine(name, 'http://127.0.0.1:8501/x', false);
      expect(line).not.toMatch(/\p{Cc}/u);
      const [flag, file = '', url, ...others] = words(line);
      expect([flag, url, others]).toEqual(['-F', 'http://127.0.0.1:8501/x', []]);
      const quoted = /[;,"\\]/.test(name) ? `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"` : name;
      expect(file).toBe(`image=@${quoted}`);
    },
  );
});
