/**
 * Zip files as a stranger may write them: no compression, and any name, size or flag one likes
 * (APPNOTE.TXT of PKWARE, 4.3). Checksums are left at zero; bundles have better ones.
 */

/** An entry, with what its headers say of it where that is not the truth. */
export interface StrangeZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly method?: number;
  /** Names are in UTF-8 if absent. */
  readonly flags?: number;
  readonly size?: number;
}

/** A zip file of entries in this order. */
export function zipOf(entries: readonly StrangeZipEntry[]): Uint8Array<ArrayBuffer> {
  const locals: ArrayLike<number>[] = [];
  const directory: ArrayLike<number>[] = [];
  for (const { name, bytes, method = 0, flags = 0x800, size = bytes.length } of entries) {
    const letters = new TextEncoder().encode(name);
    const common = [
      ...u16(20, flags, method, 0, 0x21),
      ...u32(0, size, size),
      ...u16(letters.length, 0),
    ];
    const place = u32(0, lengthOf(locals));
    directory.push(u32(0x02014b50), u16(20), common, u16(0, 0, 0), place, letters);
    locals.push(u32(0x04034b50), common, letters, bytes);
  }
  const count = u16(0, 0, entries.length, entries.length);
  const sizes = u32(lengthOf(directory), lengthOf(locals));
  return joined([...locals, ...directory, u32(0x06054b50), count, sizes, u16(0)]);
}

const lengthOf = (parts: readonly ArrayLike<number>[]) =>
  parts.reduce((sum, { length }) => sum + length, 0);

function joined(parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(lengthOf(parts));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

const u16 = (...values: number[]) => values.flatMap((value) => [value & 255, value >>> 8 & 255]);
const u32 = (...values: number[]) => values.flatMap((value) => u16(value & 65535, value >>> 16));
