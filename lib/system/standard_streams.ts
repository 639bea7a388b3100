/** Standard output and standard error may end before the program, or be on a full disk. */
import process from "node:process";
import { UserError } from "../errors.ts";
import { systemReason } from "./files.ts";

/**
 * Has messages that cannot be written vanish, where they would otherwise end the program: a training
 * whose terminal was closed still writes its checkpoint. Called once, when the program starts.
 */
export function outliveStandardError() {
  process.stderr.on("error", () => {});
  const { error } = console;
  console.error = (...data: unknown[]) => {
    try {
      error(...data);
    } catch {
      // nobody reads it
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
