/** Runs other programs, and explains their failures. */
import { UserError } from "../errors.ts";

/** The result of a program. */
export interface ProcessResult {
  readonly ok: boolean;
  /** The signal that ended it, as in `SIGILL`; null if no signal did. */
  readonly signal: string | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Python with pip: `PYTHON` if it is set. */
export const python = (): string[] => words(Deno.env.get("PYTHON") ?? "python3");

/** The C++ compiler: `CXX` if it is set. */
export const compiler = (): string[] =>
  words(Deno.env.get("CXX") ?? (Deno.build.os === "darwin" ? "clang++" : "g++"));

/** `ccache g++` is a program and its first argument. */
const words = (command: string): string[] => command.trim().split(/\s+/);

/**
 * Runs a program to its end, or until `stop`, whose reason is then thrown.
 *
 * @param command the program and its arguments
 * @throws {Deno.errors.NotFound} There is no such program.
 */
export async function run(
  command: readonly string[],
  { env = {}, stop }: { env?: Record<string, string>; stop?: AbortSignal | undefined } = {},
): Promise<ProcessResult> {
  stop?.throwIfAborted();
  const [program = "", ...args] = command;
  const { success, signal, stdout, stderr } = await new Deno.Command(program, {
    args,
    env: { LC_ALL: "C", ...env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...stop && { signal: stop },
  }).output();
  stop?.throwIfAborted();
  const text = new TextDecoder();
  return { ok: success, signal, stdout: text.decode(stdout), stderr: text.decode(stderr) };
}

/** The first line that `command` prints; undefined if it cannot be started or fails. */
export async function answer(command: readonly string[]): Promise<string | undefined> {
  try {
    const { ok, stdout } = await run(command);
    return ok ? stdout.trim().split("\n")[0] : undefined;
  } catch {
    return undefined;
  }
}

/**
 * The line of a failed program's standard error that gives the reason: a broken connection (after which
 * pip only reports that it found nothing), or else the first error of a compiler, or else the last
 * error or line.
 *
 * ```ts
 * import { reason } from "./subprocess.ts";
 *
 * const pip = "WARNING: running as root\nERROR: No matching distribution found for x";
 * if (reason(pip) !== "No matching distribution found for x") throw new Error("pip's error");
 * ```
 */
export function reason(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const connection = /connection broken by '(.*)': \S+$/;
  const broken = lines.map((line) => connection.exec(line)?.[1]).findLast(Boolean);
  if (broken) return broken.replace(/^\w+\((.*)\)$/, "$1").replace(/^'<.*>: (.*)'$/, "$1");
  const line = lines.find((line) => /: (fatal )?error: /.test(line)) ??
    lines.findLast((line) => line.startsWith("ERROR: ")) ??
    lines.findLast((line) => !line.startsWith("WARNING: ")) ?? "it gave no reason";
  return line.replace(/^ERROR: /, "");
}

/**
 * The error of a failed program; a full disk has its own message.
 *
 * @param action the failed action, as in `download TensorFlow`
 * @param remedy what may help, as in `check the connection`
 */
export function failure(action: string, stderr: string, remedy: string): UserError {
  if (/No space left on device/.test(stderr)) return diskFull(action);
  return new UserError(`Cannot ${action}: ${reason(stderr)}; ${remedy}`);
}

/** The error of a full disk. */
export function diskFull(action: string): UserError {
  return new UserError(
    `Cannot ${action}: the disk is full; free 1.5 GB (8 GB with --gpu), ` +
      "or set VERYDEEP_CACHE to a folder on another disk",
  );
}
