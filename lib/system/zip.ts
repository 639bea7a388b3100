/**
 * Zip archives with uncompressed entries, so that any part of an entry can be read directly. An
 * archive's directory is validated before use.
 *
 * @module
 */
import * as yauzl from "yauzl";
import { readAt } from "./files.ts";

/** An uncompressed file inside an archive. */
export interface StoredEntry {
  readonly name: string;
  /** Its offset and length, bytes. */
  readonly at: number;
  readonly size: number;
}

/**
 * The entries of an archive's directory, by name.
 *
 * @throws {Error} The file is not an archive or is damaged, or an entry is compressed or named twice.
 */
export async function storedEntries(handle: Deno.FsFile): Promise<Map<string, StoredEntry>> {
  const sections = new Map<string, StoredEntry>();
  const zip = await opened(handle);
  for await (const entry of zip.eachEntry()) {
    const { fileName: name, compressionMethod, uncompressedSize: size } = entry;
    if (compressionMethod !== 0 || entry.isEncrypted()) {
      throw new Error(`${JSON.stringify(name)} is compressed, instead of stored`);
    }
    if (sections.has(name)) throw new Error(`there are several entries "${name}"`);
    const { fileDataStart: at } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
    sections.set(name, { name, at, size });
  }
  return sections;
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
  eachEntry(): AsyncIterable<ZipEntry>;
  readLocalFileHeaderPromise(
    entry: ZipEntry,
    options: object,
  ): Promise<{ readonly fileDataStart: number }>;
}
interface ZipEntry {
  readonly fileName: string;
  readonly compressionMethod: number;
  readonly uncompressedSize: number;
  isEncrypted(): boolean;
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
