/** Files of tensors that match their checksums. Each is compared once, and again when it changes. */
import { UserError } from "../errors.ts";
import { reading } from "../system/file_errors.ts";
import { ifThere } from "../system/files.ts";
import { intactOf } from "../weights/checksums/mod.ts";
import {
  contentOf,
  openSafetensors,
  type Safetensors,
  verifyChecksum,
} from "../weights/safetensors.ts";

/** Bytes of results that are compared with checksums before they are read: the system's cache keeps them. */
const AHEAD = 2 ** 30;

/** What is known of files and their checksums. */
export class WholeFiles {
  /** States of files that matched their checksums. */
  readonly #whole = new Set<string>();
  /** Files that will be read, in their order. */
  #coming: readonly string[] = [];

  /**
   * Says which files will be read, in their order. Those that come next are then compared with their
   * checksums together, on all cores; one alone is the work of one.
   */
  expect(files: readonly string[]) {
    this.#coming = [...new Set(files)];
  }

  /**
   * Compares a file with its checksum, unless that was done since its last change.
   *
   * @throws {UserError} It is damaged.
   */
  mustBeWhole(file: string) {
    const state = stateOf(file);
    if (this.#whole.has(state)) return;
    if (!verifyChecksum(file)) mustBeOld(file);
    this.#whole.add(state);
  }

  /** The verified content of a file. @throws {UserError} It is damaged. */
  contentOf(file: string): Safetensors {
    this.mustBeWhole(file);
    using open = openSafetensors(file);
    return contentOf(open);
  }

  /** Compares files with their checksums on all cores. Reading a file reports whether it differs. */
  compareAll(files: readonly string[]) {
    const openAmong = (files: readonly string[]) =>
      files.flatMap((file) => {
        const state = ifThere(() => stateOf(file));
        return state === undefined || this.#whole.has(state) ? [] : [{ file, state }];
      });
    const asked = openAmong(files);
    const [last] = asked.slice(-1);
    if (last === undefined) return;
    const open = [...asked, ...openAmong(this.#comingAfter(last.file))];
    const intact = intactOf(open.map(({ file }) => file));
    open.forEach(({ state }, i) => intact[i] && this.#whole.add(state));
  }

  /** The files that will be read after one, as many as the system's cache surely keeps until then. */
  #comingAfter(file: string): string[] {
    const after = this.#coming.slice(this.#coming.indexOf(file) + 1 || this.#coming.length);
    let bytes = 0;
    const end = after.findIndex((file) =>
      (bytes += ifThere(() => Deno.statSync(file).size) ?? 0) > AHEAD
    );
    return end < 0 ? after : after.slice(0, end);
  }
}

/** Identifies a version of a file: it changes when the file is written. */
export function stateOf(file: string): string {
  const { mtime, size, ino } = reading(file, () => Deno.statSync(file));
  return [file, mtime?.getTime(), size, ino].join(" ");
}

/** Names of metadata that versions without checksums wrote. */
const OLD_TEXTS = ["run", "ancestors", "recipe", "state"];

/** Accepts a file that never had a checksum, and refuses one whose checksum is damaged. */
function mustBeOld(file: string) {
  using open = openSafetensors(file);
  if (Object.keys(open.metadata).every((name) => OLD_TEXTS.includes(name))) return;
  throw new UserError(
    `Cannot read "${file}": its checksum is damaged; remove it to compute its content again`,
  );
}
