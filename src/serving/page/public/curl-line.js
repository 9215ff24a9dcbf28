// The line for a shell that asks what the page asks.

/** In single quotes a shell leaves everything as it is, but for the quote itself. */
export function shellQuoted(text) {
  return `'${text.replaceAll("'", String.raw`'\''`)}'`;
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
