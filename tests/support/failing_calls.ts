/** Calls of Deno that fail as a failing or full disk makes them fail, for work within this process. */

/** Messages of the system's errors, as Deno gives them. */
const MESSAGES = {
  EIO: "Input/output error (os error 5)",
  ENOSPC: "No space left on device (os error 28)",
  EDQUOT: "Disk quota exceeded (os error 122)",
} as const;

/** Calls with a path as their first argument, and `renameSync`, which counts by the new name. */
type PathCall =
  | ("mkdir" | "mkdirSync" | "open" | "openSync" | "readDirSync" | "readFile" | "readFileSync")
  | ("readTextFileSync" | "removeSync" | "renameSync" | "statSync" | "writeFile" | "writeFileSync");

/** Does something while a call fails on every path that contains `part`, but for the first `skip`. */
export async function whileFailing<Result>(
  { call, part, error = "EIO", skip = 0 }: {
    readonly call: PathCall;
    readonly part: string;
    readonly error?: keyof typeof MESSAGES;
    readonly skip?: number;
  },
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const real = Deno[call] as (...args: unknown[]) => unknown;
  let seen = 0;
  const failing = (...args: unknown[]) => {
    const path = String(args[call === "renameSync" ? 1 : 0]);
    if (!path.includes(part) || seen++ < skip) return real(...args);
    const failure = new Error(`${MESSAGES[error]}: ${call} '${path}'`);
    if (call.endsWith("Sync")) throw failure;
    return Promise.reject(failure);
  };
  Object.assign(Deno, { [call]: failing });
  try {
    return await work();
  } finally {
    Object.assign(Deno, { [call]: real });
  }
}

/** Does something while reading an open file fails once, after `skip` times. */
export async function whileOneReadFails<Result>(
  skip: number,
  work: () => Result | Promise<Result>,
): Promise<Result> {
  const { prototype } = Deno.FsFile;
  const real = prototype.readSync;
  let seen = 0;
  prototype.readSync = function (bytes) {
    if (seen++ === skip) throw new Error(MESSAGES.EIO);
    return real.call(this, bytes);
  };
  try {
    return await work();
  } finally {
    prototype.readSync = real;
  }
}
