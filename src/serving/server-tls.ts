/** How a server speaks TLS: contents of PEM files. */
export interface ServerTls {
  /** The server's certificate, and those between it and a root. */
  readonly certificate: Buffer;
  readonly key: Buffer;
  /** Roots of the certificates that clients must show. Default: they show none. */
  readonly clientRoots?: Buffer;
}
