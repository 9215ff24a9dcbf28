import type { S3Client } from '@aws-sdk/client-s3';

import { loadOptional } from '../../files/load-optional.js';
import { objectOf } from './object-of.js';
import { RemoteFailure, type RemoteStore } from './remote-store.js';

/** Reads objects of S3, or of a server with its protocol (`AWS_ENDPOINT_URL`). Credentials and region are those of the AWS SDK's own variables. */
export async function openS3Store(): Promise<RemoteStore> {
  const sdk = await loadOptional('Data at s3:// is read by @aws-sdk/client-s3', ['@aws-sdk/client-s3'], async () => import('@aws-sdk/client-s3')); // prettier-ignore
  const { AWS_REGION, AWS_DEFAULT_REGION, AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3 } = process.env;
  const hasOwnServer = [AWS_ENDPOINT_URL, AWS_ENDPOINT_URL_S3].some((url) => url !== undefined && url !== '');
  const client: S3Client = new sdk.S3Client({
    region: AWS_REGION ?? AWS_DEFAULT_REGION ?? 'us-east-1',
    followRegionRedirects: true,
    // A bucket of such a server has no host name of its own.
    forcePathStyle: hasOwnServer,
    // The reader tries again itself, even if an answer breaks off.
    maxAttempts: 1,
  });
  return {
    async list(folder, most, signal) {
      const { bucket, key } = objectOf(folder);
      const names: string[] = [];
      let token: string | undefined;
      do {
        const command = new sdk.ListObjectsV2Command({ Bucket: bucket, Prefix: key, Delimiter: '/', ContinuationToken: token }); // prettier-ignore
        const page = await tried(() => client.send(command, { abortSignal: signal }));
        for (const { Key = '' } of page.Contents ?? []) if (Key.length > key.length) names.push(Key.slice(key.length));
        if (names.length > most) throw new RemoteFailure('refused', `it lists more than ${most} files`);
        token = page.NextContinuationToken;
      } while (token !== undefined);
      return names;
    },
    async describe(location, signal) {
      const { bucket, key } = objectOf(location);
      const command = new sdk.HeadObjectCommand({ Bucket: bucket, Key: key });
      const found = await tried(() => client.send(command, { abortSignal: signal }).catch(nullIfAbsent));
      return found && { location, size: found.ContentLength ?? 0, version: found.ETag ?? '' };
    },
    async read({ location, version }, offset, length, signal) {
      const { bucket, key } = objectOf(location);
      const command = new sdk.GetObjectCommand({
        Bucket: bucket,
        Key: key,
        Range: `bytes=${offset}-${offset + length - 1}`,
        IfMatch: version === '' ? undefined : version,
      });
      return tried(async () => {
        const { Body, ContentLength } = await client.send(command, { abortSignal: signal });
        if (ContentLength !== length) throw new RemoteFailure('refused', `the server sends ${ContentLength ?? 'an unknown number of'} bytes instead of ${length}`); // prettier-ignore
        return (await Body?.transformToByteArray()) ?? new Uint8Array();
      });
    },
  };
}

interface ServiceError {
  readonly name?: string;
  readonly message?: string;
  readonly $metadata?: { readonly httpStatusCode?: number };
}

/** @throws The error, if it is not that of a file that does not exist. */
function nullIfAbsent(error: unknown): null {
  const { $metadata, name } = error as ServiceError;
  if ($metadata?.httpStatusCode === 404 && name !== 'NoSuchBucket') return null;
  throw error;
}

async function tried<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    if (error instanceof RemoteFailure) throw error;
    const { name = '', message = '', $metadata } = error as ServiceError;
    if (name === 'AbortError') throw error;
    const status = $metadata?.httpStatusCode;
    if (status === 412) throw RemoteFailure.changed();
    const words = message === '' || message === name || message === 'UnknownError' ? name : `${name}: ${message}`;
    if (/^(?:Expired|Invalid)\w*Token|^TokenRefresh|^InvalidAccessKeyId|^Credential/.test(name)) throw new RemoteFailure('denied', status === undefined ? words : `the server answers ${status} (${words})`, { cause: error }); // prettier-ignore
    if (status !== undefined && status >= 300) throw RemoteFailure.ofStatus(status, `the server answers ${status} (${words})`, error); // prettier-ignore
    throw new RemoteFailure('passing', words, { cause: error });
  }
}
