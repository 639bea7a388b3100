/**
 * Compares several files with the checksums that they carry, on all cores, while this thread does its
 * share and waits for the rest: SHA-256 of one file is the work of one core.
 *
 * @module
 */
import { threads } from "../../system/machine.ts";
import { mayStart } from "../../system/workers.ts";
import { verifyChecksum } from "../safetensors.ts";

/** What the threads share: the next file to take, and behind it what became of each. */
const NEXT = 0;
const FIRST = 1;

/** What became of a file. */
const [OPEN, INTACT, OTHER] = [0, 1, 2];

/** What a worker is sent. */
export interface Files {
  readonly files: readonly string[];
  readonly shared: Int32Array;
}

/** Bytes below which starting threads costs more than they save. */
const SMALL = 2 ** 27;

/** Whether the system lets these threads start; without them this one compares all files. */
function canStart(helpers: number): boolean {
  try {
    mayStart(helpers);
    return true;
  } catch {
    return false;
  }
}

/** How long this thread waits for a file that another one has taken, ms; then it looks itself. */
const PATIENCE = 10_000;

/**
 * Which of these files carry a checksum that is that of their content. It throws nothing: whoever
 * needs one of the others finds out why when it is opened.
 */
export function intactOf(
  files: readonly string[],
  { cores, small = SMALL }: { readonly cores?: number; readonly small?: number } = {},
): boolean[] {
  const shared = new Int32Array(
    new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT * (FIRST + files.length)),
  );
  const bytes = files.reduce((sum, file) => sum + sizeOf(file), 0);
  const most = bytes < small ? 0 : Math.min(cores ?? threads(), files.length) - 1;
  const helpers = most > 0 && canStart(most) ? most : 0;
  const workers = Array.from({ length: helpers }, () => {
    const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
    worker.postMessage({ files, shared } satisfies Files);
    return worker;
  });
  try {
    compareFiles({ files, shared });
    return files.map((file, index) => {
      const place = FIRST + index;
      if (Atomics.load(shared, place) === OPEN) Atomics.wait(shared, place, OPEN, PATIENCE);
      const state = Atomics.load(shared, place);
      return state === OPEN ? isIntact(file) : state === INTACT;
    });
  } finally {
    for (const worker of workers) worker.terminate();
  }
}

/** Takes files until there is none left, and notes what became of each. */
export function compareFiles({ files, shared }: Files) {
  for (;;) {
    const index = Atomics.add(shared, NEXT, 1);
    if (index >= files.length) return;
    Atomics.store(shared, FIRST + index, isIntact(files[index]!) ? INTACT : OTHER);
    Atomics.notify(shared, FIRST + index);
  }
}

function isIntact(file: string): boolean {
  try {
    return verifyChecksum(file);
  } catch {
    return false;
  }
}

function sizeOf(file: string): number {
  try {
    return Deno.statSync(file).size;
  } catch {
    return 0;
  }
}
