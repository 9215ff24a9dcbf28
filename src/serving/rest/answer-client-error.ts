import type { Duplex } from 'node:stream';

/** Answers input that Node.js could not read as HTTP, and closes the connection. */
export function answerClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
  const [status, message] = known[error.code ?? ''] ?? ['400 Bad Request', 'The request is not HTTP.'];
  endWithError(socket, status, message);
}

/** Writes an answer to a connection that has no response of Node.js's, and closes it. */
export function endWithError(socket: Duplex, status: string, message: string): void {
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ error: message });
  const head = [
    `HTTP/1.1 ${status}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    'X-Content-Type-Options: nosniff',
    'Cache-Control: no-store',
  ];
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy());
}

const known: Readonly<Record<string, readonly [status: string, message: string]>> = {
  HPE_HEADER_OVERFLOW: ['431 Request Header Fields Too Large', 'The headers are larger than 16 KiB.'],
  HPE_CHUNK_EXTENSIONS_OVERFLOW: ['413 Payload Too Large', 'The extensions of a chunk are larger than 16 KiB.'],
  HPE_INVALID_EOF_STATE: ['400 Bad Request', 'The request ends too early.'],
  ERR_HTTP_REQUEST_TIMEOUT: ['408 Request Timeout', 'The request did not arrive in time.'],
};
