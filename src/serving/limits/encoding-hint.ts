import type { TensorValue } from '../../tensorflow/tensor-value.js';

/** Beginnings of image files in base64: JPEG, PNG, GIF, BMP, WebP, TIFF. */
const base64Image = /^(?:_9j_|\/9j\/|iVBORw|R0lGOD|Qk[0-9]|UklGR|SUkq|TU0A)/;
const looked = 64;

/**
 * Explains what a client has probably done wrong if no decoder recognizes its image, in a sentence that begins with a space; empty if unknown.
 *
 * Call it only after TensorFlow has refused the request, since a signature may well take base64, or any other text.
 */
export function encodingHint(inputs: Readonly<Record<string, TensorValue>>): string {
  for (const [name, { dtype, values }] of Object.entries(inputs)) {
    if (dtype !== 'string') continue;
    for (const bytes of values as readonly Uint8Array[]) {
      const what = disguiseOf(
        Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(bytes.length, looked)).toString('latin1'),
      );
      if (what !== null) return ` The input "${name}" got ${what}.`;
    }
  }
  return '';
}

function disguiseOf(start: string): string | null {
  if (start.startsWith('data:image/')) {
    return 'a data: URL. Send the bytes of the file: over REST {"b64": "..."} with what comes after the comma';
  }
  if (/^b['"]/.test(start)) {
    return 'text that Python shows bytes as. Send the bytes: over REST {"b64": base64.b64encode(data).decode("ascii")}';
  }
  if (!base64Image.test(start)) return null;
  return 'base64 as text. Send the bytes of the file: over REST {"b64": "..."}, encoded once; over gRPC as they are';
}
