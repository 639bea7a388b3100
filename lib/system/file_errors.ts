/** Failures of the system to read or write files, as errors that name the file and the way out. */
import { UnreadableError, UserError } from "../errors.ts";

/** An option that chooses a folder. */
export type FolderOption = "--data" | "--results";

/**
 * Returns the result of writing a file or folder, or its promise.
 *
 * @param option the option that chooses its folder
 * @throws {UserError} The system cannot write it. Errors that are not the system's are thrown unchanged.
 */
export function writing<Value>(
  file: string,
  write: () => Value,
  option?: FolderOption,
): Value {
  return explained(
    write,
    (error) => isOfSystem(error) ? cannotWrite(file, error, option) : error,
  );
}

/** The result of some work, or its promise; `explain` gives the error to throw in place of another. */
function explained<Value>(work: () => Value, explain: (error: unknown) => unknown): Value {
  const fail = (error: unknown): never => {
    throw explain(error);
  };
  try {
    const value = work();
    return value instanceof Promise ? value.catch(fail) as Value : value;
  } catch (error) {
    return fail(error);
  }
}

/** The error of writing a file. @param option the option that chooses its folder */
export function cannotWrite(
  file: string,
  error: unknown,
  option: FolderOption = "--results",
): UserError {
  return new UserError(
    `Cannot write "${file}": ${systemReason(error)}; free some space, or name a folder ` +
      `that can be written with ${option} DIR`,
    { cause: error },
  );
}

/** Whether the system refused a file, in contrast to a mistake or to an error of ours. */
export function isOfSystem(error: unknown): error is Error {
  // Deno gives rare errors such as ESTALE no code, and Node's functions have words of their own
  return error instanceof Error && !(error instanceof UserError) &&
    (/\(os error \d+\)/.test(error.message) || "syscall" in error);
}

/** The system's reason without its number and the call: `No space left on device`. */
export function systemReason(error: unknown): string {
  return (error as Error).message.replace(/ \(os error \d+\).*$/s, "")
    .replace(/^E[A-Z]+: ([^,]*), .*$/s, "$1"); // as Node has it
}

/**
 * Returns the result of reading a file, or its promise.
 *
 * @throws {UnreadableError} The system cannot read the file. A missing file, and errors that are not the
 * system's, are thrown unchanged.
 */
export function reading<Value>(file: string, read: () => Value): Value {
  return explained(read, (error) => unreadable(file, error));
}

/** The error of reading a file; an error of the system becomes an `UnreadableError`. */
export function unreadable(file: string, error: unknown): unknown {
  const isPassedOn = error instanceof Deno.errors.NotFound || !isOfSystem(error);
  return isPassedOn ? error : cannotRead(file, error);
}

/** The error of reading a file that is there. */
export function cannotRead(file: string, error: unknown): UnreadableError {
  return new UnreadableError(
    `Cannot read "${file}": ${systemReason(error)}; check its permissions and its disk`,
    { cause: error },
  );
}

/** Whether the disk fails or is full, in contrast to an operation that is unsupported or forbidden. */
export function isFailingDisk(error: unknown): boolean {
  return /^(Input\/output error|No space left|Disk quota exceeded|Stale (NFS )?file handle)/i
    .test((error as Error).message);
}
