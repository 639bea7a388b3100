/** Standard error may end before the program, as when its terminal is closed. */
import process from "node:process";

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
