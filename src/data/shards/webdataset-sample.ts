import { posix } from 'node:path';
import { crc32 } from 'node:zlib';

import { Header } from 'tar';

import { jsonText, quoted } from '../../text/printable.js';
import type { FoundSample, Sample, SampleOptions, ShardFault } from './sample.js';
import type { TarMember } from './tar-members.js';

const block = 512;

/** The end of a tar archive. */
export const tarEnd = Buffer.alloc(2 * block);

/**
 * The members of a sample in a WebDataset: the image, `.cls` with the number of its class if it has one, and `.json` with the rest.
 *
 * @param key Beginning of their names, without a point.
 */
export function encodeWebDatasetSample(sample: Sample, key: string): Uint8Array {
  const { bytes, name, labels, texts, subset, extension, width, height } = sample;
  const json = jsonText({ filename: name, labels, texts, width, height, split: subset, crc32: crc32(bytes) });
  const [label] = labels;
  return Buffer.concat([
    ...member(`${key}.${extension}`, bytes),
    ...(label !== undefined && labels.length === 1 ? member(`${key}.cls`, Buffer.from(String(label))) : []),
    ...member(`${key}.json`, Buffer.from(json)),
  ]);
}

function member(path: string, bytes: Uint8Array): Uint8Array[] {
  // No time and no owner, so that the same images give the same bytes.
  const header = new Header({
    path,
    size: bytes.length,
    mode: 0o644,
    uid: 0,
    gid: 0,
    mtime: new Date(0),
    type: 'File',
  });
  header.encode();
  return [header.block ?? Buffer.alloc(block), bytes, Buffer.alloc((block - (bytes.length % block)) % block)];
}

/** Extensions of images, in order of preference if a sample has several. */
const imageEndings = ['jpg', 'jpeg', 'png', 'webp', 'gif', 'bmp', 'avif', 'tif', 'tiff'];

/** Maximum size in bytes of a class or a description. */
const mostTextBytes = 1 << 20;

/**
 * Groups the members of a WebDataset into samples: consecutive members with the same name up to its first dot.
 *
 * The class is in `.cls`, a number or a name, otherwise in `labels` or `label` of `.json`; or in the field of `.json` that `labelField` names.
 */
export async function* webDatasetSamples(
  members: AsyncIterable<TarMember | ShardFault>,
  options: SampleOptions,
): AsyncGenerator<FoundSample | ShardFault> {
  let parts = null as Parts | null;
  for await (const each of members) {
    if ('fault' in each) {
      if (parts) yield sampleOf(parts, options);
      parts = null;
      yield each;
      continue;
    }
    const { key, ending } = split(each.path);
    if (key === null) continue;
    if (parts?.key !== key) {
      if (parts) yield sampleOf(parts, options);
      parts = { key, offset: each.offset, members: new Map() };
    }
    const isText = (ending === 'json' || ending === 'cls') && each.bytes.length <= mostTextBytes;
    // Captions, sound and masks are not kept: a sample only takes memory for its image.
    if (imageEndings.includes(ending) || isText) parts.members.set(ending, each);
  }
  if (parts) yield sampleOf(parts, options);
}

interface Parts {
  readonly key: string;
  readonly offset: number;
  readonly members: Map<string, TarMember>;
}

/** @returns No key for a file that belongs to the archive itself, or to an operating system. */
function split(path: string): { readonly key: string | null; readonly ending: string } {
  const base = posix.basename(path);
  const point = base.indexOf('.');
  const isOther = point < 1 || base.startsWith('__');
  return {
    key: isOther ? null : posix.join(posix.dirname(path), base.slice(0, point)),
    ending: base.slice(point + 1).toLowerCase(),
  };
}

function sampleOf(
  { key, offset, members }: Parts,
  { labelField, areLabelled = false }: SampleOptions,
): FoundSample | ShardFault {
  const broken = (fault: string): ShardFault => ({ offset, kind: 'corrupt', fault: `has the sample ${quoted([key])} ${fault}` }); // prettier-ignore
  const image = imageEndings.map((ending) => members.get(ending)).find((each) => each !== undefined);
  if (!image) return broken('without an image: .jpg, .png or the like');
  const json = jsonOf(members.get('json'));
  if (json === null) return broken('whose .json is not a JSON object');
  const labels = areLabelled
    ? []
    : labelField === undefined
      ? usualLabels(members.get('cls'), json)
      : valuesOf(json[labelField]);
  if (labels === null) {
    const where = labelField === undefined ? '.cls, or labels in .json (or name a field of it with --label-field)' : `${quoted([labelField])} in .json`; // prettier-ignore
    return broken(`without its class. Expected: ${where}. Received: ${quoted([...members.keys(), ...Object.keys(json)].slice(0, 10))}`); // prettier-ignore
  }
  const { filename, texts, split: subset, crc32: checksum } = json;
  if (typeof checksum === 'number' && checksum !== crc32(image.bytes)) return broken('whose image fails its checksum');
  return {
    offset: image.offset,
    bytes: image.bytes,
    name: typeof filename === 'string' ? filename : key,
    labels,
    texts: labelField === undefined && !areLabelled ? (valuesOf(texts) ?? []).map(String) : [],
    subset: typeof subset === 'string' ? subset : null,
  };
}

type Json = Readonly<Record<string, unknown>>;

function jsonOf(member: TarMember | undefined): Json | null {
  if (!member) return {};
  try {
    const value: unknown = JSON.parse(member.bytes.toString());
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : null;
  } catch {
    return null;
  }
}

function usualLabels(cls: TarMember | undefined, json: Json): (number | string)[] | null {
  const text = cls?.bytes.toString().trim() ?? '';
  if (text === '') return valuesOf(json.labels) ?? valuesOf(json.label);
  return [/^-?\d+$/.test(text) ? Number(text) : text];
}

/** @returns Null if there is none. */
function valuesOf(value: unknown): (number | string)[] | null {
  const values: unknown[] = [value].flat();
  const isValue = (each: unknown) => typeof each === 'string' || Number.isSafeInteger(each);
  return value !== undefined && values.every(isValue) ? (values as (number | string)[]) : null;
}
