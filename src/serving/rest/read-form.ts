import busboy from 'busboy';

import { wordsOf } from '../../errors.js';
import { ServingError } from '../serving-error.js';

/** An uploaded file. */
export interface Upload {
  /** Name that the client gives it; only shown, never used as a path. */
  readonly file: string;
  readonly content: Buffer;
}

/** Maximum number of files in a form; each costs a request to the model. */
const maxFiles = 256;
/** The largest form field that is not a file. */
const maxFieldBytes = 1024;
const maxFields = 16;
/** Number of bytes of a form that are parsed at once: other requests are answered in between. */
const sliceBytes = 2 ** 16;

/**
 * Reads the files of a form, or takes the body as the only one.
 *
 * @param type The body's `Content-Type`.
 * @throws ServingError `INVALID_ARGUMENT`.
 */
export async function readForm(type: string, body: Buffer): Promise<Upload[]> {
  if (!isForm(type)) {
    if (body.length === 0) refuse('The request has no image.');
    return [{ file: 'image', content: body }];
  }
  const uploads = await readParts(type, body);
  if (uploads.length === 0) refuse('The form has no file.');
  return uploads;
}

/** Whether a body is a form. */
export function isForm(type: string): boolean {
  return /^multipart\/form-data\b/i.test(type);
}

function readParts(type: string, body: Buffer): Promise<Upload[]> {
  return new Promise((resolve, reject) => {
    let isRefused = false;
    const refused = (reason: string) => {
      isRefused = true;
      reject(refusal(reason));
    };
    let form: busboy.Busboy;
    try {
      const limits = {
        files: maxFiles,
        fields: maxFields,
        fieldSize: maxFieldBytes,
        parts: maxFiles + maxFields + 1,
        headerPairs: 64,
      };
      form = busboy({ headers: { 'content-type': type }, limits, defParamCharset: 'utf8' });
    } catch (error) {
      refused(`The form cannot be read: ${wordsOf(error)}.`);
      return;
    }
    const uploads: Upload[] = [];
    form.on('file', (field, stream, { filename = '' }) => {
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      const file = filename === '' ? field : filename;
      stream.on('close', () => uploads.push({ file, content: Buffer.concat(chunks) }));
      stream.on('error', () => undefined);
    });
    form.on('filesLimit', () => refused(`The form has more than ${maxFiles} files.`));
    form.on('fieldsLimit', () => refused(`The form has more than ${maxFields} fields besides files.`));
    form.on('partsLimit', () => refused(`The form has more than ${maxFiles + maxFields} parts.`));
    form.on('error', (error) => refused(`The form cannot be read: ${wordsOf(error)}.`));
    form.on('close', () => resolve(uploads));
    const feed = (at: number) => {
      if (isRefused) return;
      const end = at + sliceBytes;
      if (end >= body.length) {
        form.end(body.subarray(at));
        return;
      }
      form.write(body.subarray(at, end));
      setImmediate(() => feed(end));
    };
    feed(0);
  });
}

function refusal(reason: string): ServingError {
  const expected = "Send images as files of multipart/form-data (curl -F 'image=@cat.jpg'), or one as the body.";
  return new ServingError('INVALID_ARGUMENT', `${reason} ${expected}`);
}

function refuse(reason: string): never {
  throw refusal(reason);
}
