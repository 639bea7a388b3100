/** Processes whose disk has one fault: calls on some paths fail, by a library that is preloaded. */
import { compiler } from "../../lib/system/subprocess.ts";
import { run } from "./disks.ts";

/** A call of the C library, as `faults.c` names it; `create` opens a file for writing. */
export type Call =
  | ("create" | "open" | "read" | "stat" | "write" | "fsync")
  | ("link" | "mkdir" | "rename" | "touch" | "unlink");

/** Numbers of errors on Linux (errno(3)). */
const ERRORS = { EIO: 5, EACCES: 13, EINVAL: 22, ENOSPC: 28, ESTALE: 116, EDQUOT: 122 } as const;

/** A fault of a disk. */
export interface Fault {
  readonly call: Call;
  /** A part of the paths that it concerns. */
  readonly path: string;
  readonly error: keyof typeof ERRORS;
  /** The number of such calls that succeed first. */
  readonly skip?: number;
}

let library: Promise<string | undefined> | undefined;

/** Compiles the library. @returns its path; undefined where there is no compiler, which is told */
async function compiled(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const file = `${Deno.makeTempDirSync({ prefix: "verydeep-test-" })}/faults.so`;
  globalThis.addEventListener("unload", () => {
    Deno.removeSync(file.replace(/\/[^/]*$/, ""), { recursive: true });
  });
  const source = new URL("faults.c", import.meta.url).pathname;
  const [program, ...args] = compiler();
  const flags = ["-x", "c", "-shared", "-fPIC", "-O1", "-o", file, source, "-ldl"];
  const { code, err } = await run(program!, ...args, ...flags);
  if (code === 0) return file;
  console.warn(`skipped: no library of faults: ${err.trim()}`);
  return undefined;
}

/** Does something with variables of the environment that give a process a disk with a fault. */
export async function withFault(
  { call, path, error, skip = 0 }: Fault,
  work: (env: Readonly<Record<string, string>>) => Promise<void>,
) {
  const file = await (library ??= compiled());
  if (file === undefined) return;
  await work({
    ...{ LD_PRELOAD: file, FAULT_CALL: call, FAULT_PATH: path },
    ...{ FAULT_ERRNO: String(ERRORS[error]), FAULT_SKIP: String(skip) },
  });
}
