/**
 * What a reader of strangers' files may do with a damaged one: read it, or refuse it in words. It
 * may not fail otherwise, take long, or take much memory.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { cpuUsage } from "node:process";
import { UserError } from "../../lib/errors.ts";
import { damaged } from "./mutate.ts";

/** A file that a reader likes. */
export interface GoodFile {
  /** Its path below the folder in which a target works. */
  readonly path: string;
  readonly bytes: Uint8Array;
}

/** A reader, and good files for it. */
export interface Target {
  readonly name: string;
  /** Files that are damaged one at a time. Other files that they need are written to `folder`. */
  readonly files: (folder: string) => Promise<readonly GoodFile[]> | readonly GoodFile[];
  /** Reads a file to its end. */
  readonly read: (file: string, folder: string) => Promise<unknown> | unknown;
}

/** Something that must not be. */
export interface Finding {
  readonly round: number;
  readonly what: string;
}

/** Longest time for one file, ms of the processor: a busy machine does not matter. */
export const PATIENCE = 5000;
/** Memory that one file may take besides some times its own size, bytes. */
export const MEMORY = 2 ** 26;
const TIMES = 64;

/** Reads the damaged file of one round; what is wrong about how that goes, if anything is. */
export async function tryRound(
  target: Target,
  { files, folder, round, seed = 0 }: {
    readonly files: readonly GoodFile[];
    readonly folder: string;
    readonly round: number;
    readonly seed?: number;
  },
): Promise<Finding | undefined> {
  const good = files[round % files.length]!;
  const file = join(folder, good.path);
  Deno.mkdirSync(dirname(file), { recursive: true });
  Deno.writeFileSync(file, damaged(good.bytes, seed, round));
  const [begin, before] = [cpuUsage(), taken()];
  try {
    await target.read(file, folder);
  } catch (error) {
    if (!(error instanceof UserError)) {
      return { round, what: (error as Error)?.stack ?? String(error) };
    }
  } finally {
    Deno.writeFileSync(file, good.bytes);
  }
  const { user, system } = cpuUsage(begin);
  const [time, memory] = [(user + system) / 1000, taken() - before];
  if (time > PATIENCE) return { round, what: `it takes ${Math.round(time)} ms` };
  if (memory > MEMORY + TIMES * good.bytes.length) {
    return { round, what: `it takes ${memory} bytes` };
  }
}

/** Memory that JavaScript holds, bytes. */
function taken(): number {
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}
