import { createHash, timingSafeEqual } from 'node:crypto';

/** TLS settings of a server, as contents of PEM files. */
export interface ServerTls {
  /** The server's certificate, and those between it and a root. */
  readonly certificate: Buffer;
  /** The private key of the certificate. */
  readonly key: Buffer;
  /** Roots of the certificates that clients must present. Default: they need none. */
  readonly clientRoots?: Buffer;
}

/** Checks whether an `authorization` header, or the metadata of that name, has the token. */
export type TokenCheck = (authorization: string | Buffer | undefined) => boolean;

/** Compares digests, which are all of one length: the time it takes does not reveal how much of a guess is right. */
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
