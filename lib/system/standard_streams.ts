/** Standard output and standard error may end before the program, or be on a full disk. */
import process from "node:process";
import { UserError } from "../errors.ts";
import { systemReason } from "./file_errors.ts";

/**
 * Has messages that cannot be written vanish, where they would otherwise end the program: a training
 * whose terminal was closed still writes its checkpoint. Called once, when the program starts.
 */
export function outliveStandardError() {
  process.stderr.on("error", () => {});
  console.error = orNothing(console.error, undefined);
  // where it is a file, as on a full disk, this throws at once
  const write = process.stderr.write.bind(process.stderr);
  process.stderr.write = orNothing(write, true) as typeof write;
}

/** A function that writes, but returns `instead` if that fails. */
function orNothing<Args extends unknown[], Result>(
  write: (...args: Args) => Result,
  instead: Result,
): (...args: Args) => Result {
  return (...args) => {
    try {
      return write(...args);
    } catch {
      return instead; // nobody reads it
    }
  };
}

/**
 * Has results that cannot be printed end the program with a sentence. Where their reader wants no more,
 * as after `| head`, nothing is said. Called once, when the program starts.
 */
export function explainStandardOutput() {
  const { log } = console;
  console.log = (...data: unknown[]) => {
    try {
      log(...data);
    } catch (error) {
      if (/^Broken pipe/.test((error as Error).message)) return;
      throw new UserError(
        `Cannot write to standard output: ${systemReason(error)}; send it to another place`,
        { cause: error },
      );
    }
  };
}
