import { fromBinary } from '@bufbuild/protobuf';

import { readBmpHeader } from '../data/bmp-header.js';
import { readGifHeader } from '../data/gif-header.js';
import { sniffImageFormat } from '../data/image-format.js';
import { ExampleSchema } from '../tensorflow/protos/tensorflow/core/example/example_pb.js';

/** How the files that TensorFlow decodes begin in either alphabet of base64. */
const base64Magic = /^(?:_9j_|\/9j\/|iVBORw|R0lGOD|Qk)/;
/** The tag of `features`, the only field of a tf.Example. */
const exampleTag = 0x0a;

/**
 * How many pixels the image in a string will have once it is decoded, read from its header: in a few bytes, a file can claim
 * gigabytes. Looks for a JPEG, PNG, GIF or BMP, for one in base64, and for those in a tf.Example.
 *
 * @returns 0 for anything else; decoding will tell what is wrong with it.
 */
export function declaredPixels(bytes: Uint8Array): number {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const direct = pixelsOfFile(content);
  if (direct > 0) return direct;
  if (base64Magic.test(content.toString('latin1', 0, 8))) return pixelsOfFile(fromBase64(content));
  return content[0] === exampleTag ? pixelsOfExample(content) : 0;
}

function fromBase64(content: Buffer): Buffer {
  return Buffer.from(content.toString('latin1'), 'base64');
}

function pixelsOfExample(content: Buffer): number {
  try {
    const features = Object.values(fromBinary(ExampleSchema, content).features?.feature ?? {});
    const files = features.flatMap(({ kind }) => (kind.case === 'bytesList' ? kind.value.value : []));
    return files.reduce((sum, file) => sum + pixelsOfFile(Buffer.from(file)), 0);
  } catch {
    return 0;
  }
}

function pixelsOfFile(content: Buffer): number {
  try {
    switch (sniffImageFormat(content.subarray(0, 512))) {
      case 'png':
        return content.readUInt32BE(16) * content.readUInt32BE(20);
      case 'jpeg':
        return pixelsOfJpeg(content);
      case 'gif':
        return readGifHeader(content).totalPixels;
      case 'bmp': {
        const { width, height } = readBmpHeader(content, content.length);
        return width * height;
      }
      default:
        return 0;
    }
  } catch {
    return 0;
  }
}

/** Goes from segment to segment up to the frame header; source: ITU-T T.81, B.1 and B.2.2. */
function pixelsOfJpeg(content: Buffer): number {
  let at = 2;
  while (at < content.length) {
    if (content[at] !== 0xff) return 0;
    const marker = content.readUInt8(at + 1);
    if (marker === 0xff) at += 1;
    else if (isFrameHeader(marker)) return content.readUInt16BE(at + 5) * content.readUInt16BE(at + 7);
    else at += 2 + content.readUInt16BE(at + 2);
  }
  return 0;
}

/** SOF0 to SOF15 without DHT, JPG and DAC, which lie between them. */
function isFrameHeader(marker: number): boolean {
  return marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker);
}
