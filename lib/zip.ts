/**
 * Zip archives whose entries are stored as they are, so that any part of any of them can be read in
 * its place. What an archive says of itself is checked before it is used.
 *
 * @module
 */
import * as yauzl from "yauzl";

/** A file that lies inside another one, as it is. */
export interface Section {
  readonly name: string;
  /** Where it begins, and its length, bytes. */
  readonly at: number;
  readonly size: number;
}

/**
 * Where the entries lie that an archive's directory names, by their names.
 *
 * @throws {Error} It is no archive, or damaged, or an entry is packed or named twice.
 */
export async function sectionsOf(file: string): Promise<Map<string, Section>> {
  const sections = new Map<string, Section>();
  const zip = await openPromise(file, { autoClose: false, strictFileNames: true }).catch(
    (error: Error) => {
      throw new Error(
        error.message.replace(
          /^End of central directory.*/s,
          "it is no zip file, or it is cut off",
        ),
      );
    },
  );
  try {
    for await (const entry of zip.eachEntry()) {
      const { fileName: name, compressionMethod, uncompressedSize: size } = entry;
      if (compressionMethod !== 0 || entry.isEncrypted()) {
        throw new Error(`${JSON.stringify(name)} is packed, and not stored as it is`);
      }
      if (sections.has(name)) throw new Error(`there are several entries "${name}"`);
      const { fileDataStart: at } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      sections.set(name, { name, at, size });
    }
  } finally {
    zip.close();
  }
  return sections;
}

/** The parts of the package, which has no types, that are used here. */
const { openPromise } = yauzl as unknown as {
  openPromise(file: string, options: object): Promise<{
    eachEntry(): AsyncIterable<ZipEntry>;
    readLocalFileHeaderPromise(
      entry: ZipEntry,
      options: object,
    ): Promise<{ readonly fileDataStart: number }>;
    close(): void;
  }>;
};
interface ZipEntry {
  readonly fileName: string;
  readonly compressionMethod: number;
  readonly uncompressedSize: number;
  isEncrypted(): boolean;
}
