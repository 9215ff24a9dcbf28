// The line for a shell that asks what the page asks.

/**
 * In single quotes a shell leaves everything as it is, but for the quote itself. Control characters would be typed when the line is
 * pasted, and end it: they are written as escapes, for which bash, zsh and ksh have `$'...'`.
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

/** The token itself is not for the eyes of who looks on. */
export function tokenHeader(hasToken) {
  return hasToken ? '-H "Authorization: Bearer $SIGNET_TOKEN" ' : '';
}

/** Sends a file as the page does. */
export function curlLine(fileName, url, hasToken) {
  return `curl ${tokenHeader(hasToken)}-F ${shellQuoted(`image=@${formFileName(fileName)}`)} ${shellQuoted(url)}`;
}

/** To curl, `-` is standard input, and what follows a `;` or `,` is no longer the name, unless it is in double quotes. */
function formFileName(name) {
  if (name === '-') return './-';
  return /[;,"\\]/.test(name) ? `"${name.replaceAll(/["\\]/g, String.raw`\$&`)}"` : name;
}
