import { fromBinary } from '@bufbuild/protobuf';

import { readBmpHeader } from '../../data/image-file/bmp-header.js';
import { readGifHeader } from '../../data/image-file/gif-header.js';
import { sniffImageFormat } from '../../data/image-file/image-format.js';
import { isFrameHeader, jpegPasses, markersOf } from '../../data/image-file/jpeg-scans.js';
import { ExampleSchema } from '../../tensorflow/protos/tensorflow/core/example/example_pb.js';

/** Beginnings of the files that TensorFlow decodes, in either alphabet of base64. */
const base64Magic = /^(?:_9j_|\/9j\/|iVBORw|R0lGOD|Qk)/;
/** `IHDR` */
const headerChunk = 0x49484452;

/**
 * Reads from its header how many pixels the image in a string will have once it is decoded: a file of a few bytes can claim gigabytes. Looks for a
 * JPEG, PNG, GIF or BMP, for one in base64, and for those in a tf.Example.
 *
 * @returns 0 for anything else; decoding will tell what is wrong with it.
 */
export function declaredPixels(bytes: Uint8Array): number {
  const content = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const direct = pixelsOfFile(content);
  if (direct > 0) return direct;
  if (base64Magic.test(content.toString('latin1', 0, 8))) return pixelsOfFile(fromBase64(content));
  return pixelsOfExample(content);
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
        return pixelsOfPng(content);
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

/** Unknown chunks may precede the header: libpng skips them. */
function pixelsOfPng(content: Buffer): number {
  let at = 8;
  while (content.readUInt32BE(at + 4) !== headerChunk) at += 12 + content.readUInt32BE(at);
  return content.readUInt32BE(at + 8) * content.readUInt32BE(at + 12);
}

/** An image with more scans than any encoder writes counts several times, as it is decoded. */
function pixelsOfJpeg(content: Buffer): number {
  for (const { marker, at } of markersOf(content)) {
    if (!isFrameHeader(marker)) continue;
    return content.readUInt16BE(at + 4) * content.readUInt16BE(at + 6) * jpegPasses(content);
  }
  return 0;
}
