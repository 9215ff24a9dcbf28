import { describe, expect, it } from 'vitest';

import { fillBlocks, quotedOutput } from '../../../scripts/generate/fill-blocks.js';

const document = `# Benchmarks

<!-- npm run bench:train -- --rounds 9 -->
<!-- end -->

Between.

<!-- npm run bench:serve -->

old

<!-- end -->
`;

describe('fillBlocks', () => {
  it('writes what commands print below the lines that name them, again and again', async () => {
    const run = (command: string) => Promise.resolve(quotedOutput(command, 'today', `${command} cost $& and $1\n`));
    const once = await fillBlocks(document, 'bench:train', run);
    expect(once).toBe(`# Benchmarks

<!-- npm run bench:train -- --rounds 9 -->

\`npm run bench:train -- --rounds 9\`, today:

\`\`\`text
npm run bench:train -- --rounds 9 cost $& and $1
\`\`\`

<!-- end -->

Between.

<!-- npm run bench:serve -->

old

<!-- end -->
`);
    expect(await fillBlocks(once, 'bench:train', run)).toBe(once);
    expect(await fillBlocks(document, 'bench:', run)).not.toContain('old');
  });

  it('refuses a name that no block has, and changes nothing when a command fails', async () => {
    await expect(fillBlocks(document, 'bench:x', () => Promise.resolve(''))).rejects.toThrow(
      'No block of the document has a command "npm run bench:x...".',
    );
    await expect(fillBlocks(document, 'bench:', () => Promise.reject(new Error('it ended')))).rejects.toThrow(
      'it ended',
    );
  });
});
