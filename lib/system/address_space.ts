/**
 * The limit of a process's addresses, `ulimit -v`. Deno reserves tens of gigabytes of them when it starts, and
 * again for each thread, and never uses most. Where it may not, it ends with a report of a defect of its own,
 * before a program of its can say anything: below some 34 GB when it starts, below some 50 GB at a thread.
 *
 * @module
 */
import { UserError } from "../errors.ts";

/** Number of the limit in C's `getrlimit` on Linux. */
const RLIMIT_AS = 9;

/** Addresses that the program needs, bytes: 50.6 GB with Deno 2.9, and TensorFlow's. */
export const ADDRESSES_NEEDED = 60e9;
/** Those of each further thread, bytes: 0.9 GB with Deno 2.9. */
const OF_A_THREAD = 1e9;

let limit: number | undefined;

/** The limit, bytes; `Infinity` if there is none, or it cannot be asked for. It is read once. */
function addressLimit(): number {
  return limit ??= asked();
}

function asked(): number {
  const mayCallC = Deno.permissions.querySync({ name: "ffi" }).state === "granted";
  if (!mayCallC || Deno.build.os !== "linux") return Infinity;
  const libc = Deno.dlopen("libc.so.6", {
    getrlimit: { parameters: ["i32", "buffer"], result: "i32" },
  });
  try {
    const limits = new BigUint64Array(2); // the one that holds now, and its own limit
    if (libc.symbols.getrlimit(RLIMIT_AS, limits) !== 0) return Infinity;
    return limits[0] === 2n ** 64n - 1n ? Infinity : Number(limits[0]);
  } finally {
    libc.close();
  }
}

/** Why threads cannot start under a limit, with the way out; undefined if they can. */
export function tooFewAddresses(
  threads: number,
  given: number = addressLimit(),
): { readonly why: string; readonly remedy: string } | undefined {
  if (given >= ADDRESSES_NEEDED + threads * OF_A_THREAD) return undefined;
  const gigabytes = (given / 1e9).toFixed(1);
  return {
    why:
      `this session limits a program's addresses to ${gigabytes} GB (ulimit -v), and Deno reserves ` +
      "some 50 GB, though it uses little of them",
    remedy: "remove the limit, as in ulimit -v unlimited",
  };
}

/** @throws {UserError} The limit is too low for new threads. */
export function mustHaveAddresses(threads: number) {
  const found = tooFewAddresses(threads);
  if (found === undefined) return;
  const what = threads === 1 ? "a thread" : `${threads} threads`;
  throw new UserError(`Cannot start ${what}: ${found.why}; ${found.remedy}`);
}
