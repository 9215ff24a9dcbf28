/** Kinds of samples of a TIFF, by the number of tag 339, SampleFormat. */
const sampleFormats = { uint: 1, int: 2, float: 3 } as const;

/** Content of a TIFF. */
export interface TiffPixels {
  readonly width: number;
  readonly height: number;
  /** 1 for gray, 3 for RGB. */
  readonly channels: 1 | 3;
  readonly kind: keyof typeof sampleFormats;
  /** 8, 16, 32 or 64; 16-bit floats are made from 32-bit ones, which must be 0 or at least 2^-14. */
  readonly bits: number;
  /** The samples, row by row; as many as pixels times channels. */
  readonly samples: readonly number[];
}

/** Writes an uncompressed little-endian TIFF of one strip; TIFF 6.0, section 2 and 19. */
export function tiff({ width, height, channels, kind, bits, samples }: TiffPixels): Buffer {
  const strip = Buffer.concat(samples.map((sample) => sampleBytes(sample, kind, bits)));
  const entries: [tag: number, type: 3 | 4, values: number[]][] = [
    [256, 4, [width]],
    [257, 4, [height]],
    [258, 3, new Array<number>(channels).fill(bits)],
    [259, 3, [1]],
    [262, 3, [channels === 1 ? 1 : 2]],
    [273, 4, [0]],
    [277, 3, [channels]],
    [278, 4, [height]],
    [279, 4, [strip.length]],
    [339, 3, new Array<number>(channels).fill(sampleFormats[kind])],
  ];
  const tableLength = 2 + 12 * entries.length + 4;
  const extra: Buffer[] = [];
  let extraAt = 8 + tableLength;
  const table = Buffer.alloc(tableLength);
  table.writeUInt16LE(entries.length);
  const stripAt = extraAt + entries.reduce((sum, [, , values]) => sum + (values.length > 2 ? 2 * values.length : 0), 0);
  entries.forEach(([tag, type, values], i) => {
    const at = 2 + 12 * i;
    table.writeUInt16LE(tag, at);
    table.writeUInt16LE(type, at + 2);
    table.writeUInt32LE(values.length, at + 4);
    const written = tag === 273 ? [stripAt] : values;
    if (written.length > 2) {
      table.writeUInt32LE(extraAt, at + 8);
      const bytes = Buffer.alloc(2 * written.length);
      written.forEach((value, j) => bytes.writeUInt16LE(value, 2 * j));
      extra.push(bytes);
      extraAt += bytes.length;
    } else if (type === 4) table.writeUInt32LE(written[0] ?? 0, at + 8);
    else written.forEach((value, j) => table.writeUInt16LE(value, at + 8 + 2 * j));
  });
  return Buffer.concat([Buffer.from('49492a0008000000', 'hex'), table, ...extra, strip]);
}

function sampleBytes(sample: number, kind: TiffPixels['kind'], bits: number): Buffer {
  const bytes = Buffer.alloc(bits / 8);
  if (kind === 'float') {
    if (bits === 16) bytes.writeUInt16LE(halfOf(sample));
    else if (bits === 32) bytes.writeFloatLE(sample);
    else bytes.writeDoubleLE(sample);
  } else if (kind === 'uint') bytes.writeUIntLE(sample, 0, bits / 8);
  else bytes.writeIntLE(sample, 0, bits / 8);
  return bytes;
}

function halfOf(value: number): number {
  const [bits = 0] = new Uint32Array(Float32Array.of(value).buffer);
  return value === 0 ? 0 : ((bits >>> 16) & 0x8000) | (((bits >>> 13) - (112 << 10)) & 0x7fff);
}
