/** Warnings on standard error. */
import { fold } from "./fold.ts";

/** Prints a sentence as a warning. */
export function warn(sentence: string) {
  console.error(fold(`warning: ${sentence}`).join("\n"));
}
