import { zipSync } from 'fflate';

/** Sizes and places in a ZIP archive; source: PKWARE's APPNOTE.TXT, 4.3.12 and 4.3.16. */
const end = { bytes: 22, entries: 10, directory: 16 };
const entry = { bytes: 46, nameBytes: 28, extraBytes: 30, commentBytes: 32, file: 42 };

/**
 * Packs files behind a LiteRT model, as TensorFlow Lite's metadata library does: an uncompressed ZIP archive whose places count from the
 * beginning of the model, so that the whole is a model and an archive.
 */
export function packFiles(model: Uint8Array, files: Readonly<Record<string, Uint8Array>>): Uint8Array {
  // The date would make each export another file.
  const archive = Buffer.from(zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) }));
  const last = archive.length - end.bytes;
  let at = archive.readUInt32LE(last + end.directory);
  const move = (place: number) => archive.writeUInt32LE(archive.readUInt32LE(place) + model.length, place);
  for (let left = archive.readUInt16LE(last + end.entries); left > 0; left -= 1) {
    move(at + entry.file);
    const lengths = [entry.nameBytes, entry.extraBytes, entry.commentBytes];
    at += lengths.reduce((sum, place) => sum + archive.readUInt16LE(at + place), entry.bytes);
  }
  move(last + end.directory);
  return Buffer.concat([model, archive]);
}
