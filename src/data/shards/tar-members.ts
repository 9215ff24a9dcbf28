import { Header, Pax } from 'tar';

import { printable } from '../../text/printable.js';
import type { ShardFault } from './sample.js';
import type { ShardReader } from './shard-reader.js';

/** A file in a tar archive. */
export interface TarMember {
  /** Path as in the archive; never to be opened. */
  readonly path: string;
  /** Offset of its bytes in the archive. */
  readonly offset: number;
  readonly bytes: Buffer;
}

const block = 512;
/** Maximum size of a header's extension in bytes: a long name, or attributes. */
const mostExtensionBytes = 1 << 20;

/**
 * Reads the files of a tar archive; long names by GNU's and by POSIX's (pax) headers. Folders, links and devices are skipped.
 *
 * A header that fails its checksum, or an archive that is cut off, is reported, and reading ends there.
 *
 * @param mostBytes Larger files are reported, and no memory is allocated for them.
 */
export async function* tarMembers(reader: ShardReader, mostBytes: number): AsyncGenerator<TarMember | ShardFault> {
  let [own, shared]: (Pax | undefined)[] = [];
  for (;;) {
    const at = reader.position;
    const broken = (fault: string): ShardFault => ({ offset: at, kind: 'corrupt', fault: `${fault}; what follows is lost` }); // prettier-ignore
    if (reader.remaining < block) {
      yield broken('is cut off: a tar archive ends with empty blocks');
      return;
    }
    const header = headerOf(await reader.take(block), own, shared);
    if (!header) {
      yield broken('has a header with a number that is too large');
      return;
    }
    if (header.nullBlock) return;
    if (!header.cksumValid) {
      yield broken(at === 0 ? 'is not a tar archive: its first header fails its checksum' : 'has a header that fails its checksum'); // prettier-ignore
      return;
    }
    const { size = 0, type } = header;
    // If the attributes have a name, the header repeats a part of it, which must not be added.
    const path = own?.path ?? header.path ?? '';
    const name = printable(path.slice(0, 200));
    const padded = Math.ceil(size / block) * block;
    if (!Number.isSafeInteger(size) || padded > reader.remaining) {
      yield broken(`is cut off within ${name}: it has ${size} bytes, and ${reader.remaining} are left`);
      return;
    }
    const isExtension = type === 'ExtendedHeader' || type === 'GlobalExtendedHeader' || type === 'NextFileHasLongPath' || type === 'OldGnuLongPath'; // prettier-ignore
    if (isExtension && size > mostExtensionBytes) {
      yield broken(`has a name or attributes of ${size} bytes`);
      return;
    }
    if (isExtension) {
      const text = (await reader.take(padded)).subarray(0, size).toString();
      if (type === 'ExtendedHeader') own = Pax.parse(text, own);
      else if (type === 'GlobalExtendedHeader') shared = Pax.parse(text, shared, true);
      else own = Object.assign(own ?? new Pax({}), { path: text.replace(/\0.*/s, '') });
      continue;
    }
    own = undefined;
    const isFile = type === 'File' || type === 'OldFile' || type === 'ContiguousFile';
    if (!isFile || size > mostBytes) {
      await reader.skip(padded);
      if (isFile) yield { offset: at, kind: 'too-large', fault: `has the file ${name} of ${size} bytes: more than ${mostBytes}` }; // prettier-ignore
      continue;
    }
    const offset = reader.position;
    const bytes = await reader.take(size);
    await reader.skip(padded - size);
    yield { path, offset, bytes };
  }
}

/** @returns Null for a header that node-tar refuses to decode. */
function headerOf(bytes: Buffer, own: Pax | undefined, shared: Pax | undefined): Header | null {
  try {
    return new Header(bytes, 0, own, shared);
  } catch {
    return null;
  }
}
