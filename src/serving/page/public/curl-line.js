// The shell command that sends the same request as the page.

/**
 * In single quotes, a shell changes nothing except the quote itself. Control characters would act as keys when the line is pasted, and end it, so
 * they are written as escapes, for which bash, zsh and ksh have `$'...'`.
 */
export function shellQuoted(text) {
  if (/\p{Cc}/u.test(text)) {
    const escaped = text.replaceAll(/['\\]/g, String.raw`\$&`).replaceAll(/\p{Cc}/gu, escape);
    return `$'${escaped}'`;
  }
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
}

function escape(character) {
  const code = character.charCodeAt(0);
  return code < 0x80 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** The token itself is not shown, since others may be looking at the screen. */
export function tokenHeader(hasToken) {
  return hasToken ? '-H "Authorization: Bearer $SIGNET_TOKEN" ' : '';
}

/** The command that sends a file as the page does. */
export function curlLine(fileName, url, hasToken) {
  return `curl ${tokenHeader(hasToken)}-F ${shellQuoted(`image=@${formFileName(fileName)}`)} ${shellQuoted(url)}`;
}

/** For curl, `-` is standard input, and the name ends at a `;` or `,` unless it is in double quotes. */
function formFileName(name) {
  if (name === '-') return './-';
  return /[;,"\\]/.test(name) ? `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"` : name;
}
