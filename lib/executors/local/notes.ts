/** Records beside a result. */
import { UserError } from "../../errors.ts";

/**
 * Writes a record that matters less than the run's result and than an error that is being thrown. A
 * failure to write it is only reported.
 */
export function noteIfPossible(note: () => void, onNotice: (message: string) => void) {
  try {
    note();
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    onNotice(`warning: ${error.message}`);
  }
}
