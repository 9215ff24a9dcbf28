/** Matches a block: the line with its command, and the text up to `<!-- end -->`. */
const block = /^<!-- (npm run .+) -->\n(?:[^]*?\n)??<!-- end -->$/gm;

/**
 * Puts what commands print into a document of Markdown, below the lines that name them:
 *
 *     <!-- npm run bench:train -- --rounds 9 -->
 *     <!-- end -->
 *
 * @param name Only commands `npm run NAME...` are run; other blocks stay as they are.
 * @param origin A line about when and where they ran.
 * @param run Gives what a command printed; where it rejects, nothing is changed.
 * @throws RangeError when no block has such a command.
 */
export async function fillBlocks(
  document: string,
  name: string,
  origin: string,
  run: (command: string) => Promise<string>,
): Promise<string> {
  const found = [...document.matchAll(block)].filter(([, command]) => command?.startsWith(`npm run ${name}`));
  if (found.length === 0) throw new RangeError(`No block of the document has a command "npm run ${name}...".`);
  let filled = document;
  for (const [old, command = ''] of found) {
    const output = (await run(command)).trim();
    const lines = [
      `<!-- ${command} -->`,
      '',
      `\`${command}\`, ${origin}:`,
      '',
      '```text',
      output,
      '```',
      '',
      '<!-- end -->',
    ];
    filled = filled.replace(old, () => lines.join('\n'));
  }
  return filled;
}
