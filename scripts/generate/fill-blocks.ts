/** Matches a block: the line with its command, and the text up to `<!-- end -->`. */
const block = /^<!-- (npm run .+) -->\n(?:[^]*?\n)??<!-- end -->$/gm;

/**
 * Writes the output of commands into a Markdown document, below the lines that name the commands:
 *
 *     <!-- npm run bench:train -- --rounds 9 -->
 *     <!-- end -->
 *
 * @param name Only blocks of commands that begin with `npm run NAME` are filled; the others stay as they are.
 * @param contentOf Returns the Markdown for a command; if it rejects, nothing is changed.
 * @throws RangeError if no block has such a command.
 */
export async function fillBlocks(
  document: string,
  name: string,
  contentOf: (command: string) => Promise<string>,
): Promise<string> {
  const found = [...document.matchAll(block)].filter(([, command]) => command?.startsWith(`npm run ${name}`));
  if (found.length === 0) throw new RangeError(`No block of the document has a command "npm run ${name}...".`);
  let filled = document;
  for (const [old, command = ''] of found) {
    const content = await contentOf(command);
    filled = filled.replace(old, () => `<!-- ${command} -->\n\n${content}\n\n<!-- end -->`);
  }
  return filled;
}

/**
 * Quotes what a command printed.
 *
 * @param origin When and where it ran.
 */
export function quotedOutput(command: string, origin: string, output: string): string {
  return `\`${command}\`, ${origin}:\n\n\`\`\`text\n${output.trim()}\n\`\`\``;
}
