/** A disk that fails, for one program: `library.c`, compiled, and the variables that direct it. */
import { compiler } from "../../lib/system/subprocess.ts";
import { run } from "../support/disks.ts";

/** Calls that only look at files. `open` is for reading. */
const LOOKS = ["list", "open", "read", "stat"] as const;

/** Calls that change something on the disk. `create` opens a file for writing. */
export const CHANGES = [
  ...["create", "fsync", "link", "mkdir", "rename", "touch", "unlink", "write"] as const,
];

/** Every call. */
export const CALLS = [...LOOKS, ...CHANGES] as const;

/** A call of the C library, as `library.c` names it. */
export type CallName = typeof CALLS[number];

/** Numbers of errors on Linux (errno(3)). */
const ERRORS = {
  ...{ EIO: 5, EACCES: 13, EINVAL: 22, ENOSPC: 28, EROFS: 30, ESTALE: 116, EDQUOT: 122 },
} as const;

/** The name of an error. */
export type ErrorName = keyof typeof ERRORS;

/** A fault of a disk. */
export interface DiskFault {
  readonly call: CallName;
  /** A pattern of the paths that it concerns, as shells have them; `*` also stands for slashes. */
  readonly path: string;
  /** Which of these calls it hits, from 1. */
  readonly number: number;
  /** What happens; see `library.c`. */
  readonly effect: "once" | "always" | "lasting" | "short" | "torn" | "before" | "after";
  /** EIO if absent. */
  readonly error?: ErrorName;
}

/** What a process with such a disk is told. */
export interface Disk {
  readonly fault?: DiskFault | undefined;
  /** Only paths below this folder are concerned. */
  readonly folder?: string;
  /** File that gets a line for each call. */
  readonly trace?: string;
  /** Name of the program that is concerned; also what it starts, if absent. */
  readonly program?: string;
}

let library: Promise<string | undefined> | undefined;

/** Compiles the library, once. @returns its path; undefined where there is no compiler, which is told */
async function compiled(): Promise<string | undefined> {
  if (Deno.build.os !== "linux") return undefined;
  const folder = Deno.makeTempDirSync({ prefix: "verydeep-test-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
  const file = `${folder}/faults.so`;
  const source = new URL("library.c", import.meta.url).pathname;
  const [program, ...args] = compiler();
  const flags = ["-x", "c", "-shared", "-fPIC", "-O1", "-o", file, source, "-ldl"];
  const { code, err } = await run(program!, ...args, ...flags);
  if (code === 0) return file;
  console.warn(`skipped: no library of faults: ${err.trim()}`);
  return undefined;
}

/**
 * Variables of the environment that give a process such a disk.
 *
 * @returns undefined where the library cannot be compiled, which is told once
 */
export async function variablesOf(
  { fault, folder, trace, program }: Disk,
): Promise<Record<string, string> | undefined> {
  const file = await (library ??= compiled());
  if (file === undefined) return undefined;
  return {
    LD_PRELOAD: file,
    ...folder !== undefined && { FAULTS_FOLDER: folder },
    ...trace !== undefined && { FAULTS_TRACE: trace },
    ...program !== undefined && { FAULTS_PROGRAM: program },
    ...fault && {
      ...{ FAULTS_CALL: fault.call, FAULTS_PATH: fault.path },
      ...{ FAULTS_NUMBER: String(fault.number), FAULTS_EFFECT: fault.effect },
      FAULTS_ERRNO: String(ERRORS[fault.error ?? "EIO"]),
    },
  };
}

/** A pattern that matches nothing but a path, which may contain `*` for any characters. */
export function patternOf(path: string): string {
  return path.replace(/[[\]?\\]/g, "\\$&");
}
