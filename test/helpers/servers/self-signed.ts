import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';

import { temporaryFolder } from '../temporary-folder.js';

/** Makes a new self-signed certificate for `localhost` and its key, as PEM, with openssl. */
export async function selfSigned(): Promise<{ certificate: Buffer; key: Buffer }> {
  const folder = await temporaryFolder();
  const [keyFile, certificateFile] = [path.join(folder, 'key.pem'), path.join(folder, 'certificate.pem')];
  const kind = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '2'];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  await promisify(execFile)('openssl', [...kind, ...subject, '-keyout', keyFile, '-out', certificateFile]);
  return { certificate: await readFile(certificateFile), key: await readFile(keyFile) };
}
