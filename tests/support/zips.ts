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
  /** What its own header has as its name; the directory's if absent. */
  readonly localName?: string;
  /** Bytes behind it that belong to no entry. */
  readonly behind?: Uint8Array;
  /** Unix's kind of file and permissions. */
  readonly mode?: number;
}

/** A zip file of entries in this order, and a comment on it. */
export function zipOf(
  entries: readonly StrangeZipEntry[],
  comment = "",
): Uint8Array<ArrayBuffer> {
  const locals: ArrayLike<number>[] = [];
  const directory: ArrayLike<number>[] = [];
  for (const entry of entries) {
    const { name, bytes, method = 0, flags = 0x800, size = bytes.length } = entry;
    const { localName = name, behind = [], mode = 0 } = entry;
    const [letters, own] = [name, localName].map((text) => new TextEncoder().encode(text));
    const common = [...u16(20, flags, method, 0, 0x21), ...u32(0, size, size)];
    const lengths = ({ length }: Uint8Array) => u16(length, 0);
    const place = u32(mode * 2 ** 16, lengthOf(locals));
    directory.push(u32(0x02014b50), u16(20), common, lengths(letters!), u16(0, 0, 0), place);
    directory.push(letters!);
    locals.push(u32(0x04034b50), common, lengths(own!), own!, bytes, behind);
  }
  const count = u16(0, 0, entries.length, entries.length);
  const sizes = u32(lengthOf(directory), lengthOf(locals));
  const remark = new TextEncoder().encode(comment);
  const end = [u32(0x06054b50), count, sizes, u16(remark.length), remark];
  return joined([...locals, ...directory, ...end]);
}

/** A zip archive with zeros for the checksums in its directory, as of a program that computes none. */
export function withoutChecksums(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const other = Uint8Array.from(bytes);
  const text = new TextDecoder("latin1").decode(other);
  for (let at = text.indexOf("PK\x01\x02"); at >= 0; at = text.indexOf("PK\x01\x02", at + 1)) {
    other.fill(0, at + 16, at + 20);
  }
  return other;
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
