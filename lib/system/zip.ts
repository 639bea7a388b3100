/**
 * Zip archives with uncompressed entries, so that any part of an entry can be read directly. An
 * archive's directory is validated before use.
 *
 * @module
 */
import type { Buffer } from "node:buffer";
import * as yauzl from "yauzl";
import { readAt } from "./files.ts";

/** An uncompressed file inside an archive. */
export interface StoredEntry {
  readonly name: string;
  /** Its offset and length, bytes. */
  readonly at: number;
  readonly size: number;
  /** CRC-32 of its content; 0 where the program that wrote it computed none. */
  readonly crc32: number;
}

/**
 * The entries of an archive's directory, by name.
 *
 * @param options.isExact whether every byte must belong to an entry, and an entry's header say what the
 * directory says of it, so that all programs unpack the same files
 * @throws {Error} The file is not an archive or is damaged, or an entry is compressed or named twice.
 */
export async function storedEntries(
  handle: Deno.FsFile,
  { isExact = false }: { readonly isExact?: boolean } = {},
): Promise<Map<string, StoredEntry>> {
  const sections = new Map<string, StoredEntry>();
  const spans: Span[] = [];
  const zip = await opened(handle);
  const directory = zip.readEntryCursor;
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, compressionMethod, uncompressedSize: size } = entry;
    if (compressionMethod !== 0 || entry.isEncrypted()) {
      throw new Error(`${JSON.stringify(name)} is compressed, instead of stored`);
    }
    if (sections.has(name)) throw new Error(`there are several entries "${name}"`);
    const header = await zip.readLocalFileHeaderPromise(entry, { minimal: !isExact });
    const at = header.fileDataStart;
    sections.set(name, { name, at, size, crc32: entry.crc32 });
    if (!isExact) continue;
    mustAgree(entry, header as LocalHeader);
    spans.push({
      from: entry.relativeOffsetOfLocalHeader,
      to: at + size,
      isDescribed: (entry.generalPurposeBitFlag & DESCRIBED) !== 0,
    });
  }
  if (isExact) mustBeGapless(spans, directory, zip);
  return sections;
}

/** Bit of an entry's flags: its sizes and its checksum stand behind its content. */
const DESCRIBED = 8;
/** Lengths of what stands there, bytes: with or without a signature, and for large files. */
const DESCRIPTORS = [12, 16, 20, 24];
/** Lengths of what ends an archive, bytes: for few and small files, and for others. */
const ENDS = [22, 22 + 20 + 56];
/** The only kind of additional fields: sizes of large files. */
const ZIP64 = 1;

/** The bytes of an entry and its header. */
interface Span {
  readonly from: number;
  readonly to: number;
  readonly isDescribed: boolean;
}

/** Programs that read an archive from its beginning go by an entry's own header. */
function mustAgree(entry: ZipEntry, header: LocalHeader) {
  const { generalPurposeBitFlag: flags, externalFileAttributes, extraFields } = entry;
  const isDescribed = (flags & DESCRIBED) !== 0;
  const kind = externalFileAttributes >>> 28;
  const agree = header.fileName.equals(entry.fileNameRaw) &&
    header.generalPurposeBitFlag === flags && header.compressionMethod === 0 &&
    header.extraField.length === 0 && extraFields.every(({ id }) => id === ZIP64) &&
    (isDescribed || header.uncompressedSize === entry.uncompressedSize) &&
    (kind === 0 || kind === 8) && entry.fileComment === "";
  if (agree) return;
  throw new Error(
    `${JSON.stringify(entry.fileName)} is another file to other programs: its header and the ` +
      "archive's directory differ",
  );
}

/** Entries must follow each other from the first byte to the directory, and nothing may follow that. */
function mustBeGapless(spans: readonly Span[], directory: number, zip: ZipFile) {
  let [end, isDescribed] = [0, false];
  const follows = (from: number) => isDescribed ? DESCRIPTORS.includes(from - end) : from === end;
  const inOrder = spans.toSorted((one, other) => one.from - other.from).every((span) => {
    const isNext = follows(span.from);
    [end, isDescribed] = [span.to, span.isDescribed];
    return isNext;
  });
  const rest = zip.fileSize - zip.readEntryCursor;
  if (inOrder && follows(directory) && ENDS.includes(rest) && zip.comment === "") return;
  throw new Error("it has bytes that belong to none of its entries");
}

async function opened(handle: Deno.FsFile): Promise<ZipFile> {
  const { size } = handle.statSync();
  const options = { autoClose: false, lazyEntries: true, strictFileNames: true };
  try {
    return await fromRandomAccessReaderPromise(new Reader(handle, size), size, options);
  } catch (error) {
    const { message } = error as Error;
    if (!message.startsWith("End of central directory")) throw error;
    throw new Error("it is not a zip file, or it is cut off");
  }
}

/** Types of the parts of the package that are used here; the package has no types. */
const { fromRandomAccessReaderPromise, RandomAccessReader } = yauzl as unknown as {
  fromRandomAccessReaderPromise(reader: object, size: number, options: object): Promise<ZipFile>;
  RandomAccessReader: new () => object;
};
interface ZipFile {
  readonly fileSize: number;
  readonly comment: string;
  /** Where the directory begins; after the last entry, where it ends. */
  readonly readEntryCursor: number;
  eachEntry(): AsyncIterable<ZipEntry>;
  readLocalFileHeaderPromise(
    entry: ZipEntry,
    options: { readonly minimal: boolean },
  ): Promise<Pick<LocalHeader, "fileDataStart">>;
}
/** What the directory and an entry's own header have. */
interface ZipHeader {
  readonly compressionMethod: number;
  readonly generalPurposeBitFlag: number;
  readonly uncompressedSize: number;
}
interface ZipEntry extends ZipHeader {
  readonly crc32: number;
  readonly fileName: string;
  readonly fileNameRaw: Buffer;
  readonly fileComment: string;
  readonly externalFileAttributes: number;
  readonly extraFields: readonly { readonly id: number }[];
  readonly relativeOffsetOfLocalHeader: number;
  isEncrypted(): boolean;
}
interface LocalHeader extends ZipHeader {
  readonly fileDataStart: number;
  readonly fileName: Buffer;
  readonly extraField: Buffer;
}

/**
 * Reads synchronously and within the file. The package's own reader throws an error that cannot be
 * caught if an archive points far beyond its end.
 */
class Reader extends RandomAccessReader {
  readonly #handle: Deno.FsFile;
  readonly #size: number;

  constructor(handle: Deno.FsFile, size: number) {
    super();
    this.#handle = handle;
    this.#size = size;
  }

  read(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
    done: (error: Error | null, count?: number) => void,
  ) {
    const isWithin = position >= 0 && position + length <= this.#size;
    const part = isWithin ? readAt(this.#handle, position, length) : undefined;
    if (part === undefined) return done(new Error("it is cut off"));
    buffer.set(part, offset);
    done(null, length);
  }
}
