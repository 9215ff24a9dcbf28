import { createHash, timingSafeEqual } from 'node:crypto';

/** How a server speaks TLS: contents of PEM files. */
export interface ServerTls {
  /** The server's certificate, and those between it and a root. */
  readonly certificate: Buffer;
  /** The private key of the certificate. */
  readonly key: Buffer;
  /** Roots of the certificates that clients must show. Default: they show none. */
  readonly clientRoots?: Buffer;
}

/** Whether an `authorization` header, or the metadata of that name, brings the token. */
export type TokenCheck = (authorization: string | Buffer | undefined) => boolean;

/** Compares digests, which are all of one length: how long it takes tells nothing of how far a guess is right. */
export function bearerToken(token: string): TokenCheck {
  const expected = digest(token);
  return (authorization) => {
    const [, given] = /^bearer +([^ ].*)$/i.exec(String(authorization ?? '')) ?? [];
    return given !== undefined && timingSafeEqual(digest(given), expected);
  };
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
