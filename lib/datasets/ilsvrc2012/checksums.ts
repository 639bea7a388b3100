/** Compares archives of ILSVRC-2012 with the checksums that ImageNet's site publishes. */
import { createHash } from "node:crypto";
import { basename, join } from "node:path";
import { UserError } from "../../errors.ts";
import { reading } from "../../system/file_errors.ts";
import { isThere, piecesOf } from "../../system/files.ts";
import { DEVKIT } from "./devkit.ts";
import { ARCHIVES, findLayout } from "./layout.ts";

/** MD5 of the archives, from ImageNet's site. */
export const MD5: Readonly<Record<string, string>> = {
  "ILSVRC2012_img_train.tar": "1d675b47d978889d74fa0da5fadfb00e",
  "ILSVRC2012_img_val.tar": "29b22e2961454d5413ddabcf34fc5622",
  "ILSVRC2012_img_test_v10102019.tar": "e1b8681fff3d63731c599df9b4b6fc02",
  "ILSVRC2012_devkit_t12.tar.gz": "fa75699e90414af021442c21a62c3abf",
};

/** An archive, its MD5, and the expected MD5, if it is known. */
export interface ArchiveChecksum {
  readonly file: string;
  readonly md5: string;
  readonly expected: string | undefined;
}

/**
 * Computes the MD5 of the archives in the folder of `--data`.
 *
 * @throws {UserError} There are no archives.
 */
export function checkArchives(
  folder: string,
  onProgress: (doneBytes: number, totalBytes: number) => void = () => {},
): ArchiveChecksum[] {
  const { place } = findLayout(folder);
  const names = [...Object.values(ARCHIVES).flat(), DEVKIT.archive];
  const files = names.map((name) => join(place, name)).filter((file) => isThere(file));
  if (files.length === 0) {
    throw new UserError(
      `Cannot verify archives in "${place}": found none of ${names.join(", ")}; name ` +
        "their folder with --data DIR",
    );
  }
  const total = files.reduce((sum, file) => sum + reading(file, () => Deno.statSync(file).size), 0);
  let done = 0;
  return files.map((file) => {
    const hash = createHash("md5");
    for (const piece of piecesOf(file)) {
      hash.update(piece);
      onProgress(done += piece.length, total);
    }
    const name = basename(file);
    return { file: name, md5: hash.digest("hex"), expected: MD5[name] };
  });
}
