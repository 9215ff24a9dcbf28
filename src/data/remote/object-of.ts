import { SignetError } from '../../errors.js';
import { printable } from '../../text/printable.js';

/**
 * Divides `s3://bucket/key` or `gs://bucket/key`. A folder's key ends with a slash; the key of a bucket is empty.
 *
 * @throws SignetError `INVALID_DATASET` for a location without a bucket.
 */
export function objectOf(location: string): { bucket: string; key: string } {
  const [, bucket, key = ''] = /^[a-z\d]+:\/\/([\w.-]{1,255})(?:\/(.*))?$/s.exec(location) ?? [];
  if (bucket !== undefined) return { bucket, key };
  throw new SignetError(
    'INVALID_DATASET',
    `${printable(location)} does not name a bucket. Expected: ${location.slice(0, location.indexOf(':'))}://BUCKET/FOLDER.`,
  );
}
